"""Recordings of sessions: what there is, the sound itself in whole or in parts, and its deletion. Thin, no state."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from vivavoce.api.byte_ranges import ByteRange, UnsatisfiableRangeError, asked_range
from vivavoce.api.dependencies import PlatformOf, Reader, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.errors import ApiError
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.api.platform.shapes import Deleted
from vivavoce.api.problems import Problem
from vivavoce.services.recordings.service import CONTENT_TYPES, SUFFIXES
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import RecordingRecord

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.PLATFORM), tags=["Sessions"])

PARTS_MAXIMUM = 1_000_000

SessionId = Annotated[str, Path(description="The session's id, in any rendering.")]
Part = Annotated[
    int | None, Query(ge=1, le=PARTS_MAXIMUM, description="Which part, where a session was held repeatedly.")
]

_SOUND: dict[int | str, dict[str, Any]] = {
    status: {
        "description": text,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in CONTENT_TYPES.values()},
    }
    for status, text in ((200, "The sound: the caller left, the agent right."), (206, "The part of it that was asked."))
}
_OUTSIDE: dict[int | str, dict[str, Any]] = {
    416: {**error_responses(Dialect.PLATFORM, 416)[416], "description": "The range lies behind the end."}
}


class RecordingPlaceObject(BaseModel):
    """Where a moment of the caller's audio, as turns and transcripts count it, is in the recording."""

    recording_ms: int = Field(description="Milliseconds since the recording began.")
    audio_ms: int = Field(description="Milliseconds of the caller's audio.")


class RecordingPartObject(BaseModel):
    """The recording of one connection of a session."""

    part: int = Field(description="Counts from 1.")
    state: Literal["recording", "uploading", "ready", "failed", "deleted"] = Field(
        description="Only `ready` can be heard. `uploading`: the call is over, and it is on its way into the bucket."
    )
    format: Literal["opus", "wav"] = Field(description="`opus` is Opus in Ogg.")
    started_ms: int = Field(description="When it began, in milliseconds since the session was first connected.")
    duration_ms: int | None = Field(description="How long it is, in milliseconds.")
    bytes: int | None = Field(description="How large it is.")
    places: list[RecordingPlaceObject] = Field(
        description="Where the caller's audio is in it: from each place on, until the next."
    )
    failure: str | None = Field(description="Why it failed.")
    created_at: datetime = Field(description="When it began.")


class SessionRecordingObject(BaseModel):
    """What there is of a session to be heard. The fields are those of the newest part."""

    state: Literal["recording", "uploading", "ready", "failed", "deleted", "none"] = Field(
        description="That of the newest part; `none`: there never was one."
    )
    part: int | None = Field(description="The newest part.")
    format: Literal["opus", "wav"] | None = Field(description="`opus` is Opus in Ogg.")
    started_ms: int | None = Field(description="When it began, in milliseconds since the session was first connected.")
    duration_ms: int | None = Field(description="How long it is, in milliseconds.")
    bytes: int | None = Field(description="How large it is.")
    failure: str | None = Field(description="Why it failed.")
    parts: list[RecordingPartObject] = Field(description="One for every time that the session was connected.")


@router.get("/v1/sessions/{session_id}/recording/info", summary="Tell what there is of a session's recording")
async def get_recording_info(platform: PlatformOf, caller: Reader, session_id: SessionId) -> SessionRecordingObject:
    """Also while the call goes on, and of what was deleted."""
    parts = await platform.recordings.parts(await platform.sessions.get(caller, session_id))
    return recording_object([_part(record) for record in parts])


@router.head("/v1/sessions/{session_id}/recording", include_in_schema=False)
@router.get(
    "/v1/sessions/{session_id}/recording",
    summary="Hear a session's recording",
    response_class=Response,
    responses=_SOUND | _OUTSIDE,
)
async def get_recording(
    request: Request, platform: PlatformOf, caller: Reader, session_id: SessionId, part: Part = None
) -> Response:
    """Opus in Ogg or WAV, in stereo: the caller left, the agent right. `Range` asks for a part of the bytes."""
    session = await platform.sessions.get(caller, session_id)
    record = await platform.recordings.ready(session, part)
    size = record.size_bytes or 0
    wanted = _asked(request, record, size)
    whole = ByteRange(0, size)
    headers = _headers(record) | {"content-length": str((wanted or whole).length)}
    if wanted is not None:
        headers["content-range"] = wanted.content_range(size)
    status = 200 if wanted is None else 206
    kind = CONTENT_TYPES[record.format]
    if request.method == "HEAD":
        return Response(None, status, headers, kind)
    sound = await platform.recordings.read(record, (wanted or whole).start, (wanted or whole).length)
    return StreamingResponse(sound, status, headers, kind)


@router.delete("/v1/sessions/{session_id}/recording", summary="Delete a session's recording")
async def delete_recording(platform: PlatformOf, caller: Writer, session_id: SessionId) -> Deleted:
    """Every part of it, for good. What was said stays in the transcript."""
    session = await platform.sessions.get(caller, session_id)
    if not await platform.recordings.delete(session):
        raise UnknownRecordError("recording", session_id)
    return Deleted(id=session.session_id)


def recording_object(parts: list[RecordingPartObject]) -> SessionRecordingObject:
    newest = parts[-1] if parts else None
    return SessionRecordingObject(
        state="none" if newest is None else newest.state,
        part=None if newest is None else newest.part,
        format=None if newest is None else newest.format,
        started_ms=None if newest is None else newest.started_ms,
        duration_ms=None if newest is None else newest.duration_ms,
        bytes=None if newest is None else newest.bytes,
        failure=None if newest is None else newest.failure,
        parts=parts,
    )


def _part(record: RecordingRecord) -> RecordingPartObject:
    return RecordingPartObject(
        part=record.part,
        state=record.state,
        format="opus" if record.format == "opus" else "wav",
        started_ms=record.started_ms,
        duration_ms=record.duration_ms,
        bytes=record.size_bytes,
        places=[RecordingPlaceObject(recording_ms=at.recording_ms, audio_ms=at.audio_ms) for at in record.places],
        failure=record.failure,
        created_at=record.created_at,
    )


def _asked(request: Request, record: RecordingRecord, size: int) -> ByteRange | None:
    """Raises `ApiError` (416). Ranges are for GET alone (RFC 9110, section 14.2)."""
    if request.method != "GET" or request.headers.get("if-range", _etag(record)) != _etag(record):
        return None
    try:
        return asked_range(request.headers.get("range"), size)
    except UnsatisfiableRangeError as error:
        message = f"The recording has {size} bytes; ask for some of these."
        headers = {"content-range": f"bytes */{size}"}
        raise ApiError(Problem(416, "range_not_satisfiable", message, headers=headers)) from error


def _headers(record: RecordingRecord) -> dict[str, str]:
    name = f"{record.session_id}-{record.part}.{SUFFIXES[record.format]}"
    return {
        "accept-ranges": "bytes",
        "cache-control": "no-store",
        "content-disposition": f'inline; filename="{name}"',
        "etag": _etag(record),
        "x-content-type-options": "nosniff",
    }


def _etag(record: RecordingRecord) -> str:
    """What is ready never changes."""
    return f'"{record.session_id}-{record.part}"'
