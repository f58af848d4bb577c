import { useDraft } from "@/pages/agent/draft";
import { Select, Slider, Switch } from "@/ui/Choice";
import { Field } from "@/ui/Field";
import { Card } from "@/ui/Page";

const NONE = "none";
const DEFAULT_SILENCE_MS = 500;

/** When a caller has begun and has finished, and what stops the agent. */
export function Listening() {
  const { draft, change } = useDraft();
  const { voice, endpointing } = draft;
  const fixed = voice.vad_silence_duration_ms !== undefined;
  return (
    <Card title="Listening" className="grid gap-4">
      <Slider
        label="Speech threshold"
        value={voice.vad_threshold}
        minimum={0}
        maximum={1}
        step={0.05}
        shown={(value) => value.toFixed(2)}
        onChange={(vad_threshold) => change({ voice: { ...voice, vad_threshold } })}
        hint="Lower hears quieter speech, higher ignores more noise."
      />
      <Switch
        label="End turns after a fixed silence"
        hint="Off, the agent judges by sound and words whether a pause is the end: quicker, and fewer cut-offs."
        checked={fixed}
        onChange={(on) => {
          const { vad_silence_duration_ms: _, ...others } = voice;
          change({ voice: (on ? { ...others, vad_silence_duration_ms: DEFAULT_SILENCE_MS } : others) as typeof voice });
        }}
      />
      {fixed ? (
        <Slider
          label="Silence"
          value={voice.vad_silence_duration_ms ?? DEFAULT_SILENCE_MS}
          minimum={100}
          maximum={3000}
          step={50}
          shown={(value) => `${value} ms`}
          onChange={(vad_silence_duration_ms) => change({ voice: { ...voice, vad_silence_duration_ms } })}
        />
      ) : (
        <Slider
          label="Longest pause"
          value={endpointing.longest_pause_ms ?? 3000}
          minimum={500}
          maximum={6000}
          step={100}
          shown={(value) => (endpointing.longest_pause_ms === null ? "as the server has it" : `${value} ms`)}
          onChange={(longest_pause_ms) => change({ endpointing: { ...endpointing, longest_pause_ms } })}
          hint="However unfinished it sounds, a turn is over after this."
        />
      )}
      <Field label="What stops the agent">
        {(ids) => (
          <Select
            {...ids}
            value={draft.interruption}
            options={[
              { value: "confirmed", label: "Words that mean to", hint: "“uh-huh”, coughs and doors do not" },
              { value: "at_once", label: "Any speech", hint: "the plain protocol" },
            ]}
            onChange={(value) => change({ interruption: value as typeof draft.interruption })}
          />
        )}
      </Field>
      <Field label="Noise taken out">
        {(ids) => (
          <Select
            {...ids}
            value={draft.noise_reduction ?? NONE}
            options={[
              { value: NONE, label: "None" },
              { value: "near_field", label: "A headset's or handset's" },
              { value: "far_field", label: "A room's" },
            ]}
            onChange={(value) =>
              change({ noise_reduction: value === NONE ? null : (value as NonNullable<typeof draft.noise_reduction>) })
            }
          />
        )}
      </Field>
    </Card>
  );
}
