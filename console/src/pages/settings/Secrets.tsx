import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { api, data } from "@/api/client";
import { SecretDialog } from "@/pages/settings/SecretDialog";
import { Button } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { Card, Empty, Failure, Loading } from "@/ui/Page";
import { moment } from "@/ui/dates";
import { deletions, useDeleted } from "@/ui/deletions";

/** What tools sign and log in with, by name. No page ever shows a value. */
export function Secrets() {
  const queries = useQueryClient();
  /** The name to replace the value of; '': a new secret; null: nothing is being set. */
  const [setting, setSetting] = useState<string | null>(null);
  const [leaving, setLeaving] = useState<string | null>(null);
  const secrets = useQuery({ queryKey: ["secrets"], queryFn: () => data(api.GET("/v1/secrets")) });
  const refresh = () => queries.invalidateQueries({ queryKey: ["secrets"] });
  const deleted = useDeleted();
  const known = secrets.data?.data.filter(({ name }) => !deleted.has(pathOf(name)));
  return (
    <Card title="Secrets">
      <div className="grid gap-3">
        <p className="text-sm text-muted">
          Passwords and keys that agents' tools use, under a name. They are kept encrypted and never shown again.
        </p>
        {secrets.isPending && <Loading rows={2} />}
        {secrets.isError && <Failure error={secrets.error} onRetry={() => secrets.refetch()} />}
        {known?.length === 0 && (
          <Empty title="No secrets yet">A webhook tool names one instead of having the key written into it.</Empty>
        )}
        {known && known.length > 0 && (
          <ul className="divide-y divide-line rounded-lg border border-line">
            {known.map((secret) => (
              <li key={secret.name} className="flex flex-wrap items-center justify-between gap-2 px-3 py-2.5">
                <span className="min-w-0">
                  <code className="block font-mono text-sm font-medium break-all">{secret.name}</code>
                  <span className="block text-[13px] text-muted">set {moment(secret.updated_at)}</span>
                </span>
                <span className="flex gap-1.5">
                  <Button size="small" aria-label={`Replace ${secret.name}`} onClick={() => setSetting(secret.name)}>
                    Replace
                  </Button>
                  <Button size="small" aria-label={`Delete ${secret.name}`} onClick={() => setLeaving(secret.name)}>
                    Delete
                  </Button>
                </span>
              </li>
            ))}
          </ul>
        )}
        <Button className="justify-self-start" onClick={() => setSetting("")}>
          <Plus aria-hidden />
          Add a secret
        </Button>
      </div>
      {setting !== null && <SecretDialog name={setting} onClose={() => setSetting(null)} onDone={refresh} />}
      <Confirm
        open={leaving !== null}
        onClose={() => setLeaving(null)}
        title={`Delete ${leaving ?? "the secret"}?`}
        description="Tools that name it stop working until it is set again. After a few seconds its value is lost."
        action="Delete"
        onConfirm={() => {
          if (leaving) deletions.begin(pathOf(leaving), `${leaving} is deleted.`, refresh);
          setLeaving(null);
        }}
      />
    </Card>
  );
}

function pathOf(name: string): string {
  return `/v1/secrets/${encodeURIComponent(name)}`;
}
