import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, Trash2 } from "lucide-react";
import { Suspense, lazy, useState } from "react";
import { toast } from "sonner";
import { authorisedFetch } from "@/api/client";
import { save } from "@/api/download";
import { COMING, type Part, type RecordingInfo, deleteRecording, recordingInfo, recordingPath } from "@/pages/session/recordings";
import { useTranscript } from "@/pages/session/transcript";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Choice";
import { Confirm } from "@/ui/Dialog";
import { Card, Failure, Loading } from "@/ui/Page";

const Player = lazy(() => import("@/pages/session/Player"));
const MIB = 1024 * 1024;
/** More than this is fetched only when somebody wants to hear it: half an hour and more. */
const FETCHED_AT_ONCE_BYTES = 16 * MIB;

/** What there is of a call to be heard. `onReady` gets what plays from a moment of the transcript, or null. */
export function Recording(props: {
  sessionId: string;
  isActive: boolean;
  onReady: (play: ((audioMs: number) => void) | null) => void;
}) {
  const { sessionId, isActive } = props;
  const [chosen, setChosen] = useState<number | null>(null);
  const info = useQuery({
    queryKey: ["session", sessionId, "recording"],
    queryFn: () => recordingInfo(sessionId),
    // A recording is filed some time after the call's end.
    refetchInterval: (query) => (isActive || COMING.has(query.state.data?.state ?? "none") ? 3000 : false),
  });
  const ready = info.data?.parts.filter(({ state }) => state === "ready") ?? [];
  const part = ready.find((each) => each.part === chosen) ?? ready.at(-1);
  return (
    <Card title="Recording">
      {info.isPending && <Loading rows={2} />}
      {info.isError && <Failure error={info.error} onRetry={() => info.refetch()} />}
      {info.data && !part && <Absent info={info.data} isActive={isActive} />}
      {part && (
        <div className="grid grid-cols-1 gap-3">
          {ready.length > 1 && (
            <Select
              label="Which connection"
              className="w-52"
              value={String(part.part)}
              options={ready.map((each) => ({ value: String(each.part), label: `Connection ${each.part}` }))}
              onChange={(value) => setChosen(Number(value))}
            />
          )}
          <Heard key={part.part} part={part} {...props} />
          {info.data && info.data.state !== "ready" && <Absent info={info.data} isActive={isActive} />}
        </div>
      )}
    </Card>
  );
}

/** Why the newest connection cannot be heard. */
function Absent({ info, isActive }: { info: RecordingInfo; isActive: boolean }) {
  const { state, failure } = info;
  const texts: Record<RecordingInfo["state"], string> = {
    recording: isActive
      ? "The call is being recorded. It can be heard here when the call is over."
      : "The recording is being finished. It can be heard here in a moment.",
    uploading: "The recording is on its way to where recordings are kept. It can be heard here when it has arrived.",
    ready: "",
    failed: `The recording failed: ${failure ?? "the server does not say why"}.`,
    deleted: "The recording was deleted. What was said stays in the transcript.",
    none: "This call was not recorded. Recording is switched on for the server, and for each agent.",
  };
  return (
    <p className={`text-sm ${state === "failed" ? "text-danger" : "text-muted"}`} role="status">
      {texts[state]}
    </p>
  );
}

function Heard(props: {
  sessionId: string;
  isActive: boolean;
  part: Part;
  onReady: (play: ((audioMs: number) => void) | null) => void;
}) {
  const { sessionId, part } = props;
  const [wanted, setWanted] = useState((part.bytes ?? 0) <= FETCHED_AT_ONCE_BYTES);
  const transcript = useTranscript(sessionId, props.isActive);
  const address = `${recordingPath(sessionId)}?part=${part.part}`;
  const sound = useQuery({
    queryKey: ["session", sessionId, "sound", part.part],
    queryFn: async () => (await authorisedFetch(address)).blob(),
    enabled: wanted,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const size = part.bytes === null ? "" : ` (${(part.bytes / MIB).toFixed(1)} MB)`;
  const fetched = async () => save(sound.data ?? (await (await authorisedFetch(address)).blob()), fileName(sessionId, part));
  return (
    <>
      {!wanted && (
        <div>
          <Button onClick={() => setWanted(true)}>Fetch the recording{size}</Button>
        </div>
      )}
      {wanted && sound.isPending && <Loading rows={3} label="Fetching the recording" />}
      {sound.isError && <Failure error={sound.error} onRetry={() => sound.refetch()} />}
      {sound.data && (
        <Suspense fallback={<Loading rows={3} />}>
          <Player
            sound={sound.data}
            part={part}
            messages={transcript.data?.pages.flatMap((page) => page.messages) ?? []}
            onReady={props.onReady}
          />
        </Suspense>
      )}
      <div className="flex flex-wrap gap-2">
        <Button size="small" onClick={() => fetched().catch((error: Error) => toast.error(error.message))}>
          <Download aria-hidden />
          Download{size}
        </Button>
        <Deleting sessionId={sessionId} />
      </div>
    </>
  );
}

function Deleting({ sessionId }: { sessionId: string }) {
  const queries = useQueryClient();
  const [asked, setAsked] = useState(false);
  const remove = useMutation({
    mutationFn: () => deleteRecording(sessionId),
    onSuccess: async () => {
      setAsked(false);
      await queries.invalidateQueries({ queryKey: ["session", sessionId, "recording"] });
      toast.success("The recording is deleted.");
    },
    onError: (error) => toast.error(error.message),
  });
  return (
    <>
      <Button size="small" onClick={() => setAsked(true)}>
        <Trash2 aria-hidden />
        Delete the recording
      </Button>
      <Confirm
        open={asked}
        onClose={() => setAsked(false)}
        title="Delete the recording?"
        description="Its sound is deleted from the server and cannot be brought back. What was said stays in the transcript."
        action="Delete"
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
      />
    </>
  );
}

function fileName(sessionId: string, part: Part): string {
  return `${sessionId}-${part.part}.${part.format === "opus" ? "ogg" : "wav"}`;
}
