/** Why there is no sound, in words that say what to do. */
export class AudioUnavailableError extends Error {}

/**
 * The microphone of one call: its sound goes into `ears`. When it is unplugged, another is looked for, at once and
 * whenever a device is connected. Whoever opens it closes it.
 */
export class Microphone {
  private stream: MediaStream | null = null;
  private source: MediaStreamAudioSourceNode | null = null;
  private closed = false;

  private constructor(
    private readonly context: AudioContext,
    private readonly ears: AudioNode,
    /** Another microphone hears the caller now, or none does: `missing`. */
    private readonly onChange: (missing: boolean) => void,
  ) {
    navigator.mediaDevices.addEventListener("devicechange", this.connected);
  }

  /** Connects the stream of a microphone that the person allowed. */
  static connect(
    stream: MediaStream,
    context: AudioContext,
    ears: AudioNode,
    onChange: (missing: boolean) => void,
  ): Microphone {
    const microphone = new Microphone(context, ears, onChange);
    microphone.hear(stream);
    return microphone;
  }

  close(): void {
    this.closed = true;
    navigator.mediaDevices.removeEventListener("devicechange", this.connected);
    this.letGo();
  }

  private hear(stream: MediaStream): void {
    this.letGo();
    this.stream = stream;
    this.source = this.context.createMediaStreamSource(stream);
    this.source.connect(this.ears);
    for (const track of stream.getAudioTracks()) track.addEventListener("ended", () => this.unplugged(stream));
  }

  private unplugged(stream: MediaStream): void {
    if (this.closed || this.stream !== stream) return;
    this.letGo();
    void this.lookForAnother(true);
  }

  private readonly connected = () => {
    if (this.stream === null) void this.lookForAnother(false);
  };

  private async lookForAnother(isNews: boolean): Promise<void> {
    let stream: MediaStream;
    try {
      stream = await openMicrophone(undefined);
    } catch (error) {
      if (!(error instanceof AudioUnavailableError)) throw error;
      if (isNews && !this.closed) this.onChange(true);
      return;
    }
    if (this.closed || this.stream !== null) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    this.hear(stream);
    this.onChange(false);
  }

  private letGo(): void {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.source?.disconnect();
    this.stream = null;
    this.source = null;
  }
}

/** Asks the person and the system. Raises `AudioUnavailableError`. */
export async function openMicrophone(deviceId: string | undefined): Promise<MediaStream> {
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
