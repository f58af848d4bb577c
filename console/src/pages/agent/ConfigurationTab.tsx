import { Behaviour } from "@/pages/agent/configuration/Behaviour";
import { Instructions } from "@/pages/agent/configuration/Instructions";
import { Listening } from "@/pages/agent/configuration/Listening";
import { ModelAndPhone } from "@/pages/agent/configuration/ModelAndPhone";
import { RecordingSwitch } from "@/pages/agent/configuration/RecordingSwitch";
import { Versions } from "@/pages/agent/configuration/Versions";
import { VoicePicker } from "@/pages/agent/configuration/VoicePicker";
import { useDraft } from "@/pages/agent/draft";
import { Slider } from "@/ui/Choice";
import { Field, Input, Textarea } from "@/ui/Field";
import { Card } from "@/ui/Page";

/** What the agent is told, how it sounds, how it listens and how it behaves. */
export function ConfigurationTab() {
  const { draft, change, wrong } = useDraft();
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
