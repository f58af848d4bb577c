/**
 * The loudspeaker's side: a queue of the agent's sound, each chunk with the reply it belongs to.
 *
 * It says how much of each reply has been played, ten times a second and when a reply's sound runs out, and empties itself
 * at once when the caller interrupts.
 */
const RATE_HZ = 24_000;
const REPORT_EVERY_SECONDS = 0.1;

type Chunk = { replyId: string; samples: Float32Array; at: number };
type Order = { play: { replyId: string; samples: Float32Array } } | { clear: true };

class Playback extends AudioWorkletProcessor {
  private queue: Chunk[] = [];
  private played = new Map<string, number>();
  private unreported = 0;
  private readonly step = RATE_HZ / sampleRate;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<Order>) => {
      if ("play" in data) this.queue.push({ ...data.play, at: 0 });
      else this.clear();
    };
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0]?.[0];
    if (!out) return true;
    for (let index = 0; index < out.length; index += 1) {
      out[index] = this.next();
    }
    for (const other of outputs[0]?.slice(1) ?? []) other.set(out);
    this.unreported += out.length;
    if (this.unreported >= sampleRate * REPORT_EVERY_SECONDS) this.report();
    return true;
  }

  private next(): number {
    const chunk = this.queue[0];
    if (!chunk) return 0;
    const index = Math.floor(chunk.at);
    const here = chunk.samples[index] ?? 0;
    const there = chunk.samples[index + 1] ?? here;
    const sample = here + (there - here) * (chunk.at - index);
    chunk.at += this.step;
    this.played.set(chunk.replyId, (this.played.get(chunk.replyId) ?? 0) + this.step);
    if (chunk.at >= chunk.samples.length) {
      this.queue.shift();
      if (this.queue.length === 0) this.report();
    }
    return sample;
  }

  private clear(): void {
    this.report();
    this.queue = [];
  }

  private report(): void {
    const played = Object.fromEntries([...this.played].map(([id, samples]) => [id, Math.floor((samples / RATE_HZ) * 1000)]));
    this.unreported = 0;
    this.port.postMessage({ played });
    const current = this.queue[0]?.replyId;
    for (const id of this.played.keys()) if (id !== current && this.played.size > 4) this.played.delete(id);
  }
}

registerProcessor("playback", Playback);

export {};
