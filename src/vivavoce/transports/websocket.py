"""`/v1/realtime` over WebSocket: one connection is one call.

The endpoint admits the caller before the upgrade, opens the call, reads frames into it and pumps frames out of it.
Everything of a connection ends when the connection does. What may come in and which call it opens is decided by two
ports that the composition root fills.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from vivavoce.conversation.settings import Settings
from vivavoce.dialects.realtime import client_events
from vivavoce.dialects.realtime.codec import AudioReceived, CallConfigured, RealtimeCodec, VoiceResolver
from vivavoce.dialects.wire import WireAudio, WireError
from vivavoce.media.formats import AudioFormat
from vivavoce.sessions.directory import NoPlaceError, SessionDirectory
from vivavoce.sessions.journal import Journal
from vivavoce.sessions.ports import Engines
from vivavoce.sessions.runner import run_call
from vivavoce.sessions.session import Session
from vivavoce.transports.outlet import FrameOutlet

LARGE_FRAME_CHARACTERS = 64 * 1024
"""A larger frame is decoded on another thread: parsing it would hold the event loop for more than 2 ms."""

NORMAL_CLOSURE, INTERNAL_ERROR, TRY_AGAIN_LATER = 1000, 1011, 1013


@dataclass(frozen=True, slots=True)
class Refusal(Exception):  # noqa: N818 - not an error of ours, but our answer
    """The caller is not let in: the HTTP answer instead of the upgrade."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What a new call begins with."""

    session_id: str
    conversation_id: str
    model: str
    settings: Settings


class Doorkeeper(Protocol):
    """Decides who may come in and which call they get."""

    async def admit(self, headers: Mapping[str, str], subprotocols: Sequence[str]) -> str | None:
        """The sub-protocol to select. Raises `Refusal`."""
        ...

    async def plan(self, query: Mapping[str, str]) -> CallPlan:
        """The call for the query of the URL. Raises `Refusal`."""
        ...

    def journal(self, session_id: str) -> Journal | None:
        """Where this call is written down; None for nowhere."""
        ...


class RealtimeEndpoint:
    """The ASGI endpoint of `/v1/realtime`. Lives as long as the server."""

    def __init__(
        self, doorkeeper: Doorkeeper, directory: SessionDirectory, engines: Engines, resolve_voice: VoiceResolver
    ) -> None:
        self._doorkeeper = doorkeeper
        self._directory = directory
        self._engines = engines
        self._resolve_voice = resolve_voice

    async def serve(self, websocket: WebSocket) -> None:
        """Hold one connection from its upgrade to its close."""
        try:
            subprotocol = await self._doorkeeper.admit(websocket.headers, websocket.scope.get("subprotocols", []))
            plan = await self._doorkeeper.plan(websocket.query_params)
            self._check_place()
        except Refusal as refusal:
            answer = JSONResponse(dict(refusal.body), refusal.status, dict(refusal.headers))
            await websocket.send_denial_response(answer)
            return
        connection = _Connection(
            websocket, plan, self._engines, self._resolve_voice, self._doorkeeper.journal(plan.session_id)
        )
        async with self._directory.holding(connection.session):
            await websocket.accept(subprotocol)
            await connection.hold()

    def _check_place(self) -> None:
        try:
            self._directory.check_place()
        except NoPlaceError as error:
            body = {"type": "server_error", "code": "no_place", "message": str(error), "param": None, "event_id": None}
            raise Refusal(503, {"error": body}) from error


class _Connection:
    """One connection and the call on it."""

    def __init__(
        self,
        websocket: WebSocket,
        plan: CallPlan,
        engines: Engines,
        resolve_voice: VoiceResolver,
        journal: Journal | None,
    ) -> None:
        self._websocket = websocket
        self._codec = RealtimeCodec(
            session_id=plan.session_id,
            conversation_id=plan.conversation_id,
            model=plan.model,
            settings=plan.settings,
            resolve_voice=resolve_voice,
        )
        self._outlet = FrameOutlet(self._codec, self._end_call)
        begun = self._codec.configuration
        self.session = Session(
            plan.session_id,
            begun.command.settings,
            engines,
            self._outlet,
            _audio_format(begun.input_audio),
            _audio_format(begun.output_audio),
            journal,
        )

    async def hold(self) -> None:
        """Run the call; then close, saying why."""
        pump = asyncio.create_task(self._outlet.pump(self._send), name=f"pump {self.session.session_id}")
        try:
            defect = await run_call(self.session, self._read())
            if defect is not None:
                self._outlet.refuse(WireError("internal_error", "the call broke; connect again", kind="server_error"))
            self._outlet.finish()
            if not self._outlet.overflowed:
                await pump
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
        await self._close(defect)

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
            frame = message.get("text")
            try:
                await self._take(frame if frame is not None else message.get("bytes") or b"")
            except WireError as error:
                self._outlet.refuse(error)

    async def _take(self, frame: str | bytes) -> None:
        if len(frame) > LARGE_FRAME_CHARACTERS:
            event = await asyncio.to_thread(client_events.decode, frame)
        else:
            event = client_events.decode(frame)
        inbound = self._codec.receive(event)
        match inbound:
            case AudioReceived(audio=audio):
                await self.session.receive_audio(audio)
            case CallConfigured(command=command):
                await self.session.set_up_audio(_audio_format(inbound.input_audio), _audio_format(inbound.output_audio))
                await self.session.receive(command)
            case command:
                await self.session.receive(command)

    async def _send(self, frame: str) -> bool:
        try:
            await self._websocket.send_text(frame)
        except WebSocketDisconnect:
            self.session.end()
            return False
        return True

    async def _close(self, defect: Exception | None) -> None:
        code, reason = NORMAL_CLOSURE, ""
        if defect is not None:
            code, reason = INTERNAL_ERROR, "the call broke"
        elif self._outlet.overflowed:
            code, reason = TRY_AGAIN_LATER, "the client reads too slowly"
        with suppress(RuntimeError, WebSocketDisconnect):  # the client closed first
            await self._websocket.close(code, reason)


def _audio_format(audio: WireAudio) -> AudioFormat:
    return AudioFormat(audio.encoding, audio.rate_hz)
