import { Bot, User, Wrench } from "lucide-react";
import { useEffect, useRef } from "react";
import { classes } from "@/ui/classes";
import type { Line } from "@/voice/wire";

/** What was said and done, the newest at the bottom and in sight. Of the agent's words, what was heard. */
export function Lines({ lines }: { lines: Line[] }) {
  const end = useRef<HTMLDivElement>(null);
  const last = lines.at(-1);
  const length = last && "text" in last ? last.text.length : 0;
  useEffect(() => {
    // in braces: newer browsers return a promise, and React takes what an effect returns for its clean-up
    void end.current?.scrollIntoView({ block: "nearest" });
  }, [lines.length, length]);
  return (
    <div role="log" aria-label="Conversation" tabIndex={0} className="grid max-h-[52dvh] content-start gap-3 overflow-y-auto">
      {lines.map((line) => (
        <OneLine key={line.id} line={line} />
      ))}
      <div ref={end} />
    </div>
  );
}

function OneLine({ line }: { line: Line }) {
  switch (line.kind) {
    case "tool":
      return (
        <details className="rounded-lg border border-line bg-sunken px-3 py-2 text-sm">
          <summary className="flex flex-wrap items-center gap-2">
            <Wrench className="size-4 text-tool" aria-hidden />
            <code className="font-mono text-tool">{line.name || "tool"}</code>
            <span className="text-muted">{toolState(line)}</span>
          </summary>
          <pre className="mt-2 overflow-x-auto font-mono text-xs whitespace-pre-wrap">{line.arguments}</pre>
          {line.output !== null && (
            <pre className="mt-2 max-h-48 overflow-auto border-t border-line pt-2 font-mono text-xs whitespace-pre-wrap">
              {line.output}
            </pre>
          )}
          {line.error && <p className="mt-2 text-danger">{line.error}</p>}
        </details>
      );
    case "note":
      return (
        <p className={classes("text-sm", line.tone === "danger" ? "text-danger" : "text-muted")} role="status">
          {line.text}
        </p>
      );
    default: {
      const isAgent = line.kind === "agent";
      return (
        <div className={classes("flex gap-2.5", !isAgent && "flex-row-reverse text-right")}>
          <span className={classes("mt-1 [&_svg]:size-4.5", isAgent ? "text-agent" : "text-caller")}>
            {isAgent ? <Bot aria-hidden /> : <User aria-hidden />}
          </span>
          <div className="min-w-0">
            <span className="sr-only">{isAgent ? "Agent:" : "You:"}</span>
            <p className={classes("text-[15px] break-words", !line.done && "text-muted")}>
              {line.text || (isAgent ? "…" : "listening …")}
              {line.interrupted && <span className="text-muted"> — (interrupted here)</span>}
            </p>
          </div>
        </div>
      );
    }
  }
}

function toolState(line: Line & { kind: "tool" }): string {
  if (line.error) return "failed";
  if (line.output === null) return "running …";
  return line.durationMs === null ? "done" : `done in ${line.durationMs} ms`;
}
