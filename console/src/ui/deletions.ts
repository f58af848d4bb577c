import { useSyncExternalStore } from "react";
import { toast } from "sonner";
import { ApiError, authorisedFetch } from "@/api/client";
import { queries } from "@/app/queries";

/**
 * Deletions that the person may still take back. The server cannot undo one, so it is sent late: what is deleted leaves
 * the page at once, the toast offers *Undo* for six seconds, and only then does the server hear of it, or earlier, when
 * the page goes away. What the server refuses comes back. Lives as long as the page, whatever route is shown.
 */
export const UNDO_MS = 6_000;

type Deletion = { timer: ReturnType<typeof setTimeout>; toastId: string | number; isSent: boolean; refresh: () => unknown };
type Listener = () => void;

const LEFT = "vivavoce.deleted";
const LEFT_HIDDEN_MS = 2_000;

const pending = new Map<string, Deletion>();
const listeners = new Set<Listener>();
/** What the former page sent when it went away: a page that is loaded at once may be answered earlier. */
let left = takeLeft();
let hidden: ReadonlySet<string> = new Set(left);

function tell(): void {
  hidden = new Set([...left, ...pending.keys()]);
  for (const listener of listeners) listener();
}

function takeLeft(): string[] {
  const written = sessionStorage.getItem(LEFT);
  sessionStorage.removeItem(LEFT);
  if (written === null) return [];
  setTimeout(async () => {
    await queries.invalidateQueries();
    left = [];
    tell();
  }, LEFT_HIDDEN_MS);
  return JSON.parse(written) as string[];
}

/** The path of a `DELETE` request is what a deletion is known by: `/v1/webhooks/wh_1`. */
export const deletions = {
  /** `said`: what has happened, as a sentence. `refresh` fetches what the deletion changes; its promise is awaited. */
  begin(path: string, said: string, refresh: () => unknown): void {
    if (pending.has(path)) return;
    const toastId = toast(said, {
      duration: Number.POSITIVE_INFINITY,
      action: { label: "Undo", onClick: () => deletions.undo(path) },
      onDismiss: () => void deletions.finish(path),
    });
    const timer = setTimeout(() => void deletions.finish(path), UNDO_MS);
    pending.set(path, { timer, toastId, isSent: false, refresh });
    tell();
  },

  /** Take it back, unless the server has heard of it. */
  undo(path: string): void {
    const deletion = pending.get(path);
    if (!deletion || deletion.isSent) return;
    clearTimeout(deletion.timer);
    pending.delete(path);
    toast.dismiss(deletion.toastId);
    tell();
  },

  /** Send it now. Nothing happens where it is sent already, or was never begun. */
  async finish(path: string): Promise<void> {
    const deletion = pending.get(path);
    if (!deletion || deletion.isSent) return;
    deletion.isSent = true;
    clearTimeout(deletion.timer);
    toast.dismiss(deletion.toastId);
    try {
      // `keepalive`: it is sent also when the page goes away meanwhile.
      await authorisedFetch(path, { method: "DELETE", keepalive: true });
      await deletion.refresh();
    } catch (error) {
      // What is gone already is what the person wanted.
      if (error instanceof ApiError && error.status === 404) await deletion.refresh();
      else toast.error(`It was not deleted: ${error instanceof Error ? error.message : "something went wrong."}`);
    } finally {
      pending.delete(path);
      tell();
    }
  },

  /** Send all of them now: the page, or the key, goes away. */
  async finishAll(): Promise<void> {
    await Promise.all([...pending.keys()].map((path) => deletions.finish(path)));
  },

  subscribe(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

window.addEventListener("pagehide", () => {
  const unsent = [...pending].flatMap(([path, { isSent }]) => (isSent ? [] : [path]));
  if (unsent.length > 0) sessionStorage.setItem(LEFT, JSON.stringify(unsent));
  void deletions.finishAll();
});

/** The paths of what has been deleted and may still be shown by the server: leave them out of lists. */
export function useDeleted(): ReadonlySet<string> {
  return useSyncExternalStore(deletions.subscribe, () => hidden);
}
