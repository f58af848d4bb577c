"""An HTTP server that answers what a test has written down, over real sockets on 127.0.0.1. A test owns one.

It takes one request a connection and may drop it, stall, or break off in the middle of an answer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request gets. `dropped`: nothing, the connection ends; `broken_off`: the body ends too early."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: bool = False
    broken_off: bool = False

    def bytes(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        length = len(body) + (1 if self.broken_off else 0)
        head = {"Content-Length": str(length), "Connection": "close"} | dict(self.headers)
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        return f"HTTP/1.1 {self.status} Answer\r\n{lines}\r\n".encode() + body


DROPPED = Answer(dropped=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: Any

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass
class ScriptedHttp:
    """The answers in order; the last one is given for ever."""

    answers: list[Answer]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)


@asynccontextmanager
async def answering(*answers: Answer) -> AsyncGenerator[ScriptedHttp]:
    """Serve until the block ends."""
    script = ScriptedHttp(list(answers))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            script.asked.append(await _request(reader))
            answer = script.answers[min(len(script.asked), len(script.answers)) - 1]
            if not answer.dropped:
                writer.write(answer.bytes())
                await writer.drain()
        finally:
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        script.url = f"http://{host}:{port}"
        yield script


async def _request(reader: asyncio.StreamReader) -> Asked:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    method, target, _ = first.split(" ")
    return Asked(method, target, headers, json.loads(body) if body else None)
