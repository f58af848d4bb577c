"""One HTTP POST to an address that somebody else chose: guarded, bounded in time and bytes, and never led elsewhere.

`GuardedPoster` owns a guarded transport; the composition root makes one and closes it. There is no HTTP client on top
of it: so there are no redirects, no cookies, no proxies and no credentials from the environment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import httpx

from vivavoce.outbound.guarded_http import CONNECT_TIMEOUT_SECONDS, GuardedTransport
from vivavoce.outbound.ssrf_guard import ForbiddenAddressError, SsrfGuard, UnknownHostError

TIMEOUT_SECONDS = 15.0
ANSWER_BYTES_MAXIMUM = 64 * 1024


@dataclass(frozen=True, slots=True)
class PostAnswer:
    """What the far end said. `retry_after` is the header as it came."""

    status_code: int
    retry_after: str | None


class PostFailedError(Exception):
    """There was no answer. The message is for whoever set the address."""


class Poster(Protocol):
    """Sends a body to an address. Raises `PostFailedError`."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> PostAnswer: ...


class GuardedPoster:
    """A `Poster` that connects only to what its guard allows."""

    def __init__(self, guard: SsrfGuard) -> None:
        self._transport = GuardedTransport(guard)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> PostAnswer:
        """Takes at most 15 seconds; reads at most 64 KiB of the answer and keeps none. Raises `PostFailedError`."""
        failure: str
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._post(httpx.URL(url), headers, body)
        except TimeoutError:
            failure = f"there was no answer within {TIMEOUT_SECONDS:.0f} seconds"
        except (ForbiddenAddressError, UnknownHostError) as error:
            failure = str(error)
        except httpx.ConnectTimeout:
            failure = f"no connection within {CONNECT_TIMEOUT_SECONDS:.0f} seconds"
        except httpx.ConnectError as error:
            failure = f"no connection: {str(error) or 'refused'}"[:200]
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure = f"the connection broke before an answer came ({type(error).__name__})"
        raise PostFailedError(failure)

    async def _post(self, url: httpx.URL, headers: Mapping[str, str], body: bytes) -> PostAnswer:
        request = httpx.Request("POST", url, headers={"accept-encoding": "identity", **headers}, content=body)
        response = await self._transport.handle_async_request(request)
        try:
            length = 0
            async for chunk in response.aiter_raw():
                length += len(chunk)
                if length > ANSWER_BYTES_MAXIMUM:
                    break
        finally:
            await response.aclose()
        return PostAnswer(response.status_code, response.headers.get("retry-after"))

    async def close(self) -> None:
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
