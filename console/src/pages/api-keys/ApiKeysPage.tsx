import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Copy, KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { Button } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { Field, Input } from "@/ui/Field";
import { Badge, Empty, Failure, Loading, Page } from "@/ui/Page";
import { moment } from "@/ui/dates";

type Key = components["schemas"]["ApiKeyObject"];
const SCOPES = [
  { name: "read", hint: "see agents, sessions and transcripts" },
  { name: "write", hint: "change them" },
  { name: "realtime", hint: "hold calls" },
  { name: "admin", hint: "keys, webhooks and secrets" },
] as const;
type Scope = (typeof SCOPES)[number]["name"];

/** Who may use the server, and what they may do. */
export function ApiKeysPage() {
  const queries = useQueryClient();
  const [making, setMaking] = useState(false);
  const [leaving, setLeaving] = useState<Key | null>(null);
  const keys = useQuery({
    queryKey: ["api-keys"],
    queryFn: () => data(api.GET("/v1/api-keys")),
  });
  const refresh = () => queries.invalidateQueries({ queryKey: ["api-keys"] });
  const revoke = useMutation({
    mutationFn: (id: string) => data(api.POST("/v1/api-keys/{key_id}/revoke", { params: { path: { key_id: id } } })),
    onSuccess: async () => {
      setLeaving(null);
      await refresh();
      toast.success("The key no longer works.");
    },
    onError: (error) => toast.error(error.message),
  });
  const make = (
    <Button kind="primary" onClick={() => setMaking(true)}>
      <Plus aria-hidden />
      Make a key
    </Button>
  );
  return (
    <Page title="API keys" lead="A key lets a program in. Its secret is shown once, when it is made." actions={make}>
      {keys.isPending && <Loading />}
      {keys.isError && <Failure error={keys.error} onRetry={() => keys.refetch()} />}
      {keys.data?.data.length === 0 && <Empty title="No keys" icon={<KeyRound aria-hidden />} action={make} />}
      {keys.data && keys.data.data.length > 0 && (
        <ul className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface">
          {keys.data.data.map((key) => (
            <li key={key.id} className="flex flex-wrap items-center justify-between gap-3 px-4 py-3">
              <span className="min-w-0">
                <span className="block truncate font-medium">{key.name}</span>
                <span className="block text-sm text-muted">
                  <code className="font-mono">
                    {key.prefix}…{key.last4}
                  </code>{" "}
                  · last used {moment(key.last_used_at)}
                </span>
              </span>
              <span className="flex flex-wrap items-center gap-1.5">
                {key.scopes.map((scope) => (
                  <Badge key={scope}>{scope}</Badge>
                ))}
                {key.revoked_at ? (
                  <Badge tone="danger">revoked</Badge>
                ) : (
                  <Button size="small" onClick={() => setLeaving(key)}>
                    Revoke
                  </Button>
                )}
              </span>
            </li>
          ))}
        </ul>
      )}
      <MakeKey open={making} onClose={() => setMaking(false)} onDone={refresh} />
      <Confirm
        open={leaving !== null}
        onClose={() => setLeaving(null)}
        title={`Revoke ${leaving?.name ?? "the key"}?`}
        description="Programs that use it are refused from now on. This cannot be taken back; make another key instead."
        action="Revoke"
        busy={revoke.isPending}
        onConfirm={() => leaving && revoke.mutate(leaving.id)}
      />
    </Page>
  );
}

function MakeKey({ open, onClose, onDone }: { open: boolean; onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["read", "write", "realtime"]);
  const make = useMutation({
    mutationFn: () => data(api.POST("/v1/api-keys", { body: { name: name.trim(), scopes, prefix: "vv_" } })),
    onSuccess: onDone,
  });
  const close = () => {
    make.reset();
    setName("");
    onClose();
  };
  if (make.data) {
    const secret = make.data.secret;
    return (
      <Dialog open={open} onClose={close} title="Copy the key now" description="It is not kept and cannot be shown again.">
        <div className="grid gap-4">
          <code className="rounded-lg bg-sunken p-3 font-mono text-sm break-all">{secret}</code>
          <div className="flex justify-end gap-2">
            <Button
              onClick={async () => {
                await navigator.clipboard.writeText(secret);
                toast.success("Copied");
              }}
            >
              <Copy aria-hidden />
              Copy
            </Button>
            <Button kind="primary" onClick={close}>
              Done
            </Button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog open={open} onClose={close} title="Make a key">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <Field label="Name" hint="Which program uses it.">
          {(ids) => <Input {...ids} value={name} autoFocus onChange={(event) => setName(event.target.value)} />}
        </Field>
        <fieldset className="grid gap-2">
          <legend className="mb-1 text-sm font-medium">It may</legend>
          {SCOPES.map(({ name: scope, hint }) => (
            <label key={scope} className="flex items-center gap-2.5 text-sm">
              <input
                type="checkbox"
                className="size-4 accent-(--accent)"
                checked={scopes.includes(scope)}
                onChange={(event) =>
                  setScopes(event.target.checked ? [...scopes, scope] : scopes.filter((each) => each !== scope))
                }
              />
              <span className="font-medium">{scope}</span>
              <span className="text-muted">{hint}</span>
            </label>
          ))}
        </fieldset>
        {make.isError && <Failure error={make.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" kind="primary" busy={make.isPending} disabled={!name.trim() || scopes.length === 0}>
            Make it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
