import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { z } from "zod";
import { api, data } from "@/api/client";
import { EVENTS, type EventType, type Webhook } from "@/pages/webhooks/events";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field, Input } from "@/ui/Field";
import { Failure } from "@/ui/Page";

const FORM = z.object({
  url: z
    .string()
    .trim()
    .regex(/^https?:\/\/\S+$/, "Begin with https:// or http://"),
  description: z.string().trim().max(1_000, "At most 1000 characters."),
  events: z.array(z.string()).min(1, "Choose at least one event."),
});

/** Adds a webhook, or changes one. `onDone` has the secret of one that was made. */
export function WebhookDialog(props: {
  webhook: Webhook | null;
  onClose: () => void;
  onDone: (secret: string | null) => void;
}) {
  const { webhook } = props;
  const form = useForm({
    resolver: zodResolver(FORM),
    defaultValues: {
      url: webhook?.url ?? "",
      description: webhook?.description ?? "",
      events: webhook?.events ?? EVENTS.map(({ name }): string => name),
    },
  });
  const store = useMutation({
    mutationFn: async (values: z.infer<typeof FORM>) => {
      const body = { ...values, events: values.events as EventType[] };
      if (webhook === null) {
        const made = await data(api.POST("/v1/webhooks", { body: { ...body, enabled: true } }));
        return made.secret;
      }
      const params = { path: { webhook_id: webhook.id } };
      await data(api.PATCH("/v1/webhooks/{webhook_id}", { params, body: body as never }));
      return null;
    },
    onSuccess: props.onDone,
  });
  const errors = form.formState.errors;
  return (
    <Dialog open onClose={props.onClose} title={webhook === null ? "Add a webhook" : "Change the webhook"}>
      <form noValidate className="grid gap-4" onSubmit={form.handleSubmit((values) => store.mutate(values))}>
        <Field
          label="Address"
          hint="Events are sent there as JSON by POST. It must be reachable from the server."
          error={errors.url?.message}
        >
          {(ids) => (
            <Input
              {...ids}
              {...form.register("url")}
              type="url"
              inputMode="url"
              placeholder="https://example.com/hooks/voice"
              autoFocus
            />
          )}
        </Field>
        <Field label="Note" hint="What it is for; only people read it." error={errors.description?.message}>
          {(ids) => <Input {...ids} {...form.register("description")} />}
        </Field>
        <fieldset className="grid gap-2">
          <legend className="mb-1 text-sm font-medium">Tell it when</legend>
          {EVENTS.map(({ name, hint }) => (
            <label key={name} className="flex items-center gap-2.5 text-sm">
              <input type="checkbox" value={name} className="size-4 accent-(--accent)" {...form.register("events")} />
              <span>
                <code className="font-mono text-[13px]">{name}</code> <span className="text-muted">{hint}</span>
              </span>
            </label>
          ))}
          {errors.events && (
            <p role="alert" className="text-[13px] text-danger">
              {errors.events.message}
            </p>
          )}
        </fieldset>
        {store.isError && <Failure error={store.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={props.onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={store.isPending}>
            {webhook === null ? "Add it" : "Save"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
