import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { BookOpen, Plus } from "lucide-react";
import { toast } from "sonner";
import { api, data } from "@/api/client";
import { useDraft } from "@/pages/agent/draft";
import { Documents } from "@/pages/agent/knowledge/Documents";
import { SearchBox } from "@/pages/agent/knowledge/SearchBox";
import { Button } from "@/ui/Button";
import { Card, Empty, Failure, Loading } from "@/ui/Page";

/** What the agent may look things up in: collections, their documents, and a question to try them with. */
export function KnowledgeTab() {
  const { draft, change } = useDraft();
  const queries = useQueryClient();
  const collections = useQuery({
    queryKey: ["collections"],
    queryFn: () => data(api.GET("/v1/collections", { params: { query: { limit: 100 } } })),
  });
  const chosen = draft.collection_ids;
  const all = collections.data?.collections ?? [];
  const mine = all.filter(({ collection_id }) => chosen.includes(collection_id));
  const create = useMutation({
    mutationFn: () =>
      data(
        api.POST("/v1/collections", {
          body: { collection_name: `${draft.name}: knowledge`.slice(0, 255), collection_description: "" },
        }),
      ),
    onSuccess: async (collection) => {
      await queries.invalidateQueries({ queryKey: ["collections"] });
      change({ collection_ids: [...chosen, collection.collection_id] });
    },
    onError: (error) => toast.error(error.message),
  });
  if (collections.isPending) return <Loading />;
  if (collections.data === undefined) return <Failure error={collections.error} onRetry={() => collections.refetch()} />;
  return (
    <div className="grid grid-cols-1 gap-5 lg:grid-cols-[minmax(0,1fr)_24rem]">
      <div className="grid content-start gap-5">
        {mine.length === 0 && (
          <Empty
            title="This agent has nothing to look up"
            icon={<BookOpen aria-hidden />}
            action={
              <Button kind="primary" busy={create.isPending} onClick={() => create.mutate()}>
                <Plus aria-hidden />
                Make a collection
              </Button>
            }
          >
            A collection holds documents. Several agents may share one.
          </Empty>
        )}
        {mine.map((collection) => (
          <Card key={collection.collection_id} title={collection.collection_name}>
            <Documents collectionId={collection.collection_id} />
          </Card>
        ))}
      </div>
      <div className="grid content-start gap-5">
        <Card title="Collections" className="grid gap-2">
          {all.length === 0 && <p className="text-sm text-muted">There are none yet.</p>}
          {all.map(({ collection_id, collection_name, documents_count }) => (
            <label key={collection_id} className="flex items-center gap-2.5 text-sm">
              <input
                type="checkbox"
                className="size-4 accent-(--accent)"
                checked={chosen.includes(collection_id)}
                onChange={(event) =>
                  change({
                    collection_ids: event.target.checked
                      ? [...chosen, collection_id]
                      : chosen.filter((each) => each !== collection_id),
                  })
                }
              />
              <span className="min-w-0 flex-1 truncate">{collection_name}</span>
              <span className="text-muted tabular-nums">{documents_count}</span>
            </label>
          ))}
          {mine.length > 0 && (
            <div className="mt-2">
              <Button size="small" busy={create.isPending} onClick={() => create.mutate()}>
                <Plus aria-hidden />
                Another collection
              </Button>
            </div>
          )}
        </Card>
        {mine.length > 0 && (
          <Card title="Try a question">
            <SearchBox collectionIds={chosen} />
          </Card>
        )}
      </div>
    </div>
  );
}
