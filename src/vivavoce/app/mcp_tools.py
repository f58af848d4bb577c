"""The factory of MCP servers' tools, and the connections behind it, which are one of the server's jobs.

Called once by the composition root; the library that speaks MCP is loaded when the first such server is opened.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from vivavoce.config import ServerSettings
from vivavoce.outbound.ssrf_guard import SsrfGuard, SystemResolver
from vivavoce.tools.declared import SourceFactory
from vivavoce.tools.mcp_connections import McpConnections
from vivavoce.tools.mcp_declaration import SecretValues
from vivavoce.tools.mcp_ports import Connect
from vivavoce.tools.mcp_source import McpFactory

_LINKS = "vivavoce.tools.mcp_link"
JOB = "mcp connections"


def mcp_factory(
    settings: ServerSettings,
    secrets: SecretValues,
    closing: AsyncExitStack,
    jobs: dict[str, Callable[[], Coroutine[Any, Any, None]]],
) -> SourceFactory:
    """MCP servers, at private addresses only where webhooks may go to such ones too."""
    resolver = SystemResolver()
    closing.callback(resolver.close)
    guard = SsrfGuard(resolver.resolve, allow_private=settings.platform.private_webhooks)

    async def load() -> Connect:
        # On another thread: it takes 0.4 s, and calls go on meanwhile. Not at the start: most servers never need it.
        links = await asyncio.to_thread(importlib.import_module, _LINKS)
        connect: Connect = links.McpLinks(guard).connect
        return connect

    connections = McpConnections(load)
    jobs[JOB] = connections.run
    return McpFactory(connections, secrets)
