import type { Line, ServerEvent, Turn } from "@/voice/wire";

/** What a call's events have made of it so far. Pure: the same events give the same conversation. */
export type Conversation = { lines: Line[]; turns: Turn[]; ended: string | null };

export const NOTHING_SAID: Conversation = { lines: [], turns: [], ended: null };

/** The conversation after one more event of the server's. */
export function after(before: Conversation, event: ServerEvent): Conversation {
  switch (event.type) {
    case "conversation.item.created": // after a connection that dropped: what the server has of it
    case "conversation.item.added":
    case "conversation.item.done":
      return withItem(before, event.item as Item);
    case "conversation.item.input_audio_transcription.delta":
      return grown(before, String(event.item_id), "caller", String(event.delta));
    case "conversation.item.input_audio_transcription.completed":
      return settled(before, String(event.item_id), { kind: "caller", text: String(event.transcript) });
    case "response.output_audio_transcript.delta":
    case "response.output_text.delta":
      return grown(before, String(event.item_id), "agent", String(event.delta));
    case "response.output_audio_transcript.done":
      return settled(before, String(event.item_id), { kind: "agent", text: String(event.transcript) });
    case "response.output_text.done":
      return settled(before, String(event.item_id), { kind: "agent", text: String(event.text) });
    case "response.done":
      return withResponse(before, event.response as Response);
    case "response.function_call_arguments.done":
      return withTool(before, String(event.call_id), {
        name: String(event.name ?? ""),
        tool: "function",
        arguments: String(event.arguments),
      });
    case "vivavoce.tool_call.started":
      return withTool(before, String(event.call_id), {
        name: String(event.name),
        tool: String(event.kind),
        arguments: String(event.arguments),
      });
    case "vivavoce.tool_call.ended":
      return withTool(before, String(event.call_id), {
        output: (event.output as string | null) ?? null,
        error: errorText(event.error),
        durationMs: Number(event.duration_ms),
      });
    case "vivavoce.turn.timings":
      return withTurn(before, event);
    case "error":
      return noted(before, (event.error as { message?: string }).message ?? "The server refused something.");
    default:
      return before;
  }
}

/** The calls of the client's own functions that wait for an answer. */
export function unanswered(conversation: Conversation): (Line & { kind: "tool" })[] {
  return conversation.lines.filter(
    (line): line is Line & { kind: "tool" } =>
      line.kind === "tool" && line.tool === "function" && line.output === null && line.error === null,
  );
}

type Item = {
  id: string;
  type: string;
  role?: string;
  status?: string;
  call_id?: string;
  output?: string;
  content?: { text?: string; transcript?: string }[];
};
type Response = { id: string; status: string; status_details?: { error?: { message?: string } }; output?: Item[] };

function withItem(before: Conversation, item: Item): Conversation {
  if (item.type === "function_call_output" && item.call_id) {
    return withTool(before, item.call_id, { output: item.output ?? "", durationMs: null });
  }
  if (item.type !== "message" || (item.role !== "user" && item.role !== "assistant")) return before;
  const text = (item.content ?? []).map((part) => part.text ?? part.transcript ?? "").join("");
  const kind = item.role === "user" ? "caller" : "agent";
  if (!text && kind === "agent") return before;
  return settled(before, item.id, { kind, text, keep: true, isCut: item.status === "incomplete" });
}

function withResponse(before: Conversation, response: Response): Conversation {
  const ids = new Set((response.output ?? []).map((item) => item.id));
  const interrupted = response.status === "cancelled" || response.status === "incomplete";
  const lines = before.lines.map((line) =>
    line.kind === "agent" && ids.has(line.id) ? { ...line, done: true, interrupted } : line,
  );
  const settledLines: Conversation = { ...before, lines };
  if (response.status !== "failed") return settledLines;
  return noted(settledLines, response.status_details?.error?.message ?? "The answer failed.");
}

function withTurn(before: Conversation, event: ServerEvent): Conversation {
  const turn: Turn = {
    responseId: String(event.response_id),
    itemId: String(event.item_id),
    stages: event.stages as Turn["stages"],
    reason: String(event.endpoint_reason),
    heardMs: (event.heard_ms as number | null) ?? null,
    wastedTokens: Number(event.wasted_tokens ?? 0),
    complete: Boolean(event.complete),
  };
  const others = before.turns.filter((each) => each.responseId !== turn.responseId);
  return { ...before, turns: [...others, turn] };
}

function grown(before: Conversation, id: string, kind: "caller" | "agent", delta: string): Conversation {
  const known = before.lines.find((line) => line.id === id);
  const text = known && "text" in known ? known.text : "";
  return put(before, { kind, id, text: text + delta, done: false, interrupted: false, spoken: true });
}

function settled(
  before: Conversation,
  id: string,
  said: { kind: "caller" | "agent"; text: string; keep?: boolean; isCut?: boolean },
): Conversation {
  const known = before.lines.find((line) => line.id === id);
  const text = said.keep && !said.text && known && "text" in known ? known.text : said.text;
  const interrupted = said.isCut || (known?.kind === "agent" && known.interrupted);
  return put(before, { kind: said.kind, id, text, done: text !== "", interrupted, spoken: known !== undefined });
}

function withTool(before: Conversation, id: string, change: Partial<Line & { kind: "tool" }>): Conversation {
  const known = before.lines.find((line) => line.id === id);
  const empty = { name: "", tool: "", arguments: "", output: null, error: null, durationMs: null };
  return put(before, { ...empty, ...(known?.kind === "tool" ? known : {}), ...change, kind: "tool", id });
}

function noted(before: Conversation, text: string): Conversation {
  return put(before, { kind: "note", id: `note ${before.lines.length}`, text, tone: "danger" });
}

function put(before: Conversation, line: Line): Conversation {
  const at = before.lines.findIndex((each) => each.id === line.id);
  const lines = at < 0 ? [...before.lines, line] : before.lines.with(at, line);
  return { ...before, lines };
}

function errorText(error: unknown): string | null {
  if (!error) return null;
  return typeof error === "string" ? error : ((error as { message?: string }).message ?? "failed");
}
