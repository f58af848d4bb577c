"""Keeps requests to addresses that others chose away from the server's own network (server-side request forgery).

The guard resolves a host once and hands out the addresses that may be connected to; who connects uses those and never
the name again, so that a name that changes its mind in between ("DNS rebinding") gains nothing. What is public follows
the IANA special-purpose registries (RFC 6890 and its updates), written out here because the standard library's opinion
of `is_global` differs between Python versions.

The guard is stateless; the resolver owns threads, and whoever makes it closes it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Every address of a host for a port, as text. Raises OSError or UnicodeError where there is none."""

RESOLVING_MAXIMUM = 8

_V4 = tuple[IPv4Network, ...]
_V6 = tuple[IPv6Network, ...]

# What an operator may allow: networks where a receiver of one's own may stand.
_OWN_V4: _V4 = tuple(
    map(IPv4Network, ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
)
_OWN_V6: _V6 = tuple(map(IPv6Network, ("::1/128", "fc00::/7")))

# Never: unspecified, link-local, protocol assignments, documentation, relays, benchmarking, multicast, reserved.
_NEVER_V4: _V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "169.254.0.0/16",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
# IPv6 the other way about: only global unicast is public, without its protocol assignments and documentation.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NEVER_V6: _V6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20")))

# Where clouds keep the credentials of a machine; some lie in networks that are otherwise somebody's own or public.
_METADATA: frozenset[Address] = frozenset(
    map(
        ipaddress.ip_address,
        ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"),
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_LAST_32_BITS: _V6 = (IPv6Network("::ffff:0:0/96"), IPv6Network("::ffff:0:0:0/96"), _NAT64)


class ForbiddenAddressError(Exception):
    """The host is, or is called, an address that requests must not go to. The message is for the client."""


class UnknownHostError(Exception):
    """The host has no address. The message is for the client."""


def may_connect(address: Address, *, allow_private: bool = False) -> bool:
    """Whether a request may go there. Addresses that carry an IPv4 address are as good as that."""
    if isinstance(address, IPv6Address) and (carried := _carried(address)) is not None:
        return may_connect(carried, allow_private=allow_private)
    if address in _METADATA:
        return False
    if isinstance(address, IPv4Address):
        return not _within(address, _NEVER_V4) and (allow_private or not _within(address, _OWN_V4))
    if any(address in network for network in _OWN_V6):
        return allow_private
    return address in _GLOBAL_UNICAST and not any(address in network for network in _NEVER_V6)


class SsrfGuard:
    """Answers where a request may go. `allow_private`: also to loopback, private and shared (CGNAT) addresses."""

    def __init__(self, resolve: Resolve, *, allow_private: bool = False) -> None:
        self._allow_private = allow_private
        self._resolve = resolve

    async def addresses_of(self, host: str, port: int) -> Sequence[str]:
        """The addresses to connect to, at least one. Raises `ForbiddenAddressError`, `UnknownHostError`."""
        try:
            found = [ipaddress.ip_address(text.partition("%")[0]) for text in await self._resolve(host, port)]
        except (OSError, ValueError) as error:
            raise UnknownHostError("the host has no address: check its spelling and its DNS records") from error
        if not found:
            raise UnknownHostError("the host has no address: check its spelling and its DNS records")
        # One address inside is enough: an honest public name has none, and a retry would reach it some day.
        if not all(may_connect(address, allow_private=self._allow_private) for address in found):
            raise ForbiddenAddressError("the host's address is not a public one, and this server only sends to those")
        return [str(address) for address in dict.fromkeys(found)]

    def check_host(self, host: str) -> None:
        """Refuse early what needs no resolving: an address written out, and `localhost`.

        Raises `ForbiddenAddressError`. Passing promises nothing; `addresses_of` decides.
        """
        name = host.rstrip(".").lower()
        if not self._allow_private and (name == "localhost" or name.endswith(".localhost")):
            raise ForbiddenAddressError("must not be this server itself")
        try:
            address = ipaddress.ip_address(name.partition("%")[0])
        except ValueError:
            return
        if not may_connect(address, allow_private=self._allow_private):
            raise ForbiddenAddressError("must be a public address")


class SystemResolver:
    """Asks the system's resolver, which also reads addresses such as `0x7f.1`. Whoever makes it closes it.

    It has threads of its own: somebody's slow name servers must not hold up what else the process does in threads.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVING_MAXIMUM, thread_name_prefix="webhook names")

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [str(address[4][0]) for address in found]

    def close(self) -> None:
        """Does not wait for questions that are still asked."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _within(address: IPv4Address, networks: _V4) -> bool:
    return any(address in network for network in networks)


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that is meant: mapped (RFC 4291), translated (RFC 6052, 7915), 6to4 (RFC 3056)."""
    if any(address in network for network in _LAST_32_BITS):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _SIX_TO_FOUR:
        return IPv4Address(int(address) >> 80 & 0xFFFFFFFF)
    return None
