import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, createContext, useContext, useEffect, useMemo, useState } from "react";
import { toast } from "sonner";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";

export type Agent = components["schemas"]["AgentObject"];

/** What can be changed of an agent: everything else belongs to the server. */
export const EDITABLE = [
  "name",
  "instructions",
  "description",
  "greeting",
  "voice",
  "language",
  "speed",
  "max_turns",
  "model",
  "tools",
  "collection_ids",
  "pronunciations",
  "interruption",
  "endpointing",
  "speculation",
  "caller_silence",
  "fillers",
  "noise_reduction",
  "recording",
] as const satisfies readonly (keyof Agent)[];

export type Draft = Pick<Agent, (typeof EDITABLE)[number]>;

type Editing = {
  agent: Agent;
  draft: Draft;
  /** The fields that differ from what is stored. */
  changed: (keyof Draft)[];
  change: (parts: Partial<Draft>) => void;
  discard: () => void;
  save: () => Promise<void>;
  saving: boolean;
  /** What the server said was wrong, by the field it named. */
  problem: { param: string | undefined; message: string } | null;
};

const Context = createContext<Editing | null>(null);

/** The agent being edited; every tab of the agent's page shares it. */
export function useDraft(): Editing {
  const editing = useContext(Context);
  if (editing === null) throw new Error("useDraft belongs inside an EditedAgent");
  return editing;
}

/** Keeps what is typed until it is saved or discarded, and warns before it would be lost. */
export function EditedAgent({ agent, children }: { agent: Agent; children: ReactNode }) {
  const queries = useQueryClient();
  const [edits, setEdits] = useState<Partial<Draft>>({});
  const [problem, setProblem] = useState<Editing["problem"]>(null);
  const draft = useMemo(() => ({ ...draftOf(agent), ...edits }), [agent, edits]);
  const changed = useMemo(
    () => EDITABLE.filter((name) => JSON.stringify(draft[name]) !== JSON.stringify(agent[name])),
    [agent, draft],
  );

  const saving = useMutation({
    mutationFn: (names: (keyof Draft)[]) =>
      data(
        api.PATCH("/v1/agents/{agent_id}", {
          params: { path: { agent_id: agent.agent_id } },
          body: {
            agent: Object.fromEntries(names.map((name) => [name, draft[name]])),
            field_mask: { paths: [...names] },
          } as never,
        }),
      ),
    onSuccess: async () => {
      setProblem(null);
      await queries.invalidateQueries({ queryKey: ["agent", agent.agent_id] });
      await queries.invalidateQueries({ queryKey: ["agents"] });
      setEdits({});
      toast.success("Saved. New calls use it from now on.");
    },
    onError: (error: Error & { param?: string }) => {
      setProblem({ param: error.param, message: error.message });
      toast.error(error.message);
    },
  });

  useEffect(() => {
    if (changed.length === 0) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [changed.length]);

  const editing: Editing = {
    agent,
    draft,
    changed,
    change: (parts) => {
      setProblem(null);
      setEdits((before) => ({ ...before, ...parts }));
    },
    discard: () => {
      setProblem(null);
      setEdits({});
    },
    save: async () => {
      await saving.mutateAsync(changed).catch(() => undefined);
    },
    saving: saving.isPending,
    problem,
  };
  return <Context.Provider value={editing}>{children}</Context.Provider>;
}

function draftOf(agent: Agent): Draft {
  return Object.fromEntries(EDITABLE.map((name) => [name, agent[name]])) as Draft;
}

/** The draft as a session would have it, for trying it out before it is saved. */
export function sessionOf(draft: Draft, changed: readonly (keyof Draft)[]): Record<string, unknown> {
  const has = (name: keyof Draft) => changed.includes(name);
  const turnDetection =
    draft.voice.vad_silence_duration_ms === undefined
      ? { type: "semantic_vad" }
      : {
          type: "server_vad",
          threshold: draft.voice.vad_threshold,
          silence_duration_ms: draft.voice.vad_silence_duration_ms,
        };
  const input = {
    ...(has("voice") ? { turn_detection: turnDetection } : {}),
    ...(has("noise_reduction")
      ? { noise_reduction: draft.noise_reduction === null ? null : { type: draft.noise_reduction } }
      : {}),
  };
  const output = {
    ...(has("voice") ? { voice: draft.voice.voice_id } : {}),
    ...(has("speed") ? { speed: draft.speed } : {}),
  };
  const own = Object.fromEntries(
    (["interruption", "endpointing", "caller_silence", "fillers"] as const)
      .filter(has)
      .map((name) => [name, draft[name]]),
  );
  return {
    ...(has("instructions") ? { instructions: draft.instructions } : {}),
    ...(has("tools") || has("collection_ids") ? { tools: toolsOf(draft) } : {}),
    ...(has("pronunciations") ? { replace: draft.pronunciations } : {}),
    ...(Object.keys(input).length + Object.keys(output).length > 0 ? { audio: { input, output } } : {}),
    ...(Object.keys(own).length > 0 ? { vivavoce: own } : {}),
  };
}

/** The collections of a draft are not yet the agent's: the search names them itself. */
function toolsOf(draft: Draft): unknown[] {
  const others = draft.tools.filter((tool) => tool.type !== "file_search");
  if (draft.collection_ids.length === 0) return others;
  return [...others, { type: "file_search", vector_store_ids: draft.collection_ids }];
}
