"""The way into one call: events become orders, one at a time, whoever sends them.

The caller's connection and its sidebands share it, and with it the session as they have configured it. Owned by the
connection; dies with it.
"""

from __future__ import annotations

import asyncio

from vivavoce.dialects.realtime import client_events
from vivavoce.dialects.realtime.client_events import AudioAppend, ClientEvent
from vivavoce.dialects.realtime.codec import AudioReceived, CallConfigured, Inbound, ItemWithSound, RealtimeCodec
from vivavoce.dialects.realtime.prompts import prompt_named_by
from vivavoce.dialects.wire import WireAudio, WireError
from vivavoce.media.formats import AudioFormat
from vivavoce.media.opus import OpusFormat
from vivavoce.media.wire_formats import WireFormat
from vivavoce.sessions.session import Session
from vivavoce.transports.admission import CallPlan

LARGE_FRAME_CHARACTERS = 64 * 1024
"""A larger frame is decoded on another thread: parsing it would hold the event loop for more than 2 ms."""


class Steering:
    """Takes the events of everybody who steers one call. Raises `WireError` for what cannot be followed."""

    def __init__(self, codec: RealtimeCodec, session: Session, plan: CallPlan) -> None:
        self._codec = codec
        self._prompt_of = plan.prompt_of
        self._session = session
        self._on_resumable = plan.on_resumable
        self._toolbox = plan.toolbox
        self._resumable = False
        # The session's shape and the order that follows from it must not be overtaken by those of another client.
        self._turn = asyncio.Lock()
        self._closed = False

    def close(self) -> None:
        """The call ends: whatever comes from now on is passed over."""
        self._closed = True

    async def decode(self, text: str) -> ClientEvent:
        """The event of a text message."""
        if len(text) > LARGE_FRAME_CHARACTERS:
            return await asyncio.to_thread(client_events.decode, text, strict=self._codec.strict)
        return client_events.decode(text, strict=self._codec.strict)

    def hear_at_once(self, message: bytes, is_text: bool) -> bool:
        """Follow an event that appends audio, if that needs no waiting. False: nothing has happened; take it in turn.

        Fifty a second come of every caller, nearly all of whom are silent. So this is `decode` and `take` without
        tasks to wake, for what is nearly always there: a small and faultless event, and nobody before it.
        """
        if not is_text or len(message) > LARGE_FRAME_CHARACTERS or self._closed or self._turn.locked():
            return False
        try:
            event = client_events.decode(message, strict=self._codec.strict)
            if type(event) is not AudioAppend:
                return False
            inbound = self._codec.receive(event)
        except WireError:
            return False
        return type(inbound) is AudioReceived and self._session.take_audio(inbound.audio)

    async def take(self, event: ClientEvent) -> None:
        """Follow an event; waits while the ears are behind."""
        async with self._turn:
            if not self._closed:
                await self._learn_prompt(event)
                await self._follow(self._codec.receive(event))

    async def take_sound(self, sound: bytes) -> None:
        """Hear a binary message; waits while the ears are behind."""
        async with self._turn:
            inbound = self._codec.receive_binary(sound)
            if inbound is not None and not self._closed:
                await self._follow(inbound)

    async def _follow(self, inbound: Inbound) -> None:
        match inbound:
            case AudioReceived(audio=audio):  # fifty a second: before everything else
                await self._session.receive_audio(audio)
            case CallConfigured(command=command):
                # first, so that the session hears what the codec lets through even if it cannot be kept for later
                await self._session.set_up_audio(audio_format(inbound.input_audio), audio_format(inbound.output_audio))
                if self._toolbox is not None:
                    self._toolbox.declare(inbound.declarations)
                self._prepare_to_resume()
                await self._session.receive(command)
            case ItemWithSound(command=command, audio=audio):
                await self._session.receive_item(command, audio)
            case command:
                await self._session.receive(command)

    async def _learn_prompt(self, event: ClientEvent) -> None:
        """A stored prompt that the event names is looked up before the codec reads the event."""
        name = None if self._prompt_of is None else prompt_named_by(event)
        if self._prompt_of is None or name is None:
            return
        try:
            self._codec.learn_prompt(name, await self._prompt_of(name))
        except WireError as error:
            error.event_id = event.event_id
            raise

    def _prepare_to_resume(self) -> None:
        """What the client would come back to is kept before the client is told that it can."""
        session = self._codec.resumption
        if self._on_resumable is None or not (self._resumable or session is not None):
            return
        self._resumable = session is not None
        try:
            journal = self._on_resumable(session)
        except OSError as error:
            message = f"the session cannot be kept for later: {error.strerror}"
            raise WireError("resumption_failed", message, param="session.resumption", kind="server_error") from error
        if journal is not None:
            self._session.begin_journal(journal)


def audio_format(audio: WireAudio) -> WireFormat:
    """The format in the words of `media`."""
    return OpusFormat(audio.rate_hz) if audio.encoding == "opus" else AudioFormat(audio.encoding, audio.rate_hz)
