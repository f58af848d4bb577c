import { Wrench } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/ui/Button";
import { Field, Textarea } from "@/ui/Field";
import type { Line } from "@/voice/wire";

type Declared = { type?: unknown; name?: unknown; sample_result?: unknown; function?: unknown };

/** The agent calls a function that a client is to run: here the person is the client, and answers by hand. */
export function Answering(props: {
  line: Line & { kind: "tool" };
  tools: readonly unknown[];
  onAnswer: (output: string) => void;
}) {
  const { line } = props;
  const [output, setOutput] = useState(() => sampleOf(props.tools, line.name));
  const answer = (event: FormEvent) => {
    event.preventDefault();
    props.onAnswer(output);
  };
  return (
    <form onSubmit={answer} aria-label={`Answer ${line.name}`} className="grid gap-3 rounded-lg border border-tool/50 p-3">
      <p className="flex flex-wrap items-center gap-2 text-sm">
        <Wrench className="size-4 text-tool" aria-hidden />
        <span>
          The agent calls <code className="font-mono text-tool">{line.name}</code> and waits for what your program would
          answer.
        </span>
      </p>
      <pre
        tabIndex={0}
        aria-label="Arguments"
        className="max-h-40 overflow-auto rounded-md bg-sunken p-2 font-mono text-xs whitespace-pre-wrap"
      >
        {pretty(line.arguments)}
      </pre>
      <Field label="Its answer" hint="JSON or plain words; the agent reads it.">
        {(ids) => (
          <Textarea
            {...ids}
            value={output}
            rows={4}
            spellCheck={false}
            className="font-mono text-[13px]"
            onChange={(event) => setOutput(event.target.value)}
          />
        )}
      </Field>
      <Button type="submit" kind="primary" className="justify-self-end">
        Answer
      </Button>
    </form>
  );
}

/** What the tool's declaration gives as an example of its result. */
function sampleOf(tools: readonly unknown[], name: string): string {
  for (const tool of tools as readonly Declared[]) {
    const inner = (tool.function ?? tool) as Declared;
    if (inner.name !== name) continue;
    const sample = tool.sample_result ?? inner.sample_result;
    if (sample !== undefined) return typeof sample === "string" ? sample : JSON.stringify(sample, null, 2);
  }
  return '{"ok": true}';
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
