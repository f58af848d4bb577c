"""uvicorn's WebSocket protocol, able to close on a client that does not read.

uvicorn holds a close frame back until the client has read what was sent before, and then waits for the buffer to
empty: a client that stopped reading would keep its connection for ever. Named by the composition root as `--ws`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

ABORT_AFTER_SECONDS = 10.0
"""A client is given this long to read the close frame."""


class ClosingWebSocketProtocol(WebSocketsSansIOProtocol):
    """Sends close frames at once and lets go of the connection soon after."""

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "websocket.close" and self.handshake_complete and not self.disconnected:
            self.writable.set()
            self.loop.call_later(ABORT_AFTER_SECONDS, self.transport.abort)
        await super().send(message)
