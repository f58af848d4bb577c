"""What clients are told: notices of the conversation as events of the realtime protocol (OpenAI GA).

Pure: one notice in, the events' dicts out (without `event_id`, which the codec adds).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vivavoce.conversation import notices
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import Item, ItemStatus, Part, PartKind, ServerCall
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.replies import EndReason, ReplySnapshot
from vivavoce.dialects.realtime.item_shapes import item_object, response_part_object
from vivavoce.dialects.realtime.tool_events import CALL_ENDED, CALL_STARTED, SENT_TO_WHO_HAS_SERVERS, approval_object

EventObject = dict[str, Any]

SENT_TO_ALL = (
    "session.created",
    "session.updated",
    "conversation.created",
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "input_audio_buffer.cleared",
    "input_audio_buffer.timeout_triggered",
    "conversation.item.added",
    "conversation.item.done",
    "conversation.item.deleted",
    "conversation.item.retrieved",
    "conversation.item.truncated",
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.completed",
    "conversation.item.input_audio_transcription.failed",
    "response.created",
    "response.done",
    "response.output_item.added",
    "response.output_item.done",
    "response.content_part.added",
    "response.content_part.done",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.delta",
    "response.output_audio_transcript.done",
    "response.output_text.delta",
    "response.output_text.done",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "rate_limits.updated",
    "session.ended",
    "error",
)
"""What a client of GA may get without having asked for another dialect or for an extension."""

SENT_WHEN_ASKED = (
    "conversation.item.created",
    "conversation.item.input_audio_transcription.updated",
    "response.text.delta",
    "response.text.done",
    "ping",
    "output_audio_buffer.started",
    "output_audio_buffer.stopped",
    "output_audio_buffer.cleared",
    "vivavoce.turn.timings",
    "vivavoce.overlap.ignored",
    CALL_STARTED,
    CALL_ENDED,
    *SENT_TO_WHO_HAS_SERVERS,
)
"""What only sessions get that asked for it: xAI's events, those of a buffer at the server, this server's own, and
those of MCP servers, for who declared one.
"""

SERVER_EVENT_TYPES = (*SENT_TO_ALL, *SENT_WHEN_ASKED)
"""Every type that this server sends under the names of GA; `beta` renames them."""

_XAI_TEXT_TYPES = {
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
}


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How much of something the caller may have (OpenAI GA, RateLimit): `remaining` now, all after `reset_seconds`."""

    name: Literal["requests", "tokens"]
    limit: int
    remaining: int
    reset_seconds: float


RateLimits = Callable[[], Sequence[RateLimit]]
"""The caller's limits as they are now."""


def rate_limit_events(limits: Sequence[RateLimit]) -> list[EventObject]:
    """What is told with the beginning of a reply; nothing where there are no limits."""
    if not limits:
        return []
    shown = [
        {"name": each.name, "limit": each.limit, "remaining": each.remaining, "reset_seconds": each.reset_seconds}
        for each in limits
    ]
    return [_event("rate_limits.updated", rate_limits=shown)]


def caller_events(notice: Notice) -> list[EventObject]:
    """Events about the caller's side: speech, items, the end of the call."""
    match notice:
        case notices.CallEnded(reason=reason):
            return [_event("session.ended", reason=reason)]
        case notices.CallerSpeechStarted(item_id=item_id, audio_start_ms=at):
            return [_event("input_audio_buffer.speech_started", item_id=item_id, audio_start_ms=at)]
        case notices.CallerSpeechStopped(item_id=item_id, audio_end_ms=at):
            return [_event("input_audio_buffer.speech_stopped", item_id=item_id, audio_end_ms=at)]
        case notices.AudioCommitted(item_id=item_id, previous_item_id=previous):
            return [_event("input_audio_buffer.committed", item_id=item_id, previous_item_id=previous)]
        case notices.IdleTimeoutTriggered():
            return [
                _event(
                    "input_audio_buffer.timeout_triggered",
                    item_id=notice.item_id,
                    previous_item_id=notice.previous_item_id,
                    audio_start_ms=notice.audio_start_ms,
                    audio_end_ms=notice.audio_end_ms,
                )
            ]
        case notices.AudioCleared():
            return [_event("input_audio_buffer.cleared")]
        case notices.ItemAdded(item=item, previous_item_id=previous):
            return [_event("conversation.item.added", item=item_object(item), previous_item_id=previous)]
        case notices.ItemDone(item=item, previous_item_id=previous):
            return [_event("conversation.item.done", item=item_object(item), previous_item_id=previous)]
        case notices.ItemDeleted(item_id=item_id):
            return [_event("conversation.item.deleted", item_id=item_id)]
        case notices.ItemRetrieved(item=item, audio=audio):
            return [_event("conversation.item.retrieved", item=item_object(item, audio))]
        case notices.ItemTruncated():
            return [
                _event(
                    "conversation.item.truncated",
                    item_id=notice.item_id,
                    content_index=notice.content_index,
                    audio_end_ms=notice.audio_end_ms,
                    transcript=notice.kept_text,
                )
            ]
        case _:
            return []


def transcript_events(notice: Notice) -> list[EventObject]:
    """Events about what the caller said; only for sessions that configured a transcription."""
    stem = "conversation.item.input_audio_transcription"
    match notice:
        case notices.TranscriptGrew(item_id=item_id, delta=delta):
            return [_event(f"{stem}.delta", item_id=item_id, content_index=0, delta=delta)]
        case notices.TranscriptCompleted(item_id=item_id, text=text, audio_seconds=seconds, content_index=index):
            usage = {"type": "duration", "seconds": round(seconds, 3)}
            return [_event(f"{stem}.completed", item_id=item_id, content_index=index, transcript=text, usage=usage)]
        case notices.TranscriptFailed(item_id=item_id, message=message, content_index=index):
            error = {"type": "transcription_error", "code": "transcription_failed", "message": message, "param": None}
            return [_event(f"{stem}.failed", item_id=item_id, content_index=index, error=error)]
        case _:
            return []


def replay_events(items: Sequence[Item]) -> list[EventObject]:
    """Items of an earlier connection, for a client that resumes (xAI, "Session resumption")."""
    previous = [None, *(item.item_id for item in items)]
    return [
        _event("conversation.item.created", item=item_object(item), previous_item_id=before)
        for item, before in zip(items, previous, strict=False)
    ]


def reply_events(notice: Notice, output_format: EventObject, conversation_id: str) -> list[EventObject]:
    """Events about a reply, in the order that clients of this protocol know."""
    match notice:
        case notices.ReplyCreated(reply=reply):
            return [_event("response.created", response=response_object(reply, output_format, conversation_id))]
        case notices.ReplyMessageAdded():
            return _message_added(notice)
        case notices.ReplyTextGrew():
            kind = "output_audio_transcript" if notice.part.kind is PartKind.OUTPUT_AUDIO else "output_text"
            where = _where(notice.reply_id, notice.item_id, notice.output_index)
            return [_event(f"response.{kind}.delta", **where, content_index=0, delta=notice.delta)]
        case notices.ReplyMessageDone():
            return _message_done(notice)
        case notices.ReplyCalledFunction():
            return _function_called(notice)
        case notices.ReplyDone(reply=reply):
            return [_event("response.done", response=response_object(reply, output_format, conversation_id))]
        case _:
            return []


def timing_events(notice: Notice) -> list[EventObject]:
    """This server's own event; only for sessions that asked for it."""
    if not isinstance(notice, notices.TurnTimed):
        return []
    stages = {
        "speech_end": 0,
        "soft_end": notice.soft_end_ms,
        "endpoint": notice.endpoint_ms,
        "transcript": notice.transcript_ms,
        "first_token": notice.first_token_ms,
        "first_sentence": notice.first_sentence_ms,
        "first_speech": notice.first_speech_ms,
        "first_audio": notice.first_audio_ms,
        "first_played": notice.first_played_ms,
        "interrupted": notice.interrupted_ms,
    }
    return [
        _event(
            "vivavoce.turn.timings",
            response_id=notice.reply_id,
            item_id=notice.item_id,
            complete=notice.complete,
            audio_end_ms=notice.audio_end_ms,
            endpoint_reason=notice.endpoint_reason,
            stages=stages,
            heard_ms=notice.heard_ms,
            speculated=notice.speculated,
            wasted_tokens=notice.wasted_tokens,
            filler=notice.filler,
        )
    ]


def overlap_events(notice: Notice) -> list[EventObject]:
    """This server's own event of a sound that did not stop the agent; only for sessions that asked for it."""
    if not isinstance(notice, notices.OverlapIgnored):
        return []
    return [
        _event(
            "vivavoce.overlap.ignored",
            verdict=notice.verdict,
            transcript=notice.words,
            audio_start_ms=notice.audio_start_ms,
            audio_end_ms=notice.audio_end_ms,
        )
    ]


def response_object(reply: ReplySnapshot, output_format: EventObject, conversation_id: str) -> EventObject:
    """The `response` of response.created and response.done."""
    status, details = _status(reply)
    return {
        "id": reply.reply_id,
        "object": "realtime.response",
        "status": status,
        "status_details": details,
        "conversation_id": conversation_id if reply.in_conversation else None,
        "output": [_output_object(item) for item in reply.output],
        "output_modalities": [reply.modality.value],
        "max_output_tokens": reply.maximum_output_tokens if reply.maximum_output_tokens is not None else "inf",
        "audio": {"output": {"format": output_format, "voice": reply.voice}},
        "metadata": dict(reply.metadata) if reply.metadata is not None else None,
        "usage": _usage(reply) if reply.ended is not None else None,
    }


def _output_object(item: Item) -> EventObject:
    """An item as the reply left it: a call that waited for the client's word is the request for it."""
    if isinstance(item, ServerCall) and item.approval_item_id is not None:
        return approval_object(item)
    return item_object(item)


def _status(reply: ReplySnapshot) -> tuple[str, EventObject | None]:
    match reply.ended:
        case None:
            return "in_progress", None
        case EndReason.COMPLETED:
            return "completed", {"type": "completed"}
        case EndReason.MAX_OUTPUT_TOKENS:
            return "incomplete", {"type": "incomplete", "reason": reply.ended.value}
        case EndReason.TURN_DETECTED | EndReason.CLIENT_CANCELLED:
            return "cancelled", {"type": "cancelled", "reason": reply.ended.value}
        case EndReason.FAILED:
            error = {"type": "server_error", "code": "reply_failed", "message": reply.error or "the reply failed"}
            return "failed", {"type": "failed", "error": error}


def with_text_of_xai(found: list[EventObject]) -> list[EventObject]:
    """The events with written words told once more, by the names that xAI sends besides GA's.

    Some of its clients read only those.
    """
    doubled: list[EventObject] = []
    for event in found:
        doubled.append(event)
        if event["type"] in _XAI_TEXT_TYPES:
            doubled.append({**event, "type": _XAI_TEXT_TYPES[event["type"]]})
    return doubled


def _usage(reply: ReplySnapshot) -> EventObject:
    used = reply.usage
    return {
        "total_tokens": used.input_tokens + used.output_tokens,
        "input_tokens": used.input_tokens,
        "output_tokens": used.output_tokens,
        "input_token_details": {
            "text_tokens": used.input_tokens,
            "audio_tokens": 0,
            "image_tokens": 0,
            "cached_tokens": used.cached_input_tokens,
            "cached_tokens_details": {
                "text_tokens": used.cached_input_tokens,
                "audio_tokens": 0,
                "image_tokens": 0,
            },
        },
        "output_token_details": {"text_tokens": used.output_tokens, "audio_tokens": 0},
    }


def _message_added(notice: notices.ReplyMessageAdded) -> list[EventObject]:
    where = _where(notice.reply_id, notice.item.item_id, notice.output_index)
    item = item_object(notice.item)
    return [
        _event("response.output_item.added", response_id=notice.reply_id, output_index=notice.output_index, item=item),
        *_of_conversation("conversation.item.added", notice, item),
        _event("response.content_part.added", **where, content_index=0, part=response_part_object(notice.part)),
    ]


def _message_done(notice: notices.ReplyMessageDone) -> list[EventObject]:
    part = notice.item.parts[0]
    where = {**_where(notice.reply_id, notice.item.item_id, notice.output_index), "content_index": 0}
    item = item_object(notice.item)
    return [
        *_content_done(part, where),
        _event("response.content_part.done", **where, part=response_part_object(part)),
        _event("response.output_item.done", response_id=notice.reply_id, output_index=notice.output_index, item=item),
        *_of_conversation("conversation.item.done", notice, item),
    ]


def _content_done(part: Part, where: EventObject) -> list[EventObject]:
    if part.kind is PartKind.OUTPUT_AUDIO:
        return [
            _event("response.output_audio.done", **where),
            _event("response.output_audio_transcript.done", **where, transcript=part.text or ""),
        ]
    return [_event("response.output_text.done", **where, text=part.text or "")]


def _function_called(notice: notices.ReplyCalledFunction) -> list[EventObject]:
    call, reply_id, output_index = notice.item, notice.reply_id, notice.output_index
    where = {**_where(reply_id, call.item_id, output_index), "call_id": call.call_id}
    done = item_object(call)
    begun = {**done, "arguments": "", "status": ItemStatus.IN_PROGRESS.value}
    return [
        _event("response.output_item.added", response_id=reply_id, output_index=output_index, item=begun),
        *_of_conversation("conversation.item.added", notice, begun),
        _event("response.function_call_arguments.delta", **where, delta=call.arguments),
        _event("response.function_call_arguments.done", **where, name=call.name, arguments=call.arguments),
        _event("response.output_item.done", response_id=reply_id, output_index=output_index, item=done),
        *_of_conversation("conversation.item.done", notice, done),
    ]


_ReplyItemNotice = notices.ReplyMessageAdded | notices.ReplyMessageDone | notices.ReplyCalledFunction


def _of_conversation(kind: str, notice: _ReplyItemNotice, item: EventObject) -> list[EventObject]:
    """Nothing for a reply outside the conversation, which has no items in it."""
    return [_event(kind, item=item, previous_item_id=notice.previous_item_id)] if notice.in_conversation else []


def _where(reply_id: str, item_id: ItemId, output_index: int) -> EventObject:
    return {"response_id": reply_id, "item_id": item_id, "output_index": output_index}


def _event(kind: str, /, **fields: Any) -> EventObject:
    return {"type": kind, **fields}
