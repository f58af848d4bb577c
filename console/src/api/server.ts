import { ApiError } from "@/api/client";
import { reach } from "@/api/reach";

/** What `GET /readyz` tells: see docs/reference/http.md. It needs no key. */
export type Readiness =
  | { status: "starting"; waiting_for: string[] }
  | {
      status: "ready";
      takes_calls?: boolean;
      calls?: { live: number; maximum: number };
      overload?: string | null;
      loop_lag_ms?: { p50: number; p95: number; p99: number } | null;
      engines?: Record<string, { jobs: number; wait_mean_ms: number; wait_p95_ms: number; late_percent: number }>;
      refused?: number;
    };

/** Raises `ApiError` where the server does not answer. */
export async function readiness(): Promise<Readiness> {
  let answer: Response;
  try {
    answer = await fetch("/readyz");
  } catch {
    reach.lost();
    throw new ApiError(0, "unreachable", "The server cannot be reached.");
  }
  reach.found();
  // Not ready is an answer too.
  if (answer.ok || answer.status === 503) return (await answer.json()) as Readiness;
  throw new ApiError(answer.status, "error", `The server answered ${answer.status}.`);
}
