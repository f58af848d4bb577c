import { Field, Input } from "@/ui/Field";

type Values = Record<string, string>;

/** What stands for the variables of the agent in the next call here; a client sends them as `prompt.variables`. */
export function Variables(props: { names: string[]; values: Values; onChange: (values: Values) => void }) {
  const { names, values, onChange } = props;
  return (
    <fieldset className="grid gap-3 rounded-lg border border-line p-3 sm:grid-cols-2">
      <legend className="px-1 text-sm font-medium">Variables for the next call</legend>
      {names.map((name) => (
        <Field key={name} label={name}>
          {(ids) => (
            <Input
              {...ids}
              autoComplete="off"
              placeholder={`{{${name}}} stays as it is`}
              value={values[name] ?? ""}
              onChange={(event) => onChange({ ...values, [name]: event.target.value })}
            />
          )}
        </Field>
      ))}
    </fieldset>
  );
}
