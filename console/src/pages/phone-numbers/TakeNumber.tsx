import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { toast } from "sonner";
import { z } from "zod";
import { api, data } from "@/api/client";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field, Input } from "@/ui/Field";
import { Failure } from "@/ui/Page";

const FORM = z.object({
  area_code: z
    .string()
    .trim()
    .regex(/^[2-9](?!11|9)\d{2}$/, "A US area code has three digits, such as 415."),
  name: z.string().trim().max(255, "A name has at most 255 characters."),
});

/** Takes a simulated number in a US area. */
export function TakeNumber(props: { open: boolean; onClose: () => void; onDone: () => Promise<void> }) {
  return (
    <Dialog
      open={props.open}
      onClose={props.onClose}
      title="Add a number"
      description="It comes from the range that is kept for fiction, and cannot be dialled."
    >
      <Form onClose={props.onClose} onDone={props.onDone} />
    </Dialog>
  );
}

function Form({ onClose, onDone }: { onClose: () => void; onDone: () => Promise<void> }) {
  const form = useForm({ resolver: zodResolver(FORM), defaultValues: { area_code: "", name: "" } });
  const take = useMutation({
    mutationFn: (values: z.infer<typeof FORM>) => data(api.POST("/v1/phone-numbers", { body: values })),
    onSuccess: async (taken) => {
      await onDone();
      onClose();
      toast.success(`${taken.phone_number.phone_number} is yours.`);
    },
  });
  const errors = form.formState.errors;
  return (
    <form className="grid gap-4" onSubmit={form.handleSubmit((values) => take.mutate(values))}>
      <Field label="Area code" hint="Of the United States, three digits." error={errors.area_code?.message}>
        {(ids) => (
          <Input
            {...ids}
            {...form.register("area_code")}
            inputMode="numeric"
            maxLength={3}
            placeholder="415"
            autoFocus
            className="w-28 tabular-nums"
          />
        )}
      </Field>
      <Field label="Name" hint="What people call it, such as Support line." error={errors.name?.message}>
        {(ids) => <Input {...ids} {...form.register("name")} />}
      </Field>
      {take.isError && <Failure error={take.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" kind="primary" busy={take.isPending}>
          Add it
        </Button>
      </div>
    </form>
  );
}
