import type { components } from "@/api/schema";

export type Usage = components["schemas"]["UsageObject"];
/** `days`: each of them, the oldest first. */
export type Day = Usage["days"][number];
export type Measure = keyof Usage["totals"];

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
