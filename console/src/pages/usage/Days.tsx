import { type Day, MEASURES, type Measure } from "@/pages/usage/days";

const DATE = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });

/** A table whose rows are bars: readable by eye and by screen reader alike. */
export function Days({ days, measure }: { days: Day[]; measure: Measure }) {
  const chosen = MEASURES.find(({ name }) => name === measure);
  const largest = Math.max(...days.map((day) => day[measure]), 1e-9);
  return (
    <table className="w-full text-sm tabular-nums">
      <caption className="sr-only">{chosen?.label} a day, the newest first</caption>
      <thead className="sr-only">
        <tr>
          <th scope="col">Day</th>
          <th scope="col">{chosen?.label}</th>
        </tr>
      </thead>
      <tbody>
        {days.toReversed().map((day) => (
          <tr key={day.day}>
            <th scope="row" className="w-28 py-1 pr-3 text-left font-normal whitespace-nowrap text-muted">
              {DATE.format(new Date(`${day.day}T00:00:00Z`))}
            </th>
            <td className="py-1">
              <span className="flex items-center gap-3">
                <span className="h-3.5 flex-1" aria-hidden>
                  <span
                    className="block h-full rounded-sm bg-accent"
                    style={{ width: `${(day[measure] / largest) * 100}%`, minWidth: day[measure] > 0 ? 3 : 0 }}
                  />
                </span>
                <span className="w-16 text-right">{chosen?.shown(day[measure])}</span>
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
