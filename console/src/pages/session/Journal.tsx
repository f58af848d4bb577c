import { useMutation } from "@tanstack/react-query";
import { FileDown, History } from "lucide-react";
import { toast } from "sonner";
import { ApiError, api, data } from "@/api/client";
import { download } from "@/api/download";
import type { components } from "@/api/schema";
import { Button } from "@/ui/Button";
import { Card, Failure } from "@/ui/Page";

type Replayed = components["schemas"]["ReplayObject"];

/** Every fact of the call and what followed from it: as a file, and run once more without sound or models. */
export function Journal({ sessionId }: { sessionId: string }) {
  const saving = useMutation({
    mutationFn: () => download(`/v1/sessions/${encodeURIComponent(sessionId)}/journal`, `${sessionId}.jsonl`),
    onError: (error) => toast.error(explained(error)),
  });
  const replay = useMutation({
    mutationFn: () => data(api.GET("/v1/sessions/{session_id}/replay", { params: { path: { session_id: sessionId } } })),
  });
  return (
    <Card title="Journal" className="grid grid-cols-1 gap-3">
      <p className="text-sm text-muted">Every fact of the call, and what the agent decided on it. Nothing that was said is lost in it.</p>
      <div className="flex flex-wrap gap-2">
        <Button size="small" busy={saving.isPending} onClick={() => saving.mutate()}>
          <FileDown aria-hidden />
          Download the journal
        </Button>
        <Button size="small" busy={replay.isPending} onClick={() => replay.mutate()}>
          <History aria-hidden />
          Replay the decisions
        </Button>
      </div>
      {replay.isError && (isAbsent(replay.error) ? <p className="text-sm text-muted">{explained(replay.error)}</p> : <Failure error={replay.error} />)}
      {replay.data && <Outcome replayed={replay.data} />}
    </Card>
  );
}

function Outcome({ replayed }: { replayed: Replayed }) {
  const first = replayed.differences[0];
  if (!first) {
    return (
      <p role="status" className="text-sm text-success">
        {replayed.events} facts lead to the same decisions today.
      </p>
    );
  }
  return (
    <div role="status" className="grid grid-cols-1 gap-2 text-sm">
      <p className="text-warning">At line {first.line} today's decision is another one than the call's.</p>
      {(
        [
          ["The fact", first.event],
          ["In the call", first.recorded],
          ["Today", first.replayed],
        ] as const
      ).map(([name, value]) => (
        <div key={name}>
          <p className="text-muted">{name}</p>
          <pre tabIndex={0} className="max-h-40 overflow-auto rounded bg-sunken p-2 font-mono text-xs whitespace-pre-wrap">
            {JSON.stringify(value, null, 2)}
          </pre>
        </div>
      ))}
    </div>
  );
}

function isAbsent(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

function explained(error: Error): string {
  return isAbsent(error) ? "This call has no journal: the server kept none, or the call has not begun." : error.message;
}
