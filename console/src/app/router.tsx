import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { api, data } from "@/api/client";
import { Shell } from "@/app/Shell";
import { queries } from "@/app/queries";
import { agentsNamed } from "@/pages/agents/listing";
import { Failure, Loading, Page } from "@/ui/Page";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

// Every page is a file of its own in the build: the first page loads nothing of the others.
const pages = [
  createRoute({
    getParentRoute: () => root,
    path: "/",
    beforeLoad: async () => {
      void queries.prefetchInfiniteQuery(agentsNamed(""));
      throw redirect({ to: (await isFirstRun()) ? "/welcome" : "/agents" });
    },
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/agents",
    validateSearch: (search: Record<string, unknown>): { create?: boolean } =>
      search.create === true ? { create: true } : {},
    // The list is under way while the page's code is: nobody waits for the answer here.
    loader: () => void queries.prefetchInfiniteQuery(agentsNamed("")),
    component: lazyRouteComponent(() => import("@/pages/agents/AgentsPage"), "AgentsPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/agents/$agentId",
    validateSearch: (search: Record<string, unknown>): { tab?: string } =>
      typeof search.tab === "string" ? { tab: search.tab } : {},
    component: lazyRouteComponent(() => import("@/pages/agent/AgentPage"), "AgentPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/sessions",
    component: lazyRouteComponent(() => import("@/pages/sessions/SessionsPage"), "SessionsPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/sessions/$sessionId",
    component: lazyRouteComponent(() => import("@/pages/session/SessionPage"), "SessionPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/phone-numbers",
    component: lazyRouteComponent(() => import("@/pages/phone-numbers/PhoneNumbersPage"), "PhoneNumbersPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/api-keys",
    component: lazyRouteComponent(() => import("@/pages/api-keys/ApiKeysPage"), "ApiKeysPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/webhooks",
    component: lazyRouteComponent(() => import("@/pages/webhooks/WebhooksPage"), "WebhooksPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/usage",
    component: lazyRouteComponent(() => import("@/pages/usage/UsagePage"), "UsagePage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/settings",
    component: lazyRouteComponent(() => import("@/pages/settings/SettingsPage"), "SettingsPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/welcome",
    component: lazyRouteComponent(() => import("@/pages/welcome/WelcomePage"), "WelcomePage"),
  }),
];

export const router = createRouter({
  routeTree: root.addChildren(pages),
  defaultPreload: "intent",
  defaultPendingComponent: () => (
    <div className="p-6">
      <Loading />
    </div>
  ),
  defaultErrorComponent: ({ error, reset }) => (
    <div className="p-6">
      <Failure error={error} onRetry={reset} />
    </div>
  ),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

/** Nobody has talked with an agent yet. Where the server does not say, it is not. */
async function isFirstRun(): Promise<boolean> {
  try {
    return (await data(api.GET("/v1/sessions", { params: { query: { limit: 1 } } }))).sessions.length === 0;
  } catch {
    return false;
  }
}

function NotFound() {
  return (
    <Page title="No such page">
      <p className="text-sm text-muted">The address leads nowhere. The places on the left are all there are.</p>
    </Page>
  );
}
