import { useDraft } from "@/pages/agent/draft";
import { Slider, Switch } from "@/ui/Choice";
import { Field, Input } from "@/ui/Field";
import { Card } from "@/ui/Page";

/** How long a call may be, what a silent caller hears, and words for a wait. */
export function Behaviour() {
  const { draft, change, wrong } = useDraft();
  const { caller_silence: silence, fillers } = draft;
  return (
    <Card title="Behaviour" className="grid gap-5">
      <Switch
        label="Takes calls"
        hint="Off, the agent is paused: no session can be opened with it, here neither."
        checked={draft.status === "active"}
        onChange={(on) => change({ status: on ? "active" : "paused" })}
      />
      <Switch
        label="Begin answers before the turn is surely over"
        hint="They are thrown away if the caller goes on. Nobody hears them early, and tools wait."
        checked={draft.speculation}
        onChange={(speculation) => change({ speculation })}
      />
      <Switch
        label="Speak up when the caller is silent"
        checked={silence !== null}
        onChange={(on) => change({ caller_silence: on ? { after_ms: 8000, reengagements: 2, goodbye: null } : null })}
      />
      {silence && (
        <div className="grid gap-4 border-l-2 border-line pl-4 sm:grid-cols-2">
          <Slider
            label="After"
            value={silence.after_ms}
            minimum={2000}
            maximum={60_000}
            step={500}
            shown={(value) => `${(value / 1000).toFixed(1)} s`}
            onChange={(after_ms) => change({ caller_silence: { ...silence, after_ms } })}
          />
          <Slider
            label="How often, before goodbye"
            value={silence.reengagements}
            minimum={0}
            maximum={10}
            step={1}
            shown={String}
            onChange={(reengagements) => change({ caller_silence: { ...silence, reengagements } })}
          />
          <Field
            label="Goodbye"
            hint="Left empty, it finds its own words."
            error={wrong("caller_silence")}
            className="sm:col-span-2"
          >
            {(ids) => (
              <Input
                {...ids}
                value={silence.goodbye ?? ""}
                onChange={(event) => change({ caller_silence: { ...silence, goodbye: event.target.value || null } })}
              />
            )}
          </Field>
        </div>
      )}
      <Switch
        label="Say a word when an answer is late"
        hint="Such as “Hmm.” or “Let me see.”"
        checked={fillers.late_reply_ms !== null}
        onChange={(on) => change({ fillers: { ...fillers, late_reply_ms: on ? 900 : null } })}
      />
      {fillers.late_reply_ms !== null && (
        <Slider
          label="Late after"
          value={fillers.late_reply_ms}
          minimum={300}
          maximum={4000}
          step={100}
          shown={(value) => `${value} ms`}
          onChange={(late_reply_ms) => change({ fillers: { ...fillers, late_reply_ms } })}
        />
      )}
      <Field
        label="Most turns in a call"
        hint="In the last one it says goodbye. Left empty, there is no limit."
        error={wrong("max_turns")}
      >
        {(ids) => (
          <Input
            {...ids}
            type="number"
            min={1}
            max={10_000}
            className="max-w-32"
            value={draft.max_turns ?? ""}
            onChange={(event) => change({ max_turns: event.target.value === "" ? null : Number(event.target.value) })}
          />
        )}
      </Field>
    </Card>
  );
}
