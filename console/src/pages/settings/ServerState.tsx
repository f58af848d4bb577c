import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type Readiness, readiness } from "@/api/server";
import { Badge, Card, Failure, Loading } from "@/ui/Page";

const WATCHED_MS = 5_000;

/** Whether the server takes calls, and how busy it is. */
export function ServerState() {
  const state = useQuery({ queryKey: ["readiness"], queryFn: readiness, refetchInterval: WATCHED_MS });
  return (
    <Card title="Server">
      {state.isPending && <Loading rows={3} />}
      {state.isError && <Failure error={state.error} onRetry={() => state.refetch()} />}
      {state.data?.status === "starting" && (
        <div className="grid justify-items-start gap-2 text-sm">
          <Badge tone="warning">starting</Badge>
          <p>Calls are taken as soon as these are loaded: {state.data.waiting_for.join(", ")}.</p>
        </div>
      )}
      {state.data?.status === "ready" && <Ready state={state.data} />}
    </Card>
  );
}

function Ready({ state }: { state: Readiness & { status: "ready" } }) {
  const engines = Object.entries(state.engines ?? {});
  return (
    <div className="grid gap-4">
      <dl className="grid gap-2 text-sm">
        <Row name="State">
          {state.overload ? (
            <Badge tone="warning">busy: {state.overload}</Badge>
          ) : state.takes_calls === false ? (
            <Badge tone="warning">every place is taken</Badge>
          ) : (
            <Badge tone="success">ready</Badge>
          )}
        </Row>
        {state.calls && (
          <Row name="Calls now">
            {state.calls.live} of at most {state.calls.maximum}
          </Row>
        )}
        {state.loop_lag_ms && <Row name="Event loop late by">{Math.round(state.loop_lag_ms.p95)} ms (p95)</Row>}
        <Row name="Calls refused since the start">{state.refused ?? 0}</Row>
      </dl>
      {engines.length > 0 && (
        <div className="overflow-x-auto" role="region" aria-label="Engines" tabIndex={0}>
          <table className="w-full text-left text-sm tabular-nums">
            <caption className="sr-only">How long work waited for each engine in the last 10 to 15 seconds</caption>
            <thead className="text-[13px] text-muted">
              <tr>
                <th className="py-1 pr-3 font-medium">Engine</th>
                <th className="py-1 pr-3 text-right font-medium">Jobs</th>
                <th className="py-1 pr-3 text-right font-medium">Wait p95</th>
                <th className="py-1 text-right font-medium">Late</th>
              </tr>
            </thead>
            <tbody>
              {engines.map(([name, load]) => (
                <tr key={name} className="border-t border-line">
                  <th className="py-1.5 pr-3 font-normal">{name.replaceAll("_", " ")}</th>
                  <td className="py-1.5 pr-3 text-right">{load.jobs}</td>
                  <td className="py-1.5 pr-3 text-right">{Math.round(load.wait_p95_ms)} ms</td>
                  <td className="py-1.5 text-right">{Math.round(load.late_percent)} %</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
      <dt className="text-muted">{name}</dt>
      <dd className="tabular-nums">{children}</dd>
    </div>
  );
}
