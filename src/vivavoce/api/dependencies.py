"""What routes ask for: the platform, the caller, a page. FastAPI resolves them for each request."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.api.auth import Authenticator, offered
from vivavoce.api.envelope import ANSWER_HEADERS
from vivavoce.api.errors import ApiError
from vivavoce.api.problems import SERVER_ERROR, Problem
from vivavoce.api.rate_limits import RateLimiter, headers
from vivavoce.services.callers import Caller
from vivavoce.services.platform import Platform
from vivavoce.store.records import PageRequest

LIST_LENGTH = 20
LIST_LENGTH_MAXIMUM = 100
OFFSET_MAXIMUM = 10_000_000

_CALLER = "vivavoce.caller"


@dataclass(frozen=True, slots=True)
class ApiState:
    """What the routes work with, once the store is open."""

    platform: Platform
    authenticator: Authenticator
    limiter: RateLimiter


def api_state(request: Request) -> ApiState:
    """Raises `ApiError` (503) while the server starts."""
    state: ApiState | None = getattr(request.app.state, "api", None)
    if state is None:
        message = "The server is starting; try again in a moment."
        raise ApiError(Problem(503, "not_ready", message, SERVER_ERROR, headers={"retry-after": "1"}))
    return state


def platform(request: Request) -> Platform:
    return api_state(request).platform


async def authenticated(request: Request) -> Caller:
    """Who calls, counted once a request against its rate limit. Raises `ApiError` (401, 429)."""
    known: Caller | None = request.scope.get(_CALLER)
    if known is not None:
        return known
    caller = await api_state(request).authenticator.caller(offered(request.headers).secret)
    return counted(request, caller)


def counted(request: Request, caller: Caller) -> Caller:
    """Count a request of this caller, who is then known for the rest of it. Raises `ApiError` (429)."""
    state = api_state(request)
    allowance = state.limiter.take(caller.name)
    told = headers(allowance, time.time())
    request.scope.setdefault(ANSWER_HEADERS, {}).update(told)
    if not allowance.allowed:
        message = f"This key may ask {allowance.limit} times a minute; wait {told['Retry-After']} s."
        raise ApiError(Problem(429, "rate_limit_exceeded", message, "rate_limit_error"))
    request.scope[_CALLER] = caller
    return caller


def _caller_who_may(scope: str) -> Callable[[Caller], Awaitable[Caller]]:
    async def checked(caller: Annotated[Caller, Depends(authenticated)]) -> Caller:
        if scope not in caller.scopes:
            message = f"This key may not do that: it lacks the scope '{scope}'. Use a key that has it."
            raise ApiError(Problem(403, "insufficient_scope", message))
        return caller

    return checked


PlatformOf = Annotated[Platform, Depends(platform)]
Reader = Annotated[Caller, Depends(_caller_who_may("read"))]
Writer = Annotated[Caller, Depends(_caller_who_may("write"))]
Speaker = Annotated[Caller, Depends(_caller_who_may("realtime"))]
Administrator = Annotated[Caller, Depends(_caller_who_may("admin"))]


def page_request(
    limit: Annotated[int, Query(ge=1, le=LIST_LENGTH_MAXIMUM, description="How many to return.")] = LIST_LENGTH,
    offset: Annotated[int, Query(ge=0, le=OFFSET_MAXIMUM, description="How many to skip.")] = 0,
    pagination_token: Annotated[
        str | None, Query(max_length=64, description="Where to go on: from the answer before.")
    ] = None,
    order: Annotated[str, Query(pattern="^(asc|desc)$", description="`desc`: the newest first.")] = "desc",
) -> PageRequest:
    """A page by offset or by token. Raises `InvalidFieldError` for a token that is not ours."""
    after = None if pagination_token is None else _position(pagination_token)
    return PageRequest(limit=limit, after_seq=after, offset=offset, newest_first=order == "desc")


PageOf = Annotated[PageRequest, Depends(page_request)]


def pagination_token(position: int | None) -> str | None:
    """Where the next page begins, as an opaque text."""
    return None if position is None else base64.urlsafe_b64encode(f"seq:{position}".encode()).decode().rstrip("=")


def _position(token: str) -> int:
    try:
        kind, _, number = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii").partition(":")
        if kind == "seq" and number.isdecimal() and len(number) <= 18:
            return int(number)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise InvalidFieldError("pagination_token", "is not one that this server gave; begin at the first page again")


def public_url(request: Request) -> str:
    """The server's address as its clients reach it, without a slash at the end: http(s)://…"""
    configured = platform(request).public_url
    return configured or f"{request.url.scheme}://{request.url.netloc}"


def websocket_url(request: Request, path: str) -> str:
    """The address of a WebSocket of this server."""
    return "ws" + public_url(request).removeprefix("http") + path
