/**
 * The API key that this browser uses. It comes from the link that the server prints (`/#key=…`) or is typed in, and
 * stays in this tab, or in this browser where the person asked for that.
 */
const NAME = "vivavoce.key";

type Listener = () => void;
const listeners = new Set<Listener>();
let complaint: string | null = null;

function tell(): void {
  for (const listener of listeners) listener();
}

export const key = {
  get(): string | null {
    return sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME);
  },

  set(value: string, remember: boolean): void {
    complaint = null;
    sessionStorage.setItem(NAME, value);
    if (remember) localStorage.setItem(NAME, value);
    else localStorage.removeItem(NAME);
    tell();
  },

  forget(): void {
    sessionStorage.removeItem(NAME);
    localStorage.removeItem(NAME);
    tell();
  },

  /** The server does not take it: it has expired, was revoked, or never was one. */
  refused(message: string): void {
    complaint = message;
    key.forget();
  },

  get complaint(): string | null {
    return complaint;
  },

  subscribe(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },

  /** Takes the key out of the address, so that it is neither bookmarked nor shown. */
  takeFromAddress(): void {
    const found = /^#key=([^&]+)/.exec(window.location.hash)?.[1];
    if (!found) return;
    key.set(decodeURIComponent(found), false);
    history.replaceState(null, "", window.location.pathname + window.location.search);
  },
};
