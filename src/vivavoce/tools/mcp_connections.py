"""Connections with MCP servers, kept warm: shared by the calls of an agent, closed when nobody has used them for long.

One `McpConnections`, owned by the server, which runs `run`. Every link has one task of its own, which opens it, waits
and leaves it: the library's cancel scopes must be entered and left in the same task. A link whose server has gone is
given to nobody any more and ends with the last call that is still on it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from vivavoce.conversation.tool_policy import ToolFailure, ToolSourceKey
from vivavoce.tools.mcp_declaration import McpEndpoint
from vivavoce.tools.mcp_ports import (
    OPEN_TIMEOUT_SECONDS,
    Connect,
    LinkEndedError,
    ListedTool,
    McpAnswer,
    McpLink,
    NotSentError,
)
from vivavoce.tools.ports import ToolError

CONNECTIONS_MAXIMUM = 128
IDLE_SECONDS = 300.0
_OPEN_PATIENCE_SECONDS = OPEN_TIMEOUT_SECONDS + 5.0
_ATTEMPTS = 2
_T = TypeVar("_T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConnectionKey:
    """Who shares a connection. `holder`: the agent's id, or the session's for what its client declared."""

    organisation_id: str
    holder: str
    source: ToolSourceKey


class _Held:
    """One link and how it is used. `link` is done when it is open, or could not be opened."""

    def __init__(self, endpoint: McpEndpoint, now: float) -> None:
        self.endpoint = endpoint
        self.link: asyncio.Future[McpLink] = asyncio.get_running_loop().create_future()
        self.users = 0
        self.used_at = now
        self.changed = asyncio.Event()

    @property
    def is_usable(self) -> bool:
        if not self.link.done():
            return True
        return not self.link.cancelled() and self.link.exception() is None and not self.link.result().is_gone


class McpConnections:
    """`load` gives what opens links; it is asked once, when the first is wanted."""

    def __init__(self, load: Callable[[], Awaitable[Connect]], *, maximum: int = CONNECTIONS_MAXIMUM) -> None:
        self._load = load
        self._connect: Connect | None = None
        self._loading = asyncio.Lock()
        self._maximum = maximum
        self._held: dict[ConnectionKey, _Held] = {}
        self._tasks: asyncio.TaskGroup | None = None

    def __len__(self) -> int:
        """How many connections are open or being opened and may be given to a call."""
        return len(self._held)

    async def run(self) -> None:
        """Own the connections until cancelled; before and after it nothing can be opened."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self._tasks = None
                self._held.clear()

    async def tools(self, key: ConnectionKey, endpoint: McpEndpoint) -> Sequence[ListedTool]:
        """What the server lists. Raises `ToolError`."""
        return await self._with_link(key, endpoint, lambda link: link.tools())

    async def call(
        self, key: ConnectionKey, endpoint: McpEndpoint, name: str, arguments: Mapping[str, Any], timeout_seconds: float
    ) -> McpAnswer:
        """Call a tool, once: sent again only when the server certainly did not take it. Raises `ToolError`."""
        loop = asyncio.get_running_loop()
        due_at = loop.time() + timeout_seconds

        async def send(link: McpLink) -> McpAnswer:
            return await link.call(name, arguments, max(0.001, due_at - loop.time()))

        try:
            async with asyncio.timeout_at(due_at + 1.0):
                return await self._with_link(key, endpoint, send)
        except TimeoutError:
            message = f"the tool took longer than {timeout_seconds:g} seconds"
            raise ToolError(ToolFailure.TIMED_OUT, message) from None

    async def _with_link(
        self, key: ConnectionKey, endpoint: McpEndpoint, use: Callable[[McpLink], Awaitable[_T]]
    ) -> _T:
        refused = ""
        for _ in range(_ATTEMPTS):
            try:
                async with self._lent(key, endpoint) as link:
                    return await use(link)
            except NotSentError as error:
                refused = str(error)
        raise ToolError(ToolFailure.UNREACHABLE, refused)

    @asynccontextmanager
    async def _lent(self, key: ConnectionKey, endpoint: McpEndpoint) -> AsyncIterator[McpLink]:
        """The link of this key, opened where there is none. Raises `ToolError`."""
        held = self._held.get(key)
        if held is None or not held.is_usable or held.endpoint != endpoint:
            held = self._begin(key, endpoint)
        held.users += 1
        try:
            yield await _opened(held)
        finally:
            held.users -= 1
            held.used_at = asyncio.get_running_loop().time()
            held.changed.set()

    def _begin(self, key: ConnectionKey, endpoint: McpEndpoint) -> _Held:
        if self._tasks is None:
            raise ToolError(ToolFailure.NOT_CONFIGURED, "this server is not running MCP connections")
        former = self._held.pop(key, None)
        if former is not None:
            former.changed.set()
        if len(self._held) >= self._maximum:
            self._give_up_one()
        held = self._held[key] = _Held(endpoint, asyncio.get_running_loop().time())
        self._tasks.create_task(self._own(key, held), name=f"mcp {key.source}")
        return held

    def _give_up_one(self) -> None:
        unused = [(held.used_at, key) for key, held in self._held.items() if held.users == 0]
        if not unused:
            message = f"this server has {self._maximum} MCP connections in use already; try again in a moment"
            raise ToolError(ToolFailure.UNREACHABLE, message)
        _, key = min(unused, key=lambda each: each[0])
        self._held.pop(key).changed.set()

    async def _own(self, key: ConnectionKey, held: _Held) -> None:
        """Open the link, keep it while it is wanted, leave it."""
        try:
            connect = await self._loaded()
            async with connect(held.endpoint) as link:
                if not held.link.done():
                    held.link.set_result(link)
                await self._while_wanted(key, held, link)
        except ToolError as error:
            if not held.link.done():
                held.link.set_exception(error)
                held.link.exception()  # it is told to whoever waits; nobody may be left
        except LinkEndedError as error:
            _log.warning("the MCP connection %s ended: %s", key.source, error)
        finally:
            if self._held.get(key) is held:
                del self._held[key]
            if not held.link.done():
                held.link.set_exception(ToolError(ToolFailure.UNREACHABLE, "the MCP server gave up the connection"))
                held.link.exception()

    async def _while_wanted(self, key: ConnectionKey, held: _Held, link: McpLink) -> None:
        async with asyncio.TaskGroup() as tasks:
            gone = tasks.create_task(_set_when_gone(link, held.changed), name="mcp link gone")
            while True:
                is_current = self._held.get(key) is held and not link.is_gone
                if held.users == 0 and not is_current:
                    break
                left = held.used_at + IDLE_SECONDS - asyncio.get_running_loop().time()
                if held.users == 0 and left <= 0:
                    break
                held.changed.clear()
                try:
                    async with asyncio.timeout(left if held.users == 0 else None):
                        await held.changed.wait()
                except TimeoutError:
                    continue
            # Before anything is awaited: nobody may be given a link that is being left.
            if self._held.get(key) is held:
                del self._held[key]
            gone.cancel()

    async def _loaded(self) -> Connect:
        async with self._loading:
            if self._connect is None:
                self._connect = await self._load()
            return self._connect


async def _opened(held: _Held) -> McpLink:
    try:
        async with asyncio.timeout(_OPEN_PATIENCE_SECONDS):
            return await asyncio.shield(held.link)
    except TimeoutError:
        message = f"the MCP server did not answer within {OPEN_TIMEOUT_SECONDS:.0f} seconds"
        raise ToolError(ToolFailure.UNREACHABLE, message) from None


async def _set_when_gone(link: McpLink, changed: asyncio.Event) -> None:
    await link.until_gone()
    changed.set()
