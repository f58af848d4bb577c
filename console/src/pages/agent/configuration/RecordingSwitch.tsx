import { useDraft } from "@/pages/agent/draft";
import { Select, Switch } from "@/ui/Choice";
import { Field, Input } from "@/ui/Field";
import { Card } from "@/ui/Page";

const SERVERS_OWN = "server";
const CONSENT = "This call is recorded.";

/** Whether this agent's calls are recorded, as what, and what callers are told before. The server must allow it too. */
export function RecordingSwitch() {
  const { draft, change, wrong } = useDraft();
  const recording = draft.recording;
  return (
    <Card title="Recording" className="grid gap-4">
      <Switch
        label="Record calls"
        hint="In stereo, the caller left and the agent right. Nothing is recorded unless the server is set up for it."
        checked={recording?.enabled ?? false}
        onChange={(enabled) =>
          change({ recording: enabled ? { enabled, format: null, consent: recording?.consent ?? CONSENT } : null })
        }
      />
      {recording?.enabled && (
        <div className="grid gap-4 border-l-2 border-line pl-4 sm:grid-cols-[10rem_1fr]">
          <Field label="Format">
            {(ids) => (
              <Select
                {...ids}
                value={recording.format ?? SERVERS_OWN}
                options={[
                  { value: SERVERS_OWN, label: "The server's own" },
                  { value: "opus", label: "Opus", hint: "about 30 MB an hour" },
                  { value: "wav", label: "WAV", hint: "about 350 MB an hour" },
                ]}
                onChange={(value) =>
                  change({ recording: { ...recording, format: value === SERVERS_OWN ? null : (value as "opus" | "wav") } })
                }
              />
            )}
          </Field>
          <Field
            label="What callers are told"
            hint="Said before the greeting; nothing interrupts it. Many countries ask for it. Left empty, nothing is said."
            error={wrong("recording")}
          >
            {(ids) => (
              <Input
                {...ids}
                value={recording.consent ?? ""}
                onChange={(event) => change({ recording: { ...recording, consent: event.target.value || null } })}
              />
            )}
          </Field>
        </div>
      )}
    </Card>
  );
}
