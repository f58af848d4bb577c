import { useMemo } from "react";
import { useDraft, variablesOf } from "@/pages/agent/draft";
import { Field, Textarea } from "@/ui/Field";

/** The instructions, with the variables that they hold: a client fills them when it opens a call (`prompt.variables`). */
export function Instructions({ error }: { error: string | undefined }) {
  const { draft, change } = useDraft();
  const { instructions, greeting } = draft;
  const variables = useMemo(() => variablesOf({ instructions, greeting }), [instructions, greeting]);
  return (
    <div className="grid gap-2">
      <Field
        label="Instructions"
        hint={`${draft.instructions.length.toLocaleString()} of 256,000 characters. Short sentences work best; {{name}} is a variable that a client fills.`}
        error={error}
      >
        {(ids) => (
          <Textarea
            {...ids}
            rows={14}
            spellCheck
            className="font-mono text-[13px]"
            value={draft.instructions}
            onChange={(event) => change({ instructions: event.target.value })}
          />
        )}
      </Field>
      {variables.length > 0 && (
        <p className="flex flex-wrap items-center gap-1.5 text-sm">
          <span className="text-muted">Variables, which Testing asks for:</span>
          {variables.map((name) => (
            <code key={name} className="rounded bg-sunken px-1.5 py-0.5 font-mono text-xs">
              {name}
            </code>
          ))}
        </p>
      )}
    </div>
  );
}
