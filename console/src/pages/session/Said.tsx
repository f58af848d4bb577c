import { Bot, Play, User, Wrench } from "lucide-react";
import { type Message, useTranscript } from "@/pages/session/transcript";
import { Words } from "@/pages/session/Words";
import { Button } from "@/ui/Button";
import { Empty, Failure, Loading } from "@/ui/Page";
import { classes } from "@/ui/classes";
import { clock } from "@/ui/dates";

type ToolCall = { call_id?: string; name?: string; arguments?: string; kind?: string; failure?: string | null; duration_ms?: number | null };
type PlayFrom = ((audioMs: number) => void) | null;

/** The transcript: words as they were heard, and what was not; calls of tools with what came of them. A line's time plays it. */
export function Said({ sessionId, isActive, playFrom }: { sessionId: string; isActive: boolean; playFrom: PlayFrom }) {
  const transcript = useTranscript(sessionId, isActive);
  if (transcript.isPending) return <Loading />;
  if (transcript.isError) return <Failure error={transcript.error} onRetry={() => transcript.refetch()} />;
  const messages = transcript.data.pages.flatMap((page) => page.messages);
  if (messages.length === 0) return <Empty title="Nothing was said">{isActive ? "The call goes on." : ""}</Empty>;
  return (
    <>
      <ol className="grid gap-3.5">
        {messages.map((message) => (
          <li key={message.id}>
            <OneMessage message={message} playFrom={playFrom} />
          </li>
        ))}
      </ol>
      {transcript.hasNextPage && (
        <Button className="mt-4" busy={transcript.isFetchingNextPage} onClick={() => transcript.fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  );
}

function OneMessage({ message, playFrom }: { message: Message; playFrom: PlayFrom }) {
  const call = message.tool_call as ToolCall | null;
  const Icon = call ? Wrench : message.role === "user" ? User : Bot;
  const who = call ? "Tool" : message.role === "user" ? "Caller" : message.role === "assistant" ? "Agent" : message.role;
  return (
    <div className="flex gap-2.5">
      <Icon
        aria-hidden
        className={classes("mt-0.5 size-4.5 shrink-0", call ? "text-tool" : message.role === "user" ? "text-caller" : "text-agent")}
      />
      <div className="min-w-0 flex-1">
        <p className="flex items-baseline justify-between gap-2 text-[13px] text-muted">
          <span>
            {who}
            {call && <code className="ml-1.5 font-mono text-tool">{call.name}</code>}
            {call && message.role === "tool" && (
              <span>
                {" "}
                {call.failure ? `failed: ${call.failure.replaceAll("_", " ")}` : "answered"}
                {call.duration_ms != null && ` after ${call.duration_ms} ms`}
              </span>
            )}
          </span>
          {message.start_ms != null && <Moment ms={message.start_ms} who={who} playFrom={playFrom} />}
        </p>
        {call ? (
          <pre tabIndex={0} className="mt-1 max-h-40 overflow-auto rounded bg-sunken p-2 font-mono text-xs whitespace-pre-wrap">
            {message.role === "tool" ? message.content : call.arguments}
          </pre>
        ) : (
          <Words message={message} />
        )}
      </div>
    </div>
  );
}

function Moment({ ms, who, playFrom }: { ms: number; who: string; playFrom: PlayFrom }) {
  if (playFrom === null) return <span className="tabular-nums">{clock(ms)}</span>;
  return (
    <button
      type="button"
      className="inline-flex items-center gap-1 rounded px-1 tabular-nums hover:bg-sunken hover:text-text"
      aria-label={`Play from ${clock(ms)}, ${who}`}
      onClick={() => playFrom(ms)}
    >
      <Play className="size-3" aria-hidden />
      {clock(ms)}
    </button>
  );
}
