"""One WebSocket connection and the call on it: frames in, frames out, and the close that says why.

Owned by the endpoint; everything of a connection ends when `hold` returns.
"""

from __future__ import annotations

import asyncio
import time
from enum import Enum, auto

from starlette.websockets import WebSocket

from vivavoce.dialects.realtime.asking import NOTHING_ASKED, Asked
from vivavoce.dialects.realtime.codec import RealtimeCodec, VoiceResolver
from vivavoce.dialects.wire import WireError
from vivavoce.sessions.ports import Engines
from vivavoce.sessions.runner import run_call
from vivavoce.sessions.session import Session
from vivavoce.transports.admission import BROKE, REPLACED, CallPlan
from vivavoce.transports.client_socket import INTERNAL_ERROR, NORMAL_CLOSURE, TOO_SLOW, ClientSocket, Closure
from vivavoce.transports.lifetime import Lifetime
from vivavoce.transports.outlet import FrameOutlet
from vivavoce.transports.sideband import Sidebands
from vivavoce.transports.steering import Steering, audio_format

PING_SECONDS = 20.0
"""How often clients that asked for xAI's events get a `ping`."""

HUNG_UP = "hung_up"
"""What sidebands are told of a call that ended because its client left."""


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
        self._socket = ClientSocket(websocket, plan.subprotocol)
        self._lifetime = Lifetime(plan)
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
            rate_limits=plan.rate_limits,
            agents_tools=plan.agents_tools,
        )
        if framing is AudioFraming.BINARY:
            self._codec.stream_binary()
        self._outlet = FrameOutlet(self._codec, self._end_call)
        begun = self._codec.configuration
        if plan.toolbox is not None:
            plan.toolbox.declare(begun.declarations)
        self.session = Session(
            plan.session_id,
            begun.command.settings,
            engines,
            self._outlet,
            audio_format(begun.input_audio),
            audio_format(begun.output_audio),
            plan.journal,
            history=plan.history,
            recorder=plan.recorder,
            id_prefix=plan.id_prefix,
            resumed=plan.resumed,
            toolbox=plan.toolbox,
            tap=plan.tap,
        )
        self._steering = Steering(self._codec, self.session, plan)
        self.sidebands = Sidebands(self._codec, self._steering, self._outlet)

    async def hold(self) -> None:
        """Accept the connection, run the call, close. Raises `Refusal` where the plan's `on_begin` does."""
        reason: str | None = BROKE
        try:
            await self._lifetime.begin()
            reason = await self._run() if await self._socket.accept() else None
        except asyncio.CancelledError:
            reason = self.session.end_reason
            raise
        finally:
            self.sidebands.close(Closure(NORMAL_CLOSURE, reason or HUNG_UP))  # if the end came from outside
            await self._lifetime.end(reason)

    async def give_way(self) -> None:
        """Hang up because the session has got another connection, and wait until everything of this one has ended."""
        self._gives_way = True
        self.session.end(REPLACED)
        await self.over.wait()

    async def _run(self) -> str | None:
        pump = asyncio.create_task(self._outlet.queue.pump(self._send), name=f"pump {self.session.session_id}")
        pings = asyncio.create_task(self._ping(), name=f"pings {self.session.session_id}")
        try:
            self.sidebands.open()
            defect = await run_call(self.session, self._read())
            self._steering.close()
            reason = BROKE if defect is not None else self.session.end_reason
            # before the close, so that a client that has seen the close finds the session ended
            await self._lifetime.end(reason)
            if defect is not None:
                self._outlet.refuse(WireError("internal_error", "the call broke; connect again", kind="server_error"))
            pings.cancel()
            self._outlet.queue.finish()
            broke = Closure(INTERNAL_ERROR, "the call broke") if defect is not None else None
            self.sidebands.close(broke or Closure(NORMAL_CLOSURE, reason or HUNG_UP))
            if not (self._outlet.queue.overflowed or self._gives_way or reason == REPLACED):
                await pump
        finally:
            pings.cancel()
            pump.cancel()
            await asyncio.gather(pump, pings, return_exceptions=True)
        slow = TOO_SLOW if self._outlet.queue.overflowed else None
        await self._socket.close(broke or slow or Closure(NORMAL_CLOSURE, reason or ""))
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
        if not self._first_frame_decides:
            self._socket.offer_to(self._steering.hear_at_once)
        try:
            while (frame := await self._socket.receive()) is not None:
                try:
                    await self._take(frame)
                except WireError as error:
                    self._outlet.refuse(error)
        finally:
            self._steering.close()

    async def _take(self, frame: str | bytes) -> None:
        """Follow a frame: text is an event, bytes are audio. Raises `WireError`."""
        if self._first_frame_decides:
            self._first_frame_decides = False
            self._socket.offer_to(self._steering.hear_at_once)
            if isinstance(frame, bytes):
                self._codec.stream_binary()
        if isinstance(frame, bytes):
            await self._steering.take_sound(frame)
        else:
            await self._steering.take(await self._steering.decode(frame))

    async def _send(self, frame: str | bytes) -> bool:
        sent = await self._socket.send(frame)
        if not sent:
            self.session.end()
        return sent
