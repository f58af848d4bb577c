import { AudioUnavailableError, Microphone, openMicrophone } from "@/voice/Microphone";
import captureUrl from "@/voice/worklets/capture.worklet.ts?worker&url";
import playbackUrl from "@/voice/worklets/playback.worklet.ts?worker&url";

export type AudioEvents = {
  /** 20 ms of the caller, 16-bit PCM at 24 kHz; silence while there is no microphone. */
  onFrame: (frame: ArrayBuffer) => void;
  /** How much of each reply has been played, in milliseconds. */
  onPlayed: (played: Record<string, number>) => void;
  /** The microphone was unplugged: another hears the caller now, or none does. */
  onMicrophone: (missing: boolean) => void;
  /** The chosen loudspeaker is not there: the system's own plays. */
  onSpeakerMissing: () => void;
};

/**
 * The microphone and the loudspeaker of one call. Open it inside a click: browsers start no sound without one. Whoever
 * opens it closes it.
 */
export class CallAudio {
  private muted = false;
  private caller = 0;
  private readonly heard: Float32Array<ArrayBuffer>;

  private constructor(
    private readonly context: AudioContext,
    private readonly microphone: Microphone,
    private readonly playback: AudioWorkletNode,
    private readonly analyser: AnalyserNode,
  ) {
    this.heard = new Float32Array(analyser.fftSize);
    document.addEventListener("visibilitychange", this.wake);
  }

  /** Raises `AudioUnavailableError`. */
  static async open(events: AudioEvents, devices: { microphone?: string; speaker?: string } = {}): Promise<CallAudio> {
    const stream = await openMicrophone(devices.microphone);
    const context = openContext(stream);
    try {
      await context.resume();
      await Promise.all([context.audioWorklet.addModule(captureUrl), context.audioWorklet.addModule(playbackUrl)]);
      if (devices.speaker) await chooseSpeaker(context, devices.speaker, events.onSpeakerMissing);
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      await context.close();
      if (!(error instanceof DOMException)) throw error;
      throw new AudioUnavailableError(
        "The sound of this page could not be started: its program did not load. Is the server running? Press Talk again; or type instead.",
      );
    }
    const capture = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0 });
    const playback = new AudioWorkletNode(context, "playback", { numberOfInputs: 0, outputChannelCount: [1] });
    const analyser = context.createAnalyser();
    playback.connect(analyser).connect(context.destination);
    const microphone = Microphone.connect(stream, context, capture, events.onMicrophone);
    const audio = new CallAudio(context, microphone, playback, analyser);
    capture.port.onmessage = ({ data }: MessageEvent<{ frame: ArrayBuffer; level: number }>) => {
      audio.caller = audio.muted ? 0 : data.level;
      events.onFrame(audio.muted ? new ArrayBuffer(data.frame.byteLength) : data.frame);
    };
    playback.port.onmessage = ({ data }: MessageEvent<{ played: Record<string, number> }>) => events.onPlayed(data.played);
    return audio;
  }

  /** How loud both sides are now, 0 to 1. The agent's side is what the page really plays. */
  levels(): { caller: number; agent: number } {
    this.analyser.getFloatTimeDomainData(this.heard);
    const square = this.heard.reduce((sum, sample) => sum + sample * sample, 0);
    return { caller: this.caller, agent: Math.sqrt(square / this.heard.length) };
  }

  play(replyId: string, pcm: ArrayBuffer): void {
    const words = new Int16Array(pcm);
    const samples = Float32Array.from(words, (word) => word / 32_768);
    this.playback.port.postMessage({ play: { replyId, samples } }, [samples.buffer]);
  }

  /** Stop at once: the caller speaks. What was not played is lost. */
  clear(): void {
    this.playback.port.postMessage({ clear: true });
  }

  mute(muted: boolean): void {
    this.muted = muted;
  }

  async close(): Promise<void> {
    document.removeEventListener("visibilitychange", this.wake);
    this.microphone.close();
    if (this.context.state !== "closed") await this.context.close();
  }

  /** Telephones stop the sound of a page that is put aside; it goes on when the person comes back. */
  private readonly wake = () => {
    if (!document.hidden && this.context.state !== "running" && this.context.state !== "closed") void this.context.resume();
  };
}

/** Of 24 kHz; where the browser refuses that, or refuses to connect a microphone to it, of its own rate. */
function openContext(stream: MediaStream): AudioContext {
  let context: AudioContext | undefined;
  try {
    context = new AudioContext({ sampleRate: 24_000, latencyHint: "interactive" });
    context.createMediaStreamSource(stream);
    return context;
  } catch {
    void context?.close();
    return new AudioContext({ latencyHint: "interactive" }); // the worklets resample
  }
}

async function chooseSpeaker(context: AudioContext, id: string, onMissing: () => void): Promise<void> {
  if (!("setSinkId" in context)) return;
  try {
    await (context as AudioContext & { setSinkId(id: string): Promise<void> }).setSinkId(id);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    onMissing();
  }
}
