"""One WebSocket connection and the call on it: frames in, frames out, and the close that says why.

Owned by the endpoint; everything of a connection ends when `hold` returns.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from enum import Enum, auto

from starlette.websockets import WebSocket, WebSocketDisconnect

from vivavoce.dialects.realtime import client_events
from vivavoce.dialects.realtime.asking import NOTHING_ASKED, Asked
from vivavoce.dialects.realtime.codec import (
    AudioReceived,
    CallConfigured,
    Inbound,
    ItemWithSound,
    RealtimeCodec,
    VoiceResolver,
)
from vivavoce.dialects.wire import WireAudio, WireError
from vivavoce.media.formats import AudioFormat
from vivavoce.sessions.ports import Engines
from vivavoce.sessions.runner import run_call
from vivavoce.sessions.session import Session
from vivavoce.transports.admission import BROKE, REPLACED, CallPlan
from vivavoce.transports.lifetime import Lifetime
from vivavoce.transports.outlet import FrameOutlet

LARGE_FRAME_CHARACTERS = 64 * 1024
"""A larger frame is decoded on another thread: parsing it would hold the event loop for more than 2 ms."""

PING_SECONDS = 20.0
"""How often clients that asked for xAI's events get a `ping`."""

NORMAL_CLOSURE, INTERNAL_ERROR, TRY_AGAIN_LATER = 1000, 1011, 1013

CLOSE_REASON_BYTES = 123
"""What a close frame can hold (RFC 6455, 5.5)."""


class AudioFraming(Enum):
    """How the agent's sound goes out: inside events, as binary frames, or as the client's first frame is."""

    JSON = auto()
    BINARY = auto()
    AS_FIRST_FRAME = auto()


class Connection:
    """One connection. Raises `WireError` for a plan that cannot be a session. `over`: its place is free again."""

    def __init__(
        self,
        websocket: WebSocket,
        plan: CallPlan,
        engines: Engines,
        resolve_voice: VoiceResolver,
        framing: AudioFraming,
        asked: Asked = NOTHING_ASKED,
    ) -> None:
        self.over = asyncio.Event()
        self._gives_way = False
        self._websocket = websocket
        self._subprotocol = plan.subprotocol
        self._lifetime = Lifetime(plan)
        self._on_resumable = plan.on_resumable
        self._resumable = False
        self._first_frame_decides = framing is AudioFraming.AS_FIRST_FRAME
        self._codec = RealtimeCodec(
            session_id=plan.session_id,
            conversation_id=plan.conversation_id,
            model=plan.model,
            settings=plan.settings,
            resolve_voice=resolve_voice,
            asked=asked,
            session=plan.session,
            replay=plan.replay,
        )
        if framing is AudioFraming.BINARY:
            self._codec.stream_binary()
        self._outlet = FrameOutlet(self._codec, self._end_call)
        begun = self._codec.configuration
        self.session = Session(
            plan.session_id,
            begun.command.settings,
            engines,
            self._outlet,
            _audio_format(begun.input_audio),
            _audio_format(begun.output_audio),
            plan.journal,
            history=plan.history,
            recorder=plan.recorder,
            id_prefix=plan.id_prefix,
            resumed=plan.resumed,
        )

    async def hold(self) -> None:
        """Accept the connection, run the call, close. Raises `Refusal` where the plan's `on_begin` does."""
        reason: str | None = BROKE
        try:
            await self._lifetime.begin()
            reason = await self._run() if await self._accept() else None
        except asyncio.CancelledError:
            reason = self.session.end_reason
            raise
        finally:
            await self._lifetime.end(reason)

    async def give_way(self) -> None:
        """Hang up because the session has got another connection, and wait until everything of this one has ended."""
        self._gives_way = True
        self.session.end(REPLACED)
        await self.over.wait()

    async def _accept(self) -> bool:
        """False: the client has gone."""
        try:
            await self._websocket.accept(self._subprotocol)
        except (OSError, RuntimeError, WebSocketDisconnect):
            return False
        return True

    async def _run(self) -> str | None:
        pump = asyncio.create_task(self._outlet.pump(self._send), name=f"pump {self.session.session_id}")
        pings = asyncio.create_task(self._ping(), name=f"pings {self.session.session_id}")
        try:
            defect = await run_call(self.session, self._read())
            reason = BROKE if defect is not None else self.session.end_reason
            # before the close, so that a client that has seen the close finds the session ended
            await self._lifetime.end(reason)
            if defect is not None:
                self._outlet.refuse(WireError("internal_error", "the call broke; connect again", kind="server_error"))
            pings.cancel()
            self._outlet.finish()
            if not (self._outlet.overflowed or self._gives_way or reason == REPLACED):
                await pump
        finally:
            pings.cancel()
            pump.cancel()
            await asyncio.gather(pump, pings, return_exceptions=True)
        await self._close(defect, reason)
        return reason

    async def _ping(self) -> None:
        """Keep the connections of xAI's clients alive as xAI does, until cancelled."""
        while True:
            await asyncio.sleep(PING_SECONDS)
            if self._codec.wants_pings:
                self._outlet.put(self._codec.ping(time.time_ns() // 1_000_000))

    def _end_call(self) -> None:
        self.session.end()

    async def _read(self) -> None:
        """Take frames in until the client has gone."""
        while True:
            try:
                message = await self._websocket.receive()
            except WebSocketDisconnect:
                return
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            try:
                inbound = await self._inbound(text if text is not None else message.get("bytes") or b"")
                if type(inbound) is AudioReceived:  # fifty a second: before everything else
                    await self.session.receive_audio(inbound.audio)
                elif inbound is not None:
                    await self._take(inbound)
            except WireError as error:
                self._outlet.refuse(error)

    async def _inbound(self, frame: str | bytes) -> Inbound | None:
        """What a frame asks for: text is an event, bytes are audio. Raises `WireError`."""
        if self._first_frame_decides:
            self._first_frame_decides = False
            if isinstance(frame, bytes):
                self._codec.stream_binary()
        if isinstance(frame, bytes):
            return self._codec.receive_binary(frame)
        if len(frame) > LARGE_FRAME_CHARACTERS:
            decoded = await asyncio.to_thread(client_events.decode, frame, strict=self._codec.strict)
            return self._codec.receive(decoded)
        return self._codec.receive(client_events.decode(frame, strict=self._codec.strict))

    async def _take(self, inbound: Inbound) -> None:
        match inbound:
            case AudioReceived(audio=audio):
                await self.session.receive_audio(audio)
            case CallConfigured(command=command):
                self._prepare_to_resume()
                await self.session.set_up_audio(_audio_format(inbound.input_audio), _audio_format(inbound.output_audio))
                await self.session.receive(command)
            case ItemWithSound(command=command, audio=audio):
                await self.session.receive_item(command, audio)
            case command:
                await self.session.receive(command)

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
            self.session.begin_journal(journal)

    async def _send(self, frame: str | bytes) -> bool:
        try:
            if isinstance(frame, bytes):
                await self._websocket.send_bytes(frame)
            else:
                await self._websocket.send_text(frame)
        except (RuntimeError, WebSocketDisconnect):
            self.session.end()
            return False
        return True

    async def _close(self, defect: Exception | None, reason: str | None) -> None:
        code, said = NORMAL_CLOSURE, reason or ""
        if defect is not None:
            code, said = INTERNAL_ERROR, "the call broke"
        elif self._outlet.overflowed:
            code, said = TRY_AGAIN_LATER, "the client reads too slowly"
        with suppress(RuntimeError, WebSocketDisconnect):  # the client closed first
            await self._websocket.close(code, said.encode()[:CLOSE_REASON_BYTES].decode(errors="ignore"))


def _audio_format(audio: WireAudio) -> AudioFormat:
    return AudioFormat(audio.encoding, audio.rate_hz)
