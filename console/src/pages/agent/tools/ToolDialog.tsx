import { Suspense, lazy, useState } from "react";
import { type Schema, Parameters } from "@/pages/agent/tools/Parameters";
import { TryIt } from "@/pages/agent/tools/TryIt";
import { type Declaration, functionOf, kindOf } from "@/pages/agent/tools/declarations";
import { Button } from "@/ui/Button";
import { Select, Slider, Switch } from "@/ui/Choice";
import { Dialog } from "@/ui/Dialog";
import { Field, Input, Textarea } from "@/ui/Field";
import { Loading } from "@/ui/Page";

const JsonEditor = lazy(() => import("@/ui/JsonEditor"));
const TITLES: Record<string, string> = { function: "Function", webhook: "Webhook", mcp: "MCP server" };

/** One tool: by a form, or as the JSON that both views edit. */
export function ToolDialog(props: { tool: Declaration; onSave: (tool: Declaration) => void; onClose: () => void }) {
  const [tool, setTool] = useState(props.tool);
  const [text, setText] = useState<string | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const kind = kindOf(tool);
  const toggle = () => {
    if (text === null) {
      setText(JSON.stringify(tool, null, 2));
      return;
    }
    const read = parsed(text);
    if (read === null) setWrong("This is no JSON object: check commas, quotes and brackets.");
    else {
      setTool(read);
      setText(null);
      setWrong(null);
    }
  };
  const save = () => {
    const whole = text === null ? tool : parsed(text);
    if (whole === null) setWrong("This is no JSON object: check commas, quotes and brackets.");
    else props.onSave(whole);
  };
  return (
    <Dialog open onClose={props.onClose} wide title={TITLES[kind] ?? kind} description={EXPLAINED[kind] ?? ""}>
      <div className="grid gap-4">
        {text !== null ? (
          <Suspense fallback={<Loading rows={3} />}>
            <JsonEditor label="The tool as JSON" value={text} onChange={setText} height="24rem" />
          </Suspense>
        ) : kind === "mcp" ? (
          <McpForm tool={tool} onChange={setTool} />
        ) : (
          <CallableForm tool={tool} onChange={setTool} />
        )}
        {wrong && (
          <p role="alert" className="text-sm text-danger">
            {wrong}
          </p>
        )}
        {kind !== "function" && text === null && <TryIt tool={tool} />}
        <div className="flex flex-wrap justify-between gap-2">
          <Button onClick={toggle}>{text === null ? "Edit as JSON" : "Edit by form"}</Button>
          <div className="flex gap-2">
            <Button onClick={props.onClose}>Cancel</Button>
            <Button kind="primary" onClick={save}>
              Keep
            </Button>
          </div>
        </div>
      </div>
    </Dialog>
  );
}

const EXPLAINED: Record<string, string> = {
  function: "Your client runs it: the call goes out over the realtime socket, and the client sends the result back.",
  webhook: "The server sends a request when the agent calls it. Secrets are named as {{secret.NAME}}, never written out.",
  mcp: "The server connects to it and offers its tools to the agent.",
};

type FormProps = { tool: Declaration; onChange: (tool: Declaration) => void };

function CallableForm({ tool, onChange }: FormProps) {
  const inner = functionOf(tool);
  const change = (parts: Declaration) =>
    onChange("function" in tool && tool.function ? { ...tool, function: { ...inner, ...parts } } : { ...tool, ...parts });
  const request = (tool.request ?? {}) as { method?: string; url?: string; headers?: Record<string, string> };
  return (
    <>
      <Field label="Name" hint="Letters, digits, _ and -. The model calls it by this.">
        {(ids) => (
          <Input {...ids} value={String(inner.name ?? "")} onChange={(event) => change({ name: event.target.value })} />
        )}
      </Field>
      <Field label="Description" hint="What it does and when to use it: the model goes by this.">
        {(ids) => (
          <Textarea
            {...ids}
            rows={2}
            className="min-h-16"
            value={String(inner.description ?? "")}
            onChange={(event) => change({ description: event.target.value })}
          />
        )}
      </Field>
      <div className="grid gap-1.5">
        <span className="text-sm font-medium">Arguments</span>
        <Parameters schema={(inner.parameters ?? {}) as Schema} onChange={(parameters) => change({ parameters })} />
      </div>
      {kindOf(tool) === "webhook" && (
        <div className="grid gap-3 sm:grid-cols-[8rem_1fr]">
          <Field label="Method">
            {(ids) => (
              <Select
                {...ids}
                value={request.method ?? "POST"}
                options={["GET", "POST", "PUT", "PATCH", "DELETE"].map((value) => ({ value, label: value }))}
                onChange={(method) => onChange({ ...tool, request: { ...request, method } })}
              />
            )}
          </Field>
          <Field label="Address" hint="https://shop.example.com/orders/{{order_id}}">
            {(ids) => (
              <Input
                {...ids}
                type="url"
                value={request.url ?? ""}
                onChange={(event) => onChange({ ...tool, request: { ...request, url: event.target.value } })}
              />
            )}
          </Field>
          <Field label="Authorization header" hint="Such as Bearer {{secret.SHOP_KEY}}" className="sm:col-span-2">
            {(ids) => (
              <Input
                {...ids}
                value={request.headers?.Authorization ?? ""}
                onChange={(event) => {
                  const { Authorization: _, ...others } = request.headers ?? {};
                  const headers = event.target.value ? { ...others, Authorization: event.target.value } : others;
                  onChange({ ...tool, request: { ...request, headers } });
                }}
              />
            )}
          </Field>
        </div>
      )}
      <Policy tool={tool} onChange={onChange} />
    </>
  );
}

function Policy({ tool, onChange }: FormProps) {
  const policy = (tool.policy ?? {}) as Record<string, unknown>;
  const change = (parts: Record<string, unknown>) => onChange({ ...tool, policy: { ...policy, ...parts } });
  return (
    <details className="rounded-lg border border-line p-3">
      <summary className="text-sm font-medium">How it is called</summary>
      <div className="mt-3 grid gap-4">
        <Slider
          label="Give up after"
          value={Number(policy.timeout_ms ?? 10_000)}
          minimum={1000}
          maximum={60_000}
          step={1000}
          shown={(value) => `${value / 1000} s`}
          onChange={(timeout_ms) => change({ timeout_ms })}
        />
        <Field label="When the caller speaks meanwhile">
          {(ids) => (
            <Select
              {...ids}
              value={String(policy.on_interruption ?? "finish")}
              options={[
                { value: "finish", label: "Let it finish", hint: "its result comes with the next answer" },
                { value: "cancel", label: "Cancel it" },
                { value: "background", label: "Run it in the background", hint: "the talk goes on at once" },
              ]}
              onChange={(on_interruption) => change({ on_interruption })}
            />
          )}
        </Field>
        <Switch
          label="Ask the caller before it runs"
          hint="For what cannot be taken back: bookings, orders, cancellations."
          checked={policy.confirm === true}
          onChange={(confirm) => change({ confirm })}
        />
        <Field label="Said at once while it runs" hint="Left empty, a word is said only if it takes long.">
          {(ids) => (
            <Input
              {...ids}
              value={String(policy.filler ?? "")}
              onChange={(event) => {
                const { filler: _, ...others } = policy;
                onChange({ ...tool, policy: event.target.value ? { ...others, filler: event.target.value } : others });
              }}
            />
          )}
        </Field>
      </div>
    </details>
  );
}

function McpForm({ tool, onChange }: FormProps) {
  const text = (name: string, label: string, hint: string) => (
    <Field label={label} hint={hint}>
      {(ids) => (
        <Input
          {...ids}
          value={String(tool[name] ?? "")}
          onChange={(event) => {
            const { [name]: _, ...others } = tool;
            onChange(event.target.value ? { ...others, [name]: event.target.value } : { ...others, type: "mcp" });
          }}
        />
      )}
    </Field>
  );
  return (
    <>
      {text("server_label", "Label", "A short name: letters, digits, _ and -.")}
      {text("server_url", "Address", "Streamable HTTP or SSE, such as https://mcp.example.com/mcp")}
      {text("authorization", "Authorization", "Such as {{secret.SHOP_KEY}}: a secret of this organisation.")}
      <Field label="Allowed tools" hint="Names, with commas between them. Left empty, all of them.">
        {(ids) => (
          <Input
            {...ids}
            value={Array.isArray(tool.allowed_tools) ? tool.allowed_tools.join(", ") : ""}
            onChange={(event) => {
              const { allowed_tools: _, ...others } = tool;
              const names = event.target.value.split(",").map((each) => each.trim()).filter(Boolean);
              onChange(names.length ? { ...others, allowed_tools: names } : others);
            }}
          />
        )}
      </Field>
      <Field label="Approval">
        {(ids) => (
          <Select
            {...ids}
            value={typeof tool.require_approval === "string" ? tool.require_approval : "never"}
            options={[
              { value: "never", label: "None" },
              { value: "caller", label: "The caller's yes" },
              { value: "always", label: "The client's" },
            ]}
            onChange={(require_approval) => onChange({ ...tool, require_approval })}
          />
        )}
      </Field>
    </>
  );
}

function parsed(text: string): Declaration | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Declaration) : null;
  } catch {
    return null;
  }
}
