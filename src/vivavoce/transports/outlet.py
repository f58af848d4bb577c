"""The way out of one WebSocket call: notices and audio become frames, frames wait in a bounded queue for the socket.

Owned by the connection. A client that leaves frames waiting too long, or too many of them, reads too slowly: the call
ends, and the connection is closed with the reason. Sidebands follow with queues of their own, and can be too slow
without harm to the call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from vivavoce.conversation.identifiers import ReplyId
from vivavoce.conversation.notices import Notice
from vivavoce.dialects.wire import WireError

SLOWEST_READING_SECONDS = 10.0
WAITING_BYTES_MAXIMUM = 4 * 1024 * 1024


class OutboundCodec(Protocol):
    """The half of a dialect's codec that writes."""

    def send(self, notice: Notice) -> list[str]: ...

    def send_audio(self, reply_id: ReplyId, audio: bytes) -> str | bytes | None: ...

    def refuse(self, error: WireError) -> str: ...


class FrameQueue:
    """Frames that wait for one socket. `give_up` is called once, when its client reads too slowly."""

    def __init__(self, give_up: Callable[[], None]) -> None:
        self._give_up = give_up
        self._frames: deque[tuple[float, str | bytes]] = deque()
        self._waiting_bytes = 0
        self._sending_since: float | None = None
        self._more = asyncio.Event()
        self._finished = False
        self.overflowed = False

    def finish(self) -> None:
        """No more frames will come; `pump` returns when those that wait have gone."""
        self._finished = True
        self._more.set()

    async def pump(self, send: Callable[[str | bytes], Awaitable[bool]]) -> None:
        """Send frames as the socket takes them, until `finish`, or until `send` says that the client has gone."""
        while True:
            while self._frames:
                queued_at, frame = self._frames.popleft()
                self._sending_since = queued_at
                if not await send(frame):
                    return
                self._waiting_bytes -= len(frame)
            self._sending_since = None
            if self._finished:
                return
            self._more.clear()
            await self._more.wait()

    def put(self, frame: str | bytes) -> None:
        """Queue one frame."""
        if self.overflowed:
            return
        now = asyncio.get_running_loop().time()
        waited = now - self._sending_since if self._sending_since is not None else 0.0
        if waited > SLOWEST_READING_SECONDS or self._waiting_bytes + len(frame) > WAITING_BYTES_MAXIMUM:
            self.overflowed = True
            self._frames.clear()
            self._give_up()
            return
        self._frames.append((now, frame))
        self._waiting_bytes += len(frame)
        self._more.set()


class FrameOutlet:
    """What one call tells: to its caller through `queue`, and to the queues that follow."""

    def __init__(self, codec: OutboundCodec, end_call: Callable[[], None]) -> None:
        self.queue = FrameQueue(end_call)
        self._codec = codec
        self._followers: list[FrameQueue] = []

    def follow(self, queue: FrameQueue) -> None:
        """Put every frame from here on into this queue too."""
        self._followers.append(queue)

    def unfollow(self, queue: FrameQueue) -> None:
        self._followers.remove(queue)

    def tell(self, notice: Notice) -> None:
        for frame in self._codec.send(notice):
            self.put(frame)

    def send_audio(self, reply_id: ReplyId, audio: bytes) -> None:
        frame = self._codec.send_audio(reply_id, audio)
        if frame is not None:
            self.put(frame)

    def refuse(self, error: WireError) -> None:
        """Tell of input that cannot be followed."""
        self.put(self._codec.refuse(error))

    def put(self, frame: str | bytes) -> None:
        """Queue one frame for everybody."""
        self.queue.put(frame)
        for follower in self._followers:
            follower.put(frame)
