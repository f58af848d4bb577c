/** A tool as the agent keeps it, whichever kind it is. */
export type Declaration = Record<string, unknown>;

export const BUILT_IN = [
  { type: "web_search", label: "Web search", hint: "Looks things up on the web, through the provider that the server is set up with." },
  { type: "x_search", label: "X search", hint: "Searches posts on X, through xAI's API and the operator's key." },
] as const;

export const SYSTEM = [
  { name: "end_call", label: "End the call", hint: "Says goodbye and hangs up when the caller is done." },
  { name: "skip_turn", label: "Stay silent", hint: "Says nothing when it is not spoken to." },
] as const;

export function kindOf(tool: Declaration): string {
  return String(tool.type ?? "function");
}

/** The function inside, flat or nested as xAI's API has it. */
export function functionOf(tool: Declaration): Declaration {
  return (tool.function as Declaration | undefined) ?? tool;
}

export function nameOf(tool: Declaration): string {
  switch (kindOf(tool)) {
    case "function":
      return String(functionOf(tool).name ?? "");
    case "mcp":
      return String(tool.server_label ?? "");
    case "webhook":
    case "system":
      return String(tool.name ?? "");
    default:
      return kindOf(tool).replaceAll("_", " ");
  }
}

export function describe(tool: Declaration): string {
  switch (kindOf(tool)) {
    case "function":
      return String(functionOf(tool).description ?? "");
    case "mcp":
      return String(tool.server_url ?? "");
    case "webhook":
      return String(tool.description ?? "");
    default:
      return "";
  }
}

const PARAMETERS = { type: "object", properties: {}, required: [] };

export const NEW: Record<"function" | "webhook" | "mcp", Declaration> = {
  function: { type: "function", name: "", description: "", parameters: PARAMETERS },
  webhook: {
    type: "webhook",
    name: "",
    description: "",
    parameters: PARAMETERS,
    request: { method: "POST", url: "" },
    policy: { timeout_ms: 10_000 },
  },
  mcp: { type: "mcp", server_label: "", server_url: "" },
};
