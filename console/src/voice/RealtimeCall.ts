import { key } from "@/api/key";
import { CallAudio } from "@/voice/CallAudio";
import { ComingBack } from "@/voice/ComingBack";
import { AudioUnavailableError } from "@/voice/Microphone";
import { type Conversation, NOTHING_SAID, after, unanswered } from "@/voice/conversation";
import { askWhetherKeyHolds, explained } from "@/voice/explaining";
import { ANOTHER_MICROPHONE, DROPPED, NO_MICROPHONE, NO_SPEAKER } from "@/voice/problems";
import { type Seen, type ServerEvent, bytesOf } from "@/voice/wire";

export type CallState = "idle" | "connecting" | "live" | "reconnecting" | "ended";

export type CallView = {
  state: CallState;
  conversation: Conversation;
  /** Newest last; the oldest are forgotten. */
  events: Seen[];
  sessionId: string | null;
  /** What the person must know or do; null where all is well. */
  problem: string | null;
  hasMicrophone: boolean;
  muted: boolean;
};

export type CallWish = {
  agentId: string;
  /** Fields of `session.update` that stand over the stored agent: a configuration that is not saved yet. */
  session?: Record<string, unknown>;
  devices?: { microphone?: string; speaker?: string };
  withMicrophone: boolean;
};

const EVENTS_KEPT = 2_000;
/** Five seconds of the caller that the network has not taken: what is said now would be heard far too late. */
const BEHIND_BYTES = 256_000;
const SILENT = { caller: 0, agent: 0 };
const NORMAL_CLOSURE = 1000;
const NOTHING: CallView = {
  state: "idle",
  conversation: NOTHING_SAID,
  events: [],
  sessionId: null,
  problem: null,
  hasMicrophone: false,
  muted: false,
};

/**
 * One conversation with an agent over the public realtime socket. Made by a page, closed by it. It reconnects by itself
 * when the network drops, and goes on where it was. `subscribe` and `view` fit React's `useSyncExternalStore`.
 */
export class RealtimeCall {
  private current: CallView = NOTHING;
  private readonly listeners = new Set<() => void>();
  private socket: WebSocket | null = null;
  private wish: CallWish | null = null;
  private conversationId: string | null = null;
  private opened = 0;
  private numbered = 0;
  private readonly comingBack = new ComingBack(() => this.connect());
  /** What was typed while there was no connection. */
  private unsent: string[] = [];
  private speaking: string | null = null;
  /** A reply that the person cut off by typing; the rest of its sound is on its way still. */
  private cutOff: string | null = null;
  /** How much of each reply the server was told to have been played, in milliseconds. */
  private readonly told = new Map<string, number>();
  /** The reply that the server works on, spoken or not. */
  private underWay: string | null = null;
  /** A reply was asked for and has not begun. */
  private asked = false;
  private audio: CallAudio | null = null;

  get view(): CallView {
    return this.current;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** How loud both sides are now, 0 to 1. */
  levels(): { caller: number; agent: number } {
    return this.audio?.levels() ?? SILENT;
  }

  /** Call inside a click. A microphone that cannot be had leaves a call in writing. */
  async open(wish: CallWish): Promise<void> {
    await this.close();
    this.wish = wish;
    this.conversationId = null;
    this.opened = performance.now();
    this.change({ ...NOTHING, state: "connecting" });
    if (wish.withMicrophone) await this.openAudio(wish);
    if (this.wish === wish) this.connect();
  }

  /** A typed turn; it waits for a call that is being opened, or comes back. */
  say(text: string): void {
    if (this.socket?.readyState !== WebSocket.OPEN) {
      if (this.wish) this.unsent.push(text);
      return;
    }
    const item = { type: "message", role: "user", content: [{ type: "input_text", text }] };
    this.send({ type: "conversation.item.create", item });
    if (this.underWay) this.send({ type: "response.cancel" });
    this.cutOff = this.underWay;
    this.audio?.clear();
    this.asked = true;
    this.send({ type: "response.create" });
  }

  /** What a function of the client's came to. The agent speaks on when none of its calls waits any more. */
  answer(callId: string, output: string): void {
    this.send({ type: "conversation.item.create", item: { type: "function_call_output", call_id: callId, output } });
    if (unanswered(this.current.conversation).every((line) => line.id === callId)) this.send({ type: "response.create" });
  }

  mute(muted: boolean): void {
    this.audio?.mute(muted);
    this.change({ muted });
  }

  /** Forget what was said here; an open call begins anew, because the agent remembers. */
  async clear(): Promise<void> {
    const wish = this.wish;
    if (wish) await this.open({ ...wish, withMicrophone: this.audio !== null });
    else this.change(NOTHING);
  }

  /** New settings for the call that is open. */
  configure(session: Record<string, unknown>): void {
    if (this.wish) this.wish = { ...this.wish, session };
    this.send({ type: "session.update", session: this.session() });
  }

  async close(): Promise<void> {
    this.comingBack.stop();
    this.wish = null;
    this.unsent = [];
    const socket = this.socket;
    this.socket = null;
    socket?.close(NORMAL_CLOSURE);
    const audio = this.audio;
    this.audio = null;
    await audio?.close();
    if (this.current.state !== "idle") this.change({ state: "ended", hasMicrophone: false });
  }

  send(event: ServerEvent): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify(event));
    this.note("sent", event);
  }

  private async openAudio(wish: CallWish): Promise<void> {
    try {
      const audio = await CallAudio.open(
        {
          onFrame: (frame) => this.sendSound(frame),
          onPlayed: (played) => this.tellPlayed(played),
          onMicrophone: (missing) =>
            this.change({ hasMicrophone: !missing, problem: missing ? NO_MICROPHONE : ANOTHER_MICROPHONE }),
          onSpeakerMissing: () => this.change({ problem: NO_SPEAKER }),
        },
        wish.devices,
      );
      // Hung up, or opened anew, while the person was asked for the microphone.
      if (this.wish !== wish) return await audio.close();
      this.audio = audio;
      this.change({ hasMicrophone: true });
    } catch (error) {
      if (!(error instanceof AudioUnavailableError)) throw error;
      if (this.wish === wish) this.change({ problem: error.message });
    }
  }

  private sendSound(frame: ArrayBuffer): void {
    const socket = this.socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount < BEHIND_BYTES) {
      socket.send(frame);
      return;
    }
    // The network is gone, and the browser has not noticed: its own closing would wait for an answer.
    this.comeBack();
    socket.close();
  }

  private tellPlayed(played: Record<string, number>): void {
    for (const [replyId, ms] of Object.entries(played)) {
      if (ms <= (this.told.get(replyId) ?? 0)) continue;
      this.told.set(replyId, ms);
      this.sendQuietly({ type: "vivavoce.output_audio.played", response_id: replyId, played_ms: ms });
    }
  }

  private connect(): void {
    const wish = this.wish;
    const secret = key.get();
    if (!wish || !secret) return;
    const query = new URLSearchParams({ agent_id: wish.agentId });
    if (this.conversationId) query.set("conversation_id", this.conversationId);
    const scheme = window.location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${window.location.host}/v1/realtime?${query}`, [
      "realtime",
      `openai-insecure-api-key.${secret}`,
    ]);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.comingBack.stop();
      this.send({ type: "session.update", session: this.session() });
      this.change({ state: "live", ...(this.current.problem === DROPPED ? { problem: null } : {}) });
      for (const text of this.unsent.splice(0)) this.say(text);
    };
    socket.onmessage = ({ data }) => {
      if (this.socket === socket && typeof data === "string") this.receive(JSON.parse(data) as ServerEvent);
    };
    socket.onclose = (closed) => this.socket === socket && this.dropped(closed);
  }

  private session(): Record<string, unknown> {
    const own = { timings: true, overlaps: true, tool_calls: true };
    const { vivavoce, audio, ...rest } = (this.wish?.session ?? {}) as Record<string, Record<string, unknown>>;
    const asked = audio?.input as { transcription?: object } | undefined;
    const input = { ...asked, transcription: { model: "vivavoce", ...asked?.transcription } };
    // Who comes back was greeted, and has used up some turns: the server knows of both.
    const { greeting: _, max_turns: __, ...lasting } = vivavoce ?? {};
    const wanted = this.conversationId === null ? vivavoce : lasting;
    return {
      type: "realtime",
      ...(this.audio ? {} : { output_modalities: ["text"] }),
      ...rest,
      audio: { ...audio, input },
      vivavoce: { ...wanted, ...own },
      resumption: { enabled: true },
    };
  }

  private receive(event: ServerEvent): void {
    switch (event.type) {
      case "session.created":
        this.change({ sessionId: (event.session as { id: string }).id });
        break;
      case "conversation.created":
        this.conversationId = (event.conversation as { id: string }).id;
        break;
      case "response.output_audio.delta":
        if (event.response_id === this.cutOff) break;
        this.speaking = String(event.response_id);
        this.audio?.play(this.speaking, bytesOf(String(event.delta)));
        break;
      case "input_audio_buffer.speech_started":
        // What is under way is told at once after this if the caller stops it, and goes on if not.
        if (this.speaking !== this.underWay) this.audio?.clear();
        break;
      case "response.created":
        this.underWay = (event.response as { id: string }).id;
        break;
      case "response.done":
        this.replyEnded(event.response as { id: string; status: string });
        break;
    }
    this.note("received", event.type.endsWith("audio.delta") ? shortened(event) : event);
    if (this.crossed(event)) return;
    const conversation = after(this.current.conversation, event);
    if (conversation !== this.current.conversation) this.change({ conversation });
  }

  /**
   * Whether it refuses what merely crossed something on its way: a cancelled reply had ended by itself, or the greeting
   * began while the person was typing. The person's own question goes first then.
   */
  private crossed(event: ServerEvent): boolean {
    const asked = this.asked;
    if (event.type === "response.created" || event.type === "error") this.asked = false;
    if (event.type !== "error") return false;
    const code = (event.error as { code?: string }).code;
    if (code === "response_cancel_not_active") {
      this.asked = asked;
      return true;
    }
    if (code !== "conversation_already_has_active_response" || !asked) return false;
    this.send({ type: "response.cancel" });
    this.send({ type: "response.create" });
    return true;
  }

  private replyEnded(reply: { id: string; status: string }): void {
    if (reply.status === "cancelled" && reply.id === this.speaking) this.audio?.clear();
    if (this.underWay === reply.id) this.underWay = null;
  }

  private dropped(closed: CloseEvent): void {
    if (closed.code !== NORMAL_CLOSURE && this.current.state !== "connecting" && this.comeBack()) return;
    const unwanted = this.wish !== null && closed.code !== NORMAL_CLOSURE;
    const ended = closed.reason || null;
    const agentId = this.wish?.agentId ?? "default";
    this.change({ conversation: { ...this.current.conversation, ended } });
    void this.close().then(async () => {
      if (unwanted) this.change({ problem: await explained(closed, agentId) });
    });
  }

  /** The connection dropped: try again. What was being said is lost. False: it has been tried for long enough. */
  private comeBack(): boolean {
    this.socket = null;
    this.audio?.clear();
    this.underWay = null;
    this.asked = false;
    // It did not let the call back in: nobody need wait for what a new key alone can mend.
    if (this.comingBack.attempts === 1) void askWhetherKeyHolds();
    if (!this.comingBack.again()) return false;
    this.change({ state: "reconnecting", problem: DROPPED });
    return true;
  }

  private sendQuietly(event: ServerEvent): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(event));
  }

  private note(direction: Seen["direction"], event: ServerEvent): void {
    this.numbered += 1;
    const seen: Seen = { number: this.numbered, at: performance.now() - this.opened, direction, event };
    this.change({ events: [...this.current.events.slice(-(EVENTS_KEPT - 1)), seen] });
  }

  private change(parts: Partial<CallView>): void {
    this.current = { ...this.current, ...parts };
    for (const listener of this.listeners) listener();
  }
}

/** Sound is long and says nothing to a reader. */
function shortened(event: ServerEvent): ServerEvent {
  return { ...event, delta: `… ${String(event.delta).length} characters of sound` };
}
