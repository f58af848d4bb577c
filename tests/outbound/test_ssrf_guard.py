"""Where webhooks may go: a table of addresses, every private range that the standard library knows, and names."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from contextlib import closing
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.outbound.ssrf_guard import (
    ForbiddenAddressError,
    SsrfGuard,
    SystemResolver,
    UnknownHostError,
    may_connect,
)

# The IANA special-purpose registries, IPv4 and IPv6, as far as they are not global; multicast and reserved space too.
NOT_PUBLIC = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32"),
    *("::/128", "::1/128", "::/96", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7"),
    *("fe80::/10", "fec0::/10", "ff00::/8", "64:ff9b:1::/48", "4000::/3"),
]
V4_INSIDE = [ipaddress.IPv4Network(each) for each in NOT_PUBLIC if ":" not in each]

inside = st.sampled_from(NOT_PUBLIC).flatmap(lambda network: st.ip_addresses(network=network))
v4_inside = st.sampled_from(V4_INSIDE).flatmap(lambda network: st.ip_addresses(v=4, network=network))
rest = st.integers(0, 2**80 - 1)


def carriers(v4: IPv4Address, rest_bits: int) -> Sequence[IPv6Address]:
    """The IPv6 addresses that reach an IPv4 address: mapped, translated, NAT64, 6to4."""
    last = int(v4)
    return [
        IPv6Address(0xFFFF << 32 | last),
        IPv6Address(0xFFFF << 48 | last),
        IPv6Address(0x64FF9B << 96 | last),
        IPv6Address(0x2002 << 112 | last << 80 | rest_bits),
    ]


@given(inside)
def test_no_address_of_a_range_that_is_not_public_is_allowed(address: IPv4Address | IPv6Address) -> None:
    assert not may_connect(address)


@given(v4_inside, rest)
def test_no_ipv6_address_that_carries_a_private_ipv4_address_is_allowed(v4: IPv4Address, rest_bits: int) -> None:
    assert not any(may_connect(address) for address in carriers(v4, rest_bits))


@given(st.ip_addresses())
def test_what_the_standard_library_calls_not_global_is_never_allowed(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast:
        assert not may_connect(address)


@given(st.ip_addresses())
def test_what_is_allowed_stays_allowed_when_private_addresses_are(address: IPv4Address | IPv6Address) -> None:
    assert not may_connect(address) or may_connect(address, allow_private=True)


@pytest.mark.parametrize(
    ("address", "public", "allowed_privately"),
    [
        pytest.param("93.184.215.14", True, True, id="a public IPv4 address"),
        pytest.param("2606:4700::6810:84e5", True, True, id="a public IPv6 address"),
        pytest.param("64:ff9b::5db8:d70e", True, True, id="a public IPv4 address through NAT64"),
        pytest.param("2002:5db8:d70e::1", True, True, id="a public IPv4 address through 6to4"),
        pytest.param("127.0.0.1", False, True, id="loopback"),
        pytest.param("127.255.255.254", False, True, id="the other end of loopback"),
        pytest.param("::1", False, True, id="loopback of IPv6"),
        pytest.param("::ffff:127.0.0.1", False, True, id="loopback, mapped"),
        pytest.param("::ffff:7f00:1", False, True, id="loopback, mapped, in hexadecimal"),
        pytest.param("64:ff9b::7f00:1", False, True, id="loopback through NAT64"),
        pytest.param("2002:7f00:1::", False, True, id="loopback through 6to4"),
        pytest.param("::127.0.0.1", False, False, id="loopback, IPv4-compatible"),
        pytest.param("10.1.2.3", False, True, id="private, class A"),
        pytest.param("172.31.255.255", False, True, id="private, the last of class B"),
        pytest.param("172.32.0.0", True, True, id="just behind the private class B"),
        pytest.param("192.168.1.1", False, True, id="private, class C"),
        pytest.param("100.64.0.1", False, True, id="shared by a carrier's customers"),
        pytest.param("100.128.0.0", True, True, id="just behind the shared range"),
        pytest.param("fd12:3456::1", False, True, id="unique local"),
        pytest.param("0.0.0.0", False, False, id="unspecified"),
        pytest.param("::", False, False, id="unspecified of IPv6"),
        pytest.param("169.254.1.1", False, False, id="link-local"),
        pytest.param("fe80::1", False, False, id="link-local of IPv6"),
        pytest.param("224.0.0.1", False, False, id="multicast"),
        pytest.param("ff02::1", False, False, id="multicast of IPv6"),
        pytest.param("255.255.255.255", False, False, id="broadcast"),
        pytest.param("169.254.169.254", False, False, id="metadata of AWS, GCP, Azure"),
        pytest.param("::ffff:169.254.169.254", False, False, id="metadata, mapped"),
        pytest.param("169.254.170.2", False, False, id="credentials of AWS containers"),
        pytest.param("100.100.100.200", False, False, id="metadata of Alibaba"),
        pytest.param("168.63.129.16", False, False, id="the wire server of Azure, at a public address"),
        pytest.param("192.0.0.192", False, False, id="metadata of Oracle"),
        pytest.param("fd00:ec2::254", False, False, id="metadata of AWS over IPv6"),
        pytest.param("2001::1", False, False, id="Teredo"),
    ],
)
def test_an_address_is_allowed_or_not(address: str, public: bool, allowed_privately: bool) -> None:
    parsed = ipaddress.ip_address(address)
    assert may_connect(parsed) is public
    assert may_connect(parsed, allow_private=True) is allowed_privately


def guard_for(*addresses: str, allow_private: bool = False) -> SsrfGuard:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return SsrfGuard(resolve, allow_private=allow_private)


async def test_the_addresses_of_a_public_name_are_handed_out_once_each_in_their_order() -> None:
    guard = guard_for("93.184.215.14", "2606:4700::1", "93.184.215.14")
    assert await guard.addresses_of("example.com", 443) == ["93.184.215.14", "2606:4700::1"]


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(ForbiddenAddressError):
        await guard_for("93.184.215.14", "10.0.0.1").addresses_of("example.com", 443)


async def test_a_scoped_link_local_address_is_refused() -> None:
    with pytest.raises(ForbiddenAddressError):
        await guard_for("fe80::1%eth0", allow_private=True).addresses_of("example.com", 443)


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("127.1", id="two parts"),
        pytest.param("2130706433", id="one number"),
        pytest.param("0x7f.0.0.1", id="hexadecimal"),
        pytest.param("0177.0.0.1", id="octal"),
        pytest.param("localhost", id="by name"),
    ],
)
async def test_ways_to_write_loopback_that_only_resolvers_know_are_refused(host: str) -> None:
    with closing(SystemResolver()) as resolver, pytest.raises(ForbiddenAddressError):
        await SsrfGuard(resolver.resolve).addresses_of(host, 80)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(OSError("no such host"), id="no such name"),
        pytest.param(UnicodeError("label too long"), id="a name that cannot be one"),
        pytest.param(None, id="a name without addresses"),
    ],
)
async def test_a_host_without_an_address_is_told(error: Exception | None) -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        if error is not None:
            raise error
        return []

    with pytest.raises(UnknownHostError, match="DNS"):
        await SsrfGuard(resolve).addresses_of("nowhere.example", 443)


@pytest.mark.parametrize(
    ("host", "early"),
    [
        pytest.param("localhost", True, id="localhost"),
        pytest.param("LocalHost.", True, id="localhost with capitals and a dot"),
        pytest.param("api.localhost", True, id="below localhost"),
        pytest.param("192.168.0.1", True, id="a private address"),
        pytest.param("::1", True, id="loopback of IPv6"),
        pytest.param("93.184.215.14", False, id="a public address"),
        pytest.param("example.com", False, id="a name"),
    ],
)
def test_what_needs_no_resolving_is_refused_early(host: str, early: bool) -> None:
    if early:
        with pytest.raises(ForbiddenAddressError):
            guard_for().check_host(host)
    else:
        guard_for().check_host(host)
    if not early or host.lower().endswith(("localhost", "localhost.")):
        guard_for(allow_private=True).check_host(host)
