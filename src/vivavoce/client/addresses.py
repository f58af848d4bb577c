"""Where a server is: addresses that people write, as the addresses that are called. Pure."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

from vivavoce.client.errors import InvalidServerUrlError

DEFAULT_SERVER_URL = "http://127.0.0.1:8080"

_SECRETS = re.compile(r"(?<=//)[^/@]*@|\?.*", re.DOTALL)
_HTTP_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


def server_address(url: str) -> SplitResult:
    """The parts of a server's address. Raises `InvalidServerUrlError`, without passwords and tokens in its text."""
    shown = _SECRETS.sub("", url)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise InvalidServerUrlError(f"{shown!r} is no address of a server: {error}") from error
    if parts.scheme not in _HTTP_SCHEMES or not parts.hostname:
        raise InvalidServerUrlError(f"{shown!r} is no address of a server; one looks like {DEFAULT_SERVER_URL}")
    return parts


def http_address(url: str) -> str:
    """Where the paths of the API begin: `http://127.0.0.1:8080`, also for an address that ends in `/v1`.

    Raises `InvalidServerUrlError`.
    """
    parts = server_address(url)
    prefix = parts.path.rstrip("/").removesuffix("/realtime").removesuffix("/v1")
    return urlunsplit((_HTTP_SCHEMES[parts.scheme], parts.netloc, prefix, "", ""))


def shown_address(url: str) -> str:
    """Host and port of an address, for messages: without what a person may have put before the @."""
    return urlsplit(url).netloc.rpartition("@")[2]


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own, which no proxy can reach although the environment may name one."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
