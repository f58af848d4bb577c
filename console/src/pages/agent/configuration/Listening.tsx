import { useDraft } from "@/pages/agent/draft";
import { Button } from "@/ui/Button";
import { type Option, Select, Slider } from "@/ui/Choice";
import { Field } from "@/ui/Field";
import { Card } from "@/ui/Page";

const NONE = "none";
const JUDGED = "judged";
const FIXED = "fixed";
const EAGERNESS: Option[] = [
  { value: "auto", label: "Balanced", hint: "suits most conversations" },
  { value: "low", label: "Patient", hint: "lets callers think, spell and look things up" },
  { value: "medium", label: "Measured", hint: "a little slower than balanced" },
  { value: "high", label: "Quick", hint: "for short questions and short answers" },
];
const DEFAULT_SILENCE_MS = 500;

/** When a caller has begun and has finished, and what stops the agent. */
export function Listening() {
  const { draft, change, wrong } = useDraft();
  const { voice } = draft;
  const silenceMs: number | undefined = voice.vad_silence_duration_ms;
  const fixed = silenceMs !== undefined;
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
      <Field
        label="The caller has finished"
        hint={
          fixed
            ? "Every pause of this length ends the turn, also one to think in."
            : "The agent weighs how the pause sounds and what was said: quicker, and fewer cut-offs."
        }
      >
        {(ids) => (
          <Select
            {...ids}
            value={fixed ? FIXED : JUDGED}
            options={[
              { value: JUDGED, label: "When it sounds and reads finished" },
              { value: FIXED, label: "After a fixed silence" },
            ]}
            onChange={(value) => {
              const { vad_silence_duration_ms: _, ...others } = voice;
              const silence = value === FIXED ? { vad_silence_duration_ms: DEFAULT_SILENCE_MS } : {};
              change({ voice: { ...others, ...silence } as typeof voice });
            }}
          />
        )}
      </Field>
      {fixed ? (
        <Slider
          label="Silence"
          value={silenceMs}
          minimum={Math.min(100, silenceMs)}
          maximum={Math.max(3000, silenceMs)}
          step={50}
          shown={(value) => `${value} ms`}
          onChange={(vad_silence_duration_ms) => change({ voice: { ...voice, vad_silence_duration_ms } })}
        />
      ) : (
        <>
          <Field label="Eagerness" hint="How soon it answers when a pause may be the end." error={wrong("eagerness")}>
            {(ids) => (
              <Select
                {...ids}
                value={draft.eagerness}
                options={EAGERNESS}
                onChange={(value) => change({ eagerness: value as typeof draft.eagerness })}
              />
            )}
          </Field>
          <LongestPause />
        </>
      )}
      <Field label="What stops the agent" error={wrong("interruption")}>
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

function LongestPause() {
  const { draft, change, wrong } = useDraft();
  const { endpointing } = draft;
  const longest = endpointing.longest_pause_ms;
  const choose = (longest_pause_ms: number | null) => change({ endpointing: { ...endpointing, longest_pause_ms } });
  return (
    <div className="grid gap-2">
      <Slider
        label="Longest pause"
        value={longest ?? 3000}
        minimum={Math.min(500, longest ?? 500)}
        maximum={Math.max(6000, longest ?? 6000)}
        step={100}
        shown={(value) => (longest === null ? "as the eagerness has it" : `${value} ms`)}
        onChange={choose}
        hint="However unfinished it sounds, a turn is over after this."
      />
      {longest !== null && (
        <Button size="small" className="justify-self-start" onClick={() => choose(null)}>
          Leave it to the eagerness
        </Button>
      )}
      {wrong("endpointing") && (
        <p role="alert" className="text-[13px] text-danger">
          {wrong("endpointing")}
        </p>
      )}
    </div>
  );
}
