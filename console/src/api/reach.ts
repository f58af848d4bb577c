/**
 * Whether the server can be reached, as far as requests have shown. While one has failed, the server is asked again
 * every ten seconds, and not at all otherwise.
 */
const ASKED_AGAIN_MS = 10_000;

type Listener = () => void;
const listeners = new Set<Listener>();
let failed = false;
let asking: ReturnType<typeof setInterval> | undefined;

function change(now: boolean): void {
  if (failed === now) return;
  failed = now;
  clearInterval(asking);
  asking = failed ? setInterval(() => void reach.ask(), ASKED_AGAIN_MS) : undefined;
  for (const listener of listeners) listener();
}

export const reach = {
  /** Whether the device is offline, or the last request got no answer. */
  isLost: (): boolean => failed || !navigator.onLine,

  subscribe(listener: Listener): () => void {
    listeners.add(listener);
    window.addEventListener("online", listener);
    window.addEventListener("offline", listener);
    return () => {
      listeners.delete(listener);
      window.removeEventListener("online", listener);
      window.removeEventListener("offline", listener);
    };
  },

  /** A request got no answer. */
  lost: (): void => change(true),

  /** A request got an answer, whatever it was. */
  found: (): void => change(false),

  async ask(): Promise<void> {
    try {
      await fetch("/healthz", { cache: "no-store" });
      change(false);
    } catch {
      change(true);
    }
  },
};
