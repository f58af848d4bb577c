"""HTTP to addresses that others chose: every connection goes to an address that the guard has checked.

`GuardedTransport` is what an HTTP client stands on, or is used as it is. It resolves a name by the guard, connects to
the address that was checked and speaks as if the name had been connected to: same Host, same certificate. It follows no
redirects and takes neither proxies nor credentials from the environment; a client on top of it that follows redirects
is checked at each step. Whoever makes one closes it.
"""

from __future__ import annotations

from collections.abc import Sequence

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

    Besides what httpx raises for a connection: `ForbiddenAddressError`, `UnknownHostError`.
    """

    def __init__(self, guard: SsrfGuard) -> None:
        self._guard = guard
        self._plain = httpx.AsyncHTTPTransport(
            verify=httpx.create_ssl_context(),
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The whole exchange has no time limit but the request's own; a connection is given 4 seconds at most."""
        url = request.url
        addresses = await checked_addresses(self._guard, url.scheme, url.raw_host.decode("ascii"), url.port)
        *others, last = [_addressed(request, address) for address in addresses]
        for each in others:
            try:
                return await self._plain.handle_async_request(each)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._plain.handle_async_request(last)

    async def aclose(self) -> None:
        await self._plain.aclose()


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
