import { useEffect, useMemo, useSyncExternalStore } from "react";
import { type CallView, RealtimeCall } from "@/voice/RealtimeCall";

/** A call that lives as long as the component, and what is to be shown of it. */
export function useCall(): [RealtimeCall, CallView] {
  const call = useMemo(() => new RealtimeCall(), []);
  const view = useSyncExternalStore(call.subscribe, () => call.view);
  useEffect(() => () => void call.close(), [call]);
  return [call, view];
}
