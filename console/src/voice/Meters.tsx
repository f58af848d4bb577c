import { useEffect, useRef } from "react";
import type { RealtimeCall } from "@/voice/RealtimeCall";

/** How loud both sides are, drawn outside React: sixty times a second is no business of a component tree. */
export function Meters({ call, live }: { call: RealtimeCall; live: boolean }) {
  const caller = useRef<HTMLDivElement>(null);
  const agent = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!live) return;
    let frame = 0;
    const draw = () => {
      const levels = call.levels();
      for (const [bar, level] of [
        [caller.current, levels.caller],
        [agent.current, levels.agent],
      ] as const) {
        // A logarithmic scale from -54 dB, as ears have it.
        if (bar) bar.style.transform = `scaleX(${Math.max(0, 1 + Math.log10(Math.max(level, 0.002)) / 2.7)})`;
      }
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => cancelAnimationFrame(frame);
  }, [call, live]);
  if (!live) return null;
  return (
    <div className="grid grid-cols-2 gap-3 text-xs text-muted" aria-hidden>
      {(["You", "Agent"] as const).map((who) => (
        <div key={who} className="flex items-center gap-2">
          <span className="w-10">{who}</span>
          <div className="h-1.5 flex-1 overflow-hidden rounded-full bg-sunken">
            <div
              ref={who === "You" ? caller : agent}
              data-meter={who === "You" ? "caller" : "agent"}
              className={`h-full origin-left rounded-full ${who === "You" ? "bg-caller" : "bg-agent"}`}
              style={{ transform: "scaleX(0)" }}
            />
          </div>
        </div>
      ))}
    </div>
  );
}
