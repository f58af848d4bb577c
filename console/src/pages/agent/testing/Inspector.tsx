import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp, Copy, Download } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { toast } from "sonner";
import { Button } from "@/ui/Button";
import { Input } from "@/ui/Field";
import { Empty } from "@/ui/Page";
import { classes } from "@/ui/classes";
import type { Seen } from "@/voice/wire";

/** Every event of the call in both directions: filter, open, copy. */
export function Inspector({ events }: { events: Seen[] }) {
  const [wanted, setWanted] = useState("");
  const [opened, setOpened] = useState<number | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const shown = useMemo(() => {
    const words = wanted.trim().toLowerCase();
    return words ? events.filter(({ event }) => JSON.stringify(event).toLowerCase().includes(words)) : events;
  }, [events, wanted]);
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => place.current,
    estimateSize: () => 30,
    overscan: 12,
  });
  const seen = shown.find(({ number }) => number === opened);
  const copy = async (value: unknown) => {
    await navigator.clipboard.writeText(JSON.stringify(value, null, 2));
    toast.success("Copied");
  };
  return (
    <div className="grid gap-2">
      <div className="flex gap-2">
        <Input
          aria-label="Filter events"
          placeholder="Filter by type or content"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
        <Button size="icon" aria-label="Copy the events shown" disabled={shown.length === 0} onClick={() => copy(shown)}>
          <Download aria-hidden />
        </Button>
      </div>
      {shown.length === 0 ? (
        <Empty title={events.length ? "No event matches" : "No events yet"}>
          {events.length ? "Try another word." : "They appear as soon as a call is open."}
        </Empty>
      ) : (
        <div
          ref={place}
          role="region"
          tabIndex={0}
          aria-label="Events"
          className="h-[44dvh] overflow-auto rounded-lg border border-line bg-sunken font-mono text-xs"
        >
          <div style={{ height: rows.getTotalSize(), position: "relative" }}>
            {rows.getVirtualItems().map((row) => {
              const each = shown[row.index];
              if (!each) return null;
              const sent = each.direction === "sent";
              return (
                <button
                  key={each.number}
                  type="button"
                  onClick={() => setOpened(each.number === opened ? null : each.number)}
                  aria-expanded={each.number === opened}
                  style={{ position: "absolute", top: row.start, height: row.size }}
                  className={classes(
                    "flex w-full items-center gap-2 px-2 text-left hover:bg-surface",
                    each.number === opened && "bg-accent-soft",
                  )}
                >
                  {sent ? (
                    <ArrowUp className="size-3.5 shrink-0 text-caller" aria-label="sent" />
                  ) : (
                    <ArrowDown className="size-3.5 shrink-0 text-agent" aria-label="received" />
                  )}
                  <span className="w-14 shrink-0 text-right text-muted tabular-nums">{(each.at / 1000).toFixed(2)} s</span>
                  <span className="truncate">{each.event.type}</span>
                </button>
              );
            })}
          </div>
        </div>
      )}
      {seen && (
        <div className="relative">
          <Button
            size="icon"
            kind="quiet"
            className="absolute top-1 right-1"
            aria-label="Copy this event"
            onClick={() => copy(seen.event)}
          >
            <Copy aria-hidden />
          </Button>
          <pre tabIndex={0} className="max-h-72 overflow-auto rounded-lg border border-line bg-sunken p-3 font-mono text-xs">
            {JSON.stringify(seen.event, null, 2)}
          </pre>
        </div>
      )}
    </div>
  );
}
