/** What an AudioWorklet's global scope has and TypeScript's libraries leave out (Web Audio API, section 1.32). */
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: unknown): void;
