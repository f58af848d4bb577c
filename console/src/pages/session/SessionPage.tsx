import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ChevronLeft, PhoneOff } from "lucide-react";
import { useCallback, useState } from "react";
import { toast } from "sonner";
import { api, data } from "@/api/client";
import { Journal } from "@/pages/session/Journal";
import { Recording } from "@/pages/session/Recording";
import { Said } from "@/pages/session/Said";
import { Turns } from "@/pages/session/Turns";
import { Button } from "@/ui/Button";
import { Badge, Card, Failure, Loading, Page } from "@/ui/Page";
import { duration, moment } from "@/ui/dates";

/** One call: what was said and done, and where each answer's time went. */
export function SessionPage() {
  const { sessionId } = useParams({ from: "/sessions/$sessionId" });
  const queries = useQueryClient();
  const path = { session_id: sessionId };
  const session = useQuery({
    queryKey: ["session", sessionId],
    queryFn: () => data(api.GET("/v1/sessions/{session_id}", { params: { path } })),
    refetchInterval: (query) => (query.state.data?.status === "active" ? 3000 : false),
  });
  const end = useMutation({
    mutationFn: () => data(api.POST("/v1/sessions/{session_id}/end", { params: { path } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["session", sessionId] }),
    onError: (error) => toast.error(error.message),
  });
  const [playFrom, setPlayFrom] = useState<((audioMs: number) => void) | null>(null);
  // A function inside a state is set by a function that gives it.
  const onReady = useCallback((play: ((audioMs: number) => void) | null) => setPlayFrom(() => play), []);
  const known = session.data;
  const isActive = known?.status === "active";
  return (
    <Page
      title={known ? `Session of ${moment(known.created_at)}` : "Session"}
      lead={
        <span className="flex flex-wrap items-center gap-2">
          <Link to="/sessions" className="inline-flex items-center gap-1 hover:underline">
            <ChevronLeft className="size-4" aria-hidden />
            Sessions
          </Link>
          {known && (
            <>
              <Badge tone={isActive ? "success" : "neutral"}>{known.status}</Badge>
              <span>{duration(known.duration_seconds)}</span>
              {known.end_reason && <span>ended: {known.end_reason.replaceAll("_", " ")}</span>}
            </>
          )}
        </span>
      }
      actions={
        isActive && (
          <Button kind="danger" busy={end.isPending} onClick={() => end.mutate()}>
            <PhoneOff aria-hidden />
            End the call
          </Button>
        )
      }
    >
      {session.isPending && <Loading />}
      {session.isError && <Failure error={session.error} onRetry={() => session.refetch()} />}
      {known && (
        <div className="grid grid-cols-1 gap-5 lg:grid-cols-[minmax(0,1fr)_26rem]">
          <div className="grid grid-cols-1 content-start gap-5">
            <Recording sessionId={sessionId} isActive={isActive} onReady={onReady} />
            <Card title="What was said">
              <Said sessionId={sessionId} isActive={isActive} playFrom={playFrom} />
            </Card>
          </div>
          <div className="grid grid-cols-1 content-start gap-5">
            <Turns sessionId={sessionId} isActive={isActive} />
            <Card title="About this session">
              <dl className="grid grid-cols-[7rem_1fr] gap-x-3 gap-y-1.5 text-sm">
                <Fact name="Session" value={known.session_id} code />
                <Fact name="Agent" value={known.agent_id ?? "none"} code />
                <Fact name="Thread" value={known.thread_id} code />
                <Fact name="Connected" value={moment(known.started_at)} />
                <Fact name="Ended" value={known.ended_at ? moment(known.ended_at) : "not yet"} />
              </dl>
            </Card>
            <Journal sessionId={known.session_id} />
          </div>
        </div>
      )}
    </Page>
  );
}

function Fact({ name, value, code }: { name: string; value: string; code?: boolean }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className={code ? "font-mono text-xs leading-5 break-all" : ""}>{value}</dd>
    </>
  );
}
