"""A line between a browser and a server that a test may cut: a TCP proxy on 127.0.0.1, in a thread of its own.

Owned by the test that opens it; ends with it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PIECE_BYTES = 65_536


@dataclass(slots=True)
class DroppingLine:
    """`port` is the browser's end."""

    port: int
    _loop: asyncio.AbstractEventLoop
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _connections: set[asyncio.Task[None]] = field(default_factory=set)
    _is_down: bool = False

    def cut(self) -> None:
        """Break every connection at once, and let none through until `mend`."""
        self._change(is_down=True)

    def mend(self) -> None:
        self._change(is_down=False)

    def _change(self, *, is_down: bool) -> None:
        async def change() -> None:
            self._is_down = is_down
            for writer in self._writers if is_down else ():
                writer.transport.abort()

        asyncio.run_coroutine_threadsafe(change(), self._loop).result(10)

    async def _joined(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_down:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        self._writers |= {writer, far_writer}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass(reader, far_writer))
                both.create_task(_pass(far_reader, writer))
        finally:
            self._writers -= {writer, far_writer}
            writer.transport.abort()
            far_writer.transport.abort()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()


@contextmanager
def dropping_line(server_port: int) -> Iterator[DroppingLine]:
    """A line to the server on this port, until the block ends."""
    loop = asyncio.new_event_loop()
    lines: list[DroppingLine] = []
    ready, over = threading.Event(), asyncio.Event()

    async def hold() -> None:
        async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            lines[0]._connections.add(task)
            await lines[0]._joined(server_port, reader, writer)
            lines[0]._connections.discard(task)

        async with await asyncio.start_server(joined, "127.0.0.1", 0) as server:
            lines.append(DroppingLine(server.sockets[0].getsockname()[1], loop))
            ready.set()
            await over.wait()
            for writer in lines[0]._writers:
                writer.transport.abort()
            await asyncio.gather(*lines[0]._connections, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(hold(),), name="dropping line")
    thread.start()
    try:
        assert ready.wait(10), "the line did not open"
        yield lines[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()
