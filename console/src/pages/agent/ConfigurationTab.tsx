import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, data } from "@/api/client";
import { Behaviour } from "@/pages/agent/configuration/Behaviour";
import { Instructions } from "@/pages/agent/configuration/Instructions";
import { Listening } from "@/pages/agent/configuration/Listening";
import { RecordingSwitch } from "@/pages/agent/configuration/RecordingSwitch";
import { Versions } from "@/pages/agent/configuration/Versions";
import { VoicePicker } from "@/pages/agent/configuration/VoicePicker";
import { useDraft } from "@/pages/agent/draft";
import { Select, Slider } from "@/ui/Choice";
import { Field, Input, Textarea } from "@/ui/Field";
import { Card } from "@/ui/Page";

/** What the agent is told, how it sounds, how it listens and how it behaves. */
export function ConfigurationTab() {
  const { draft, change, problem } = useDraft();
  const wrong = (param: string) =>
    problem?.param?.replace(/^agent\./, "").startsWith(param) ? problem.message : undefined;
  return (
    <div className="grid grid-cols-1 gap-5 lg:grid-cols-[minmax(0,1fr)_22rem]">
      <div className="grid content-start gap-5">
        <Card title="What it is told" className="grid gap-4">
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="Name" error={wrong("name")}>
              {(ids) => <Input {...ids} value={draft.name} onChange={(event) => change({ name: event.target.value })} />}
            </Field>
            <Field label="Description" hint="For you and your colleagues; the agent is not told." error={wrong("description")}>
              {(ids) => (
                <Input {...ids} value={draft.description} onChange={(event) => change({ description: event.target.value })} />
              )}
            </Field>
          </div>
          <Instructions error={wrong("instructions")} />
          <Field
            label="Greeting"
            hint="What it says first. Left empty, the caller speaks first."
            error={wrong("greeting")}
          >
            {(ids) => (
              <Textarea
                {...ids}
                rows={2}
                className="min-h-16"
                value={draft.greeting ?? ""}
                onChange={(event) => change({ greeting: event.target.value || null })}
              />
            )}
          </Field>
        </Card>
        <Behaviour />
        <RecordingSwitch />
      </div>
      <div className="grid content-start gap-5">
        <Card title="Voice" className="grid gap-4">
          <VoicePicker />
          <Slider
            label="Speed"
            value={draft.speed}
            minimum={0.7}
            maximum={1.5}
            step={0.05}
            shown={(value) => `${value.toFixed(2)} ×`}
            onChange={(speed) => change({ speed })}
          />
          <Field label="Language" hint="A tag such as en or pt-BR." error={wrong("language")}>
            {(ids) => <Input {...ids} value={draft.language} onChange={(event) => change({ language: event.target.value })} />}
          </Field>
        </Card>
        <Listening />
        <ModelAndPhone />
        <Versions />
      </div>
    </div>
  );
}

const SERVERS_OWN = "server";

function ModelAndPhone() {
  const { agent, draft, change } = useDraft();
  const models = useQuery({ queryKey: ["models"], queryFn: () => data(api.GET("/v1/models")) });
  const numbers = useQuery({ queryKey: ["phone-numbers"], queryFn: () => data(api.GET("/v1/phone-numbers")) });
  const named = (models.data as { data?: { id: string }[] } | undefined)?.data ?? [];
  const all = (numbers.data as { phone_numbers?: { phone_number_id: string; phone_number: string }[] } | undefined)
    ?.phone_numbers;
  const number = all?.find((each) => each.phone_number_id === agent.phone_number_id);
  return (
    <Card title="Model and telephone" className="grid gap-4">
      <Field label="Language model">
        {(ids) => (
          <Select
            {...ids}
            value={draft.model ?? SERVERS_OWN}
            options={[
              { value: SERVERS_OWN, label: "The server's own" },
              ...[...new Set([...named.map(({ id }) => id), ...(draft.model ? [draft.model] : [])])]
                .filter((id) => !id.startsWith("agent_"))
                .map((id) => ({ value: id, label: id })),
            ]}
            onChange={(value) => change({ model: value === SERVERS_OWN ? null : value })}
          />
        )}
      </Field>
      <p className="text-sm">
        <span className="font-medium">Phone number: </span>
        {number ? number.phone_number : "none"}{" "}
        <Link to="/phone-numbers" className="text-accent underline underline-offset-2">
          Manage phone numbers
        </Link>
      </p>
    </Card>
  );
}
