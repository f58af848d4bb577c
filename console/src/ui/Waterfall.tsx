import { Empty } from "@/ui/Page";

/** The stages of a turn in milliseconds from the caller's last speech; null: it did not happen. */
type Stages = Record<string, number | null>;
type TimedTurn = { stages: Stages; reason?: string; wastedTokens?: number; heardMs?: number | null; responseId: string };

const STAGES = [
  { name: "soft_end", label: "Silence noticed" },
  { name: "endpoint", label: "Turn judged over" },
  { name: "transcript", label: "Words known" },
  { name: "first_token", label: "First word written" },
  { name: "first_sentence", label: "First sentence" },
  { name: "first_speech", label: "First speech" },
  { name: "first_audio", label: "First sound sent" },
  { name: "first_played", label: "First sound played" },
] as const;

/** Where the time of each answer went: every stage from the end of the caller's speech, on one scale. */
export function Waterfalls({ turns }: { turns: TimedTurn[] }) {
  if (turns.length === 0) {
    return <Empty title="No spoken turns yet">Speak with the agent, and see here where each answer's time goes.</Empty>;
  }
  const longest = Math.max(1, ...turns.flatMap((turn) => STAGES.map(({ name }) => turn.stages[name] ?? 0)));
  return (
    <ol className="grid gap-4">
      {turns.map((turn, index) => (
        <li key={turn.responseId}>
          <Waterfall turn={turn} number={index + 1} longest={longest} />
        </li>
      ))}
    </ol>
  );
}

export function Waterfall({ turn, number, longest }: { turn: TimedTurn; number: number; longest: number }) {
  const answered = turn.stages.first_played ?? turn.stages.first_audio;
  return (
    <section aria-label={`Turn ${number}`}>
      <h3 className="flex items-baseline justify-between gap-2 text-sm font-medium">
        <span>Turn {number}</span>
        <span className="text-muted tabular-nums">
          {answered === null || answered === undefined ? "no answer heard" : `answered after ${Math.round(answered)} ms`}
        </span>
      </h3>
      <dl className="mt-1.5 grid gap-1 text-xs">
        {STAGES.map(({ name, label }) => {
          const at = turn.stages[name];
          if (at === null || at === undefined) return null;
          return (
            <div key={name} className="grid grid-cols-[8.5rem_1fr_4rem] items-center gap-2">
              <dt className="text-muted">{label}</dt>
              <dd aria-hidden className="h-2 rounded-full bg-sunken">
                <div
                  className="h-full rounded-full bg-accent"
                  style={{ width: `${Math.min(100, Math.max(0.8, (Math.max(0, at) / longest) * 100))}%` }}
                />
              </dd>
              <dd className="text-right tabular-nums">{Math.round(at)} ms</dd>
            </div>
          );
        })}
      </dl>
      <p className="mt-1 text-xs text-muted">
        {turn.reason && <>over because: {turn.reason.replaceAll("_", " ")}</>}
        {STAGES.some(({ name }) => (turn.stages[name] ?? 0) < 0) && <> · less than 0: before the caller had finished</>}
        {turn.wastedTokens ? <> · {turn.wastedTokens} tokens thrown away</> : null}
        {turn.stages.interrupted != null && <> · interrupted after {Math.round(turn.heardMs ?? 0)} ms heard</>}
      </p>
    </section>
  );
}
