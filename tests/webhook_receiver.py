"""A receiver of webhooks on loopback, for tests: keeps what it was sent, answers as it is told, ends with the test."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PATIENCE_SECONDS = 60
"""How long a connection may outlive the test that had it open, on a machine that is slow."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request. Header names are in lower case."""

    target: str
    headers: Mapping[str, str]
    body: str
    method: str = "POST"


def answer(status: int, headers: str = "", body: bytes = b"") -> bytes:
    """An HTTP answer; `headers` are whole lines, each with its line end."""
    return f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body


@dataclass
class Receiver:
    """Answers with what is in `answers`, one after the other, the last one for ever; `None`: never.

    `hold`: connections are left open behind the answer until the far end goes.
    """

    answers: list[bytes | None] = field(default_factory=lambda: [answer(204)])
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    hold: bool = False
    came: asyncio.Event = field(default_factory=asyncio.Event)
    serving: set[asyncio.Task[None] | None] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.add(asyncio.current_task())
        self.connections += 1
        try:
            await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.received.append(Received(head.split()[1], headers, body.decode(), head.split()[0]))
        self.came.set()
        told = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if told is None:
            await reader.read()
            return
        writer.write(told)
        await writer.drain()
        if self.hold:
            await reader.read()


@asynccontextmanager
async def receiving(
    *answers: bytes | None, tls: ssl.SSLContext | None = None, hold: bool = False
) -> AsyncIterator[Receiver]:
    receiver = Receiver(list(answers), hold=hold) if answers else Receiver(hold=hold)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await connections_ended(receiver.serving)
        await server.wait_closed()


async def connections_ended(serving: Iterable[asyncio.Task[None] | None]) -> None:
    """Wait until every connection has ended; a leak fails instead of holding up the whole run."""
    tasks = set(filter(None, serving))
    if not tasks:
        return
    over, open_still = await asyncio.wait(tasks, timeout=PATIENCE_SECONDS)
    for task in open_still:
        task.cancel()
    await asyncio.gather(*open_still, return_exceptions=True)
    for task in over:
        task.result()
    assert not open_still, (
        f"{len(open_still)} of {len(tasks)} connections to the test's server were still open {PATIENCE_SECONDS} seconds"
        " after the test: whoever opened them must close them"
    )
