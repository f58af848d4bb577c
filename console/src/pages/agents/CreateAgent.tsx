import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CalendarCheck, ConciergeBell, House, Pencil, ShoppingBag, Stethoscope, UtensilsCrossed } from "lucide-react";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { z } from "zod";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field, Input, Textarea } from "@/ui/Field";
import { Failure, Loading } from "@/ui/Page";
import { classes } from "@/ui/classes";

type Template = components["schemas"]["AgentTemplateObject"];

const ICONS: Record<string, typeof House> = {
  healthcare: Stethoscope,
  restaurant: UtensilsCrossed,
  customer_support: ShoppingBag,
  real_estate: House,
  appointment_booking: CalendarCheck,
  concierge: ConciergeBell,
};

const FORM = z.object({
  name: z.string().trim().min(1, "Give the agent a name.").max(255, "A name has at most 255 characters."),
  instructions: z.string().trim().min(1, "Tell the agent what it is to do.").max(256_000),
});

/** Choose what to begin with, name it, and go to it. */
export function CreateAgent({ open, onClose }: { open: boolean; onClose: () => void }) {
  const templates = useQuery({
    queryKey: ["agent-templates"],
    queryFn: () => data(api.GET("/v1/agent-templates")),
    enabled: open,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [chosen, setChosen] = useState<Template | "custom" | null>(null);
  const close = () => {
    setChosen(null);
    onClose();
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      wide
      title={chosen === null ? "Create an agent" : "Name it and tell it what to do"}
      description={chosen === null ? "Begin with a whole agent and change it, or with nothing." : "Everything can be changed later."}
    >
      {chosen !== null ? (
        <Naming template={chosen === "custom" ? null : chosen} onBack={() => setChosen(null)} onDone={close} />
      ) : templates.isPending ? (
        <Loading rows={3} />
      ) : templates.isError ? (
        <Failure error={templates.error} onRetry={() => templates.refetch()} />
      ) : (
        <div className="grid gap-3 sm:grid-cols-2">
          {templates.data.data.map((template) => (
            <Choice
              key={template.template_id}
              icon={ICONS[template.template_id] ?? House}
              title={template.name}
              text={template.description}
              onChoose={() => setChosen(template)}
            />
          ))}
          <Choice icon={Pencil} title="Custom" text="Start from scratch." onChoose={() => setChosen("custom")} plain />
        </div>
      )}
    </Dialog>
  );
}

function Choice(props: { icon: typeof House; title: string; text: string; onChoose: () => void; plain?: boolean }) {
  const Icon = props.icon;
  return (
    <button
      type="button"
      onClick={props.onChoose}
      className={classes(
        "flex items-start gap-3 rounded-xl border border-line p-4 text-left hover:border-accent hover:bg-accent-soft",
        props.plain && "border-dashed",
      )}
    >
      <Icon className="mt-0.5 size-5 shrink-0 text-accent" aria-hidden />
      <span>
        <span className="block font-medium">{props.title}</span>
        <span className="block text-sm text-muted">{props.text}</span>
      </span>
    </button>
  );
}

function Naming({ template, onBack, onDone }: { template: Template | null; onBack: () => void; onDone: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const form = useForm({
    resolver: zodResolver(FORM),
    defaultValues: { name: template?.agent.name ?? "", instructions: template?.agent.instructions ?? "" },
  });
  const create = useMutation({
    mutationFn: async (values: z.infer<typeof FORM>) => {
      const collectionId = template ? await keptKnowledge(template, values.name) : null;
      const agent = { ...template?.agent, ...values, collection_ids: collectionId === null ? [] : [collectionId] };
      try {
        return await data(api.POST("/v1/agents", { body: agent as never }));
      } catch (error) {
        if (collectionId !== null) await withoutCollection(collectionId);
        throw error;
      }
    },
    onError: (error: Error & { param?: string }) => {
      const field = (["name", "instructions"] as const).find((each) => each === error.param);
      if (field) form.setError(field, { message: error.message }, { shouldFocus: true });
    },
    onSuccess: async (agent) => {
      await queries.invalidateQueries({ queryKey: ["agents"] });
      await queries.invalidateQueries({ queryKey: ["collections"] });
      onDone();
      await navigate({ to: "/agents/$agentId", params: { agentId: agent.agent_id }, search: { tab: "testing" } });
    },
  });
  const errors = form.formState.errors;
  return (
    <form className="grid gap-4" onSubmit={form.handleSubmit((values) => create.mutate(values))}>
      <Field label="Name" error={errors.name?.message}>
        {(ids) => <Input {...ids} {...form.register("name")} autoFocus />}
      </Field>
      <Field
        label="Instructions"
        hint="Who it is, what it does, what it must not do. Short sentences work best."
        error={errors.instructions?.message}
      >
        {(ids) => <Textarea {...ids} {...form.register("instructions")} rows={10} />}
      </Field>
      {template && template.knowledge.length > 0 && (
        <p className="text-sm text-muted">
          It comes with something to know: {template.knowledge.map(({ name }) => name).join(", ")}.
        </p>
      )}
      {create.isError && !errors.name && !errors.instructions && <Failure error={create.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onBack}>Back</Button>
        <Button type="submit" kind="primary" busy={create.isPending}>
          Create
        </Button>
      </div>
    </form>
  );
}

/** The template's documents as a collection of their own; its id. */
async function keptKnowledge(template: Template, name: string): Promise<string> {
  const collection = await data(
    api.POST("/v1/collections", { body: { collection_name: `${name.slice(0, 240)}: knowledge`, collection_description: "" } }),
  );
  const path = { collection_id: collection.collection_id };
  try {
    for (const document of template.knowledge) {
      await api.POST("/v1/collections/{collection_id}/texts", { params: { path }, body: document });
    }
  } catch (error) {
    await withoutCollection(collection.collection_id);
    throw error;
  }
  return collection.collection_id;
}

/** What was made for an agent that could not be made: the next try makes its own. */
async function withoutCollection(collectionId: string): Promise<void> {
  const path = { collection_id: collectionId };
  // The server may be away, which is why all this happens; then the collection is left to the person.
  await api.DELETE("/v1/collections/{collection_id}", { params: { path } }).catch(() => undefined);
}
