type Use = { sessions: number; minutes: number; turns: number; tool_calls: number };
export type Measure = keyof Use;
/** One day of `GET /v1/usage`. */
export type Day = Use & { day: string };
/** `days`: each of them, the oldest first. */
export type Usage = { days: Day[]; totals: Use };

const WHOLE = new Intl.NumberFormat();
const TENTHS = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

export const MEASURES: { name: Measure; label: string; shown: (value: number) => string }[] = [
  { name: "sessions", label: "Sessions", shown: (value) => WHOLE.format(value) },
  { name: "minutes", label: "Minutes", shown: (value) => TENTHS.format(value) },
  { name: "turns", label: "Turns", shown: (value) => WHOLE.format(value) },
  { name: "tool_calls", label: "Tool calls", shown: (value) => WHOLE.format(value) },
];

const DAY_MS = 86_400_000;

/** The first of so many days up to today, as the API writes days: those of UTC. */
export function firstOf(count: number, now = Date.now()): string {
  return new Date(now - (count - 1) * DAY_MS).toISOString().slice(0, 10);
}
