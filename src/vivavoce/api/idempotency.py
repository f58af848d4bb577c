"""`Idempotency-Key`: the same request again gets the first answer again, and does nothing.

A route class: FastAPI makes one object of it a route. The answers are kept in the store, sealed, for a day, and given
again only to the caller who asked first.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.responses import StreamingResponse

from vivavoce.api.dependencies import ApiState, api_state, authenticated
from vivavoce.api.errors import ApiError
from vivavoce.api.problems import Problem
from vivavoce.services.callers import Caller
from vivavoce.store.errors import StoreUnavailableError
from vivavoce.store.idempotency import KnownAnswer

HEADER = "idempotency-key"
KEY_LENGTH_MAXIMUM = 255
REPLAYED = "Idempotency-Replayed"
_PURPOSE = "idempotent answer"
_METHODS = frozenset({"POST", "PATCH", "PUT", "DELETE"})


_log = logging.getLogger(__name__)


class _Kept(msgspec.Struct, frozen=True):
    """An answer as it is kept."""

    status: int
    headers: dict[str, str]
    body: str


class IdempotentRoute(APIRoute):
    """A route that answers a repeated request as it answered the first."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None or request.method not in _METHODS:
                return await handle(request)
            return await _answer_once(request, key, handle)

        return answer


async def _answer_once(
    request: Request, key: str, handle: Callable[[Request], Coroutine[Any, Any, Response]]
) -> Response:
    if not 0 < len(key) <= KEY_LENGTH_MAXIMUM:
        message = f"an Idempotency-Key has 1 to {KEY_LENGTH_MAXIMUM} characters"
        raise ApiError(Problem(400, "invalid_value", message, param="Idempotency-Key"))
    state = api_state(request)
    caller = await authenticated(request)
    # Whoever may not do what another key of the organisation may do, may not read its answer either.
    own_key = hashlib.sha256(f"{caller.name}\n{key}".encode()).hexdigest()
    fingerprint = await _fingerprint(request)
    answers = state.platform.store.answers
    known = await answers.claim(caller.organisation_id, own_key, fingerprint)
    if known is not None:
        return _again(state, known, fingerprint)
    response: Response | None = None
    try:
        response = await handle(request)
    finally:
        if response is None:
            await answers.release(caller.organisation_id, own_key)
    await _keep(state, caller, own_key, response)
    return response


async def _fingerprint(request: Request) -> str:
    told = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    return hashlib.sha256(told).hexdigest()


def _again(state: ApiState, known: KnownAnswer, fingerprint: str) -> Response:
    if known.fingerprint != fingerprint:
        message = "This Idempotency-Key was used for another request; use a new one."
        raise ApiError(Problem(409, "idempotency_key_reused", message, param="Idempotency-Key"))
    if known.answer is None:
        message = "The first request with this Idempotency-Key is still being worked on; ask again in a moment."
        raise ApiError(Problem(409, "request_in_progress", message, headers={"retry-after": "1"}))
    kept = msgspec.json.decode(state.platform.vault.unseal(known.answer, _PURPOSE), type=_Kept)
    return Response(base64.b64decode(kept.body), kept.status, kept.headers | {REPLAYED: "true"})


async def _keep(state: ApiState, caller: Caller, key: str, response: Response) -> None:
    answers = state.platform.store.answers
    if isinstance(response, StreamingResponse) or response.status_code >= 400:
        await answers.release(caller.organisation_id, key)
        return
    told = {name: value for name, value in response.headers.items() if name in ("content-type", "location")}
    kept = _Kept(response.status_code, told, base64.b64encode(bytes(response.body)).decode())
    sealed = state.platform.vault.seal(msgspec.json.encode(kept), _PURPOSE)
    try:
        await answers.keep(caller.organisation_id, key, response.status_code, sealed)
    except StoreUnavailableError as error:
        # The request was done: that is what the client is told, though it cannot be told so again.
        _log.error("the answer to an idempotent request is not kept: %s", error)
