import { useQuery } from "@tanstack/react-query";
import { LoaderCircle, Pause, Play } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { toast } from "sonner";
import { api, authorisedFetch, data } from "@/api/client";
import { useDraft } from "@/pages/agent/draft";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Choice";
import { Field } from "@/ui/Field";
import { Failure } from "@/ui/Page";

type Voice = { voice_id: string; name?: string; language?: string; gender?: string; description?: string };

/** Which voice, and how it sounds: the greeting, or a sentence, spoken by the server. */
export function VoicePicker() {
  const { draft, change, wrong } = useDraft();
  const voices = useQuery({
    queryKey: ["voices"],
    queryFn: async () => ((await data(api.GET("/v1/voices"))) as { voices: Voice[] }).voices,
    staleTime: 300_000,
  });
  const chosen = draft.voice.voice_id;
  const options = [...(voices.data ?? [])];
  if (!options.some(({ voice_id }) => voice_id === chosen)) options.unshift({ voice_id: chosen });
  return (
    <div className="grid gap-2">
      <div className="flex items-end gap-2">
        <Field label="Voice" className="min-w-0 flex-1" error={wrong("voice")}>
          {(ids) => (
            <Select
              {...ids}
              value={chosen}
              options={options.map((voice) => ({
                value: voice.voice_id,
                label: voice.name ?? voice.voice_id,
                hint: [voice.gender, voice.language].filter(Boolean).join(", "),
              }))}
              onChange={(voice_id) => change({ voice: { ...draft.voice, voice_id } })}
            />
          )}
        </Field>
        <Preview voice={chosen} text={draft.greeting || "Hello, this is how I sound. What can I do for you?"} speed={draft.speed} />
      </div>
      {voices.isError && <Failure error={voices.error} onRetry={() => voices.refetch()} />}
    </div>
  );
}

function Preview({ voice, text, speed }: { voice: string; text: string; speed: number }) {
  const player = useRef<HTMLAudioElement | null>(null);
  const [state, setState] = useState<"silent" | "loading" | "playing">("silent");
  const asked = useRef<AbortController | null>(null);
  const stop = () => {
    asked.current?.abort();
    player.current?.pause();
    if (player.current) URL.revokeObjectURL(player.current.src);
    player.current = null;
    setState("silent");
  };
  useEffect(
    () => () => {
      asked.current?.abort();
      player.current?.pause();
    },
    [],
  );
  const play = async () => {
    setState("loading");
    const mine = new AbortController();
    asked.current = mine;
    try {
      const answer = await authorisedFetch("/v1/audio/speech", {
        method: "POST",
        signal: mine.signal,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: "vivavoce", input: text.slice(0, 300), voice, speed, response_format: "wav" }),
      });
      const sound = await answer.blob();
      if (mine.signal.aborted) return;
      const audio = new Audio(URL.createObjectURL(sound));
      audio.onended = stop;
      player.current = audio;
      await audio.play();
      setState("playing");
    } catch (error) {
      if (mine.signal.aborted) return;
      stop();
      toast.error(error instanceof Error ? error.message : "The voice cannot be played.");
    }
  };
  return (
    <Button
      size="icon"
      aria-busy={state === "loading" || undefined}
      aria-label={state === "silent" ? "Hear the voice" : "Stop the preview"}
      onClick={state === "silent" ? play : stop}
    >
      {state === "silent" ? (
        <Play aria-hidden />
      ) : state === "playing" ? (
        <Pause aria-hidden />
      ) : (
        <LoaderCircle className="animate-spin" aria-hidden />
      )}
    </Button>
  );
}
