import { useQuery } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import { Card, Failure, Loading } from "@/ui/Page";
import { Waterfalls } from "@/ui/Waterfall";

/** Where each answer's time went, and the middle and the slow end of them all. */
export function Turns({ sessionId, isActive }: { sessionId: string; isActive: boolean }) {
  const path = { session_id: sessionId };
  const refetchInterval = isActive ? (3000 as const) : (false as const);
  const turns = useQuery({
    queryKey: ["session", sessionId, "turns"],
    queryFn: () => data(api.GET("/v1/sessions/{session_id}/turns", { params: { path, query: { limit: 100 } } })),
    refetchInterval,
  });
  const summary = useQuery({
    queryKey: ["session", sessionId, "turns", "summary"],
    queryFn: () => data(api.GET("/v1/sessions/{session_id}/turns/summary", { params: { path } })),
    refetchInterval,
  });
  const first = summary.data?.stages.first_audio;
  return (
    <Card title="Answer times">
      {turns.isPending && <Loading rows={2} />}
      {turns.isError && <Failure error={turns.error} onRetry={() => turns.refetch()} />}
      {summary.data && summary.data.turns > 0 && (
        <dl className="mb-4 grid grid-cols-3 gap-2 text-center">
          <Number name="p50" value={first ? `${first.p50_ms} ms` : "–"} />
          <Number name="p95" value={first ? `${first.p95_ms} ms` : "–"} />
          <Number name="interrupted" value={`${summary.data.interrupted} of ${summary.data.turns}`} />
        </dl>
      )}
      {turns.data && (
        <Waterfalls
          turns={[...turns.data.data].reverse().map((turn) => ({
            responseId: turn.response_id,
            stages: { ...turn.stages },
            reason: turn.endpoint_reason,
            wastedTokens: turn.wasted_tokens,
            heardMs: turn.heard_ms,
          }))}
        />
      )}
    </Card>
  );
}

function Number({ name, value }: { name: string; value: string }) {
  return (
    <div className="rounded-lg bg-sunken p-2">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="text-sm font-medium tabular-nums">{value}</dd>
    </div>
  );
}
