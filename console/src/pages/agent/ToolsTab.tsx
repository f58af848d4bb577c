import { useQuery } from "@tanstack/react-query";
import { Braces, Globe, Network, Pencil, Plus, Trash2, Webhook } from "lucide-react";
import { useState } from "react";
import { api, data } from "@/api/client";
import { useDraft } from "@/pages/agent/draft";
import { ToolDialog } from "@/pages/agent/tools/ToolDialog";
import { BUILT_IN, type Declaration, NEW, SYSTEM, describe, kindOf, nameOf } from "@/pages/agent/tools/declarations";
import { Button } from "@/ui/Button";
import { Switch } from "@/ui/Choice";
import { Badge, Card, Empty } from "@/ui/Page";

const ICONS: Record<string, typeof Braces> = { function: Braces, webhook: Webhook, mcp: Network };

/** What the agent may call. Nothing holds before it is saved. */
export function ToolsTab() {
  const { draft, change, problem } = useDraft();
  const [edited, setEdited] = useState<{ tool: Declaration; at: number | null } | null>(null);
  const tools = draft.tools as Declaration[];
  const put = (next: Declaration[]) => change({ tools: next as typeof draft.tools });
  const own = tools.map((tool, at) => ({ tool, at })).filter(({ tool }) => kindOf(tool) in NEW);
  return (
    <div className="grid grid-cols-1 gap-5 lg:grid-cols-[minmax(0,1fr)_22rem]">
      <Card>
        <div className="mb-3 flex flex-wrap items-center justify-between gap-2">
          <h2 className="text-base font-semibold">Tools of your own</h2>
          <div className="flex flex-wrap gap-2">
            {(["function", "webhook", "mcp"] as const).map((kind) => (
              <Button key={kind} size="small" onClick={() => setEdited({ tool: NEW[kind], at: null })}>
                <Plus aria-hidden />
                {kind === "mcp" ? "MCP server" : kind === "webhook" ? "Webhook" : "Function"}
              </Button>
            ))}
          </div>
        </div>
        {problem?.param?.includes("tools") && (
          <p role="alert" className="mb-3 text-sm text-danger">
            {problem.param}: {problem.message}
          </p>
        )}
        {own.length === 0 ? (
          <Empty title="No tools yet" icon={<Globe aria-hidden />}>
            A function runs in your client, a webhook on your server, an MCP server brings many at once.
          </Empty>
        ) : (
          <ul className="divide-y divide-line">
            {own.map(({ tool, at }) => {
              const Icon = ICONS[kindOf(tool)] ?? Braces;
              return (
                <li key={at} className="flex items-center gap-3 py-2.5">
                  <Icon className="size-4.5 shrink-0 text-tool" aria-hidden />
                  <span className="min-w-0 flex-1">
                    <code className="font-mono text-sm">{nameOf(tool) || "no name yet"}</code>
                    <span className="block truncate text-sm text-muted">{describe(tool)}</span>
                  </span>
                  <Badge>{kindOf(tool)}</Badge>
                  <Button
                    kind="quiet"
                    size="icon"
                    aria-label={`Edit ${nameOf(tool)}`}
                    onClick={() => setEdited({ tool, at })}
                  >
                    <Pencil aria-hidden />
                  </Button>
                  <Button
                    kind="quiet"
                    size="icon"
                    aria-label={`Remove ${nameOf(tool)}`}
                    onClick={() => put(tools.toSpliced(at, 1))}
                  >
                    <Trash2 aria-hidden />
                  </Button>
                </li>
              );
            })}
          </ul>
        )}
      </Card>
      <BuiltIn tools={tools} put={put} />
      {edited && (
        <ToolDialog
          tool={edited.tool}
          onClose={() => setEdited(null)}
          onSave={(tool) => {
            put(edited.at === null ? [...tools, tool] : tools.with(edited.at, tool));
            setEdited(null);
          }}
        />
      )}
    </div>
  );
}

function BuiltIn({ tools, put }: { tools: Declaration[]; put: (tools: Declaration[]) => void }) {
  const capabilities = useQuery({ queryKey: ["capabilities"], queryFn: () => data(api.GET("/v1/capabilities")) });
  const toggle = (is: (tool: Declaration) => boolean, declaration: Declaration) => (on: boolean) =>
    put(on ? [...tools, declaration] : tools.filter((tool) => !is(tool)));
  const missing = (name: string) =>
    capabilities.data?.data.find((each) => each.name === name && !each.configured);
  return (
    <Card title="Built in" className="grid content-start gap-4">
      {BUILT_IN.map(({ type, label, hint }) => {
        const is = (tool: Declaration) => kindOf(tool) === type;
        const remedy = missing(type)?.remedy;
        return (
          <Switch
            key={type}
            label={label}
            hint={remedy ? `Not set up on this server. ${remedy}` : hint}
            checked={tools.some(is)}
            onChange={toggle(is, { type })}
          />
        );
      })}
      {SYSTEM.map(({ name, label, hint }) => {
        const is = (tool: Declaration) => kindOf(tool) === "system" && tool.name === name;
        return (
          <Switch
            key={name}
            label={label}
            hint={hint}
            checked={tools.some(is)}
            onChange={toggle(is, { type: "system", name })}
          />
        );
      })}
      <p className="text-[13px] text-muted">Searching documents is switched on under Knowledge base.</p>
    </Card>
  );
}
