import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { RefreshCw, RotateCw } from "lucide-react";
import { toast } from "sonner";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import type { Webhook } from "@/pages/webhooks/events";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Badge, Empty, Failure, Loading } from "@/ui/Page";
import { moment } from "@/ui/dates";

type Delivery = components["schemas"]["DeliveryShown"];
const TONES = { pending: "warning", delivered: "success", failed: "danger" } as const;
const UNDER_WAY_MS = 1_500;

/** What was sent to a webhook, how that went, and a way to send it again. */
export function Deliveries({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const queries = useQueryClient();
  const deliveries = useInfiniteQuery({
    queryKey: ["deliveries", webhook.id],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/v1/webhooks/{webhook_id}/deliveries", {
          params: {
            path: { webhook_id: webhook.id },
            query: { limit: 50, ...(pageParam ? { pagination_token: pageParam } : {}) },
          },
        }),
      ),
    getNextPageParam: (page) => page.pagination_token ?? undefined,
    // What is on its way is watched until it has arrived.
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.data.some(({ status }) => status === "pending")) ? UNDER_WAY_MS : false,
  });
  const again = useMutation({
    mutationFn: (id: string) =>
      data(
        api.POST("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/retry", {
          params: { path: { webhook_id: webhook.id, delivery_id: id } },
        }),
      ),
    onSuccess: () => {
      toast.success("It is sent again.");
      return queries.invalidateQueries({ queryKey: ["deliveries", webhook.id] });
    },
    onError: (error) => toast.error(error.message),
  });
  const known = deliveries.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Dialog open wide onClose={onClose} title="Deliveries" description={webhook.url}>
      <div className="grid gap-3">
        <Button
          size="small"
          className="justify-self-end"
          busy={deliveries.isRefetching}
          onClick={() => deliveries.refetch()}
        >
          {!deliveries.isRefetching && <RefreshCw aria-hidden />}
          Look again
        </Button>
        {deliveries.isPending && <Loading rows={3} />}
        {deliveries.isError && <Failure error={deliveries.error} onRetry={() => deliveries.refetch()} />}
        {deliveries.isSuccess && known.length === 0 && (
          <Empty title="Nothing sent yet">Send a test, or hold a call.</Empty>
        )}
        {known.length > 0 && (
          <ul className="divide-y divide-line rounded-lg border border-line">
            {known.map((delivery) => (
              <li key={delivery.id} className="flex flex-wrap items-center justify-between gap-2 px-3 py-2.5">
                <div className="min-w-0">
                  <p className="flex flex-wrap items-center gap-2 text-sm">
                    <code className="font-mono">{delivery.event_type}</code>
                    <Badge tone={TONES[delivery.status]}>{delivery.status}</Badge>
                  </p>
                  <p className="text-[13px] text-muted tabular-nums">{story(delivery)}</p>
                </div>
                <Button
                  size="small"
                  busy={again.isPending && again.variables === delivery.id}
                  onClick={() => again.mutate(delivery.id)}
                >
                  <RotateCw aria-hidden />
                  Send again
                </Button>
              </li>
            ))}
          </ul>
        )}
        {deliveries.hasNextPage && (
          <Button busy={deliveries.isFetchingNextPage} onClick={() => deliveries.fetchNextPage()}>
            Show more
          </Button>
        )}
      </div>
    </Dialog>
  );
}

function story(delivery: Delivery): string {
  const parts = [moment(delivery.created_at)];
  if (delivery.attempts > 0) parts.push(delivery.attempts === 1 ? "tried once" : `tried ${delivery.attempts} times`);
  if (delivery.last_status_code !== null) parts.push(`answered ${delivery.last_status_code}`);
  if (delivery.last_error) parts.push(delivery.last_error);
  if (delivery.next_attempt_at) parts.push(`next try ${moment(delivery.next_attempt_at)}`);
  return parts.join(" · ");
}
