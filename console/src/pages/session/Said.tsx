import { useInfiniteQuery } from "@tanstack/react-query";
import { Bot, User, Wrench } from "lucide-react";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { Button } from "@/ui/Button";
import { Empty, Failure, Loading } from "@/ui/Page";
import { classes } from "@/ui/classes";
import { clock } from "@/ui/dates";

type Message = components["schemas"]["TranscriptMessage"];
type ToolCall = { call_id?: string; name?: string; arguments?: string; kind?: string; failure?: string | null; duration_ms?: number | null };

/** The transcript: words as they were heard, calls of tools with what came of them. */
export function Said({ sessionId, isActive }: { sessionId: string; isActive: boolean }) {
  const transcript = useInfiniteQuery({
    queryKey: ["session", sessionId, "transcript"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/v1/sessions/{session_id}/transcript", {
          params: {
            path: { session_id: sessionId },
            query: { limit: 200, ...(pageParam ? { pagination_token: pageParam } : {}) },
          },
        }),
      ),
    getNextPageParam: (page) => page.pagination_token ?? undefined,
    refetchInterval: isActive ? 3000 : false,
  });
  if (transcript.isPending) return <Loading />;
  if (transcript.isError) return <Failure error={transcript.error} onRetry={() => transcript.refetch()} />;
  const messages = transcript.data.pages.flatMap((page) => page.messages);
  if (messages.length === 0) return <Empty title="Nothing was said">{isActive ? "The call goes on." : ""}</Empty>;
  return (
    <>
      <ol className="grid gap-3.5">
        {messages.map((message) => (
          <li key={message.id}>
            <OneMessage message={message} />
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

function OneMessage({ message }: { message: Message }) {
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
          {message.start_ms != null && <span className="tabular-nums">{clock(message.start_ms)}</span>}
        </p>
        {call ? (
          <pre tabIndex={0} className="mt-1 max-h-40 overflow-auto rounded bg-sunken p-2 font-mono text-xs whitespace-pre-wrap">
            {message.role === "tool" ? message.content : call.arguments}
          </pre>
        ) : (
          <p className="break-words">
            {message.content}
            {message.interrupted && <span className="text-muted"> — (the caller broke in here; no more was heard)</span>}
          </p>
        )}
      </div>
    </div>
  );
}
