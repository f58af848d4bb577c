import { authorisedFetch } from "@/api/client";

/** What `GET /v1/sessions/{session_id}/recording/info` tells. */
export type Part = {
  part: number;
  state: "recording" | "ready" | "failed" | "deleted";
  format: "opus" | "wav";
  duration_ms: number | null;
  bytes: number | null;
  places: { recording_ms: number; audio_ms: number }[];
  failure: string | null;
};
export type RecordingInfo = { state: Part["state"] | "none"; parts: Part[]; failure: string | null };

export async function recordingInfo(sessionId: string): Promise<RecordingInfo> {
  return (await authorisedFetch(`${recordingPath(sessionId)}/info`)).json() as Promise<RecordingInfo>;
}

export function recordingPath(sessionId: string): string {
  return `/v1/sessions/${encodeURIComponent(sessionId)}/recording`;
}

/** Where a moment of the caller's audio, as the transcript counts it, is in the recording. Both in milliseconds. */
export function placeOf(part: Part, audioMs: number): number {
  const place = part.places.findLast(({ audio_ms }) => audio_ms <= audioMs);
  return place ? place.recording_ms + (audioMs - place.audio_ms) : audioMs;
}
