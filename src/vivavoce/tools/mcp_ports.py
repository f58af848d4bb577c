"""What stands between the pool of connections and the MCP library, so that the library is loaded only when needed.

A link is one open conversation with an MCP server, owned by one task from its opening to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from vivavoce.tools.mcp_declaration import McpEndpoint

OPEN_TIMEOUT_SECONDS = 10.0
LISTED_MAXIMUM = 1_000
"""Tools that are read of one server's list; filters come after it."""


@dataclass(frozen=True, slots=True)
class ListedTool:
    """A tool as its server lists it. `schema`: a JSON Schema as JSON text. `read_only`: the server's own word."""

    name: str
    description: str
    schema: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class McpAnswer:
    """What a tool gave, as text that a model can read. `is_error`: the tool says that it did not succeed."""

    text: str
    is_error: bool = False


class NotSentError(Exception):
    """The server did not take the call: it may be sent again over another link."""


class LinkEndedError(Exception):
    """The library gave an open link up. The message names the kind of the failure, and no address."""


class McpLink(Protocol):
    """Requests may be made at once, from any task, until the link is left."""

    @property
    def is_gone(self) -> bool:
        """Whether the far end is known to have died: the next call needs another link."""
        ...

    async def until_gone(self) -> None:
        """Wait until the far end is known to have died."""
        ...

    async def tools(self) -> Sequence[ListedTool]:
        """The server's list, asked for again when the server says that it changed. Raises `ToolError`."""
        ...

    async def call(self, name: str, arguments: Mapping[str, Any], timeout_seconds: float) -> McpAnswer:
        """Sent once at most. Raises `ToolError`, and `NotSentError` when it was certainly not carried out."""
        ...


Connect = Callable[[McpEndpoint], AbstractAsyncContextManager[McpLink]]
"""Opens a link. Entered and left in the same task. Raises `ToolError` on entering, `LinkEndedError` at any time
after it."""
