import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Plus, Webhook as WebhookIcon } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { api, data } from "@/api/client";
import { Deliveries } from "@/pages/webhooks/Deliveries";
import { WebhookDialog } from "@/pages/webhooks/WebhookDialog";
import { WebhookRow } from "@/pages/webhooks/WebhookRow";
import type { Webhook } from "@/pages/webhooks/events";
import { Button } from "@/ui/Button";
import { ShownOnce } from "@/ui/Copy";
import { Confirm } from "@/ui/Dialog";
import { Empty, Failure, Loading, Page } from "@/ui/Page";
import { deletions, useDeleted } from "@/ui/deletions";

/** What is open over the list; one thing at a time. */
type Open = { what: "make" } | { what: "edit" | "rotate" | "delete" | "deliveries"; webhook: Webhook } | null;

/** Programs that are told what happens, and how the telling went. */
export function WebhooksPage() {
  const queries = useQueryClient();
  const [open, setOpen] = useState<Open>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const webhooks = useInfiniteQuery({
    queryKey: ["webhooks"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/v1/webhooks", {
          params: { query: { limit: 50, ...(pageParam ? { pagination_token: pageParam } : {}) } },
        }),
      ),
    getNextPageParam: (page) => page.pagination_token ?? undefined,
  });
  const deleted = useDeleted();
  const known = webhooks.data?.pages.flatMap((page) => page.data).filter(({ id }) => !deleted.has(pathOf(id))) ?? [];
  const close = () => setOpen(null);
  const refresh = () => queries.invalidateQueries({ queryKey: ["webhooks"] });
  const rotate = useMutation({
    mutationFn: (id: string) =>
      data(api.POST("/v1/webhooks/{webhook_id}/rotate-secret", { params: { path: { webhook_id: id } } })),
    onSuccess: (rotated) => {
      close();
      setSecret(rotated.secret);
    },
    onError: (error) => toast.error(error.message),
  });
  const make = (
    <Button kind="primary" onClick={() => setOpen({ what: "make" })}>
      <Plus aria-hidden />
      Add a webhook
    </Button>
  );
  const chosen = open !== null && open.what !== "make" ? open.webhook : null;
  return (
    <Page
      title="Webhooks"
      lead="Have your own programs told when a call starts, ends, or something is said. Every event is signed."
      actions={make}
    >
      {webhooks.isPending && <Loading />}
      {webhooks.isError && <Failure error={webhooks.error} onRetry={() => webhooks.refetch()} />}
      {webhooks.isSuccess && known.length === 0 && (
        <Empty title="No webhooks yet" icon={<WebhookIcon aria-hidden />} action={make}>
          Give an address of a program of yours, and events are sent there as they happen.
        </Empty>
      )}
      {known.length > 0 && (
        <ul className="grid gap-3">
          {known.map((webhook) => (
            <WebhookRow
              key={webhook.id}
              webhook={webhook}
              onChanged={refresh}
              onOpen={(what) => setOpen({ what, webhook })}
            />
          ))}
        </ul>
      )}
      {webhooks.hasNextPage && (
        <Button
          busy={webhooks.isFetchingNextPage}
          onClick={() => webhooks.fetchNextPage()}
          className="justify-self-center"
        >
          Show more
        </Button>
      )}
      {(open?.what === "make" || open?.what === "edit") && (
        <WebhookDialog
          webhook={chosen}
          onClose={close}
          onDone={async (shown) => {
            close();
            setSecret(shown);
            await refresh();
          }}
        />
      )}
      {open?.what === "deliveries" && <Deliveries webhook={open.webhook} onClose={close} />}
      <Confirm
        open={open?.what === "rotate"}
        onClose={close}
        title="Make a new signing secret?"
        description="The former one signs along for 24 hours, so that the receiver can be changed in peace. Then it is worth nothing."
        action="Make a new one"
        busy={rotate.isPending}
        onConfirm={() => chosen && rotate.mutate(chosen.id)}
      />
      <Confirm
        open={open?.what === "delete"}
        onClose={close}
        title="Delete this webhook?"
        description={`Nothing more is sent to ${chosen?.url ?? "it"}, not even what is queued. After a few seconds its secret and its log are lost.`}
        action="Delete"
        onConfirm={() => {
          if (chosen) deletions.begin(pathOf(chosen.id), "The webhook is deleted.", refresh);
          close();
        }}
      />
      <ShownOnce
        secret={secret}
        onClose={() => setSecret(null)}
        title="Copy the signing secret now"
        description="With it the receiver checks that an event is from here. It cannot be shown again."
      />
    </Page>
  );
}

function pathOf(id: string): string {
  return `/v1/webhooks/${encodeURIComponent(id)}`;
}
