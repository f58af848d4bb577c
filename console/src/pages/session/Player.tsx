import { Pause, Play, RotateCcw, RotateCw } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import WaveSurfer from "wavesurfer.js";
import RegionsPlugin from "wavesurfer.js/plugins/regions";
import { type Part, placeOf } from "@/pages/session/recordings";
import type { Message } from "@/pages/session/transcript";
import { Button } from "@/ui/Button";
import { clock } from "@/ui/dates";

const HEARD_AT_HZ = 8_000;
const SKIP_SECONDS = 5;
const CALLER = 0;
const AGENT = 1;

/**
 * The sound of a call: the caller above, the agent below, with a mark for everything that was said. Loaded lazily: it is
 * large. `onReady` gets what makes it play from a moment of the transcript.
 */
export default function Player(props: {
  sound: Blob;
  part: Part;
  messages: Message[];
  onReady: (play: ((audioMs: number) => void) | null) => void;
}) {
  const { sound, part, messages, onReady } = props;
  const place = useRef<HTMLDivElement>(null);
  const surfer = useRef<WaveSurfer | null>(null);
  const regions = useRef<ReturnType<typeof RegionsPlugin.create> | null>(null);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [long, setLong] = useState((part.duration_ms ?? 0) / 1000);
  const [problem, setProblem] = useState(false);

  useEffect(() => {
    if (place.current === null) return;
    const marks = RegionsPlugin.create();
    const made = WaveSurfer.create({
      container: place.current,
      height: 56,
      sampleRate: HEARD_AT_HZ,
      barWidth: 2,
      barGap: 1,
      barRadius: 1,
      hideScrollbar: true,
      splitChannels: colours(),
      plugins: [marks],
    });
    surfer.current = made;
    regions.current = marks;
    made.on("play", () => setPlaying(true));
    made.on("pause", () => setPlaying(false));
    made.on("timeupdate", setAt);
    made.on("ready", (seconds) => {
      setLong(seconds);
      onReady((audioMs) => {
        made.setTime(Math.min(seconds, placeOf(part, audioMs) / 1000));
        void made.play();
      });
    });
    // What was still loading when the page went is no problem of anybody's.
    let gone = false;
    made.loadBlob(sound).catch(() => gone || setProblem(true));
    const themes = new MutationObserver(() => made.setOptions({ splitChannels: colours() }));
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => {
      gone = true;
      themes.disconnect();
      onReady(null);
      made.destroy();
    };
  }, [sound, part, onReady]);

  useEffect(() => {
    const marks = regions.current;
    const made = surfer.current;
    if (marks === null || made === null) return;
    const draw = () => {
      marks.clearRegions();
      for (const message of messages) {
        if (message.start_ms === null || message.end_ms === null || message.tool_call) continue;
        const agent = message.role === "assistant";
        marks.addRegion({
          start: placeOf(part, message.start_ms) / 1000,
          end: placeOf(part, message.end_ms) / 1000,
          channelIdx: agent ? AGENT : CALLER,
          color: `color-mix(in srgb, var(${agent ? "--agent" : "--caller"}) 16%, transparent)`,
          drag: false,
          resize: false,
        });
      }
    };
    if (made.getDuration() > 0) draw();
    return made.on("ready", draw);
  }, [messages, part, sound]);

  if (problem) {
    return <p className="text-sm text-danger">This browser cannot play the recording. Download it and use another player.</p>;
  }
  const skip = (seconds: number) => surfer.current?.setTime(Math.max(0, Math.min(long, at + seconds)));
  return (
    <div className="grid grid-cols-1 gap-3" role="group" aria-label="Player">
      <div className="grid grid-cols-[3.5rem_minmax(0,1fr)] gap-2 text-xs text-muted">
        <div className="grid grid-rows-2 items-center">
          <span>Caller</span>
          <span>Agent</span>
        </div>
        {/* Everything that the pointer can do here, the buttons below and the lines of the transcript do too. */}
        <div ref={place} aria-hidden className="min-h-28 cursor-pointer" />
      </div>
      <div className="flex flex-wrap items-center gap-1.5">
        <Button kind="primary" onClick={() => void surfer.current?.playPause()}>
          {playing ? <Pause aria-hidden /> : <Play aria-hidden />}
          {playing ? "Pause" : "Play"}
        </Button>
        <Button kind="quiet" size="icon" aria-label="Back five seconds" onClick={() => skip(-SKIP_SECONDS)}>
          <RotateCcw aria-hidden />
        </Button>
        <Button kind="quiet" size="icon" aria-label="On by five seconds" onClick={() => skip(SKIP_SECONDS)}>
          <RotateCw aria-hidden />
        </Button>
        <span className="ml-1 text-sm text-muted tabular-nums" data-position={at.toFixed(2)}>
          {clock(at * 1000)} of {clock(long * 1000)}
        </span>
      </div>
    </div>
  );
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const side = (name: string) => ({
    waveColor: colour(name),
    progressColor: colour("--text"),
    cursorColor: colour("--text"),
  });
  return [side("--caller"), side("--agent")];
}
