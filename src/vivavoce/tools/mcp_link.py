"""One open conversation with an MCP server, through the official library. Loaded with the first server that is called:
the library takes 0.4 s of a core to load, and most servers of this kind never need it.

A link is opened, used and left within the context that `McpLinks.connect` gives; its one owner is the task that
entered it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NoReturn, cast
from urllib.parse import urlsplit

import anyio
import httpx2
import mcp_types
from mcp.client.client import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from vivavoce import __version__
from vivavoce.conversation.tool_policy import ToolFailure
from vivavoce.outbound.guarded_httpx2 import GuardedHttpx2Transport
from vivavoce.outbound.ssrf_guard import SsrfGuard
from vivavoce.tools.mcp_declaration import McpEndpoint
from vivavoce.tools.mcp_exchange import EXCHANGE, Exchange, WatchedTransport
from vivavoce.tools.mcp_ports import (
    LISTED_MAXIMUM,
    OPEN_TIMEOUT_SECONDS,
    LinkEndedError,
    ListedTool,
    McpAnswer,
    NotSentError,
)
from vivavoce.tools.mcp_results import cut, text_of
from vivavoce.tools.ports import ToolError

MESSAGE_CHARACTERS_MAXIMUM = 500
PAGES_MAXIMUM = 50
_NOT_FOR_SSE = (401, 403, 407, 429)
"""Answers after which the older transport would fare no better (MCP 2025-06-18, "Backwards Compatibility")."""

# Foreign data in a foreign library: whatever it trips over there ends this link, and nothing else of the process.
_DEFECTS = (ValueError, RuntimeError, LookupError, TypeError, AttributeError, AssertionError)
_BROKEN = (httpx2.HTTPError, httpx2.StreamError, MCPError, OSError, *_DEFECTS)
_BROKEN_STREAM = (anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.EndOfStream)

# The libraries write down addresses, and the arguments of calls, which are what callers said.
for _name in ("mcp", "httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


class McpLinks:
    """Opens links through the guard."""

    def __init__(self, guard: SsrfGuard) -> None:
        self._guard = guard

    @asynccontextmanager
    async def connect(self, endpoint: McpEndpoint) -> AsyncIterator[SdkLink]:
        """Takes at most 10 seconds. Raises `ToolError` on entering, `LinkEndedError` when the library gives up."""
        try:
            async with self._linked(endpoint) as link:
                yield link
        except (*_BROKEN, *_BROKEN_STREAM, ExceptionGroup) as error:
            raise LinkEndedError(type(error).__name__) from None

    @asynccontextmanager
    async def _linked(self, endpoint: McpEndpoint) -> AsyncIterator[SdkLink]:
        async with AsyncExitStack() as stack:
            link = SdkLink()
            exchange = Exchange()
            mark = EXCHANGE.set(exchange)
            try:
                async with asyncio.timeout(OPEN_TIMEOUT_SECONDS):
                    link.client = await self._opened(stack, endpoint, link, exchange)
            except TimeoutError:
                message = f"the MCP server did not answer within {OPEN_TIMEOUT_SECONDS:.0f} seconds"
                raise ToolError(ToolFailure.UNREACHABLE, message) from None
            except (*_BROKEN, *_BROKEN_STREAM, ExceptionGroup):
                # Not chained: what the library says holds addresses.
                raise _not_opened(exchange) from None
            finally:
                EXCHANGE.reset(mark)
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(link.follow_changes(), name="mcp list changes")
                try:
                    yield link
                finally:
                    following.cancel()

    async def _opened(self, stack: AsyncExitStack, endpoint: McpEndpoint, link: SdkLink, exchange: Exchange) -> Client:
        # Reading the machine's certificates takes 20 ms and more.
        transport = await asyncio.to_thread(GuardedHttpx2Transport, self._guard)
        http = httpx2.AsyncClient(
            transport=WatchedTransport(transport, link.is_gone_now),
            headers={"accept-encoding": "identity", "user-agent": f"vivavoce/{__version__}", **dict(endpoint.headers)},
            trust_env=False,
            timeout=None,
        )
        await stack.enter_async_context(http)
        if urlsplit(endpoint.url).path.rstrip("/").endswith("/sse"):
            return await stack.enter_async_context(_over_sse(endpoint, http, link))
        try:
            return await stack.enter_async_context(_over_http(endpoint, http, link))
        except (*_BROKEN, *_BROKEN_STREAM, ExceptionGroup):
            status = exchange.status
            if status is None or not 400 <= status < 500 or status in _NOT_FOR_SSE:
                raise
        try:
            return await stack.enter_async_context(_over_sse(endpoint, http, link))
        except (*_BROKEN, *_BROKEN_STREAM, ExceptionGroup):
            exchange.status = status
            raise


@asynccontextmanager
async def _over_http(endpoint: McpEndpoint, http: httpx2.AsyncClient, link: SdkLink) -> AsyncIterator[Client]:
    transport = streamable_http_client(endpoint.url, http_client=http)
    async with Client(transport, cache=None, client_info=_ME, message_handler=link.note) as client:
        yield client


@asynccontextmanager
async def _over_sse(endpoint: McpEndpoint, http: httpx2.AsyncClient, link: SdkLink) -> AsyncIterator[Client]:
    # The library enters the client that it is given; one that is open already cannot be entered again.
    def same(
        headers: dict[str, str] | None = None,  # noqa: ARG001 - `http` has them
        timeout: httpx2.Timeout | None = None,  # noqa: ARG001
        auth: httpx2.Auth | None = None,  # noqa: ARG001
    ) -> httpx2.AsyncClient:
        return cast(httpx2.AsyncClient, _AlreadyOpen(http))

    link.answers_elsewhere = True

    transport = sse_client(endpoint.url, httpx_client_factory=same)
    # The handshake alone: before 2025 there was nothing to discover.
    async with Client(transport, mode="legacy", cache=None, client_info=_ME, message_handler=link.note) as client:
        yield client


class _AlreadyOpen:
    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def __aenter__(self) -> httpx2.AsyncClient:
        return self._http

    async def __aexit__(self, *_: object) -> None:
        return None


class SdkLink:
    """An `McpLink`."""

    def __init__(self) -> None:
        self.client: Client | None = None
        self.answers_elsewhere = False
        self._gone = asyncio.Event()
        self._listed: Sequence[ListedTool] = ()
        self._is_current = False
        self._listing = asyncio.Lock()

    @property
    def is_gone(self) -> bool:
        return self._gone.is_set()

    async def until_gone(self) -> None:
        await self._gone.wait()

    def is_gone_now(self) -> None:
        self._gone.set()

    async def note(self, message: object) -> None:
        """What the server says unasked."""
        if isinstance(message, mcp_types.ToolListChangedNotification):
            self._is_current = False

    async def follow_changes(self) -> None:
        """Hear of changed lists from a server of the protocol of 2026; older ones send them unasked."""
        try:
            async with self._open().listen(tools_list_changed=True) as changes:
                async for _ in changes:
                    self._is_current = False
        except (ListenNotSupportedError, MCPError, TimeoutError):
            return
        except SubscriptionLost:
            self._gone.set()

    async def tools(self) -> Sequence[ListedTool]:
        async with self._listing:
            if not self._is_current:
                # Said before it is asked for: a change while the list is on its way makes it old again.
                self._is_current = True
                try:
                    self._listed = await self._list()
                except (ToolError, NotSentError):
                    self._is_current = False
                    raise
            return self._listed

    async def _list(self) -> Sequence[ListedTool]:
        found: list[ListedTool] = []
        cursor: str | None = None
        exchange = Exchange()
        mark = EXCHANGE.set(exchange)
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_SECONDS):
                for _ in range(PAGES_MAXIMUM):
                    page = await self._open().list_tools(cursor=cursor)
                    found += map(_listed, page.tools)
                    cursor = page.next_cursor
                    if cursor is None or len(found) >= LISTED_MAXIMUM:
                        break
        except TimeoutError:
            message = f"the MCP server did not list its tools within {OPEN_TIMEOUT_SECONDS:.0f} seconds"
            raise ToolError(ToolFailure.UNREACHABLE, message) from None
        except (*_BROKEN, *_BROKEN_STREAM) as error:
            self._raise(error, exchange)
        finally:
            EXCHANGE.reset(mark)
        return found[:LISTED_MAXIMUM]

    async def call(self, name: str, arguments: Mapping[str, Any], timeout_seconds: float) -> McpAnswer:
        exchange = Exchange()
        exchange.answers_elsewhere = self.answers_elsewhere
        mark = EXCHANGE.set(exchange)
        try:
            async with asyncio.timeout(timeout_seconds) as limit:
                exchange.on_ended = lambda: None if limit.expired() else limit.reschedule(0.0)
                result = await self._open().call_tool(name, dict(arguments))
        except TimeoutError as error:
            if exchange.has_failed:
                self._raise(error, exchange)
            raise ToolError(ToolFailure.TIMED_OUT, f"the tool took longer than {timeout_seconds:g} seconds") from None
        except (*_BROKEN, *_BROKEN_STREAM) as error:
            self._raise(error, exchange)
        finally:
            exchange.on_ended = None
            EXCHANGE.reset(mark)
        return McpAnswer(text_of(result), is_error=result.is_error)

    def _open(self) -> Client:
        assert self.client is not None, "used within the context that opened it"
        return self.client

    def _raise(self, error: Exception, exchange: Exchange) -> NoReturn:
        """What a failed request means. Raises `ToolError`, `NotSentError`."""
        if not exchange.was_sent or exchange.status == 404:
            self._gone.set()
            if exchange.refused is not None:
                raise NotSentError(_unreachable(exchange.refused)) from None
            raise NotSentError("the MCP server has ended the session") from None
        if exchange.is_lost:
            raise _lost() from None
        if exchange.status is not None and exchange.status >= 400:
            raise _not_opened(exchange) from None
        if isinstance(error, MCPError):
            self._raise_told(error, exchange)
        if isinstance(error, ValidationError | RuntimeError):
            message = "the MCP server's answer does not have the shape that it promised"
            raise ToolError(ToolFailure.UNUSABLE_RESULT, message) from None
        self._gone.set()
        raise _lost() from None

    def _raise_told(self, error: MCPError, exchange: Exchange) -> NoReturn:
        if exchange.is_too_large or error.message.startswith("SSE stream failed"):
            message = "the MCP server's answer is larger than 1 MiB, or packed, and was not read"
            raise ToolError(ToolFailure.UNUSABLE_RESULT, message) from None
        if error.code == mcp_types.CONNECTION_CLOSED:
            self._gone.set()
            raise _lost() from None
        if error.code == mcp_types.PARSE_ERROR:
            raise ToolError(ToolFailure.UNUSABLE_RESULT, "the MCP server's answer is not JSON-RPC") from None
        said = cut(error.message, MESSAGE_CHARACTERS_MAXIMUM)
        raise ToolError(ToolFailure.REFUSED, f"the MCP server refused the call: {said}") from None


_ME = mcp_types.Implementation(name="vivavoce", version=__version__)


def _listed(tool: mcp_types.Tool) -> ListedTool:
    schema = json.dumps(tool.input_schema, ensure_ascii=False, separators=(",", ":"))
    said = tool.description or tool.title or ""
    return ListedTool(tool.name, said, schema, bool(tool.annotations and tool.annotations.read_only_hint))


def _lost() -> ToolError:
    message = "the connection to the MCP server broke before it answered; whether it did what was asked is not known"
    return ToolError(ToolFailure.UNREACHABLE, message)


def _unreachable(why: str) -> str:
    return f"the MCP server cannot be reached: {why}"


def _not_opened(exchange: Exchange) -> ToolError:
    status = exchange.status
    if exchange.refused is not None:
        return ToolError(ToolFailure.UNREACHABLE, _unreachable(exchange.refused))
    if status in (401, 403):
        message = (
            f"the MCP server did not accept the authorization (HTTP {status}): check 'authorization' and 'headers' "
            "in its declaration"
        )
        return ToolError(ToolFailure.REFUSED, message)
    if status is not None and status >= 400:
        return ToolError(ToolFailure.UNREACHABLE, f"the MCP server answered with the HTTP status {status}")
    if exchange.is_lost:
        return ToolError(ToolFailure.UNREACHABLE, _unreachable("the connection broke"))
    message = "what answers at the MCP server's address does not speak MCP: check 'server_url'"
    return ToolError(ToolFailure.UNREACHABLE, message)
