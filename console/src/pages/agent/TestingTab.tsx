import { Mic, MicOff, PhoneOff, Send, Trash2 } from "lucide-react";
import { type FormEvent, useEffect, useMemo, useRef, useState } from "react";
import { sessionOf, useDraft, variablesOf } from "@/pages/agent/draft";
import { Answering } from "@/pages/agent/testing/Answering";
import { DevicePicker, useDevices } from "@/pages/agent/testing/DevicePicker";
import { Inspector } from "@/pages/agent/testing/Inspector";
import { Variables } from "@/pages/agent/testing/Variables";
import { Lines } from "@/voice/Lines";
import { Meters } from "@/voice/Meters";
import { Button } from "@/ui/Button";
import { Input } from "@/ui/Field";
import { Badge, Card, Empty } from "@/ui/Page";
import { Waterfalls } from "@/ui/Waterfall";
import { unanswered } from "@/voice/conversation";
import { useCall } from "@/voice/useCall";

/** Talk with the agent as it stands on this page, saved or not, and see what happens underneath. */
export function TestingTab() {
  const { agent, draft, changed } = useDraft();
  const [call, view] = useCall();
  const [devices, setDevices] = useDevices();
  const [text, setText] = useState("");
  const [values, setValues] = useState<Record<string, string>>({});
  const { instructions, greeting } = draft;
  const variables = useMemo(() => variablesOf({ instructions, greeting }), [instructions, greeting]);
  const [underneath, setUnderneath] = useState<"turns" | "events">("turns");
  const live = view.state === "live" || view.state === "reconnecting" || view.state === "connecting";

  // What was typed for a call that never opened is given back, unless something else was typed meanwhile.
  const waiting = useRef<string | null>(null);
  useEffect(() => {
    const words = waiting.current;
    if (view.state === "live") waiting.current = null;
    if (view.state !== "ended" || words === null) return;
    waiting.current = null;
    setText((now) => now || words);
  }, [view.state]);

  const open = (withMicrophone: boolean) =>
    call.open({ agentId: agent.agent_id, session: sessionOf(agent, draft, changed, values), devices, withMicrophone });
  const say = async (event: FormEvent) => {
    event.preventDefault();
    const words = text.trim();
    if (!words) return;
    setText("");
    if (!live) await open(false);
    waiting.current = words;
    call.say(words);
  };

  return (
    <div className="grid grid-cols-1 gap-4 lg:grid-cols-[minmax(0,1fr)_minmax(0,26rem)]">
      <Card className="grid min-h-[60dvh] grid-rows-[auto_1fr_auto] gap-4">
        <div className="flex flex-wrap items-center gap-2">
          {live ? (
            <>
              <Button kind="danger" size="large" onClick={() => call.close()}>
                <PhoneOff aria-hidden />
                Hang up
              </Button>
              {view.hasMicrophone && (
                <Button size="large" aria-pressed={view.muted} onClick={() => call.mute(!view.muted)}>
                  {view.muted ? <MicOff aria-hidden /> : <Mic aria-hidden />}
                  {view.muted ? "Unmute" : "Mute"}
                </Button>
              )}
            </>
          ) : (
            <Button kind="primary" size="large" onClick={() => open(true)}>
              <Mic aria-hidden />
              Talk
            </Button>
          )}
          <Badge tone={view.state === "live" ? "success" : view.state === "reconnecting" ? "warning" : "neutral"}>
            {STATES[view.state]}
          </Badge>
          {changed.length > 0 && <Badge tone="accent">with unsaved changes</Badge>}
          <div className="ml-auto flex items-center gap-2">
            <DevicePicker devices={devices} onChange={setDevices} />
            <Button kind="quiet" onClick={() => call.clear()} disabled={view.conversation.lines.length === 0}>
              <Trash2 aria-hidden />
              Clear chat
            </Button>
          </div>
        </div>
        <div className="grid content-start gap-3">
          {!live && variables.length > 0 && <Variables names={variables} values={values} onChange={setValues} />}
          {changed.includes("recording") && (
            <p className="text-[13px] text-muted">Whether a call is recorded follows what is saved.</p>
          )}
          <Meters call={call} live={live && view.hasMicrophone} />
          {view.problem && (
            <p role="alert" className="rounded-lg bg-warning-soft p-3 text-sm text-warning">
              {view.problem}
            </p>
          )}
          {view.conversation.lines.length === 0 ? (
            <Empty title={live ? "Say something" : "Nothing said yet"} icon={<Mic aria-hidden />}>
              {live
                ? "The agent listens. Speak over it whenever you like."
                : "Press Talk and allow the microphone, or type below. Calls here are real: they appear under Sessions."}
            </Empty>
          ) : (
            <Lines lines={view.conversation.lines} />
          )}
          {live &&
            unanswered(view.conversation).map((line) => (
              <Answering key={line.id} line={line} tools={draft.tools} onAnswer={(output) => call.answer(line.id, output)} />
            ))}
        </div>
        <form onSubmit={say} className="flex gap-2">
          <Input
            aria-label="Type a message"
            placeholder="Type a message"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <Button type="submit" kind="primary" size="icon" aria-label="Send" disabled={!text.trim()}>
            <Send aria-hidden />
          </Button>
        </form>
      </Card>
      <Card className="grid content-start gap-3">
        <div className="flex gap-1" role="group" aria-label="What to look at">
          <Button size="small" aria-pressed={underneath === "turns"} kind={underneath === "turns" ? "primary" : "quiet"} onClick={() => setUnderneath("turns")}>
            Turns
          </Button>
          <Button size="small" aria-pressed={underneath === "events"} kind={underneath === "events" ? "primary" : "quiet"} onClick={() => setUnderneath("events")}>
            Events
          </Button>
        </div>
        {underneath === "turns" ? <Waterfalls turns={view.conversation.turns} /> : <Inspector events={view.events} />}
      </Card>
    </div>
  );
}

const STATES = {
  idle: "not connected",
  connecting: "connecting",
  live: "live",
  reconnecting: "reconnecting",
  ended: "ended",
} as const;
