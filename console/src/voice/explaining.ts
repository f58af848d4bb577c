import { ApiError, api, data } from "@/api/client";
import { capabilities, lacking, pullCommand } from "@/api/equipment";
import { readiness } from "@/api/server";

const GONE = "no such agent";

/**
 * Why a call ended that nobody wanted to end, and what to do about it. A browser tells nothing of why a socket did not
 * open (close code 1006), so the server is asked. A key that it takes no more leads to the page that asks for one.
 */
export async function explained(closed: { code: number; reason: string }, agentId: string): Promise<string> {
  if (closed.code !== 1006) return `The call ended: ${closed.reason || `code ${closed.code}`}.`;
  const state = await readiness().catch(() => null);
  if (state === null) {
    return "The call could not be opened: the server does not answer. Is it running, and is this device online?";
  }
  if (state.status === "starting") return starting(state.waiting_for);
  if (state.takes_calls === false) return "The server takes no more calls just now. Press Talk again in a moment.";
  const agent = await agentOf(agentId);
  if (agent instanceof ApiError) return `The call could not be opened: ${agent.message}`;
  if (agent === GONE) return "This agent is not there any more. Choose another one from the list of agents.";
  if (agent === "paused") return "This agent is paused and takes no calls. Set its status to active, save, and press Talk again.";
  return "The call could not be opened. Does the key have the scope realtime? Forget it in Settings to enter another one.";
}

/** What a server that is not ready waits for; where models are missing, how to get them. */
async function starting(waitingFor: string[]): Promise<string> {
  const missing = lacking(await capabilities().catch(() => undefined));
  if (missing.length > 0) {
    const names = missing.map((model) => model.name).join(", ");
    return `The server lacks ${missing.length === 1 ? "a model" : "models"} (${names}). Run "${pullCommand(missing)}" on its machine and start it again.`;
  }
  return `The server still loads its models (${waitingFor.join(", ")}). Press Talk again in a moment.`;
}

/** The agent's status, or why it is not told. */
async function agentOf(agentId: string): Promise<string | ApiError> {
  try {
    const path = { agent_id: agentId };
    return (await data(api.GET("/v1/agents/{agent_id}", { params: { path } }))).status;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404) return GONE;
    return error;
  }
}

/** Whether the server still takes the key; where it does not, the page that asks for one says why. */
export async function askWhetherKeyHolds(): Promise<void> {
  await data(api.GET("/v1/organisation")).catch(() => undefined);
}
