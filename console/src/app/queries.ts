import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "@/api/client";

/** What has been fetched, for the whole page: it lives as long as the tab. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the client did wrong will be wrong again; a server that is away may come back.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});
