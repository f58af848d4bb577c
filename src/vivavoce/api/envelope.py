"""What every answer of the API carries: an id of the request, and how much its key may still ask.

An ASGI middleware around the whole application; stateless. A request brings its own `X-Request-Id` or is given one.
"""

from __future__ import annotations

import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = "vivavoce.request_id"
ANSWER_HEADERS = "vivavoce.answer_headers"

_USABLE = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


class Envelope:
    """Puts the request's id into its scope, and it and whatever is noted in the scope into the answer's headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        brought = Headers(scope=scope).get("x-request-id", "")
        request_id = brought if _USABLE.fullmatch(brought) else f"req_{uuid.uuid4().hex}"
        noted: dict[str, str] = {"x-request-id": request_id}
        scope[REQUEST_ID] = request_id
        scope[ANSWER_HEADERS] = noted

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in noted.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
