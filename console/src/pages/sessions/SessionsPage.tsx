import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { AudioLines } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { Select } from "@/ui/Choice";
import { Badge, Empty, Failure, Loading, Page } from "@/ui/Page";
import { duration, moment } from "@/ui/dates";

type Session = components["schemas"]["SessionObject"];
type Status = Session["status"];
const ANY = "any";
const ROW_PX = 60;
const PAGE = 100;

/** Every session, the newest first. Only the rows in sight exist: ten thousand scroll like ten. */
export function SessionsPage() {
  const [status, setStatus] = useState(ANY);
  const [agent, setAgent] = useState(ANY);
  const agents = useQuery({
    queryKey: ["agents", { of: "names" }],
    queryFn: () => data(api.GET("/v1/agents", { params: { query: { limit: 100 } } })),
  });
  const sessions = useInfiniteQuery({
    queryKey: ["sessions", status, agent],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/v1/sessions", {
          params: {
            query: {
              limit: PAGE,
              ...(status === ANY ? {} : { status: status as Status }),
              ...(agent === ANY ? {} : { agent_id: agent }),
              ...(pageParam ? { pagination_token: pageParam } : {}),
            },
          },
        }),
      ),
    getNextPageParam: (page) => page.pagination_token ?? undefined,
    refetchInterval: (query) => (query.state.data && query.state.data.pages.length === 1 ? 10_000 : false),
  });
  const known = sessions.data?.pages.flatMap((page) => page.sessions) ?? [];
  const names = new Map(agents.data?.agents.map((each) => [each.agent_id.slice(each.agent_id.indexOf("_")), each.name]));
  return (
    <Page title="Sessions" lead="What was said, heard and done in every call.">
      <div className="flex flex-wrap gap-2">
        <Select
          label="Status"
          className="w-44"
          value={status}
          options={[
            { value: ANY, label: "Any status" },
            { value: "active", label: "Active" },
            { value: "ended", label: "Ended" },
            { value: "expired", label: "Expired" },
          ]}
          onChange={setStatus}
        />
        <Select
          label="Agent"
          className="w-60"
          value={agent}
          options={[
            { value: ANY, label: "Any agent" },
            ...(agents.data?.agents ?? []).map((each) => ({ value: each.agent_id, label: each.name })),
          ]}
          onChange={setAgent}
        />
      </div>
      {sessions.isPending && <Loading rows={6} />}
      {sessions.isError && <Failure error={sessions.error} onRetry={() => sessions.refetch()} />}
      {sessions.isSuccess && known.length === 0 && (
        <Empty title="No sessions" icon={<AudioLines aria-hidden />}>
          {status === ANY && agent === ANY ? "Talk with an agent, and the call appears here." : "None fits these filters."}
        </Empty>
      )}
      {known.length > 0 && (
        <Rows
          sessions={known}
          nameOf={(session) => names.get(session.agent_id?.slice(session.agent_id.indexOf("_")) ?? "") ?? "without an agent"}
          more={() => sessions.hasNextPage && !sessions.isFetchingNextPage && sessions.fetchNextPage()}
        />
      )}
    </Page>
  );
}

function Rows(props: { sessions: Session[]; nameOf: (session: Session) => string; more: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: props.sessions.length,
    getScrollElement: () => place.current,
    estimateSize: () => ROW_PX,
    overscan: 10,
  });
  const shown = rows.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= props.sessions.length - 15) props.more();
  });
  return (
    <div
      ref={place}
      role="region"
      aria-label="Sessions"
      tabIndex={0}
      className="h-[68dvh] overflow-auto rounded-xl border border-line bg-surface"
    >
      <ul style={{ height: rows.getTotalSize(), position: "relative" }}>
        {shown.map((row) => {
          const session = props.sessions[row.index];
          if (!session) return null;
          return (
            <li
              key={session.session_id}
              aria-setsize={-1}
              aria-posinset={row.index + 1}
              style={{ position: "absolute", top: row.start, height: row.size, width: "100%" }}
              className="border-b border-line"
            >
              <Link
                to="/sessions/$sessionId"
                params={{ sessionId: session.session_id }}
                className="flex h-full items-center justify-between gap-3 px-4 hover:bg-sunken"
              >
                <span className="min-w-0">
                  <span className="block truncate font-medium">{props.nameOf(session)}</span>
                  <span className="block truncate text-sm text-muted">{moment(session.created_at)}</span>
                </span>
                <span className="flex shrink-0 items-center gap-3 text-sm text-muted tabular-nums">
                  <span className="max-sm:hidden">{session.end_reason?.replaceAll("_", " ")}</span>
                  <span>{duration(session.duration_seconds)}</span>
                  <Badge tone={session.status === "active" ? "success" : "neutral"}>{session.status}</Badge>
                </span>
              </Link>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
