import { Plus, Trash2 } from "lucide-react";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Choice";
import { Input } from "@/ui/Field";

export type Schema = {
  type?: string;
  properties?: Record<string, Property>;
  required?: string[];
} & Record<string, unknown>;
type Property = { type?: string; description?: string; enum?: unknown[] } & Record<string, unknown>;

const TYPES = ["string", "integer", "number", "boolean", "array", "object"];

/** The arguments of a tool as a table: for schemas whose properties are plain. Both views edit one JSON Schema. */
export function Parameters({ schema, onChange }: { schema: Schema; onChange: (schema: Schema) => void }) {
  const properties = Object.entries(schema.properties ?? {});
  const required = new Set(schema.required ?? []);
  const put = (entries: [string, Property][], names: Iterable<string>) =>
    onChange({ ...schema, type: "object", properties: Object.fromEntries(entries), required: [...names] });
  const change = (index: number, name: string, property: Property, isRequired: boolean) => {
    const entries = properties.map((entry, at): [string, Property] => (at === index ? [name, property] : entry));
    const names = new Set(required);
    names.delete(properties[index]?.[0] ?? "");
    if (isRequired) names.add(name);
    put(entries, names);
  };
  return (
    <div className="grid gap-2">
      {properties.length === 0 && <p className="text-sm text-muted">It takes no arguments.</p>}
      {properties.map(([name, property], index) => (
        <fieldset key={index} /* by place: the name is what is edited */ className="grid gap-2 rounded-lg border border-line p-3 sm:grid-cols-[10rem_8rem_1fr_auto]">
          <legend className="sr-only">Argument {name || index + 1}</legend>
          <Input
            aria-label="Name"
            value={name}
            onChange={(event) => change(index, event.target.value, property, required.has(name))}
          />
          <Select
            label="Type"
            value={property.type ?? "string"}
            options={TYPES.map((type) => ({ value: type, label: type }))}
            onChange={(type) => change(index, name, { ...property, type }, required.has(name))}
          />
          <Input
            aria-label="Description"
            placeholder="What it is, for the model"
            value={property.description ?? ""}
            onChange={(event) => change(index, name, { ...property, description: event.target.value }, required.has(name))}
          />
          <Button
            kind="quiet"
            size="icon"
            aria-label={`Remove ${name || "the argument"}`}
            onClick={() => put(properties.toSpliced(index, 1), [...required].filter((each) => each !== name))}
          >
            <Trash2 aria-hidden />
          </Button>
          <Input
            className="sm:col-span-2"
            aria-label="One of"
            placeholder="One of: a, b, c (any, if empty)"
            value={(property.enum ?? []).join(", ")}
            onChange={(event) => change(index, name, withChoices(property, event.target.value), required.has(name))}
          />
          <label className="flex items-center gap-2 text-sm">
            <input
              type="checkbox"
              className="size-4 accent-(--accent)"
              checked={required.has(name)}
              onChange={(event) => change(index, name, property, event.target.checked)}
            />
            Required: asked for if the caller did not say it
          </label>
        </fieldset>
      ))}
      <div>
        <Button
          size="small"
          onClick={() => put([...properties, [freeName(schema), { type: "string", description: "" }]], required)}
        >
          <Plus aria-hidden />
          Add an argument
        </Button>
      </div>
    </div>
  );
}

function withChoices(property: Property, text: string): Property {
  const { enum: _, ...others } = property;
  const choices = text.split(",").map((each) => each.trimStart());
  return text.trim() ? { ...others, enum: choices } : others;
}

function freeName(schema: Schema): string {
  const taken = schema.properties ?? {};
  let number = 1;
  while (`argument_${number}` in taken) number += 1;
  return `argument_${number}`;
}
