"""HTTP to addresses that others chose: every connection goes to an address that the guard has checked.

`GuardedTransport` is what an HTTP client stands on, or is used as it is. It resolves a name by the guard, connects to
the address that was checked and speaks as if the name had been connected to: same Host, same certificate. It follows no
redirects and takes neither proxies nor credentials from the environment; a client on top of it that follows redirects
is checked at each step. Whoever makes one closes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from functools import partial

import httpx

from vivavoce.outbound.ssrf_guard import ForbiddenAddressError, SsrfGuard

CONNECT_TIMEOUT_SECONDS = 4.0
ADDRESSES_MAXIMUM = 3
PORTS = {"http": 80, "https": 443}


async def checked_addresses(guard: SsrfGuard, scheme: str, host: str, port: int | None) -> Sequence[str]:
    """Where to connect to, one after the other; at most three. Raises `ForbiddenAddressError`, `UnknownHostError`."""
    if scheme not in PORTS:
        raise ForbiddenAddressError("the address must begin with https:// or http://")
    return (await guard.addresses_of(host, port or PORTS[scheme]))[:ADDRESSES_MAXIMUM]


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connects only to what its guard allows. Connections are not kept: one that was opened for a name must not serve
    another name at the same address.

    A connection ends with its exchange, also when whoever waits for it is cancelled, and cancelled again while the
    client underneath puts its things away (which would then leave the connection open).

    Besides what httpx raises for a connection: `ForbiddenAddressError`, `UnknownHostError`.
    """

    def __init__(self, guard: SsrfGuard) -> None:
        self._guard = guard
        self._tls = httpx.create_ssl_context()
        self._open: set[httpx.AsyncHTTPTransport] = set()
        self._closing: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The whole exchange has no time limit but the request's own; a connection is given 4 seconds at most."""
        url = request.url
        addresses = await checked_addresses(self._guard, url.scheme, url.raw_host.decode("ascii"), url.port)
        once = httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False)
        self._open.add(once)
        with ExitStack() as unless_answered:
            unless_answered.callback(self._let_go, once)
            response = await _exchange(once, [_addressed(request, address) for address in addresses])
            unless_answered.pop_all()
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Body(response.stream, partial(self._let_go, once))
        return response

    def _let_go(self, transport: httpx.AsyncHTTPTransport) -> None:
        """Closed by a task of ours: nobody else can cancel it."""
        if transport in self._open:
            self._open.remove(transport)
            task = asyncio.create_task(transport.aclose(), name="closing a connection")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def aclose(self) -> None:
        for transport in tuple(self._open):
            self._let_go(transport)
        if self._closing:
            await asyncio.wait(self._closing)


class _Body(httpx.AsyncByteStream):
    """The rest of an exchange. `let_go` is called when it is closed, however that ends."""

    def __init__(self, stream: httpx.AsyncByteStream, let_go: Callable[[], None]) -> None:
        self._stream = stream
        self._let_go = let_go

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self._let_go()


async def _exchange(transport: httpx.AsyncHTTPTransport, requests: Sequence[httpx.Request]) -> httpx.Response:
    """The first that finds somebody: they differ in their addresses."""
    *others, last = requests
    for each in others:
        try:
            return await transport.handle_async_request(each)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
    return await transport.handle_async_request(last)


def _addressed(request: httpx.Request, address: str) -> httpx.Request:
    """The same request over a connection to this address. The Host header was written from the name already."""
    timeout = dict(request.extensions.get("timeout") or {})
    timeout["connect"] = min(timeout.get("connect") or CONNECT_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS)
    told = {"sni_hostname": request.url.raw_host.decode("ascii"), "timeout": timeout}
    headers = httpx.Headers(request.headers)
    headers["connection"] = "close"
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=headers,
        stream=request.stream,
        extensions=request.extensions | told,
    )
