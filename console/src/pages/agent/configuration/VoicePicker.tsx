import { useQuery } from "@tanstack/react-query";
import { Pause, Play } from "lucide-react";
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
  const { draft, change } = useDraft();
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
        <Field label="Voice" className="min-w-0 flex-1">
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
  const stop = () => {
    player.current?.pause();
    player.current = null;
    setState("silent");
  };
  useEffect(() => () => player.current?.pause(), []);
  const play = async () => {
    setState("loading");
    try {
      const answer = await authorisedFetch("/v1/audio/speech", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: "vivavoce", input: text.slice(0, 300), voice, speed, response_format: "wav" }),
      });
      const audio = new Audio(URL.createObjectURL(await answer.blob()));
      audio.onended = stop;
      player.current = audio;
      await audio.play();
      setState("playing");
    } catch (error) {
      stop();
      toast.error(error instanceof Error ? error.message : "The voice cannot be played.");
    }
  };
  return (
    <Button
      size="icon"
      busy={state === "loading"}
      aria-label={state === "playing" ? "Stop the preview" : "Hear the voice"}
      onClick={state === "playing" ? stop : play}
    >
      {state === "playing" ? <Pause aria-hidden /> : state === "silent" ? <Play aria-hidden /> : null}
    </Button>
  );
}
