import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, data } from "@/api/client";

/** The agents whose names hold these words, the newest first; the router asks for them before the page is there. */
export function agentsNamed(words: string) {
  return infiniteQueryOptions({
    queryKey: ["agents", words],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/v1/agents", {
          params: {
            query: {
              limit: 50,
              ...(words ? { search: words } : {}),
              ...(pageParam ? { pagination_token: pageParam } : {}),
            },
          },
        }),
      ),
    getNextPageParam: (page) => page.pagination_token ?? undefined,
  });
}
