import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { type ReactNode, createContext, useContext, useEffect, useMemo, useState } from "react";
import { toast } from "sonner";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { Confirm } from "@/ui/Dialog";

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
  "eagerness",
  "endpointing",
  "speculation",
  "caller_silence",
  "fillers",
  "noise_reduction",
  "recording",
  "status",
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
  /** What was wrong with a field, such as `voice.voice_id` or the whole of `fillers`. */
  wrong: (field: string) => string | undefined;
};

const Context = createContext<Editing | null>(null);

/** The agent being edited; every tab of the agent's page shares it. */
export function useDraft(): Editing {
  const editing = useContext(Context);
  if (editing === null) throw new Error("useDraft belongs inside an EditedAgent");
  return editing;
}

/** Edits outlive the page: a key that is refused in the middle of them takes the page away until another is given. */
const kept = new Map<string, Partial<Draft>>();

/** Keeps what is typed until it is saved or discarded, and warns before it would be lost. */
export function EditedAgent({ agent, children }: { agent: Agent; children: ReactNode }) {
  const queries = useQueryClient();
  const [edits, setEdits] = useState<Partial<Draft>>(() => kept.get(agent.agent_id) ?? {});
  const [problem, setProblem] = useState<Editing["problem"]>(null);
  const draft = useMemo(() => ({ ...draftOf(agent), ...edits }), [agent, edits]);
  const changed = useMemo(
    () => EDITABLE.filter((name) => !same(draft[name], agent[name])),
    [agent, draft],
  );

  const saving = useMutation({
    mutationFn: (sent: Partial<Draft>) =>
      data(
        api.PATCH("/v1/agents/{agent_id}", {
          params: { path: { agent_id: agent.agent_id } },
          body: { agent: sent, field_mask: { paths: Object.keys(sent) } } as never,
        }),
      ),
    onSuccess: async (saved, sent) => {
      setProblem(null);
      queries.setQueryData(["agent", agent.agent_id], saved.agent);
      // What was typed while the server saved is not saved yet.
      setEdits((now) =>
        Object.fromEntries(Object.entries(now).filter(([name, value]) => !same(value, sent[name as keyof Draft]))),
      );
      toast.success("Saved. New calls use it from now on.");
      await queries.invalidateQueries({ queryKey: ["agents"] });
    },
    onError: (error: Error & { param?: string }) => {
      // The field is named by where it is told.
      const message = error.param ? error.message.replace(`${error.param}: `, "") : error.message;
      setProblem({ param: error.param, message });
    },
  });

  useEffect(() => {
    if (changed.length === 0) kept.delete(agent.agent_id);
    else kept.set(agent.agent_id, edits);
  }, [agent.agent_id, changed.length, edits]);

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
      await saving.mutateAsync(Object.fromEntries(changed.map((name) => [name, draft[name]]))).catch(() => undefined);
    },
    saving: saving.isPending,
    problem,
    wrong: (field) => {
      const at = problem?.param?.replace(/^agent\./, "") ?? "";
      return problem && (at === field || at.startsWith(`${field}.`) || at.startsWith(`${field}[`)) ? problem.message : undefined;
    },
  };
  return (
    <Context.Provider value={editing}>
      {children}
      <LeavingQuestion unsaved={changed.length > 0} onLeave={editing.discard} />
    </Context.Provider>
  );
}

/** Asks before another page of the console takes the place of this one. */
function LeavingQuestion({ unsaved, onLeave }: { unsaved: boolean; onLeave: () => void }) {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => unsaved && current.pathname !== next.pathname,
    enableBeforeUnload: false, // the page has its own, which knows when there is nothing to lose
    withResolver: true,
  });
  return (
    <Confirm
      open={blocker.status === "blocked"}
      onClose={() => blocker.reset?.()}
      title="Leave without saving?"
      description="What you changed of this agent is not saved and will be lost."
      action="Leave"
      keep="Stay"
      onConfirm={() => {
        onLeave();
        blocker.proceed?.();
      }}
    />
  );
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function draftOf(agent: Agent): Draft {
  return Object.fromEntries(EDITABLE.map((name) => [name, agent[name]])) as Draft;
}

/**
 * The draft as a session would have it, for trying it out before it is saved. `variables`: what stands for `{{name}}`.
 * Whether the call is recorded is not the session's to say.
 */
export function sessionOf(
  agent: Agent,
  draft: Draft,
  changed: readonly (keyof Draft)[],
  variables: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const has = (name: keyof Draft) => changed.includes(name);
  const judged = draft.voice.vad_silence_duration_ms === undefined;
  const turnDetection =
    judged
      ? { type: "semantic_vad", eagerness: draft.eagerness }
      : {
          type: "server_vad",
          threshold: draft.voice.vad_threshold,
          silence_duration_ms: draft.voice.vad_silence_duration_ms,
        };
  const input = {
    ...(has("voice") || has("eagerness") ? { turn_detection: turnDetection } : {}),
    ...(has("language") && draft.language.trim() ? { transcription: { language: draft.language.trim() } } : {}),
    ...(has("noise_reduction")
      ? { noise_reduction: draft.noise_reduction === null ? null : { type: draft.noise_reduction } }
      : {}),
  };
  const output = {
    ...(has("voice") ? { voice: draft.voice.voice_id } : {}),
    ...(has("speed") ? { speed: draft.speed } : {}),
  };
  const own = {
    ...Object.fromEntries(
      (["greeting", "max_turns", "interruption", "endpointing", "caller_silence", "fillers"] as const)
        .filter(has)
        .map((name) => [name, draft[name]]),
    ),
    ...(has("voice") && judged ? { vad_threshold: draft.voice.vad_threshold } : {}),
    ...(has("speculation") ? { speculation: draft.speculation ? {} : null } : {}),
  };
  const filled = Object.fromEntries(Object.entries(variables).filter(([, value]) => value.trim()));
  return {
    ...(has("instructions") || Object.keys(filled).length > 0 ? { instructions: draft.instructions } : {}),
    ...(Object.keys(filled).length > 0 ? { prompt: { id: agent.agent_id, variables: filled } } : {}),
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

const VARIABLE = /\{\{\s*([\w.-]+)\s*\}\}/g;

/** The names between double braces in what the agent is told and says first: a client fills them (`prompt.variables`). */
export function variablesOf({ instructions, greeting }: Pick<Draft, "instructions" | "greeting">): string[] {
  return [...new Set([...`${instructions} ${greeting ?? ""}`.matchAll(VARIABLE)].map((found) => String(found[1])))];
}
