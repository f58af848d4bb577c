/**
 * The microphone's side: samples of the audio context, 20 ms at a time, as 16-bit PCM of 24 kHz.
 *
 * Browsers that refuse a context of 24 kHz give one of their own rate; then every frame is resampled here, linearly: the
 * server's ears work at 16 kHz, and what lies above is of no use to them. Without a microphone it hears silence, so that
 * what the caller said last comes to its end.
 */
const RATE_HZ = 24_000;
const FRAME_SAMPLES = 480;
const NOTHING = new Float32Array(128);

class Capture extends AudioWorkletProcessor {
  private frame = new Int16Array(FRAME_SAMPLES);
  private filled = 0;
  private square = 0;
  private position = 0;
  private last = 0;

  process(inputs: Float32Array[][]): boolean {
    const samples = inputs[0]?.[0] ?? NOTHING;
    if (sampleRate === RATE_HZ) for (const sample of samples) this.take(sample);
    else this.resample(samples);
    return true;
  }

  private resample(samples: Float32Array): void {
    const step = sampleRate / RATE_HZ;
    for (; this.position < samples.length; this.position += step) {
      const index = Math.floor(this.position);
      const before = index === 0 ? this.last : (samples[index - 1] ?? 0);
      const after = samples[index] ?? before;
      this.take(before + (after - before) * (this.position - index));
    }
    this.position -= samples.length;
    this.last = samples[samples.length - 1] ?? this.last;
  }

  private take(sample: number): void {
    const clipped = Math.max(-1, Math.min(1, sample));
    this.square += clipped * clipped;
    this.frame[this.filled++] = Math.round(clipped * 32_767);
    if (this.filled < FRAME_SAMPLES) return;
    const level = Math.sqrt(this.square / FRAME_SAMPLES);
    this.port.postMessage({ frame: this.frame.buffer, level }, [this.frame.buffer]);
    this.frame = new Int16Array(FRAME_SAMPLES);
    this.filled = 0;
    this.square = 0;
  }
}

registerProcessor("capture", Capture);

export {};
