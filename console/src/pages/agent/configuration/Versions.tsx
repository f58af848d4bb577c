import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { History } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { api, data } from "@/api/client";
import { EDITABLE, useDraft } from "@/pages/agent/draft";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Card, Empty, Failure, Loading } from "@/ui/Page";

/** Earlier definitions: what was different, and the way back. */
export function Versions() {
  const { agent } = useDraft();
  const [open, setOpen] = useState(false);
  const [shown, setShown] = useState<number | null>(null);
  const path = { agent_id: agent.agent_id };
  const versions = useQuery({
    queryKey: ["agent", agent.agent_id, "versions", agent.version],
    queryFn: async () => (await data(api.GET("/v1/agents/{agent_id}/versions", { params: { path } }))).versions,
    enabled: open,
  });
  return (
    <Card title="Versions">
      <p className="mb-3 text-sm text-muted">Every save keeps the former version. This is version {agent.version}.</p>
      <Button onClick={() => setOpen(true)}>
        <History aria-hidden />
        Show versions
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} wide title="Versions" description="The newest first.">
        {versions.isPending && <Loading rows={3} />}
        {versions.isError && <Failure error={versions.error} onRetry={() => versions.refetch()} />}
        {versions.data?.length === 0 && <Empty title="No earlier version" />}
        <ul className="grid gap-2">
          {versions.data?.map((version) => (
            <li key={version.version} className="rounded-lg border border-line p-3">
              <div className="flex flex-wrap items-center justify-between gap-2">
                <span className="text-sm">
                  <span className="font-medium">Version {version.version}</span>
                  <span className="text-muted"> · {new Date(version.created_at).toLocaleString()}</span>
                </span>
                {version.version === agent.version ? (
                  <span className="text-sm text-muted">as it is now</span>
                ) : (
                  <span className="flex gap-2">
                    <Button
                      size="small"
                      aria-expanded={shown === version.version}
                      onClick={() => setShown(shown === version.version ? null : version.version)}
                    >
                      Compare
                    </Button>
                    <Restore version={version.version} onDone={() => setOpen(false)} />
                  </span>
                )}
              </div>
              {shown === version.version && <Difference version={version.version} />}
            </li>
          ))}
        </ul>
      </Dialog>
    </Card>
  );
}

function Restore({ version, onDone }: { version: number; onDone: () => void }) {
  const { agent, discard } = useDraft();
  const queries = useQueryClient();
  const restore = useMutation({
    mutationFn: () =>
      data(
        api.POST("/v1/agents/{agent_id}/versions/{version}/restore", {
          params: { path: { agent_id: agent.agent_id, version } },
        }),
      ),
    onSuccess: async () => {
      discard();
      await queries.invalidateQueries({ queryKey: ["agent", agent.agent_id] });
      toast.success(`Version ${version} is back, as a new version.`);
      onDone();
    },
    onError: (error) => toast.error(error.message),
  });
  return (
    <Button size="small" busy={restore.isPending} onClick={() => restore.mutate()}>
      Restore
    </Button>
  );
}

/** What was in that version and is otherwise now: old above, new below. */
function Difference({ version }: { version: number }) {
  const { agent } = useDraft();
  const found = useQuery({
    queryKey: ["agent", agent.agent_id, "version", version],
    queryFn: () =>
      data(
        api.GET("/v1/agents/{agent_id}/versions/{version}", {
          params: { path: { agent_id: agent.agent_id, version } },
        }),
      ),
  });
  if (found.isPending) return <Loading rows={1} />;
  if (found.isError) return <Failure error={found.error} onRetry={() => found.refetch()} />;
  const then = found.data.agent;
  const different = EDITABLE.filter((name) => JSON.stringify(then[name]) !== JSON.stringify(agent[name]));
  if (different.length === 0) return <p className="mt-2 text-sm text-muted">The same as now.</p>;
  return (
    <dl className="mt-3 grid gap-3 text-sm">
      {different.map((name) => (
        <div key={name}>
          <dt className="font-medium">{name.replaceAll("_", " ")}</dt>
          <dd className="mt-1 grid gap-1 font-mono text-xs">
            <Side sign="−" tone="bg-danger-soft" value={then[name]} />
            <Side sign="+" tone="bg-success-soft" value={agent[name]} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Side({ sign, tone, value }: { sign: string; tone: string; value: unknown }) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return (
    <pre className={`max-h-40 overflow-auto rounded p-2 whitespace-pre-wrap ${tone}`} tabIndex={0}>
      <span className="sr-only">{sign === "+" ? "now" : "then"}</span>
      {sign} {text ?? "nothing"}
    </pre>
  );
}
