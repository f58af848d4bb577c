"""The guarded transport under a client of httpx2: checked at every step, also where the client follows redirects."""

from __future__ import annotations

from collections.abc import Sequence

import httpx2
import pytest
from tests.webhook_receiver import answer, receiving

from vivavoce.outbound.guarded_httpx2 import GuardedHttpx2Transport
from vivavoce.outbound.ssrf_guard import SsrfGuard

NAME = "mcp.example.com"


async def named(host: str, _port: int) -> Sequence[str]:
    """The name leads to loopback, everything else to what it says."""
    return ["127.0.0.2", "127.0.0.1"] if host == NAME else [host]


def client(*, allow_private: bool = True) -> httpx2.AsyncClient:
    guard = SsrfGuard(named, allow_private=allow_private)
    return httpx2.AsyncClient(transport=GuardedHttpx2Transport(guard), follow_redirects=True, trust_env=False)


async def test_the_checked_address_is_connected_to_under_the_name() -> None:
    async with receiving(answer(200, "", b"yes")) as receiver, client() as http:
        told = await http.post(f"http://{NAME}:{receiver.port}/x", content=b"{}")
    assert told.text == "yes"
    assert receiver.received[0].headers["host"] == f"{NAME}:{receiver.port}"


async def test_a_forbidden_address_sees_no_connection() -> None:
    async with receiving() as receiver, client(allow_private=False) as http:
        with pytest.raises(httpx2.ConnectError, match="not a public one"):
            await http.get(f"http://{NAME}:{receiver.port}/x")
    assert receiver.connections == 0


async def test_a_redirect_inside_is_refused_although_the_client_follows_it() -> None:
    inside = answer(302, "location: http://169.254.169.254/latest\r\n")
    async with receiving(inside) as receiver, client() as http:
        with pytest.raises(httpx2.ConnectError, match="not a public one"):
            await http.get(f"http://{NAME}:{receiver.port}/x")
    assert receiver.connections == 1


async def test_another_scheme_is_refused() -> None:
    transport = GuardedHttpx2Transport(SsrfGuard(named))
    with pytest.raises(httpx2.ConnectError, match="must begin with"):
        await transport.handle_async_request(httpx2.Request("GET", "ftp://example.com/"))
    await transport.aclose()
