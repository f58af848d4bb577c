"""The half of the codec that writes: notices become events, events become frames in the client's dialect.

Owned by the codec of one connection; dies with it.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from msgspec import UnsetType

from vivavoce.conversation import notices
from vivavoce.conversation.identifiers import ItemId, ReplyId
from vivavoce.conversation.items import Item
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.settings import Settings
from vivavoce.dialects.realtime.asking import Asked
from vivavoce.dialects.realtime.beta import RENAMED_EVENTS, in_beta
from vivavoce.dialects.realtime.playback import CLEARING, Playback
from vivavoce.dialects.realtime.server_events import (
    EventObject,
    RateLimits,
    caller_events,
    overlap_events,
    rate_limit_events,
    replay_events,
    reply_events,
    timing_events,
    transcript_events,
    with_text_of_xai,
)
from vivavoce.dialects.realtime.session_shapes import SessionShape, Transport
from vivavoce.dialects.realtime.session_spellings import PLACES, XAI_TRANSCRIPTION, value_at
from vivavoce.dialects.realtime.tool_events import own_events
from vivavoce.dialects.realtime.tool_shapes import tool_choice_object
from vivavoce.dialects.realtime.tool_telling import ToolTelling
from vivavoce.dialects.wire import WireError
from vivavoce.tools.shown import without_secrets

CHANGES_ON_THEIR_WAY = 64
"""Updates of the session that may wait for their turn behind audio and still be echoed as they were."""

_AUDIO_DELTA = "response.output_audio.delta"


@dataclass(frozen=True, slots=True)
class _OpenMessage:
    """A message of the agent's that is being spoken: how its sound travels, and what stands before it in a frame."""

    transport: Transport
    before_sound: str


class Telling:
    """Writes to one client. `xai`: it is told xAI's events too. `playback`: what is heard now."""

    def __init__(
        self,
        session_id: str,
        conversation_id: str,
        shape: SessionShape,
        asked: Asked,
        replay: Sequence[Item],
        rate_limits: RateLimits | None,
    ) -> None:
        self._session_id = session_id
        self._conversation_id = conversation_id
        self._shape = shape
        self._beta = asked.beta
        self.xai = asked.xai
        self._spellings: frozenset[str] = frozenset()
        self._changes: deque[tuple[Settings, SessionShape]] = deque(maxlen=CHANGES_ON_THEIR_WAY)
        self._replay = tuple(replay)
        self._sent = 0
        self._messages: dict[ReplyId, _OpenMessage] = {}
        self._heard: dict[ItemId, str] = {}
        self._rate_limits = rate_limits
        self._tools = ToolTelling(knows_servers=not asked.beta)
        self.playback = Playback()

    # --- the session ------------------------------------------------------------------------------------------------

    def configure(self, settings: Settings, shape: SessionShape, hosted: Iterable[Mapping[str, Any]] = ()) -> None:
        """The session has been changed; it is told with the notice that names `settings`.

        `hosted`: what the client declared of tools that the server runs.
        """
        self._shape = shape
        self._tools.declared(hosted)
        self._changes.append((settings, shape))

    def speak_as_xai(self, spelled: frozenset[str]) -> None:
        """From here on as to a client of xAI's, which wrote the fields `spelled` at the top of the session.

        A client of the beta stays one: its spellings are much the same.
        """
        if not self._beta:
            self.xai = True
            self._spellings |= spelled

    def stream_binary(self, shape: SessionShape) -> None:
        self._shape = shape
        self._messages = {reply: replace(message, transport="binary") for reply, message in self._messages.items()}

    def introduction(self) -> list[str]:
        """The frames that begin a connection: the session as it is now, and its conversation."""
        conversation = {"id": self._conversation_id, "object": "realtime.conversation"}
        created = {"type": "conversation.created", "conversation": conversation}
        return self._frames([self._session_event("session.created", self._shape), created])

    # --- events -----------------------------------------------------------------------------------------------------

    def frames(self, notice: Notice) -> list[str]:
        """The frames that tell of a notice; none if this session did not ask for such."""
        of_tools = self._tools.events(notice)
        if of_tools is not None:
            return self._frames([*of_tools, *(own_events(notice) if self._asked_for_tool_calls else [])])
        notice = self._tools.shown(notice)
        match notice:
            case notices.ReplyTextGrew():
                pass
            case notices.SessionOpened():
                return self.introduction()
            case notices.SessionUpdated(settings=settings):
                shape = self._shape_of(settings)
                return self._frames([self._session_event("session.updated", shape), *self._replayed(shape)])
            case notices.CommandRefused(event_id=event_id) if event_id == CLEARING:
                return []
            case notices.CommandRefused(code=code, message=message, param=param, event_id=event_id):
                return [self.refusal(WireError(code, message, param=param, event_id=event_id))]
            case notices.ReplyMessageAdded():
                self._messages[notice.reply_id] = self._opened(notice)
            case notices.ReplyDone(reply=reply):
                self._messages.pop(reply.reply_id, None)
            case _:
                pass
        found = [*caller_events(notice), *reply_events(notice, self._output_format(), self._conversation_id)]
        if self.xai:
            found = with_text_of_xai(found)
        found += self._transcripts(notice)
        if isinstance(notice, notices.ReplyCreated) and self._rate_limits is not None and not self.xai:
            found += rate_limit_events(self._rate_limits())
        return self._frames(self._with_extensions(notice, found))

    @property
    def _asked_for_tool_calls(self) -> bool:
        asked = self._shape.vivavoce
        return not isinstance(asked, UnsetType) and asked.tool_calls

    def _with_extensions(self, notice: Notice, found: list[EventObject]) -> list[EventObject]:
        """The events with those that this server adds for who asked."""
        asked = self._shape.vivavoce
        played = self.playback.events(notice)
        if isinstance(asked, UnsetType):
            return found
        if asked.output_audio_buffer:
            found = [*played, *found] if isinstance(notice, notices.ReplyTextGrew) else [*found, *played]
        if asked.timings:
            found = [*found, *timing_events(notice)]
        return [*found, *overlap_events(notice)] if asked.overlaps else found

    def _transcripts(self, notice: Notice) -> list[EventObject]:
        """What the caller said: for who asked for it, and for xAI's clients, which are told unasked."""
        chosen = self._shape.audio.input.transcription
        if isinstance(notice, notices.TranscriptGrew):
            if chosen is None:
                return []
            if self.xai and chosen.model == XAI_TRANSCRIPTION:
                self._heard[notice.item_id] = said = self._heard.get(notice.item_id, "") + notice.delta
                kind = "conversation.item.input_audio_transcription.updated"
                return [{"type": kind, "item_id": notice.item_id, "content_index": 0, "transcript": said}]
            return self._with_logprobs(transcript_events(notice))
        if isinstance(notice, notices.TranscriptCompleted | notices.TranscriptFailed):
            self._heard.pop(notice.item_id, None)
            return self._with_logprobs(transcript_events(notice)) if chosen is not None or self.xai else []
        if isinstance(notice, notices.AudioCleared):
            self._heard.clear()  # the turn that was thrown away will never be complete
        return []

    def _with_logprobs(self, found: list[EventObject]) -> list[EventObject]:
        """Who asked how sure the words are is told that nobody knows: the engines do not say."""
        if not self._shape.include:
            return found
        return [event if "error" in event else {**event, "logprobs": None} for event in found]

    def _opened(self, notice: notices.ReplyMessageAdded) -> _OpenMessage:
        chosen = self._shape.audio.output.transport
        before: EventObject = {
            "type": RENAMED_EVENTS[_AUDIO_DELTA] if self._beta else _AUDIO_DELTA,
            "response_id": notice.reply_id,
            "item_id": notice.item.item_id,
            "output_index": notice.output_index,
            "content_index": 0,
        }
        written = msgspec.json.encode(before).decode()
        return _OpenMessage("json" if isinstance(chosen, UnsetType) else chosen, f'",{written[1:-1]},"delta":"')

    def _shape_of(self, settings: Settings) -> SessionShape:
        """The session as it was when the client changed it to these settings."""
        while self._changes:
            changed, shape = self._changes.popleft()
            if changed is settings:
                return shape
        return self._shape

    def _session_event(self, kind: str, shape: SessionShape) -> EventObject:
        shown: EventObject = msgspec.to_builtins(shape)
        if shape.type == "transcription":
            session = {
                "id": self._session_id,
                "object": "realtime.transcription_session",
                "type": shape.type,
                "audio": {"input": shown["audio"]["input"]},
                "include": shown["include"],
            }
            return {"type": kind, "session": session}
        shown["tools"] = [without_secrets(tool) for tool in shape.tools]
        shown["tool_choice"] = tool_choice_object(shown["tool_choice"])
        as_spelled = {name: value_at(shown, PLACES[name]) for name in sorted(self._spellings)}
        session = {"id": self._session_id, "object": "realtime.session", **shown, **as_spelled}
        return {"type": kind, "session": session}

    def _replayed(self, shape: SessionShape) -> list[EventObject]:
        if isinstance(shape.resumption, UnsetType) or not shape.resumption.enabled:
            return []
        items, self._replay = self._replay, ()
        return replay_events(self._tools.items(items))

    def _output_format(self) -> EventObject:
        shape: EventObject = msgspec.to_builtins(self._shape.audio.output.format)
        return shape

    # --- frames -----------------------------------------------------------------------------------------------------

    def audio_frame(self, reply_id: ReplyId, audio: bytes) -> str | bytes | None:
        message = self._messages.get(reply_id)
        if message is None:
            return None  # a reply that was stopped may send one frame more before its task has ended
        if message.transport == "binary":
            return audio
        self._sent += 1
        # written by hand: base64 needs no escaping, and everything before the sound is known
        sound = b2a_base64(audio, newline=False).decode("ascii")
        return f'{{"event_id":"event_{self._sent:06d}{message.before_sound}{sound}"}}'

    def refusal(self, error: WireError) -> str:
        explained = {
            "type": error.kind,
            "code": error.code,
            "message": error.message,
            "param": error.param,
            "event_id": error.event_id,
        }
        return self.frame({"type": "error", "error": explained})

    def frame(self, event: EventObject) -> str:
        self._sent += 1
        return msgspec.json.encode({"event_id": f"event_{self._sent:06d}", **event}).decode()

    def _frames(self, found: list[EventObject]) -> list[str]:
        if self._beta:
            return [self.frame(told) for event in found if (told := in_beta(event)) is not None]
        return [self.frame(event) for event in found]
