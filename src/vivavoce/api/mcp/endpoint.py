"""`POST /mcp`: the platform's MCP server over Streamable HTTP, for the same keys as the rest of the API. Stateless.

The library behind it takes 0.4 s of a core to load, which the first request pays, on another thread than calls.
"""

from __future__ import annotations

import asyncio
import importlib

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from vivavoce.api.dependencies import authenticated, platform, websocket_url
from vivavoce.api.mcp.tools import Asked

PATH = "/mcp"
_EXCHANGE = "vivavoce.api.mcp.exchange"


class McpEndpoint:
    """The ASGI application of the path. Nothing is sent unasked, so there is no stream to open with GET."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises `ApiError` (401, 429, 503), which the API's error map answers."""
        request = Request(scope, receive)
        asked = Asked(platform(request), await authenticated(request), websocket_url(request, ""))
        exchange = await asyncio.to_thread(importlib.import_module, _EXCHANGE)
        await exchange.answer(asked, scope, receive, send)


def mcp_route() -> Route:
    """To be put beside the routers of the API."""
    return Route(PATH, McpEndpoint(), methods=["POST"])
