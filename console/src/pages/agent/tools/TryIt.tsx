import { useMutation } from "@tanstack/react-query";
import { FlaskConical } from "lucide-react";
import { useState } from "react";
import { api, data } from "@/api/client";
import { useDraft } from "@/pages/agent/draft";
import { type Declaration, kindOf } from "@/pages/agent/tools/declarations";
import { Button } from "@/ui/Button";
import { Field, Textarea } from "@/ui/Field";
import { Badge, Failure } from "@/ui/Page";

/** What a tool offers just now, and one real call of it, before the agent has it. */
export function TryIt({ tool }: { tool: Declaration }) {
  const { draft } = useDraft();
  const [chosen, setChosen] = useState<string | null>(null);
  const [values, setValues] = useState("{}");
  const body = { tool, collection_ids: [...draft.collection_ids] };
  const list = useMutation({ mutationFn: () => data(api.POST("/v1/tools/list", { body })) });
  const call = useMutation({
    mutationFn: () => {
      const given = JSON.parse(values) as Record<string, unknown>;
      return data(api.POST("/v1/tools/call", { body: { ...body, name: chosen, arguments: given } }));
    },
  });
  const offered = list.data?.data ?? [];
  return (
    <section className="grid gap-3 rounded-lg border border-line bg-sunken p-3" aria-label="Try it">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h3 className="text-sm font-medium">Try it</h3>
        <Button size="small" busy={list.isPending} onClick={() => list.mutate()}>
          <FlaskConical aria-hidden />
          {kindOf(tool) === "mcp" ? "Connect and list its tools" : "Check it"}
        </Button>
      </div>
      {list.isError && <Failure error={list.error} />}
      {list.data?.error && <p className="text-sm text-danger">It could not be opened: {list.data.error}</p>}
      {offered.length > 0 && (
        <ul className="grid gap-1 text-sm">
          {offered.map((each) => (
            <li key={each.name} className="flex items-start gap-2">
              <label className="flex items-start gap-2">
                <input
                  type="radio"
                  name="tried"
                  className="mt-1 accent-(--accent)"
                  checked={chosen === each.name}
                  onChange={() => setChosen(each.name)}
                />
                <span>
                  <code className="font-mono">{each.name}</code> <span className="text-muted">{each.description}</span>
                </span>
              </label>
            </li>
          ))}
        </ul>
      )}
      {chosen && (
        <>
          <Field label="Arguments as JSON" error={call.error instanceof SyntaxError ? "This is no JSON." : undefined}>
            {(ids) => (
              <Textarea
                {...ids}
                rows={3}
                className="min-h-16 font-mono text-[13px]"
                value={values}
                onChange={(event) => setValues(event.target.value)}
              />
            )}
          </Field>
          <p className="text-[13px] text-muted">This is a real call: what it does, it does.</p>
          <div>
            <Button size="small" kind="primary" busy={call.isPending} onClick={() => call.mutate()}>
              Call it
            </Button>
          </div>
        </>
      )}
      {call.isError && !(call.error instanceof SyntaxError) && <Failure error={call.error} />}
      {call.data && (
        <div className="grid gap-1 text-sm">
          <span className="flex items-center gap-2">
            <Badge tone={call.data.failure ? "danger" : "success"}>{call.data.failure ?? "it worked"}</Badge>
            <span className="text-muted tabular-nums">{call.data.duration_ms} ms</span>
          </span>
          <pre tabIndex={0} className="max-h-48 overflow-auto rounded bg-surface p-2 font-mono text-xs whitespace-pre-wrap">
            {call.data.output}
          </pre>
        </div>
      )}
    </section>
  );
}
