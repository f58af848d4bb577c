import { useInfiniteQuery } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";

export type Message = components["schemas"]["TranscriptMessage"];

/** What was said in a session, a page at a time; asked for again while the call goes on. */
export function useTranscript(sessionId: string, isActive: boolean) {
  return useInfiniteQuery({
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
}
