"""The guarded transport for clients that stand on httpx2 (the `mcp` SDK does). See `guarded_http`, which it mirrors:
the two libraries share their shapes and not one class. Whoever makes one closes it.
"""

from __future__ import annotations

import httpx2

from vivavoce.outbound.guarded_http import CONNECT_TIMEOUT_SECONDS, checked_addresses
from vivavoce.outbound.ssrf_guard import ForbiddenAddressError, SsrfGuard, UnknownHostError

KEPT_CONNECTIONS_MAXIMUM = 4


class GuardedHttpx2Transport(httpx2.AsyncBaseTransport):
    """Connects only to what its guard allows. Connections are kept for the first origin that is asked for, which is the
    server that the client is for; others (where a redirect leads) get one connection a request, because one that was
    opened for a name must not serve another name at the same address.

    What the guard refuses is an `httpx2.ConnectError` with the guard's words, so that clients treat it as one.
    """

    def __init__(self, guard: SsrfGuard) -> None:
        self._guard = guard
        self._own: str | None = None
        tls = httpx2.create_ssl_context()
        self._kept = httpx2.AsyncHTTPTransport(
            verify=tls,
            trust_env=False,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=KEPT_CONNECTIONS_MAXIMUM),
        )
        self._single = httpx2.AsyncHTTPTransport(
            verify=tls, trust_env=False, limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0)
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The exchange has no time limit but the request's own; a connection is given 4 seconds at most."""
        url = request.url
        try:
            addresses = await checked_addresses(self._guard, url.scheme, url.raw_host.decode("ascii"), url.port)
        except (ForbiddenAddressError, UnknownHostError) as error:
            raise httpx2.ConnectError(str(error), request=request) from error
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        self._own = self._own or origin
        transport = self._kept if origin == self._own else self._single
        *others, last = [_addressed(request, address) for address in addresses]
        for each in others:
            try:
                return await transport.handle_async_request(each)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await transport.handle_async_request(last)

    async def aclose(self) -> None:
        await self._kept.aclose()
        await self._single.aclose()


def _addressed(request: httpx2.Request, address: str) -> httpx2.Request:
    timeout = dict(request.extensions.get("timeout") or {})
    timeout["connect"] = min(timeout.get("connect") or CONNECT_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS)
    told = {"sni_hostname": request.url.raw_host.decode("ascii"), "timeout": timeout}
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions=request.extensions | told,
    )
