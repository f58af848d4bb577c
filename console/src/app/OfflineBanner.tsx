import { useQueryClient } from "@tanstack/react-query";
import { CloudOff } from "lucide-react";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { reach } from "@/api/reach";
import { Button } from "@/ui/Button";

/** Says that the server cannot be reached, over the page and without moving it; what failed is fetched again after. */
export function OfflineBanner() {
  const queries = useQueryClient();
  const lost = useSyncExternalStore(reach.subscribe, reach.isLost);
  const wasLost = useRef(false);
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    if (wasLost.current && !lost) void queries.invalidateQueries();
    wasLost.current = lost;
  }, [lost, queries]);
  return (
    <div role="status" className="pointer-events-none fixed inset-x-3 bottom-3 z-30 flex justify-center">
      {lost && (
        <div className="pointer-events-auto flex flex-wrap items-center gap-3 rounded-xl border border-warning/50 bg-warning-soft px-4 py-2.5 text-sm text-warning shadow-lg">
          <CloudOff className="size-4.5 shrink-0" aria-hidden />
          <span>
            {navigator.onLine
              ? "The server does not answer. Is it running? What you see may be old."
              : "This device is offline. What you see may be old."}
          </span>
          <Button
            size="small"
            busy={asking}
            onClick={async () => {
              setAsking(true);
              await reach.ask();
              setAsking(false);
            }}
          >
            Try now
          </Button>
        </div>
      )}
    </div>
  );
}
