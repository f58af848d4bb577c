import createClient, { type Middleware } from "openapi-fetch";
import { key } from "@/api/key";
import { reach } from "@/api/reach";
import type { paths } from "@/api/schema";

/** What the server said was wrong. `status` 0: there was no answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly param: string | undefined = undefined,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

const authorised: Middleware = {
  onRequest({ request }) {
    const known = key.get();
    if (known) request.headers.set("Authorization", `Bearer ${known}`);
    return request;
  },
  async onResponse({ response }) {
    reach.found();
    if (response.ok) return undefined;
    const problem = await problemOf(response);
    if (problem.status === 401) key.refused(problem.message);
    throw problem;
  },
  onError() {
    reach.lost();
    return new ApiError(0, "unreachable", "The server cannot be reached.");
  },
};

/** The platform's API, typed by its own document. A request that fails throws an `ApiError`. */
export const api = createClient<paths>({ baseUrl: "/" });
api.use(authorised);

/** The data of an answer; for requests whose errors have been thrown already. */
export async function data<Data>(answer: Promise<{ data?: Data }>): Promise<Data> {
  return (await answer).data as Data;
}

/** A request that the typed client cannot make: a stream up or down, an upload with its progress. */
export async function authorisedFetch(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const known = key.get();
  if (known) headers.set("Authorization", `Bearer ${known}`);
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch {
    reach.lost();
    throw new ApiError(0, "unreachable", "The server cannot be reached.");
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    if (problem.status === 401) key.refused(problem.message);
    throw problem;
  }
  return response;
}

async function problemOf(response: Response): Promise<ApiError> {
  let said: { error?: { message?: string; code?: string; param?: string } } | undefined;
  try {
    said = await response.clone().json();
  } catch {
    said = undefined;
  }
  const error = said?.error;
  const message = error?.message ?? `The server answered ${response.status}.`;
  return new ApiError(response.status, error?.code ?? "error", message, error?.param ?? undefined);
}
