import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, data } from "@/api/client";
import { Button } from "@/ui/Button";
import { Badge, Empty, Failure, Loading, Page } from "@/ui/Page";

/** Every agent of the organisation, the newest first. */
export function AgentsPage() {
  const agents = useInfiniteQuery({
    queryKey: ["agents"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(api.GET("/v1/agents", { params: { query: { limit: 50, ...(pageParam ? { pagination_token: pageParam } : {}) } } })),
    getNextPageParam: (page) => page.pagination_token ?? undefined,
  });
  const known = agents.data?.pages.flatMap((page) => page.agents) ?? [];
  return (
    <Page title="Voice agents" lead="Define an agent once, then talk with it from anywhere.">
      {agents.isPending && <Loading />}
      {agents.isError && <Failure error={agents.error} onRetry={() => agents.refetch()} />}
      {agents.isSuccess && known.length === 0 && <Empty title="No agents yet">Create the first one.</Empty>}
      {known.length > 0 && (
        <ul className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface">
          {known.map((agent) => (
            <li key={agent.agent_id}>
              <Link
                to="/agents/$agentId"
                params={{ agentId: agent.agent_id }}
                className="flex items-center justify-between gap-3 px-4 py-3 hover:bg-sunken"
              >
                <span className="min-w-0">
                  <span className="block truncate font-medium">{agent.name}</span>
                  <span className="block truncate text-sm text-muted">{agent.description || agent.instructions}</span>
                </span>
                <Badge tone={agent.status === "active" ? "success" : "neutral"}>{agent.status}</Badge>
              </Link>
            </li>
          ))}
        </ul>
      )}
      {agents.hasNextPage && (
        <Button busy={agents.isFetchingNextPage} onClick={() => agents.fetchNextPage()} className="justify-self-center">
          Show more
        </Button>
      )}
    </Page>
  );
}
