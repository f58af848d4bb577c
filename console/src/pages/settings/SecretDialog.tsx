import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { toast } from "sonner";
import { z } from "zod";
import { api, data } from "@/api/client";
import { Button } from "@/ui/Button";
import { deletions } from "@/ui/deletions";
import { Dialog } from "@/ui/Dialog";
import { Field, Input } from "@/ui/Field";
import { Failure } from "@/ui/Page";

const FORM = z.object({
  name: z
    .string()
    .trim()
    .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, "A letter, then letters, digits or _; 64 at most."),
  value: z.string().min(8, "At least 8 characters.").max(4_096, "At most 4096 characters."),
});

/** Sets a secret: a new one where `name` is empty, otherwise the value of the one so named. */
export function SecretDialog(props: { name: string; onClose: () => void; onDone: () => Promise<void> }) {
  const isNew = props.name === "";
  const form = useForm({ resolver: zodResolver(FORM), defaultValues: { name: props.name, value: "" } });
  const store = useMutation({
    mutationFn: async ({ name, value }: z.infer<typeof FORM>) => {
      // One of this name that was deleted a moment ago goes first: its deletion must not take the new one.
      await deletions.finish(`/v1/secrets/${encodeURIComponent(name)}`);
      return isNew
        ? data(api.POST("/v1/secrets", { body: { name, value } }))
        : data(api.PUT("/v1/secrets/{secret_name}", { params: { path: { secret_name: name } }, body: { value } }));
    },
    onSuccess: async ({ name }) => {
      await props.onDone();
      props.onClose();
      toast.success(`${name} is set. Tools use it from their next call on.`);
    },
  });
  const errors = form.formState.errors;
  return (
    <Dialog
      open
      onClose={props.onClose}
      title={isNew ? "Add a secret" : `Replace ${props.name}`}
      description="The value is sent once and never comes back."
    >
      <form
        className="grid gap-4"
        autoComplete="off"
        onSubmit={form.handleSubmit((values) => store.mutate(values))}
      >
        {isNew && (
          <Field label="Name" hint="What tools call it, such as ORDERS_API_KEY." error={errors.name?.message}>
            {(ids) => <Input {...ids} {...form.register("name")} autoFocus className="font-mono" />}
          </Field>
        )}
        <Field label="Value" hint="One line of 8 to 4096 characters." error={errors.value?.message}>
          {(ids) => (
            <Input {...ids} {...form.register("value")} type="password" autoComplete="new-password" autoFocus={!isNew} />
          )}
        </Field>
        {store.isError && <Failure error={store.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={props.onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={store.isPending}>
            {isNew ? "Add it" : "Replace it"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
