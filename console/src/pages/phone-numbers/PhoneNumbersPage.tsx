import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Info, Phone, Plus } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { TakeNumber } from "@/pages/phone-numbers/TakeNumber";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Choice";
import { Confirm } from "@/ui/Dialog";
import { Badge, Empty, Failure, Loading, Page } from "@/ui/Page";
import { deletions, useDeleted } from "@/ui/deletions";

type PhoneNumber = components["schemas"]["PhoneNumberObject"];
const NOBODY = "nobody";

/** Numbers, and which agent has which. No call runs over the telephone yet, and the page says so. */
export function PhoneNumbersPage() {
  const queries = useQueryClient();
  const [taking, setTaking] = useState(false);
  const [leaving, setLeaving] = useState<PhoneNumber | null>(null);
  const numbers = useInfiniteQuery({
    queryKey: ["phone-numbers", "pages"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/v1/phone-numbers", {
          params: { query: { limit: 100, ...(pageParam ? { pagination_token: pageParam } : {}) } },
        }),
      ),
    getNextPageParam: (page) => page.pagination_token ?? undefined,
  });
  const refresh = async () => {
    await queries.invalidateQueries({ queryKey: ["phone-numbers"] });
    await queries.invalidateQueries({ queryKey: ["agents"] });
    await queries.invalidateQueries({ queryKey: ["agent"] });
  };
  const released = useDeleted();
  const known =
    numbers.data?.pages
      .flatMap((page) => page.phone_numbers)
      .filter((number) => !released.has(pathOf(number.phone_number_id))) ?? [];
  const add = (
    <Button kind="primary" onClick={() => setTaking(true)}>
      <Plus aria-hidden />
      Add a number
    </Button>
  );
  return (
    <Page title="Phone numbers" lead="A number belongs to one agent at a time." actions={add}>
      <p className="flex items-start gap-2.5 rounded-xl bg-warning-soft p-3.5 text-sm text-warning">
        <Info className="mt-0.5 size-4 shrink-0" aria-hidden />
        <span>
          Calls over the telephone are not served yet. Numbers taken here are simulated: they exist in this server
          alone, cost nothing and cannot be dialled. Talk with your agents in the browser or over the API.
        </span>
      </p>
      {numbers.isPending && <Loading />}
      {numbers.isError && <Failure error={numbers.error} onRetry={() => numbers.refetch()} />}
      {numbers.isSuccess && known.length === 0 && (
        <Empty title="No numbers yet" icon={<Phone aria-hidden />} action={add}>
          Programs that were written for numbers can already be tried out with a simulated one.
        </Empty>
      )}
      {known.length > 0 && (
        <ul className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface">
          {known.map((number) => (
            <li
              key={number.phone_number_id}
              className="flex flex-wrap items-center justify-between gap-3 px-4 py-3"
              aria-label={number.phone_number}
            >
              <span className="min-w-0">
                <span className="flex flex-wrap items-center gap-2 font-medium tabular-nums">
                  {number.phone_number}
                  <Badge>{number.origin === "byo_trunk" ? "own trunk" : number.origin}</Badge>
                </span>
                <span className="block truncate text-sm text-muted">{number.name || "without a name"}</span>
              </span>
              <span className="flex flex-wrap items-center gap-2">
                <Assigned number={number} onChanged={refresh} />
                <Button size="small" onClick={() => setLeaving(number)}>
                  Release
                </Button>
              </span>
            </li>
          ))}
        </ul>
      )}
      {numbers.hasNextPage && (
        <Button busy={numbers.isFetchingNextPage} onClick={() => numbers.fetchNextPage()} className="justify-self-center">
          Show more
        </Button>
      )}
      <TakeNumber open={taking} onClose={() => setTaking(false)} onDone={refresh} />
      <Confirm
        open={leaving !== null}
        onClose={() => setLeaving(null)}
        title={`Release ${leaving?.phone_number ?? "the number"}?`}
        description="The agent that has it has none then. After a few seconds somebody else may get the number: it cannot be had back for certain."
        action="Release"
        onConfirm={() => {
          if (leaving) deletions.begin(pathOf(leaving.phone_number_id), `${leaving.phone_number} is given back.`, refresh);
          setLeaving(null);
        }}
      />
    </Page>
  );
}

/** The agent that has the number; choosing another one moves the number at once. */
function Assigned({ number, onChanged }: { number: PhoneNumber; onChanged: () => Promise<void> }) {
  const agents = useQuery({
    queryKey: ["agents", { of: "names" }],
    queryFn: () => data(api.GET("/v1/agents", { params: { query: { limit: 100 } } })),
  });
  const assign = useMutation({
    mutationFn: async (wanted: string) => {
      const patch = (agentId: string, phoneNumberId: string) =>
        data(
          api.PATCH("/v1/agents/{agent_id}", {
            params: { path: { agent_id: agentId } },
            body: { phone_number_id: phoneNumberId } as never,
          }),
        );
      if (wanted !== NOBODY) await patch(wanted, number.phone_number_id);
      else if (number.agent_id) await patch(number.agent_id, "");
    },
    onSuccess: async (_, wanted) => {
      await onChanged();
      toast.success(wanted === NOBODY ? "No agent has the number now." : "The agent has the number.");
    },
    onError: (error) => toast.error(error.message),
  });
  const known = agents.data?.agents ?? [];
  const holder = known.find((agent) => sameId(agent.agent_id, number.agent_id));
  return (
    <Select
      label={`Agent of ${number.phone_number}`}
      className="w-52"
      value={holder?.agent_id ?? (number.agent_id || NOBODY)}
      disabled={assign.isPending || !agents.isSuccess}
      options={[
        { value: NOBODY, label: "No agent" },
        ...known.map((agent) => ({ value: agent.agent_id, label: agent.name })),
        ...(number.agent_id && !holder ? [{ value: number.agent_id, label: "An agent further down the list" }] : []),
      ]}
      onChange={(wanted) => assign.mutate(wanted)}
    />
  );
}

function pathOf(id: string): string {
  return `/v1/phone-numbers/${encodeURIComponent(id)}`;
}

/** Ids come as `agent_…` or `agt_…`: what is behind the first `_` is the same. */
function sameId(left: string, right: string | null): boolean {
  return right !== null && left.slice(left.indexOf("_")) === right.slice(right.indexOf("_"));
}
