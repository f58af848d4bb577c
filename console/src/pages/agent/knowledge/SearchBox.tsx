import { useMutation } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useState } from "react";
import { api, data } from "@/api/client";
import { Button } from "@/ui/Button";
import { Input } from "@/ui/Field";
import { Empty, Failure } from "@/ui/Page";

/** What the agent would find for a question: the passages, and where they stand. */
export function SearchBox({ collectionIds }: { collectionIds: string[] }) {
  const [query, setQuery] = useState("");
  const search = useMutation({
    mutationFn: () =>
      data(
        api.POST("/v1/documents/search", {
          body: { query: query.trim(), source: { collection_ids: collectionIds }, retrieval_mode: "hybrid", limit: 5 },
        }),
      ),
  });
  return (
    <div className="grid gap-3">
      <form
        className="flex gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          search.mutate();
        }}
      >
        <Input
          aria-label="Ask the documents"
          placeholder="Ask as a caller would"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
        <Button type="submit" size="icon" aria-label="Search" busy={search.isPending} disabled={!query.trim()}>
          {search.isPending ? null : <Search aria-hidden />}
        </Button>
      </form>
      {search.isError && <Failure error={search.error} onRetry={() => search.mutate()} />}
      {search.data?.matches.length === 0 && <Empty title="Nothing found">Try other words.</Empty>}
      <ol className="grid gap-3">
        {search.data?.matches.map((match) => (
          <li key={match.chunk_id} className="rounded-lg border border-line p-3 text-sm">
            <p className="text-[13px] text-muted">
              {match.name}
              {match.heading && <> · {match.heading}</>}
              {match.page != null && <> · page {match.page}</>}
            </p>
            <p className="mt-1 line-clamp-6 whitespace-pre-wrap">{match.chunk_content}</p>
          </li>
        ))}
      </ol>
    </div>
  );
}
