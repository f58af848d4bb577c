"""No request body beyond a limit: an ASGI middleware around the whole application.

Stateless; it lives as long as the application. A body whose `Content-Length` says too much is refused before a byte of
it is read, one that comes in chunks as soon as the limit is passed. That a body is as long as its `Content-Length` says
is the web server's matter.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAXIMUM_BYTES = 1024 * 1024
LINGER_BYTES = 4 * 1024 * 1024
LINGER_SECONDS = 2.0


class _BodyTooLargeError(HTTPException):
    """Stops an application that is reading. An HTTPException, for frameworks let those through without a log entry."""

    def __init__(self) -> None:
        super().__init__(413)


class BodyLimit:
    """Answers with `refuse(scope)` where the body is larger than `maximum_bytes`; one of exactly that size passes.

    `maximum_of(scope)` is the maximum of a path that has one of its own, else None. Requests for which
    `exempt(scope)` is true, and everything that is not HTTP, pass untouched. An application that has already
    begun to answer when its request turns out too large sees the client as gone instead.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        exempt: Callable[[Scope], bool],
        refuse: Callable[[Scope], Response],
        maximum_bytes: int = MAXIMUM_BYTES,
        maximum_of: Callable[[Scope], int | None] | None = None,
    ) -> None:
        self._app = app
        self._exempt = exempt
        self._refuse = refuse
        self._maximum_bytes = maximum_bytes
        self._maximum_of = maximum_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._exempt(scope):
            await self._app(scope, receive, send)
        elif self._announces_too_much(scope):
            await self._turn_away(scope, receive, send)
        else:
            await self._count(scope, receive, send)

    def _announces_too_much(self, scope: Scope) -> bool:
        announced = [value for name, value in scope["headers"] if name == b"content-length"]
        digits = announced[0].strip().lstrip(b"0") if announced else b""
        maximum_bytes = self._maximum(scope)
        # Eighteen digits always fit, and Python refuses to read numbers of thousands of digits.
        return digits.isdigit() and (len(digits) > 18 or int(digits) > maximum_bytes)

    def _maximum(self, scope: Scope) -> int:
        own = self._maximum_of(scope) if self._maximum_of is not None else None
        return self._maximum_bytes if own is None else own

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        maximum_bytes = self._maximum(scope)
        received_bytes = 0
        answering = False
        too_large = False

        async def counted_receive() -> Message:
            nonlocal received_bytes, too_large
            if not too_large:
                message = await receive()
                received_bytes += len(message.get("body", b"")) if message["type"] == "http.request" else 0
                too_large = received_bytes > maximum_bytes
                if not too_large:
                    return message
            if answering:
                return {"type": "http.disconnect"}
            raise _BodyTooLargeError

        async def guarded_send(message: Message) -> None:
            nonlocal answering
            # What the application says about its broken-off reading is not the answer.
            if answering or not too_large:
                answering = True
                await send(message)

        try:
            await self._app(scope, counted_receive, guarded_send)
        except* _BodyTooLargeError:  # Starlette's BaseHTTPMiddleware reads in a task group
            pass
        if too_large and not answering:
            await self._turn_away(scope, receive, send)

    async def _turn_away(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at once and close, but not before the client has had a chance to read the answer.

        Closing a socket with unread bytes resets it, and a client that is still sending would see the reset instead
        of the answer (RFC 9112, section 9.6). So the end of the answer, which closes, waits for a while: until the
        body has ended, the client is gone, or it has had `LINGER_BYTES` and `LINGER_SECONDS`.
        """

        async def send_and_stay(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message["headers"] if name.lower() != b"connection"]
                message = {**message, "headers": [*kept, (b"connection", b"close")]}
            elif message["type"] == "http.response.body":
                message = {**message, "more_body": True}
            await send(message)

        await self._refuse(scope)(scope, receive, send_and_stay)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                await _throw_away(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _throw_away(receive: Receive) -> None:
    thrown_bytes = 0
    while thrown_bytes <= LINGER_BYTES:
        message = await receive()
        thrown_bytes += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
