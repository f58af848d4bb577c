"""Messages cut out of the bytes of a socket: however the network and the client cut them, the call gets them whole."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tests.transports.endpoint_serving import Doorkeeper, endpoint_serving

MASK = b"\x1f\x2e\x3d\x4c"
TEXT, BINARY, CONTINUED, CLOSE, PING, PONG = 0x1, 0x2, 0x0, 0x8, 0x9, 0xA


def masked(opcode: int, payload: bytes, *, last: bool = True, reserved: int = 0) -> bytes:
    head = bytes([(0x80 if last else 0) | reserved | opcode])
    if len(payload) <= 125:
        head += bytes([0x80 | len(payload)])
    elif len(payload) < 1 << 16:
        head += struct.pack("!BH", 0x80 | 126, len(payload))
    else:
        head += struct.pack("!BQ", 0x80 | 127, len(payload))
    return head + MASK + bytes(byte ^ MASK[at % 4] for at, byte in enumerate(payload))


def asking(event_id: str, padding: int = 0) -> bytes:
    """An event that is answered by an error which names it."""
    return json.dumps({"type": "response.cancel", "event_id": event_id, "padding": "x" * padding}).encode()


class Peer:
    """A client that sees the frames of its socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def frame(self) -> tuple[int, bytes]:
        first, length = await self._reader.readexactly(2)
        if length == 126:
            length = int.from_bytes(await self._reader.readexactly(2))
        elif length == 127:
            length = int.from_bytes(await self._reader.readexactly(8))
        return first & 0x0F, await self._reader.readexactly(length)

    async def errors_and_pongs(self, count: int) -> list[str]:
        """The ids that errors name, and the payloads of pongs, in order, so many."""
        found: list[str] = []
        while len(found) < count:
            opcode, payload = await self.frame()
            if opcode == PONG:
                found.append(payload.decode())
            elif opcode == TEXT:
                event = json.loads(payload)
                if event["type"] == "error":
                    found.append(event["error"]["event_id"])
        return found

    async def close_code(self) -> int:
        while True:
            opcode, payload = await self.frame()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2])


@asynccontextmanager
async def connected() -> AsyncGenerator[Peer]:
    async with endpoint_serving(Doorkeeper()) as served, asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        lines = (
            "GET /v1/realtime HTTP/1.1",
            "Host: localhost",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "",
            "",
        )
        writer.write("\r\n".join(lines).encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in answer
        try:
            yield Peer(reader, writer)
        finally:
            writer.close()


MIXED = (
    masked(TEXT, asking("one"))
    + masked(PING, b"first")
    + masked(TEXT, asking("two")[:9], last=False)
    + masked(PING, b"within")
    + masked(CONTINUED, asking("two")[9:20], last=False)
    + masked(CONTINUED, asking("two")[20:])
    + masked(BINARY, bytes(320))
    + masked(TEXT, asking("three", 200))
    + masked(BINARY, bytes(160), last=False)
    + masked(CONTINUED, bytes(160))
    + masked(TEXT, asking("four", 70_000))
    + masked(TEXT, asking("five"))
)


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 64, 1000, len(MIXED)])
async def test_messages_arrive_whole_however_they_are_cut(piece: int) -> None:
    async with connected() as peer:
        sent = MIXED if piece > 4 else MIXED.replace(masked(TEXT, asking("four", 70_000)), masked(TEXT, asking("four")))
        for start in range(0, len(sent), piece):
            peer.writer.write(sent[start : start + piece])
            if piece < 1000:
                await asyncio.sleep(0)
        found = await peer.errors_and_pongs(7)
        # a pong is the socket's answer and may overtake that of the call
        assert [each for each in found if each not in ("first", "within")] == ["one", "two", "three", "four", "five"]
        assert [each for each in found if each in ("first", "within")] == ["first", "within"]


REFUSED = {
    "text that is no UTF-8": (masked(TEXT, b"\xff\xfe"), 1007),
    "a continuation of nothing": (masked(CONTINUED, b"x"), 1002),
    "a message inside a fragmented one": (masked(TEXT, b"{", last=False) + masked(TEXT, b"{}"), 1002),
    "a reserved bit": (masked(TEXT, b"{}", reserved=0x40), 1002),
    "an opcode that there is not": (masked(0x3, b""), 1002),
    "a frame that is not masked": (b"\x81\x02{}", 1002),
    "a message that will be too large": (b"\x81\xff" + struct.pack("!Q", 1 << 40) + MASK, 1009),
}


@pytest.mark.parametrize(("sent", "code"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_the_protocol_forbids_closes_the_connection(sent: bytes, code: int) -> None:
    async with connected() as peer:
        peer.writer.write(masked(TEXT, asking("before")) + sent)
        assert await peer.close_code() == code


async def test_more_messages_than_may_wait_are_all_taken() -> None:
    async with connected() as peer:
        peer.writer.write(b"".join(masked(TEXT, asking(f"e{number}")) for number in range(500)))
        assert await peer.errors_and_pongs(500) == [f"e{number}" for number in range(500)]


async def test_a_close_is_answered() -> None:
    async with connected() as peer:
        peer.writer.write(masked(TEXT, asking("before")) + masked(CLOSE, b"\x03\xe8"))
        assert await peer.close_code() == 1000
