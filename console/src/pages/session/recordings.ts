import { api, data } from "@/api/client";
import type { components } from "@/api/schema";

export type Part = components["schemas"]["RecordingPartObject"];
export type RecordingInfo = components["schemas"]["SessionRecordingObject"];

/** It is not there yet, and comes by itself. */
export const COMING: ReadonlySet<RecordingInfo["state"]> = new Set(["recording", "uploading"]);

export function recordingInfo(sessionId: string): Promise<RecordingInfo> {
  return data(api.GET("/v1/sessions/{session_id}/recording/info", { params: { path: { session_id: sessionId } } }));
}

export function deleteRecording(sessionId: string) {
  return data(api.DELETE("/v1/sessions/{session_id}/recording", { params: { path: { session_id: sessionId } } }));
}

/** For what the typed client does not fetch: the sound itself. */
export function recordingPath(sessionId: string): string {
  return `/v1/sessions/${encodeURIComponent(sessionId)}/recording`;
}

/** Where a moment of the caller's audio, as the transcript counts it, is in the recording. Both in milliseconds. */
export function placeOf(part: Part, audioMs: number): number {
  const place = part.places.findLast(({ audio_ms }) => audio_ms <= audioMs);
  return place ? place.recording_ms + (audioMs - place.audio_ms) : audioMs;
}
