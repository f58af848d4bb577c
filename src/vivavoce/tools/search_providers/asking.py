"""One question to a search service over HTTP: bounded in time and size, every failure told as a truthful sentence.

Stateless but for the HTTP client that is borrowed. What is searched for is never logged; what an operator can mend is.
"""

from __future__ import annotations

import asyncio
import json
import logging
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from vivavoce.conversation.tool_policy import ToolFailure
from vivavoce.tools.ports import ToolError

ANSWER_BYTES_MAXIMUM = 1024 * 1024
_PARSED_ON_THE_SPOT_BYTES = 64 * 1024
_KEY_REFUSED = (401, 403)
_QUOTA_USED_UP = (402, 432, 433)
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SearchService:
    """Whom is asked: `name` for operators, `spoken` for the model. `explained`: what some statuses mean there."""

    name: str
    spoken: str = "The web search"
    explained: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is sent. `headers` may hold a key, so that nobody prints it."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None


async def answer_of(
    http: httpx.AsyncClient, service: SearchService, request: SearchRequest, timeout_seconds: float
) -> Mapping[str, Any]:
    """The JSON object that the service answers with. Raises `ToolError`."""
    try:
        async with asyncio.timeout(timeout_seconds):
            status, answer = await _asked(http, service, request)
            refused = _refusal(service, status)
            if refused is None:
                return await _read(service, answer)
    except (TimeoutError, httpx.TimeoutException):
        refused = ToolError(ToolFailure.TIMED_OUT, f"{service.spoken} did not answer in time.")
    except (httpx.HTTPError, httpx.InvalidURL):
        refused = ToolError(ToolFailure.UNREACHABLE, f"{service.spoken} cannot be reached.")
    _log.warning("%s: %s", service.name, refused.message)
    # Outside the except block: a chained exception of the HTTP client may carry the request with the key.
    raise refused


async def _asked(http: httpx.AsyncClient, service: SearchService, request: SearchRequest) -> tuple[int, bytes]:
    asked = http.stream(
        request.method,
        request.url,
        params=request.query,
        json=request.body,
        headers={"accept": "application/json", "accept-encoding": "identity", **request.headers},
        timeout=None,
        follow_redirects=False,
    )
    received = b""
    async with asked as response:
        async for chunk in response.aiter_raw():
            received += chunk
            if len(received) > ANSWER_BYTES_MAXIMUM:
                raise _too_long(service)
        packed = response.headers.get("content-encoding", "identity") != "identity"
        return response.status_code, _unpacked(service, received) if packed else received


def _unpacked(service: SearchService, received: bytes) -> bytes:
    """Some pack although they were asked not to. Unpacked within the same bound."""
    unpacking = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        answer = unpacking.decompress(received, ANSWER_BYTES_MAXIMUM)
    except zlib.error as error:
        raise _unusable(service) from error
    if unpacking.unconsumed_tail:
        raise _too_long(service)
    return answer


async def _read(service: SearchService, answer: bytes) -> Mapping[str, Any]:
    try:
        if len(answer) <= _PARSED_ON_THE_SPOT_BYTES:
            found = json.loads(answer)
        else:
            found = await asyncio.to_thread(json.loads, answer)
    except (ValueError, RecursionError) as error:
        raise _unusable(service) from error
    if not isinstance(found, Mapping):
        raise _unusable(service)
    return found


def _refusal(service: SearchService, status: int) -> ToolError | None:
    """What another status than success means, in words that the model may pass on."""
    if status == 200:
        return None
    if status in service.explained:
        return ToolError(ToolFailure.REFUSED, service.explained[status])
    if status in _KEY_REFUSED:
        message = f"{service.spoken} refuses this server's key: the server's operator has to renew it."
    elif status in _QUOTA_USED_UP:
        message = f"{service.spoken} has no quota left: the quota is used up until the server's operator renews it."
    elif status == 429:
        message = f"{service.spoken} takes no more requests for now: its rate limit or quota is used up."
    elif status >= 500:
        message = f"{service.spoken} has failed (HTTP {status}). It may work again in a moment."
    else:
        message = f"{service.spoken} refuses the request (HTTP {status})."
    return ToolError(ToolFailure.REFUSED, message)


def _unusable(service: SearchService) -> ToolError:
    return ToolError(ToolFailure.UNUSABLE_RESULT, f"{service.spoken} answered something that cannot be read.")


def _too_long(service: SearchService) -> ToolError:
    return ToolError(ToolFailure.UNUSABLE_RESULT, f"{service.spoken} answered more than can be read.")


def unusable(service: SearchService) -> ToolError:
    """For an answer that is JSON but not of the shape that the service documents."""
    _log.warning("%s: the answer does not have the shape that the service documents", service.name)
    return _unusable(service)
