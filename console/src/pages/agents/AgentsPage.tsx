import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { Bot, MessageCircle, Plus, Trash2 } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { toast } from "sonner";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { CreateAgent } from "@/pages/agents/CreateAgent";
import { agentsNamed } from "@/pages/agents/listing";
import { Button } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { Input } from "@/ui/Field";
import { Badge, Empty, Failure, Loading, Page } from "@/ui/Page";

type Agent = components["schemas"]["AgentObject"];

/** Every agent of the organisation, the newest first. */
export function AgentsPage() {
  const [search, setSearch] = useState("");
  const asked = useSearch({ from: "/agents" }).create === true;
  const [creating, setCreating] = useState(asked);
  const [leaving, setLeaving] = useState<Agent | null>(null);
  const wanted = useDeferredValue(search.trim());
  const agents = useInfiniteQuery({ ...agentsNamed(wanted), placeholderData: keepPreviousData });
  const known = agents.data?.pages.flatMap((page) => page.agents) ?? [];
  const create = (
    <Button kind="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      Create agent
    </Button>
  );
  return (
    <Page title="Voice agents" lead="Define an agent once, then talk with it from anywhere." actions={create}>
      <Input
        type="search"
        aria-label="Search agents by name"
        placeholder="Search by name"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
        className="max-w-sm"
      />
      {agents.isPending && <Loading />}
      {agents.isError && <Failure error={agents.error} onRetry={() => agents.refetch()} />}
      {agents.isSuccess && known.length === 0 && (
        <Empty
          icon={<Bot aria-hidden />}
          title={wanted ? "No agent has such a name" : "No agents yet"}
          action={wanted ? <Button onClick={() => setSearch("")}>Show all</Button> : create}
        >
          {wanted ? "Only names are searched." : "Begin with one of six templates: each can be talked to at once."}
        </Empty>
      )}
      {known.length > 0 && (
        <ul className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface">
          {known.map((agent) => (
            <AgentRow key={agent.agent_id} agent={agent} onDelete={() => setLeaving(agent)} />
          ))}
        </ul>
      )}
      {agents.hasNextPage && (
        <Button busy={agents.isFetchingNextPage} onClick={() => agents.fetchNextPage()} className="justify-self-center">
          Show more
        </Button>
      )}
      <CreateAgent open={creating} onClose={() => setCreating(false)} />
      <DeleteAgent agent={leaving} onClose={() => setLeaving(null)} />
    </Page>
  );
}

function AgentRow({ agent, onDelete }: { agent: Agent; onDelete: () => void }) {
  return (
    <li className="flex items-center gap-1 pr-2 hover:bg-sunken">
      <Link
        to="/agents/$agentId"
        params={{ agentId: agent.agent_id }}
        className="flex min-w-0 flex-1 items-center justify-between gap-3 px-4 py-3"
      >
        <span className="min-w-0">
          <span className="block truncate font-medium">{agent.name}</span>
          <span className="block truncate text-sm text-muted">{agent.description || agent.instructions || "No instructions yet"}</span>
        </span>
        <span className="flex shrink-0 items-center gap-2">
          <span className="text-sm text-muted max-sm:hidden">{agent.voice.voice_id}</span>
          <Badge tone={agent.status === "active" ? "success" : "neutral"}>{agent.status}</Badge>
        </span>
      </Link>
      <Button asChild kind="quiet" size="icon">
        <Link
          to="/agents/$agentId"
          params={{ agentId: agent.agent_id }}
          search={{ tab: "testing" }}
          aria-label={`Talk to ${agent.name}`}
        >
          <MessageCircle aria-hidden />
        </Link>
      </Button>
      <Button kind="quiet" size="icon" aria-label={`Delete ${agent.name}`} onClick={onDelete}>
        <Trash2 aria-hidden />
      </Button>
    </li>
  );
}

function DeleteAgent({ agent, onClose }: { agent: Agent | null; onClose: () => void }) {
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: ["agents"] });
  const remove = useMutation({
    mutationFn: (gone: Agent) =>
      data(api.DELETE("/v1/agents/{agent_id}", { params: { path: { agent_id: gone.agent_id } } })),
    onSuccess: async (_, gone) => {
      onClose();
      await refresh();
      toast.success(`${gone.name} is deleted.`, {
        duration: 12_000,
        action: { label: "Make it again", onClick: () => void remake(gone).then(refresh) },
      });
    },
    onError: (error) => toast.error(error.message),
  });
  return (
    <Confirm
      open={agent !== null}
      onClose={onClose}
      title={`Delete ${agent?.name ?? "the agent"}?`}
      description="Its calls end now, and nobody can call it any more. What was said in earlier sessions stays."
      action="Delete"
      busy={remove.isPending}
      onConfirm={() => agent && remove.mutate(agent)}
    />
  );
}

/** A deleted agent is gone for good; the same definition under a new id is what can be had back. */
async function remake(gone: Agent): Promise<void> {
  const { agent_id, id, system_prompt, voice_id, phone_number_id, version, created_at, updated_at, ...definition } = gone;
  await api.POST("/v1/agents", { body: definition as never });
  toast.success(`${gone.name} is back, under a new id.`);
}
