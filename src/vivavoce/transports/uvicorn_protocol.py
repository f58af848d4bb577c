"""uvicorn's WebSocket protocol: quick with whole messages, and able to close on a client that does not read.

A call is fifty small messages a second each way. uvicorn takes every one through a general parser, one that copes with
fragments and half-arrived frames, and stops reading the socket after each. Here whole unfragmented messages are taken
out of the bytes directly, and many may wait before reading stops; everything else goes the general way (RFC 6455, 5.2).
While the application waits for a message, those that come are offered to it first (`MESSAGES`), which saves waking it.

uvicorn also holds a close frame back until the client has read what was sent before, and then waits for the buffer to
empty: a client that stopped reading would keep its connection for ever. Named by the composition root as `--ws`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State
from websockets.speedups import apply_mask

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
    from websockets.http11 import Request

MESSAGES = "vivavoce.messages"
"""The extension of the ASGI scope by which the application takes messages without being woken. It holds `offer_to`."""

Taker = Callable[[bytes, bool], bool]
"""Takes a message at once: its bytes, and whether they are text (then ASCII). False: nothing has happened, queue it."""

ABORT_AFTER_SECONDS = 10.0
"""A client is given this long to read the close frame."""

WAITING_MESSAGES = 32
"""Messages that may wait for the call before its socket is read no further."""

LARGE_FRAME_BYTES = 64 * 1024
"""A frame above this that has not arrived whole is collected by the general parser."""

TEXT, BINARY = 0x81, 0x82
"""The first byte of a whole message: FIN, and the opcode."""

_MASKED = 0x80
_FIN = 0x80
_OPCODE, _BINARY_OPCODE = 0x0F, 0x02
_SHORT, _LENGTH_16, _LENGTH_64 = 125, 126, 127
_HEAD_16 = 8
"""Bytes before the payload of a masked frame whose length is 16 bits long."""

_OPEN = State.OPEN


class ClosingWebSocketProtocol(WebSocketsSansIOProtocol):
    """Takes and writes whole messages directly, sends close frames at once and lets go of the connection soon after."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._rest = b""
        self._owed = 0
        self._fragmented = False
        self._taker: Taker | None = None
        self._reader_waits = False

    def offer_to(self, taker: Taker) -> None:
        """Offer messages to `taker` that come while the application waits in `receive` and nothing else is queued."""
        self._taker = taker

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.handshake_complete:  # the application has not begun yet
            self.scope["extensions"][MESSAGES] = {"offer_to": self.offer_to}

    async def receive(self) -> ASGIReceiveEvent:
        self._reader_waits = True
        try:
            return await super().receive()
        finally:
            self._reader_waits = False

    def data_received(self, data: bytes) -> None:
        if not self.handshake_complete or not self._is_open:
            rest, self._rest = self._rest, b""
            super().data_received(rest + data)
            return
        if self._owed:
            head, data = data[: self._owed], data[self._owed :]
            self._owed -= len(head)
            super().data_received(head)
        elif self._rest:
            data, self._rest = self._rest + data, b""
        start, end = 0, len(data)
        if self._is_whole_text(data):  # an append and nothing else, nearly always
            self._take(TEXT, apply_mask(data[_HEAD_16:], data[_HEAD_16 - 4 : _HEAD_16]))
            return
        while start < end and self._is_open:
            frame = _frame_at(data, start, end)
            if frame is None:
                self._rest = data[start:]
                return
            start = self._take_frame(data, start, *frame)

    def _is_whole_text(self, data: bytes) -> bool:
        """True if this is one frame, with one message of text whose length is written in 16 bits."""
        return (
            len(data) > _HEAD_16
            and data[0] == TEXT
            and data[1] == _MASKED | _LENGTH_16
            and len(data) == _HEAD_16 + (data[2] << 8 | data[3])
            and len(data) <= self.config.ws_max_size
            and not self._fragmented
        )

    def _take_frame(self, data: bytes, start: int, payload_start: int, payload_end: int) -> int:
        """Take in the frame that begins at `start`; where the next one begins."""
        first, arrived = data[start], payload_end <= len(data)
        # a frame of a fragmented message, or one that must not be, is for the general parser, and so is a large one:
        # it collects what arrives in pieces without copying it again and again
        quick = first in (TEXT, BINARY) and data[start + 1] & _MASKED and not self._fragmented
        if quick and arrived and payload_end - payload_start <= self.config.ws_max_size:
            self._take(first, apply_mask(data[payload_start:payload_end], data[payload_start - 4 : payload_start]))
        elif arrived or payload_end - start > LARGE_FRAME_BYTES:
            self._owed = max(0, payload_end - len(data))
            if first & _OPCODE <= _BINARY_OPCODE:
                self._fragmented = not first & _FIN
            super().data_received(data[start:payload_end])
        else:
            self._rest = data[start:]
        return payload_end

    @property
    def _is_open(self) -> bool:
        return self.conn.state is _OPEN

    def _take(self, first: int, payload: bytes) -> None:
        """Hand one message to the application."""
        if self.close_sent:
            return
        if self._reader_waits and self._taker is not None and self.queue.empty():
            is_text = first == TEXT
            if (not is_text or payload.isascii()) and self._taker(payload, is_text):
                return
        if first == TEXT:
            try:
                self.queue.put_nowait({"type": "websocket.receive", "text": payload.decode()})
            except UnicodeDecodeError:
                self.conn.fail(1007, "the message is not UTF-8")
                self.handle_parser_exception()
                return
        else:
            self.queue.put_nowait({"type": "websocket.receive", "bytes": payload})
        if not self.read_paused and self.queue.qsize() >= WAITING_MESSAGES:
            self.read_paused = True
            self.transport.pause_reading()

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "websocket.send" and self._is_open and not self.close_sent:
            if not self.writable.is_set():
                await self.writable.wait()
            if not (self.disconnected or self.transport.is_closing()):
                self._write(message)
                return
        if message["type"] == "websocket.close" and self.handshake_complete and not self.disconnected:
            self.writable.set()
            self.loop.call_later(ABORT_AFTER_SECONDS, self.transport.abort)
        await super().send(message)

    def _write(self, message: Any) -> None:
        sound = message.get("bytes")
        first, payload = (TEXT, message["text"].encode()) if sound is None else (BINARY, sound)
        length = len(payload)
        if length <= _SHORT:
            head = struct.pack("!BB", first, length)
        elif length < 1 << 16:
            head = struct.pack("!BBH", first, _LENGTH_16, length)
        else:
            head = struct.pack("!BBQ", first, _LENGTH_64, length)
        self.transport.write(head + payload)


def _frame_at(data: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `start` begins and ends; None if its head has not arrived whole."""
    if end - start < 2:
        return None
    second = data[start + 1]
    length = second & 0x7F
    payload_start = start + 2
    if length == _LENGTH_16:
        payload_start += 2
        if end < payload_start:
            return None
        length = data[start + 2] << 8 | data[start + 3]
    elif length == _LENGTH_64:
        payload_start += 8
        if end < payload_start:
            return None
        length = int.from_bytes(data[start + 2 : payload_start])
    if second & _MASKED:
        payload_start += 4
    return (payload_start, payload_start + length) if payload_start <= end else None
