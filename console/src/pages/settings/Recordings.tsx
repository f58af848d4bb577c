import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, data } from "@/api/client";
import { type Equipment, useEquipment } from "@/api/equipment";
import { Badge, Card, Loading } from "@/ui/Page";

/** Whether calls are recorded, where that goes and for how long it stays. */
export function Recordings() {
  const equipment = useEquipment();
  if (equipment.isError && !equipment.data) return null; // the card of models tells
  return (
    <Card title="Recordings">
      {equipment.isPending && <Loading rows={3} />}
      {equipment.data && <Known recording={equipment.data.recording} />}
    </Card>
  );
}

function Known({ recording }: { recording: Equipment["recording"] }) {
  const { enabled, format, storage, place, retention_days, remedy, guide } = recording;
  return (
    <div className="grid gap-3 text-sm">
      <dl className="grid gap-2">
        <Row name="Calls are recorded">
          <Badge tone={enabled ? "success" : "neutral"}>{enabled ? "where their agent says so" : "off"}</Badge>
        </Row>
        <Row name="Kept in">
          {storage === "folder" ? "the data folder, under " : "the bucket "}
          <code className="font-mono text-[13px] break-all">{place}</code>
        </Row>
        <Row name="Kept for">{retention_days === null ? "as long as nobody deletes them" : days(retention_days)}</Row>
        <Row name="As">{format === "opus" ? "Opus, unless the agent says WAV" : "WAV, unless the agent says Opus"}</Row>
        {enabled && <Agents />}
      </dl>
      {remedy && <p className="text-muted">To have them: {remedy}.</p>}
      <p className="text-muted">
        Guide: <code className="font-mono text-[13px] break-all">docs/{guide}</code>
      </p>
    </div>
  );
}

/** Which agents want to be recorded, and which of them say so to the caller first. */
function Agents() {
  const agents = useQuery({
    queryKey: ["agents", { of: "recordings" }],
    queryFn: () => data(api.GET("/v1/agents", { params: { query: { limit: 100 } } })),
  });
  const known = agents.data?.agents ?? [];
  const recorded = known.filter(({ recording }) => recording?.enabled);
  const warned = recorded.filter(({ recording }) => recording?.consent);
  const all = `${agents.data?.pagination_token ? "the newest " : ""}${known.length}`;
  return (
    <>
      <Row name="Agents that are recorded">{agents.isSuccess ? `${recorded.length} of ${all}` : "…"}</Row>
      <Row name="of them say a consent sentence first">{agents.isSuccess ? warned.length : "…"}</Row>
    </>
  );
}

function days(count: number): string {
  return count === 1 ? "1 day" : `${count} days`;
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0 tabular-nums">{children}</dd>
    </div>
  );
}
