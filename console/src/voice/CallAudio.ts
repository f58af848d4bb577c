import captureUrl from "@/voice/worklets/capture.worklet.ts?worker&url";
import playbackUrl from "@/voice/worklets/playback.worklet.ts?worker&url";

/** Why there is no sound, in words that say what to do. */
export class AudioUnavailableError extends Error {}

export type AudioEvents = {
  /** 20 ms of the caller, 16-bit PCM at 24 kHz. */
  onFrame: (frame: ArrayBuffer) => void;
  /** How much of each reply has been played, in milliseconds. */
  onPlayed: (played: Record<string, number>) => void;
  /** Loudness of the two sides, 0 to 1. */
  onLevels: (levels: { caller?: number; agent?: number }) => void;
};

/**
 * The microphone and the loudspeaker of one call. Open it inside a click: browsers start no sound without one. Whoever
 * opens it closes it.
 */
export class CallAudio {
  private muted = false;

  private constructor(
    private readonly context: AudioContext,
    private readonly microphone: MediaStream,
    private readonly playback: AudioWorkletNode,
    /** For meters and for tests: what the page plays. */
    readonly analyser: AnalyserNode,
  ) {}

  /** Raises `AudioUnavailableError`. */
  static async open(events: AudioEvents, devices: { microphone?: string; speaker?: string } = {}): Promise<CallAudio> {
    const microphone = await openMicrophone(devices.microphone);
    try {
      const context = openContext();
      await context.resume();
      await Promise.all([context.audioWorklet.addModule(captureUrl), context.audioWorklet.addModule(playbackUrl)]);
      if (devices.speaker && "setSinkId" in context) {
        await (context as AudioContext & { setSinkId(id: string): Promise<void> }).setSinkId(devices.speaker);
      }
      const capture = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0 });
      context.createMediaStreamSource(microphone).connect(capture);
      const playback = new AudioWorkletNode(context, "playback", { numberOfInputs: 0, outputChannelCount: [1] });
      const analyser = context.createAnalyser();
      playback.connect(analyser).connect(context.destination);
      const audio = new CallAudio(context, microphone, playback, analyser);
      capture.port.onmessage = ({ data }: MessageEvent<{ frame: ArrayBuffer; level: number }>) => {
        events.onFrame(audio.muted ? new ArrayBuffer(data.frame.byteLength) : data.frame);
        events.onLevels({ caller: audio.muted ? 0 : data.level });
      };
      playback.port.onmessage = ({ data }: MessageEvent<{ played?: Record<string, number>; level?: number }>) => {
        if (data.played) events.onPlayed(data.played);
        if (data.level !== undefined) events.onLevels({ agent: data.level });
      };
      return audio;
    } catch (error) {
      for (const track of microphone.getTracks()) track.stop();
      throw error;
    }
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
    for (const track of this.microphone.getTracks()) track.stop();
    if (this.context.state !== "closed") await this.context.close();
  }
}

function openContext(): AudioContext {
  try {
    return new AudioContext({ sampleRate: 24_000, latencyHint: "interactive" });
  } catch {
    return new AudioContext({ latencyHint: "interactive" }); // the worklets resample
  }
}

async function openMicrophone(deviceId: string | undefined): Promise<MediaStream> {
  if (!navigator.mediaDevices) {
    throw new AudioUnavailableError(
      "This page may not use the microphone: browsers allow it over https or on localhost only. Open the console at such an address, or type instead.",
    );
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: {
        channelCount: 1,
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
        ...(deviceId ? { deviceId: { exact: deviceId } } : {}),
      },
    });
  } catch (error) {
    throw new AudioUnavailableError(explained(error instanceof DOMException ? error.name : ""));
  }
}

function explained(name: string): string {
  switch (name) {
    case "NotAllowedError":
      return "The microphone is blocked for this page. Allow it beside the address in your browser, then press Talk again; or type instead.";
    case "NotFoundError":
    case "OverconstrainedError":
      return "No microphone was found. Connect one or choose another under the device menu, then press Talk again; or type instead.";
    case "NotReadableError":
      return "Another program holds the microphone. Close it, then press Talk again; or type instead.";
    default:
      return "The microphone could not be opened. Check it in your system's settings, then press Talk again; or type instead.";
  }
}
