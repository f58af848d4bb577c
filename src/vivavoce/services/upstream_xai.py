"""xAI as an upstream: asks it for a client secret with which a browser opens xAI's own realtime socket.

Stateless but for the HTTP client that it borrows; owned by the composition root, where a key is configured. The call is
`POST /v1/realtime/client_secrets` of xAI's realtime reference. The configured key goes into that one request and into
nothing else: no message, no log, no exception chain.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import httpx

BASE_URL = "https://api.x.ai"
TIMEOUT_SECONDS = 10.0
ANSWER_BYTES_MAXIMUM = 64 * 1024
EXPIRES_SECONDS_MAXIMUM = 3600


@dataclass(frozen=True, slots=True)
class UpstreamXaiSettings:
    """Where xAI is, with or without `/v1` at the end, and the key to it. Raises ValueError for what cannot be used."""

    api_key: str = field(repr=False)
    base_url: str = BASE_URL

    def __post_init__(self) -> None:
        # A key with a stray character breaks deep in the HTTP client, in an error that quotes the whole key.
        if not self.api_key or not all("!" <= character <= "~" for character in self.api_key):
            raise ValueError("the xAI API key is empty or has spaces or other characters that no key has")
        if not self.base_url.startswith(("https://", "http://")):
            raise ValueError("the base URL of xAI must begin with https:// (or http:// for a local counterpart)")

    @property
    def root(self) -> str:
        """The base URL up to and with `/v1`."""
        return f"{self.base_url.rstrip('/').removesuffix('/v1')}/v1"

    @property
    def realtime_url(self) -> str:
        """The WebSocket that a client secret opens: wss for https, ws for http."""
        return f"ws{self.root.removeprefix('http')}/realtime"


@dataclass(frozen=True, slots=True)
class UpstreamSecret:
    """A client secret of xAI: `value` goes into the sub-protocol, `expires_at` is Unix seconds."""

    value: str = field(repr=False)
    expires_at: int
    realtime_url: str


class UpstreamError(Exception):
    """xAI gave no client secret. The message says what the operator can do; it never contains the key."""


class UpstreamXai:
    """Brokers client secrets. `http` stays the caller's and is never closed here."""

    def __init__(self, settings: UpstreamXaiSettings, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http

    async def client_secret(self, expires_seconds: int) -> UpstreamSecret:
        """A new secret that opens sockets for `expires_seconds` (at most 3600, xAI's limit; more is cut to that).

        Takes at most 10 seconds. Raises `UpstreamError`; ValueError for less than a second.
        """
        if expires_seconds < 1:
            raise ValueError("a client secret lives at least one second")
        failure: str
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, answer = await self._ask(min(expires_seconds, EXPIRES_SECONDS_MAXIMUM))
        except (TimeoutError, httpx.TimeoutException):
            failure = f"xAI did not answer within {TIMEOUT_SECONDS:.0f} seconds. Try again in a moment."
        except (httpx.HTTPError, httpx.InvalidURL):
            failure = "xAI could not be reached. Check the network and the configured base URL."
        else:
            return self._secret_of(status, answer)
        # Outside the except block: a chained exception of the HTTP client may carry the request with the key.
        raise UpstreamError(failure)

    async def _ask(self, expires_seconds: int) -> tuple[int, bytes]:
        request = self._http.stream(
            "POST",
            f"{self._settings.root}/realtime/client_secrets",
            json={"expires_after": {"seconds": expires_seconds}},
            headers={"authorization": f"Bearer {self._settings.api_key}", "accept-encoding": "identity"},
            follow_redirects=False,
        )
        answer = b""
        async with request as response:
            # Packed although it was asked not to: unpacked bytes cannot be bounded before they are unpacked.
            if response.headers.get("content-encoding", "identity") != "identity":
                return response.status_code, b""
            async for chunk in response.aiter_bytes():
                answer += chunk
                if len(answer) > ANSWER_BYTES_MAXIMUM:
                    break
            return response.status_code, answer

    def _secret_of(self, status: int, answer: bytes) -> UpstreamSecret:
        if status not in (200, 201):
            raise UpstreamError(_complaint(status))
        # An upstream in trouble may answer anything, even with what it was asked with; so it is not quoted.
        match _object_in(answer):
            case {"value": str(value), "expires_at": int(expires_at)} if _usable(value, expires_at):
                return UpstreamSecret(value, expires_at, self._settings.realtime_url)
            case {"client_secret": {"value": str(value), "expires_at": int(expires_at)}} if _usable(value, expires_at):
                return UpstreamSecret(value, expires_at, self._settings.realtime_url)
            case _:
                raise UpstreamError(
                    "xAI answered something that is no client secret. Check that the configured base URL is xAI's."
                )


def _object_in(answer: bytes) -> Any:
    if len(answer) > ANSWER_BYTES_MAXIMUM:
        return None
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return None


def _usable(value: str, expires_at: int) -> bool:
    # The value becomes part of a sub-protocol: visible characters only (RFC 6455, section 4.1).
    printable = bool(value) and all("!" <= character <= "~" for character in value)
    return printable and not isinstance(expires_at, bool) and expires_at > 0


def _complaint(status: int) -> str:
    match status:
        case 401 | 403:
            return f"xAI refused the configured API key (HTTP {status}). Check the key, its permissions and its team."
        case 402 | 429:
            return f"xAI allows no more requests for now (HTTP {status}). Check the account's limits and credit."
        case _ if status >= 500:
            return f"xAI failed (HTTP {status}). Try again in a moment."
        case _:
            return f"xAI refused the request (HTTP {status}). Check the configured base URL."
