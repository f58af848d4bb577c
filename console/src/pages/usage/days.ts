/** One day of `GET /v1/usage`. */
export type Day = { date: string; sessions: number; minutes: number; turns: number; tool_calls: number };
export type Usage = { data: Day[] };
export type Measure = Exclude<keyof Day, "date">;

const WHOLE = new Intl.NumberFormat();
const TENTHS = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

export const MEASURES: { name: Measure; label: string; shown: (value: number) => string }[] = [
  { name: "sessions", label: "Sessions", shown: (value) => WHOLE.format(value) },
  { name: "minutes", label: "Minutes", shown: (value) => TENTHS.format(value) },
  { name: "turns", label: "Turns", shown: (value) => WHOLE.format(value) },
  { name: "tool_calls", label: "Tool calls", shown: (value) => WHOLE.format(value) },
];

const DAY_MS = 86_400_000;

/** Every day up to today, the newest first: those on which nothing happened too. */
export function allDays(usage: Usage, count: number, now = Date.now()): Day[] {
  const known = new Map(usage.data.map((day) => [day.date, day]));
  return Array.from({ length: count }, (_, back) => {
    const date = new Date(now - back * DAY_MS).toISOString().slice(0, 10);
    return known.get(date) ?? { date, sessions: 0, minutes: 0, turns: 0, tool_calls: 0 };
  });
}

export function totalOf(days: Day[], measure: Measure): number {
  return days.reduce((sum, day) => sum + day[measure], 0);
}
