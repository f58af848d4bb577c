"""Sidebands: more WebSockets on a live call, which are told what its caller is told and may steer it.

A sideband speaks the caller's dialect, for it gets the very frames that the caller gets. It carries no sound of its
own, takes no place among the calls, and comes and goes without the call's noticing. Owned by the endpoint, which holds
each one; all of a call's are closed when the call ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.websockets import WebSocket

from vivavoce.dialects.realtime.client_events import AudioAppend
from vivavoce.dialects.realtime.codec import RealtimeCodec
from vivavoce.dialects.wire import WireError
from vivavoce.transports.admission import SidebandPlan, no_such_call, refused
from vivavoce.transports.client_socket import TOO_SLOW, ClientSocket, Closure
from vivavoce.transports.outlet import SLOWEST_READING_SECONDS, FrameOutlet, FrameQueue
from vivavoce.transports.steering import Steering

SIDEBANDS_MAXIMUM = 4
"""Sidebands of one call: each costs a copy of the caller's traffic."""


class Sideband:
    """One WebSocket beside a call. `queue`: the frames on their way to it."""

    def __init__(self, socket: ClientSocket, codec: RealtimeCodec, steering: Steering) -> None:
        self.queue = FrameQueue(lambda: self.end(TOO_SLOW))
        self._socket = socket
        self._codec = codec
        self._steering = steering
        self._closure: Closure | None = None
        self._over = asyncio.Event()

    def end(self, closure: Closure) -> None:
        """Close it when it has been sent what waits, or at once if it reads too slowly. The first closure counts."""
        if self._closure is None:
            self._closure = closure
            self.queue.finish()
            self._over.set()

    async def serve(self) -> None:
        """Accept the WebSocket and hold it until the client leaves or `end`."""
        if not await self._socket.accept():
            return
        pump = asyncio.create_task(self.queue.pump(self._socket.send), name="pump of a sideband")
        reading = asyncio.create_task(self._read(), name="reading of a sideband")
        over = asyncio.create_task(self._over.wait(), name="end of a sideband")
        tasks = (pump, reading, over)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._closure is not None and not self.queue.overflowed:
                await asyncio.wait({pump}, timeout=SLOWEST_READING_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            if not task.cancelled():
                task.result()  # a defect is for the server's log
        if self._closure is not None:
            await self._socket.close(self._closure)

    async def _read(self) -> None:
        while (message := await self._socket.receive()) is not None:
            try:
                await self._take(message)
            except WireError as error:
                # told to the one who wrote it: other people's clients give up at an error they did not cause
                self.queue.put(self._codec.refuse(error))

    async def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            raise _no_sound(None)
        event = await self._steering.decode(message)
        if isinstance(event, AudioAppend):
            raise _no_sound(event.event_id)
        await self._steering.take(event)


class Sidebands:
    """The sidebands of one call. Owned by the call's connection."""

    def __init__(self, codec: RealtimeCodec, steering: Steering, outlet: FrameOutlet) -> None:
        self._codec = codec
        self._steering = steering
        self._outlet = outlet
        self._present: set[Sideband] = set()
        self._open = False

    def open(self) -> None:
        """The call has begun: from now on it can be joined."""
        self._open = True

    def close(self, closure: Closure) -> None:
        """The call has ended: those who are here are told why."""
        self._open = False
        for sideband in self._present:
            sideband.end(closure)

    async def hold(self, websocket: WebSocket, plan: SidebandPlan) -> None:
        """Let one sideband in and hold it until either side leaves. Raises `Refusal` before the upgrade."""
        if not self._open:
            raise no_such_call(plan.call_id)
        if len(self._present) >= SIDEBANDS_MAXIMUM:
            message = f"This call has {SIDEBANDS_MAXIMUM} sidebands and takes no more; close one of them first."
            told = {"type": "rate_limit_error", "code": "too_many_sidebands", "message": message, "param": "call_id"}
            raise refused(429, told)
        sideband = Sideband(ClientSocket(websocket, plan.subprotocol), self._codec, self._steering)
        for frame in self._codec.introduction():
            sideband.queue.put(frame)
        leave = self._join(sideband)
        try:
            await sideband.serve()
        finally:
            leave()

    def _join(self, sideband: Sideband) -> Callable[[], None]:
        self._present.add(sideband)
        self._outlet.follow(sideband.queue)

        def leave() -> None:
            self._present.discard(sideband)
            self._outlet.unfollow(sideband.queue)

        return leave


def _no_sound(event_id: str | None) -> WireError:
    message = "a sideband carries no sound of the caller's: the call's own connection does"
    return WireError("unsupported_event", message, param="type", event_id=event_id)
