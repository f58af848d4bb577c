const AFTER_MS = [250, 500, 1_000, 2_000, 4_000, 8_000];
/** Longer than a lift or a tunnel; the server would wait for half an hour. */
const GIVEN_UP_MS = 120_000;

/**
 * When a call whose connection dropped tries again: soon at first, then every eight seconds, and at once when the device
 * is online again. Its call starts and stops it.
 */
export class ComingBack {
  /** How often it was tried since the connection dropped. */
  attempts = 0;
  private since = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly connect: () => void) {}

  /** Tries once more after a while. False: it has been tried for long enough. */
  again(): boolean {
    if (this.attempts === 0) this.since = performance.now();
    if (performance.now() - this.since > GIVEN_UP_MS) return false;
    const wait = AFTER_MS[Math.min(this.attempts, AFTER_MS.length - 1)];
    this.attempts += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(this.now, wait);
    window.addEventListener("online", this.now);
    return true;
  }

  /** The call is back, or is over. */
  stop(): void {
    this.attempts = 0;
    this.hold();
  }

  private hold(): void {
    clearTimeout(this.timer);
    window.removeEventListener("online", this.now);
  }

  private readonly now = () => {
    this.hold();
    this.connect();
  };
}
