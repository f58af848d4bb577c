import { useMemo } from "react";
import { useDraft } from "@/pages/agent/draft";
import { Field, Textarea } from "@/ui/Field";

const VARIABLE = /\{\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}\}/g;

/** The instructions, with the variables that they hold: a client fills them when it opens a call (`prompt.variables`). */
export function Instructions({ error }: { error: string | undefined }) {
  const { draft, change } = useDraft();
  const variables = useMemo(
    () => [...new Set([...draft.instructions.matchAll(VARIABLE)].map((found) => found[1]))],
    [draft.instructions],
  );
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
          <span className="text-muted">Variables:</span>
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
