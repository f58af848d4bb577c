import { useMutation } from "@tanstack/react-query";
import { toast } from "sonner";
import { api, data } from "@/api/client";
import type { Webhook } from "@/pages/webhooks/events";
import { Button } from "@/ui/Button";
import { Switch } from "@/ui/Choice";
import { Badge } from "@/ui/Page";
import { moment } from "@/ui/dates";

/** One webhook, and what can be done with it. */
export function WebhookRow(props: {
  webhook: Webhook;
  onChanged: () => Promise<void>;
  onOpen: (what: "edit" | "rotate" | "delete" | "deliveries") => void;
}) {
  const { webhook } = props;
  const path = { webhook_id: webhook.id };
  const turn = useMutation({
    mutationFn: (enabled: boolean) =>
      data(api.PATCH("/v1/webhooks/{webhook_id}", { params: { path }, body: { enabled } as never })),
    onSuccess: props.onChanged,
    onError: (error) => toast.error(error.message),
  });
  const test = useMutation({
    mutationFn: () => data(api.POST("/v1/webhooks/{webhook_id}/test", { params: { path } })),
    onSuccess: () => {
      toast.success("A test event is on its way.");
      props.onOpen("deliveries");
    },
    onError: (error) => toast.error(error.message),
  });
  return (
    <li className="grid gap-3 rounded-xl border border-line bg-surface p-4" aria-label={webhook.url}>
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          <h2 className="font-mono text-sm font-medium break-all">{webhook.url}</h2>
          <p className="mt-0.5 text-sm text-muted">
            {webhook.description && <>{webhook.description} · </>}added {moment(webhook.created_at)}
          </p>
        </div>
        <Switch
          label={turn.isPending ? "One moment …" : webhook.enabled ? "On" : "Off"}
          checked={webhook.enabled}
          disabled={turn.isPending}
          onChange={(enabled) => turn.mutate(enabled)}
        />
      </div>
      <div className="flex flex-wrap gap-1.5">
        {webhook.events.map((event) => (
          <Badge key={event}>{event}</Badge>
        ))}
      </div>
      <div className="flex flex-wrap gap-2">
        <Button size="small" onClick={() => props.onOpen("deliveries")}>
          Deliveries
        </Button>
        <Button size="small" busy={test.isPending} disabled={!webhook.enabled} onClick={() => test.mutate()}>
          Send a test
        </Button>
        <Button size="small" onClick={() => props.onOpen("edit")}>
          Edit
        </Button>
        <Button size="small" onClick={() => props.onOpen("rotate")}>
          New secret
        </Button>
        <Button size="small" onClick={() => props.onOpen("delete")}>
          Delete
        </Button>
      </div>
    </li>
  );
}
