"""What clients send: one frozen struct an event, decoded by their `type`.

OpenAI GA's RealtimeClientEvent, which xAI's events are a part of, and the one event that only the beta has.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from vivavoce.dialects.realtime.item_shapes import ItemShape
from vivavoce.dialects.realtime.response_shapes import ResponseShape
from vivavoce.dialects.realtime.strictness import check_known
from vivavoce.dialects.wire import WireError

MAXIMUM_APPEND_BYTES = 15 * 1024 * 1024
"""Audio in one `input_audio_buffer.append` (OpenAI's limit)."""


class _Event(Struct, frozen=True, tag_field="type"):
    event_id: str | None = None


class SessionUpdate(_Event, frozen=True, tag="session.update", kw_only=True):
    session: dict[str, Any]


class TranscriptionSessionUpdate(_Event, frozen=True, tag="transcription_session.update", kw_only=True):
    """The beta's `session.update` of a session that only transcribes."""

    session: dict[str, Any]


class AudioAppend(_Event, frozen=True, tag="input_audio_buffer.append", kw_only=True):
    audio: bytes


class AudioCommit(_Event, frozen=True, tag="input_audio_buffer.commit"):
    pass


class AudioClear(_Event, frozen=True, tag="input_audio_buffer.clear"):
    pass


class OutputAudioClear(_Event, frozen=True, tag="output_audio_buffer.clear"):
    """For calls whose server holds the sound back for the player (WebRTC, SIP)."""


class OutputAudioPlayed(_Event, frozen=True, tag="vivavoce.output_audio.played", kw_only=True):
    """This server's own: the client's player has played so much of a response's audio."""

    response_id: str
    played_ms: Annotated[int, Meta(ge=0)]


class ItemCreate(_Event, frozen=True, tag="conversation.item.create", kw_only=True):
    item: ItemShape
    previous_item_id: str | None = None


class ItemDelete(_Event, frozen=True, tag="conversation.item.delete", kw_only=True):
    item_id: str


class ItemRetrieve(_Event, frozen=True, tag="conversation.item.retrieve", kw_only=True):
    item_id: str


class ItemTruncate(_Event, frozen=True, tag="conversation.item.truncate", kw_only=True):
    item_id: str
    content_index: int
    audio_end_ms: int


class ResponseCreate(_Event, frozen=True, tag="response.create"):
    response: ResponseShape | None = None


class ResponseCancel(_Event, frozen=True, tag="response.cancel"):
    response_id: str | None = None


ClientEvent = (
    SessionUpdate
    | AudioAppend
    | AudioCommit
    | AudioClear
    | ItemCreate
    | ItemDelete
    | ItemRetrieve
    | ItemTruncate
    | ResponseCreate
    | ResponseCancel
    | OutputAudioClear
    | OutputAudioPlayed
    | TranscriptionSessionUpdate
)

CLIENT_EVENT_TYPES = tuple(str(event.__struct_config__.tag) for event in ClientEvent.__args__)

_EVENTS: msgspec.json.Decoder[ClientEvent] = msgspec.json.Decoder(ClientEvent)
_ANYTHING = msgspec.json.Decoder()


def decode(frame: str | bytes, *, strict: bool = False) -> ClientEvent:
    """Decode one frame. Raises `WireError` with the reason, the field and the client's event_id.

    `strict`: a field that is not known is an error. Pure and self-contained: a large frame may be decoded on another
    thread.
    """
    try:
        event = _decoded(frame)
        if strict:
            _check_fields(event, frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise WireError("invalid_json", f"the frame is not valid JSON: {error}") from error
    if isinstance(event, AudioAppend):
        _check_append(event)
    return event


def _decoded(frame: str | bytes) -> ClientEvent:
    try:
        return _EVENTS.decode(frame)
    except msgspec.ValidationError as error:
        # what is wrong with its shape can only be told of a frame that is JSON to its end
        raise _explained(error, _ANYTHING.decode(frame)) from error


def _check_fields(event: ClientEvent, frame: str | bytes) -> None:
    try:
        check_known(_ANYTHING.decode(frame), type(event), "")
    except WireError as error:
        error.event_id = event.event_id
        raise


def _check_append(event: AudioAppend) -> None:
    if not event.audio:
        raise WireError("invalid_value", "'audio' is empty", param="audio", event_id=event.event_id)
    if len(event.audio) > MAXIMUM_APPEND_BYTES:
        raise WireError(
            "invalid_value",
            f"'audio' holds {len(event.audio)} bytes; one append may carry {MAXIMUM_APPEND_BYTES}",
            param="audio",
            event_id=event.event_id,
        )


def _explained(error: msgspec.ValidationError, anything: Any) -> WireError:
    if not isinstance(anything, dict):
        return WireError("invalid_value", "an event is a JSON object with a 'type'", param="type")
    raw_id = anything.get("event_id")
    event_id = raw_id if isinstance(raw_id, str) else None
    kind = anything.get("type")
    if kind is None:
        message = "missing required parameter: 'type'"
        return WireError("missing_required_parameter", message, param="type", event_id=event_id)
    if kind not in CLIENT_EVENT_TYPES:
        known = ", ".join(f"'{name}'" for name in CLIENT_EVENT_TYPES)
        message = f"invalid value: '{str(kind)[:100]}'; supported event types are {known}"
        return WireError("invalid_value", message, param="type", event_id=event_id)
    text, _, path = str(error).partition(" - at `$")
    param = path.rstrip("`").lstrip(".") or None
    if text.startswith("Object missing required field"):
        missing = text.partition("`")[2].rstrip("`")
        param = f"{param}.{missing}" if param else missing
        message = f"missing required parameter: '{param}'"
        return WireError("missing_required_parameter", message, param=param, event_id=event_id)
    return WireError("invalid_value", f"{param or 'event'}: {text}", param=param, event_id=event_id)
