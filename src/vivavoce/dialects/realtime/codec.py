"""The realtime protocol of one connection: frames in, commands out; notices in, frames out.

Pure, but not stateless: it holds the session's effective configuration in the protocol's own words. One codec for
every dialect: GA's events are the base, `beta` renames them, and xAI's own are added for clients that asked for them.
Owned by the transport that carries the connection; dies with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import msgspec

from vivavoce.conversation import events
from vivavoce.conversation.events import ClientCommand
from vivavoce.conversation.identifiers import EventId, ItemId, ReplyId
from vivavoce.conversation.items import Item
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.settings import Settings
from vivavoce.dialects.realtime import client_events as client
from vivavoce.dialects.realtime.asking import NOTHING_ASKED, Asked
from vivavoce.dialects.realtime.caller_sound import CallerSound
from vivavoce.dialects.realtime.client_events import ClientEvent
from vivavoce.dialects.realtime.inbound import AudioReceived, CallConfigured, Inbound, ItemWithSound, VoiceResolver
from vivavoce.dialects.realtime.item_shapes import approval_of, core_item, forced_text, sound_of
from vivavoce.dialects.realtime.playback import CLEARING
from vivavoce.dialects.realtime.prompts import PromptName, Prompts, StoredPrompt
from vivavoce.dialects.realtime.refusals import InvalidFieldError
from vivavoce.dialects.realtime.response_shapes import ResponseShape, core_options
from vivavoce.dialects.realtime.server_events import RateLimits
from vivavoce.dialects.realtime.session_settings import begun_shape, core_settings
from vivavoce.dialects.realtime.session_shapes import SessionShape, VoiceId, merged, wire_audio
from vivavoce.dialects.realtime.session_spellings import (
    XAI_SPELLINGS,
    in_clients_words,
    is_of_xai,
    respelled,
    spellings,
)
from vivavoce.dialects.realtime.strictness import check_known
from vivavoce.dialects.realtime.telling import Telling
from vivavoce.dialects.realtime.tool_shapes import DeclaredTools, declared_tools
from vivavoce.dialects.wire import WireError

__all__ = ["AudioReceived", "CallConfigured", "Inbound", "ItemWithSound", "RealtimeCodec", "VoiceResolver"]

_SAID_BY_THE_SERVER = frozenset({"id", "object", "expires_at", "client_secret"})


class RealtimeCodec:
    """One connection's translator. Raises `WireError` for settings or a `session` that cannot be a session.

    `asked`: what the client asked for by how it connected. `session`: a session object to begin with, as clients write
    it. `replay`: items of an earlier connection, told to a client that opts in to resumption. `rate_limits`: what the
    caller may still ask, told with every reply; None where nobody counts. `agents_tools`: what the agent declares.
    """

    def __init__(
        self,
        *,
        session_id: str,
        conversation_id: str,
        model: str,
        settings: Settings,
        resolve_voice: VoiceResolver,
        asked: Asked = NOTHING_ASKED,
        session: Mapping[str, Any] | None = None,
        replay: Sequence[Item] = (),
        rate_limits: RateLimits | None = None,
        agents_tools: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self._asked = asked
        self._shape = begun_shape(settings, model, asked)
        self._begun = settings
        self._agents_tools = [dict(each) for each in agents_tools]
        self._declared: DeclaredTools | None = None
        self._resolve_voice = resolve_voice
        self._sound = CallerSound(wire_audio(self._shape.audio.input.format))
        self._prompts = Prompts()
        self._telling = Telling(session_id, conversation_id, self._shape, asked, replay, rate_limits)
        if session is not None:
            self._update(dict(session), None)

    @property
    def strict(self) -> bool:
        """True if the client asked for fields that are not known to be errors."""
        return self._asked.strict

    @property
    def wants_pings(self) -> bool:
        return self._telling.xai

    @property
    def configuration(self) -> CallConfigured:
        """The session before the client has said anything."""
        voice = self._voice(self._shape.audio.output.voice)
        return self._configured(core_settings(self._shape, self._begun, voice, self._declared))

    @property
    def resumption(self) -> dict[str, Any] | None:
        """The session object for the connection that goes on with this call; None if the client does not ask for it."""
        asked = self._shape.resumption
        if isinstance(asked, msgspec.UnsetType) or not asked.enabled:
            return None
        session: dict[str, Any] = msgspec.to_builtins(self._shape)
        if self._declared is None:  # the agent's come from the agent
            del session["tools"]
        return session

    # --- in ---------------------------------------------------------------------------------------------------------

    def learn_prompt(self, name: PromptName, found: StoredPrompt) -> None:
        """What a stored prompt says; to be told before the event that names it (`prompt_named_by`) is received."""
        self._prompts.learn(name, found)

    def receive(self, event: ClientEvent) -> Inbound:
        """What a decoded event asks for. Raises `WireError`, which names the event."""
        if type(event) is client.AudioAppend:  # fifty a second: before everything else
            return self._sound.appended(event.audio, event.event_id)
        try:
            return self._command(event, EventId(event.event_id) if event.event_id is not None else None)
        except WireError as error:
            error.event_id = event.event_id
            raise

    def receive_binary(self, audio: bytes) -> AudioReceived | None:
        """A binary frame: raw audio in the session's input format; None if there is no whole sample yet.

        Raises `WireError` for more than an append may carry, and for what is no packet of Opus where that is spoken.
        """
        return self._sound.framed(audio)

    def _command(self, event: ClientEvent, event_id: EventId | None) -> Inbound:
        match event:
            case client.AudioAppend(audio=audio):
                return self._sound.appended(audio, event_id)
            case client.SessionUpdate(session=session):
                return self._update(session, event_id)
            case client.TranscriptionSessionUpdate(session=session):
                return self._update({**session, "type": "transcription"}, event_id)
            case client.AudioCommit():
                return events.AudioCommitRequested(event_id=event_id)
            case client.AudioClear():
                return events.AudioClearRequested(event_id)
            case client.OutputAudioClear():
                return events.ResponseCancelRequested(self._telling.playback.latest, CLEARING)
            case client.OutputAudioPlayed(response_id=response_id, played_ms=played_ms):
                return events.PlaybackAcknowledged(ReplyId(response_id), played_ms)
            case client.ItemCreate():
                return self._created(event, event_id)
            case client.ItemDelete(item_id=item_id):
                return events.ItemDeleteRequested(ItemId(item_id), event_id)
            case client.ItemRetrieve(item_id=item_id):
                return events.ItemRetrieveRequested(ItemId(item_id), event_id)
            case client.ItemTruncate(item_id=item_id, content_index=index, audio_end_ms=end_ms):
                return events.ItemTruncateRequested(ItemId(item_id), index, end_ms, event_id)
            case client.ResponseCreate(response=response):
                options = core_options(self._prompts.response(response or ResponseShape()), self._voice)
                return events.ResponseRequested(options, event_id)
            case client.ResponseCancel(response_id=response_id):
                reply_id = ReplyId(response_id) if response_id is not None else None
                return events.ResponseCancelRequested(reply_id, event_id)
            case _:
                assert_never(event)

    def _created(self, event: client.ItemCreate, event_id: EventId | None) -> ClientCommand | ItemWithSound:
        item = event.item
        if item.type == "force_message":
            self._telling.speak_as_xai(frozenset())
            voice = self._voice(item.voice, "item.voice") if item.voice is not None else None
            item_id = ItemId(item.id) if item.id else None
            return events.ForceMessageRequested(forced_text(item), item.interruptible, voice, item_id, event_id)
        if item.type == "mcp_approval_response":
            answered, approve, reason = approval_of(item)
            return events.ToolApprovalGiven(answered, approve, reason, ItemId(item.id) if item.id else None, event_id)
        after = ItemId(event.previous_item_id) if event.previous_item_id is not None else None
        command = events.ItemCreateRequested(core_item(item), after, event_id)
        sound = sound_of(item)
        return command if sound is None else ItemWithSound(command, self._sound.recorded(sound, "item.content"))

    def _update(self, session: dict[str, Any], event_id: EventId | None) -> CallConfigured:
        try:
            if self._asked.strict:
                check_known(respelled(session), SessionShape, "session", also=_SAID_BY_THE_SERVER)
            shape = merged(self._shape, self._prompts.session(session))
            declared = self._declared
            if "tools" in session:
                declared = declared_tools(shape.tools, "session.tools", self._begun.tools, self._agents_tools)
            settings = core_settings(shape, self._begun, self._voice(shape.audio.output.voice), declared)
        except WireError as error:
            raise in_clients_words(error, session) from error
        self._sound.follow(wire_audio(shape.audio.input.format))
        self._shape, self._declared = shape, declared
        self._telling.configure(settings, shape, () if declared is None else declared.hosted)
        if is_of_xai(session):
            self._telling.speak_as_xai(spellings(session) & XAI_SPELLINGS)
        return self._configured(settings, event_id)

    def _configured(self, settings: Settings, event_id: EventId | None = None) -> CallConfigured:
        audio = self._shape.audio
        return CallConfigured(
            wire_audio(audio.input.format),
            wire_audio(audio.output.format),
            events.SessionConfigured(settings, event_id),
            () if self._declared is None else self._declared.hosted,
        )

    def _voice(self, wanted: str | VoiceId, param: str = "session.audio.output.voice") -> str:
        name = wanted if isinstance(wanted, str) else wanted.id
        voice = self._resolve_voice(name)
        if voice is None:
            raise InvalidFieldError(
                param, f"there is no voice '{name[:100]}'; docs/reference/voices.md lists those that there are"
            )
        return voice

    # --- out --------------------------------------------------------------------------------------------------------

    def stream_binary(self) -> None:
        """From here on the agent's sound goes out as binary frames, the message that is being spoken included."""
        output = msgspec.structs.replace(self._shape.audio.output, transport="binary")
        audio = msgspec.structs.replace(self._shape.audio, output=output)
        self._shape = msgspec.structs.replace(self._shape, audio=audio)
        self._telling.stream_binary(self._shape)

    def introduction(self) -> list[str]:
        """The frames that tell somebody who joins the call later of the session as it is now."""
        return self._telling.introduction()

    def send(self, notice: Notice) -> list[str]:
        """The frames that tell a client of a notice; none if this session did not ask for such."""
        return self._telling.frames(notice)

    def send_audio(self, reply_id: ReplyId, audio: bytes) -> str | bytes | None:
        """The frame that carries a piece of a reply's audio, in the session's output format; None if it has ended."""
        return self._telling.audio_frame(reply_id, audio)

    def ping(self, timestamp_ms: int) -> str:
        """The frame that keeps an xAI client's connection alive; milliseconds since 1970."""
        return self._telling.frame({"type": "ping", "timestamp": timestamp_ms})

    def refuse(self, error: WireError) -> str:
        """The frame that tells a client of an error."""
        return self._telling.refusal(error)
