/** What goes over the realtime socket, as far as the console reads it: see docs/reference/realtime.md. */
export type Stages = Record<string, number | null>;

export type ServerEvent = { type: string; event_id?: string } & Record<string, unknown>;

/** One event as the inspector shows it. `at`: milliseconds since the call was opened. */
export type Seen = { number: number; at: number; direction: "sent" | "received"; event: ServerEvent };

export type Turn = {
  responseId: string;
  itemId: string;
  stages: Stages;
  reason: string;
  heardMs: number | null;
  wastedTokens: number;
  complete: boolean;
};

/** One line of a conversation on the screen. */
export type Line =
  | { kind: "caller" | "agent"; id: string; text: string; done: boolean; interrupted: boolean; spoken: boolean }
  | {
      kind: "tool";
      id: string;
      name: string;
      tool: string;
      arguments: string;
      output: string | null;
      error: string | null;
      durationMs: number | null;
    }
  | { kind: "note"; id: string; text: string; tone: "neutral" | "danger" };

export function bytesOf(base64: string): ArrayBuffer {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes.buffer;
}
