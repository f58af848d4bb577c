import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import { Tabs } from "radix-ui";
import { Suspense, lazy } from "react";
import { api, data } from "@/api/client";
import { EditedAgent, useDraft } from "@/pages/agent/draft";
import { Button } from "@/ui/Button";
import { Badge, Failure, Loading, Page } from "@/ui/Page";

// Each tab is loaded when it is opened: the editor of JSON and the voice are not small.
const Configuration = lazy(() => import("@/pages/agent/ConfigurationTab").then((it) => ({ default: it.ConfigurationTab })));
const Tools = lazy(() => import("@/pages/agent/ToolsTab").then((it) => ({ default: it.ToolsTab })));
const Knowledge = lazy(() => import("@/pages/agent/KnowledgeTab").then((it) => ({ default: it.KnowledgeTab })));
const Testing = lazy(() => import("@/pages/agent/TestingTab").then((it) => ({ default: it.TestingTab })));

const TABS = [
  { value: "configuration", label: "Configuration", content: Configuration },
  { value: "tools", label: "Tools", content: Tools },
  { value: "knowledge", label: "Knowledge base", content: Knowledge },
  { value: "testing", label: "Testing", content: Testing },
] as const;

/** One agent: what it is, what it may call, what it knows, and a talk with it. */
export function AgentPage() {
  const { agentId } = useParams({ from: "/agents/$agentId" });
  const agent = useQuery({
    queryKey: ["agent", agentId],
    queryFn: () => data(api.GET("/v1/agents/{agent_id}", { params: { path: { agent_id: agentId } } })),
  });
  if (agent.isPending) {
    return (
      <Page title="Agent">
        <Loading />
      </Page>
    );
  }
  // An agent that was there stays: what is typed must outlive a server that is away for a while.
  if (agent.data === undefined) {
    return (
      <Page title="Agent">
        <Failure error={agent.error} onRetry={() => agent.refetch()} />
      </Page>
    );
  }
  return (
    <EditedAgent key={agent.data.agent_id} agent={agent.data}>
      <AgentTabs />
    </EditedAgent>
  );
}

function AgentTabs() {
  const { agent, draft } = useDraft();
  const { tab = "configuration" } = useSearch({ from: "/agents/$agentId" });
  const navigate = useNavigate();
  const open = (value: string) =>
    navigate({ to: "/agents/$agentId", params: { agentId: agent.agent_id }, search: { tab: value }, replace: true });
  return (
    <Page
      title={draft.name.trim() || "An agent without a name"}
      lead={
        <span className="flex flex-wrap items-center gap-2">
          <Link to="/agents" className="inline-flex items-center gap-1 hover:underline">
            <ChevronLeft className="size-4" aria-hidden />
            Voice agents
          </Link>
          <Badge tone={agent.status === "active" ? "success" : "neutral"}>{agent.status}</Badge>
          <span>version {agent.version}</span>
        </span>
      }
      actions={<SaveBar />}
    >
      <Refusal tab={tab} onOpen={open} />
      <Tabs.Root value={tab} onValueChange={open} className="grid grid-cols-1 gap-5">
        <Tabs.List aria-label="Parts of the agent" className="flex gap-1 overflow-x-auto border-b border-line">
          {TABS.map(({ value, label }) => (
            <Tabs.Trigger
              key={value}
              value={value}
              className="border-b-2 border-transparent px-3 py-2 text-sm whitespace-nowrap text-muted hover:text-text data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-text"
            >
              {label}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {TABS.map(({ value, content: Content }) => (
          <Tabs.Content key={value} value={value} className="outline-none" tabIndex={-1}>
            <Suspense fallback={<Loading />}>
              <Content />
            </Suspense>
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </Page>
  );
}

const PLACES: Record<string, string> = { tools: "tools", collection_ids: "knowledge" };

/** Why the agent could not be saved, and where to mend it. A field of the open tab says so itself too. */
function Refusal({ tab, onOpen }: { tab: string; onOpen: (tab: string) => void }) {
  const { problem } = useDraft();
  if (problem === null) return null;
  const field = /^[a-z_]+/.exec(problem.param?.replace(/^agent\./, "") ?? "")?.[0];
  const place = field === undefined ? undefined : (PLACES[field] ?? "configuration");
  const label = TABS.find(({ value }) => value === place && value !== tab)?.label;
  return (
    <div role="alert" className="flex flex-wrap items-center gap-3 rounded-xl border border-danger/40 bg-danger-soft p-4 text-sm">
      <p className="min-w-0 flex-1 break-words">
        Not saved{field ? ` (${field.replaceAll("_", " ")})` : ""}: {problem.message} Your changes are still here.
      </p>
      {label && place && (
        <Button size="small" onClick={() => onOpen(place)}>
          Open {label}
        </Button>
      )}
    </div>
  );
}

function SaveBar() {
  const { changed, discard, save, saving } = useDraft();
  if (changed.length === 0) return null;
  return (
    <>
      <span className="text-sm text-muted" role="status">
        {changed.length === 1 ? "1 change" : `${changed.length} changes`} not saved
      </span>
      <Button onClick={discard}>Discard</Button>
      <Button kind="primary" busy={saving} onClick={save}>
        Save
      </Button>
    </>
  );
}
