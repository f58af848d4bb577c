"""One accepted or still waiting WebSocket, with what a client that has gone means told in return values.

Owned by the connection or the sideband on it; dies with it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from vivavoce.transports.uvicorn_protocol import MESSAGES, Taker

NORMAL_CLOSURE, INTERNAL_ERROR, TRY_AGAIN_LATER = 1000, 1011, 1013

CLOSE_REASON_BYTES = 123
"""What a close frame can hold (RFC 6455, 5.5)."""


@dataclass(frozen=True, slots=True)
class Closure:
    """What a close frame says: a code of RFC 6455, 7.4, and the reason, which is cut to what the frame can hold."""

    code: int
    reason: str


TOO_SLOW = Closure(TRY_AGAIN_LATER, "the client reads too slowly")


class ClientSocket:
    """A WebSocket of Starlette's that never raises because the client has gone."""

    def __init__(self, websocket: WebSocket, subprotocol: str | None) -> None:
        self._websocket = websocket
        self._subprotocol = subprotocol

    async def accept(self) -> bool:
        """False: the client has gone."""
        try:
            await self._websocket.accept(self._subprotocol)
        except (OSError, RuntimeError, WebSocketDisconnect):
            return False
        return True

    def offer_to(self, taker: Taker) -> None:
        """Offer messages to `taker` before `receive` gives them, where the server can and nothing waits before them."""
        extension = self._websocket.scope.get("extensions", {}).get(MESSAGES)
        if extension is not None:
            extension["offer_to"](taker)

    async def receive(self) -> str | bytes | None:
        """The next message: text or bytes; None: the client has gone."""
        try:
            message = await self._websocket.receive()
        except WebSocketDisconnect:
            return None
        if message["type"] == "websocket.disconnect":
            return None
        text: str | None = message.get("text")
        return text if text is not None else message.get("bytes") or b""

    async def send(self, frame: str | bytes) -> bool:
        """Send one message when the socket takes it. False: the client has gone."""
        try:
            if isinstance(frame, bytes):
                await self._websocket.send_bytes(frame)
            else:
                await self._websocket.send_text(frame)
        except (RuntimeError, WebSocketDisconnect):
            return False
        return True

    async def close(self, closure: Closure) -> None:
        said = closure.reason.encode()[:CLOSE_REASON_BYTES].decode(errors="ignore")
        with suppress(RuntimeError, WebSocketDisconnect):  # the client closed first
            await self._websocket.close(closure.code, said)
