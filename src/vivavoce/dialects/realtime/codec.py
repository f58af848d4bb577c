"""The realtime protocol of one connection: frames in, commands out; notices in, frames out.

Pure, but not stateless: it holds the session's effective configuration in the protocol's own words. Owned by the
transport that carries the connection; dies with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, assert_never

import msgspec
from msgspec import UnsetType

from vivavoce.conversation import events, notices
from vivavoce.conversation.events import ClientCommand, SessionConfigured
from vivavoce.conversation.identifiers import EventId, ItemId, ReplyId
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.replies import ReplyOptions
from vivavoce.conversation.settings import Modality, Settings
from vivavoce.dialects.realtime import client_events as client
from vivavoce.dialects.realtime.client_events import ClientEvent
from vivavoce.dialects.realtime.item_shapes import core_item
from vivavoce.dialects.realtime.refusals import InvalidFieldError
from vivavoce.dialects.realtime.server_events import (
    EventObject,
    caller_events,
    reply_events,
    timing_events,
    transcript_events,
    with_text_of_xai,
)
from vivavoce.dialects.realtime.session_shapes import (
    Transport,
    core_settings,
    merged,
    shape_of,
    wire_audio,
)
from vivavoce.dialects.realtime.session_spellings import PLACES, XAI_SPELLINGS, in_clients_words, spellings, value_at
from vivavoce.dialects.realtime.tool_shapes import core_tool_choice, core_tools, without_secrets
from vivavoce.dialects.wire import WireAudio, WireError

VoiceResolver = Callable[[str], str | None]
"""The name of one of our voices for the name that a client uses; None for a name that nobody knows."""


@dataclass(frozen=True, slots=True)
class AudioReceived:
    """Audio of the caller, in the session's input format."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class CallConfigured:
    """The session as it is now: the formats of its audio, and the command for the conversation."""

    input_audio: WireAudio
    output_audio: WireAudio
    command: SessionConfigured


Inbound = AudioReceived | CallConfigured | ClientCommand


@dataclass(frozen=True, slots=True)
class _OpenMessage:
    """A message of the agent's that is being spoken, and how its sound travels."""

    item_id: ItemId
    output_index: int
    transport: Transport


class RealtimeCodec:
    """One connection's translator."""

    def __init__(
        self, *, session_id: str, conversation_id: str, model: str, settings: Settings, resolve_voice: VoiceResolver
    ) -> None:
        self._session_id = session_id
        self._conversation_id = conversation_id
        self._shape = shape_of(settings, model)
        self._begun = settings
        self._resolve_voice = resolve_voice
        self._sent = 0
        self._messages: dict[str, _OpenMessage] = {}
        self._spellings: frozenset[str] = frozenset()
        self._half_sample = b""

    @property
    def configuration(self) -> CallConfigured:
        """The session before the client has said anything."""
        return self._configured(core_settings(self._shape, self._begun, self._voice(self._shape.audio.output.voice)))

    # --- in ---------------------------------------------------------------------------------------------------------

    def receive(self, event: ClientEvent) -> Inbound:
        """What a decoded event asks for. Raises `WireError`, which names the event."""
        try:
            return self._command(event, EventId(event.event_id) if event.event_id is not None else None)
        except WireError as error:
            error.event_id = event.event_id
            raise

    def receive_binary(self, audio: bytes) -> AudioReceived | None:
        """A binary frame: raw audio in the session's input format. Half a sample waits for the frame that completes it.

        None if there is no whole sample yet. Raises `WireError` for more than an append may carry.
        """
        if len(audio) > client.MAXIMUM_APPEND_BYTES:
            message = f"the frame holds {len(audio)} bytes; one frame may carry {client.MAXIMUM_APPEND_BYTES}"
            raise WireError("invalid_value", message)
        if wire_audio(self._shape.audio.input.format).encoding == "pcm16":
            audio = self._half_sample + audio
            whole = len(audio) - len(audio) % 2
            audio, self._half_sample = audio[:whole], audio[whole:]
        return AudioReceived(audio) if audio else None

    def _command(self, event: ClientEvent, event_id: EventId | None) -> Inbound:
        match event:
            case client.AudioAppend(audio=audio):
                return AudioReceived(self._whole_samples(audio))
            case client.SessionUpdate(session=session):
                return self._update(session, event_id)
            case client.AudioCommit():
                return events.AudioCommitRequested(event_id=event_id)
            case client.AudioClear():
                return events.AudioClearRequested(event_id)
            case client.ItemCreate(item=item, previous_item_id=previous):
                after = ItemId(previous) if previous is not None else None
                return events.ItemCreateRequested(core_item(item), after, event_id)
            case client.ItemDelete(item_id=item_id):
                return events.ItemDeleteRequested(ItemId(item_id), event_id)
            case client.ItemRetrieve(item_id=item_id):
                return events.ItemRetrieveRequested(ItemId(item_id), event_id)
            case client.ItemTruncate(item_id=item_id, content_index=index, audio_end_ms=end_ms):
                return events.ItemTruncateRequested(ItemId(item_id), index, end_ms, event_id)
            case client.ResponseCreate(response=response):
                return events.ResponseRequested(self._options(response or client.ResponseShape()), event_id)
            case client.ResponseCancel(response_id=response_id):
                reply_id = ReplyId(response_id) if response_id is not None else None
                return events.ResponseCancelRequested(reply_id, event_id)
            case _:
                assert_never(event)

    def _whole_samples(self, audio: bytes) -> bytes:
        if wire_audio(self._shape.audio.input.format).encoding == "pcm16" and len(audio) % 2:
            raise WireError(
                "invalid_value", f"'audio' holds {len(audio)} bytes; 16-bit samples need an even count", param="audio"
            )
        return audio

    def _update(self, session: dict[str, Any], event_id: EventId | None) -> CallConfigured:
        try:
            shape = merged(self._shape, session)
            settings = core_settings(shape, self._begun, self._voice(shape.audio.output.voice))
        except WireError as error:
            raise in_clients_words(error, session) from error
        if shape.audio.input.format != self._shape.audio.input.format:
            self._half_sample = b""
        self._shape = shape
        self._spellings |= spellings(session) & XAI_SPELLINGS
        return self._configured(settings, event_id)

    def _configured(self, settings: Settings, event_id: EventId | None = None) -> CallConfigured:
        audio = self._shape.audio
        return CallConfigured(
            wire_audio(audio.input.format),
            wire_audio(audio.output.format),
            SessionConfigured(settings, event_id),
        )

    def _voice(self, wanted: Any, param: str = "session.audio.output.voice") -> str:
        name = wanted if isinstance(wanted, str) else getattr(wanted, "id", None) or dict(wanted).get("id", "")
        voice = self._resolve_voice(name)
        if voice is None:
            raise InvalidFieldError(
                param, f"there is no voice '{name}'; docs/reference/voices.md lists those that there are"
            )
        return voice

    def _options(self, wanted: client.ResponseShape) -> ReplyOptions:
        if wanted.conversation not in (None, "auto") or wanted.input is not None:
            param = "response.input" if wanted.input is not None else "response.conversation"
            message = "responses outside the conversation are not supported; leave 'conversation' and 'input' out"
            raise WireError("unsupported_parameter", message, param=param)
        modalities = wanted.output_modalities or wanted.modalities
        output = wanted.audio.output if wanted.audio is not None else None
        voice = output.voice if output is not None else None
        limit = wanted.max_output_tokens
        if isinstance(limit, int) and limit < 1:
            raise InvalidFieldError("response.max_output_tokens", "must be 1 or more, or 'inf'")
        return ReplyOptions(
            instructions=wanted.instructions,
            modality=None if not modalities else Modality.AUDIO if "audio" in modalities else Modality.TEXT,
            voice=self._voice(voice, "response.audio.output.voice") if voice is not None else None,
            tools=core_tools(wanted.tools, "response.tools") if wanted.tools is not None else None,
            tool_choice=core_tool_choice(wanted.tool_choice) if wanted.tool_choice is not None else None,
            maximum_output_tokens=limit if isinstance(limit, int) else None,
            metadata=tuple(wanted.metadata.items()) if wanted.metadata is not None else None,
        )

    # --- out --------------------------------------------------------------------------------------------------------

    def stream_binary(self) -> None:
        """From here on the agent's sound goes out as binary frames, the message that is being spoken included."""
        output = msgspec.structs.replace(self._shape.audio.output, transport="binary")
        audio = msgspec.structs.replace(self._shape.audio, output=output)
        self._shape = msgspec.structs.replace(self._shape, audio=audio)
        self._messages = {reply: replace(message, transport="binary") for reply, message in self._messages.items()}

    def send(self, notice: Notice) -> list[str]:
        """The frames that tell a client of a notice; none if this session did not ask for such."""
        match notice:
            case notices.SessionOpened():
                conversation = {"id": self._conversation_id, "object": "realtime.conversation"}
                created = {"type": "conversation.created", "conversation": conversation}
                return self._frames([self._session_event("session.created"), created])
            case notices.SessionUpdated():
                return self._frames([self._session_event("session.updated")])
            case notices.CommandRefused(code=code, message=message, param=param, event_id=event_id):
                return [self.refuse(WireError(code, message, param=param, event_id=event_id))]
            case notices.ReplyMessageAdded(reply_id=reply_id, item=item, output_index=output_index):
                chosen = self._shape.audio.output.transport
                transport: Transport = "json" if isinstance(chosen, UnsetType) else chosen
                self._messages[reply_id] = _OpenMessage(item.item_id, output_index, transport)
            case notices.ReplyDone(reply=reply):
                self._messages.pop(reply.reply_id, None)
            case _:
                pass
        found = [*caller_events(notice), *reply_events(notice, self._output_format())]
        if self._spellings:
            found = with_text_of_xai(found)
        if self._shape.audio.input.transcription is not None:
            found += transcript_events(notice)
        elif self._spellings and not isinstance(notice, notices.TranscriptGrew):
            found += transcript_events(notice)  # xAI tells every client what was said, unasked
        if not isinstance(self._shape.vivavoce, UnsetType) and self._shape.vivavoce.timings:
            found += timing_events(notice)
        return self._frames(found)

    def send_audio(self, reply_id: ReplyId, audio: bytes) -> str | bytes:
        """The frame that carries a piece of a reply's audio, in the session's output format."""
        message = self._messages[reply_id]
        if message.transport == "binary":
            return audio
        return self._frame(
            {
                "type": "response.output_audio.delta",
                "response_id": reply_id,
                "item_id": message.item_id,
                "output_index": message.output_index,
                "content_index": 0,
                "delta": audio,
            }
        )

    def refuse(self, error: WireError) -> str:
        """The frame that tells a client of an error."""
        explained = {
            "type": error.kind,
            "code": error.code,
            "message": error.message,
            "param": error.param,
            "event_id": error.event_id,
        }
        return self._frame({"type": "error", "error": explained})

    def _session_event(self, kind: str) -> EventObject:
        shape: EventObject = msgspec.to_builtins(self._shape)
        shape["tools"] = [without_secrets(tool) for tool in self._shape.tools]
        as_spelled = {name: value_at(shape, PLACES[name]) for name in sorted(self._spellings)}
        session = {"id": self._session_id, "object": "realtime.session", **shape, **as_spelled}
        return {"type": kind, "session": session}

    def _output_format(self) -> EventObject:
        shape: EventObject = msgspec.to_builtins(self._shape.audio.output.format)
        return shape

    def _frames(self, found: list[EventObject]) -> list[str]:
        return [self._frame(event) for event in found]

    def _frame(self, event: EventObject) -> str:
        self._sent += 1
        return msgspec.json.encode({"event_id": f"event_{self._sent:06d}", **event}).decode()
