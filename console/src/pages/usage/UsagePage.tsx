import { useQuery } from "@tanstack/react-query";
import { BarChart3 } from "lucide-react";
import { useState } from "react";
import { api, data } from "@/api/client";
import { Days } from "@/pages/usage/Days";
import { MEASURES, type Measure, firstOf } from "@/pages/usage/days";
import { Select } from "@/ui/Choice";
import { Card, Empty, Failure, Loading, Page } from "@/ui/Page";

/** How much was talked, day by day. */
export function UsagePage() {
  const [days, setDays] = useState("30");
  const [measure, setMeasure] = useState<Measure>("sessions");
  const usage = useQuery({
    queryKey: ["usage", days],
    queryFn: () => data(api.GET("/v1/usage", { params: { query: { from: firstOf(Number(days)) } } })),
  });
  return (
    <Page title="Usage" lead="What your agents were used for. Days are those of UTC.">
      <div className="flex flex-wrap gap-2">
        <Select
          label="Days"
          className="w-44"
          value={days}
          options={["7", "30", "90"].map((each) => ({ value: each, label: `The last ${each} days` }))}
          onChange={setDays}
        />
      </div>
      {usage.isPending && <Loading rows={6} />}
      {usage.isError && <Failure error={usage.error} onRetry={() => usage.refetch()} />}
      {usage.isSuccess && (
        <>
          <div role="group" aria-label="What the bars show" className="grid grid-cols-2 gap-3 lg:grid-cols-4">
            {MEASURES.map(({ name, label, shown }) => (
              <button
                key={name}
                type="button"
                aria-pressed={measure === name}
                onClick={() => setMeasure(name)}
                className="rounded-xl border border-line bg-surface p-4 text-left hover:bg-sunken aria-pressed:border-accent aria-pressed:bg-accent-soft"
              >
                <span className="block text-sm text-muted">{label}</span>
                <span className="block text-2xl font-semibold tabular-nums">{shown(usage.data.totals[name])}</span>
              </button>
            ))}
          </div>
          {usage.data.days.every((day) => day.sessions + day.turns + day.tool_calls === 0) ? (
            <Empty title="Nothing was used in these days" icon={<BarChart3 aria-hidden />}>
              Talk with an agent, and the day gets its bar.
            </Empty>
          ) : (
            <Card>
              <Days days={usage.data.days} measure={measure} />
            </Card>
          )}
        </>
      )}
    </Page>
  );
}
