"""Who may open a speech socket, and what a refused one is told: the same keys, limits and errors as everywhere.

Functions without state; they live as long as an upgrade.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from vivavoce.api.auth import offered
from vivavoce.api.dependencies import ApiState
from vivavoce.api.errors import ApiError, problem_of
from vivavoce.api.problems import SERVER_ERROR, Problem
from vivavoce.api.rate_limits import headers
from vivavoce.api.speech.secrets import caller_of_secret
from vivavoce.services.callers import Caller
from vivavoce.services.client_secrets import looks_like_client_secret
from vivavoce.services.errors import ServiceError
from vivavoce.services.speech.service import SpeechService

Query = TypeVar("Query", bound=BaseModel)

NORMAL_CLOSURE = 1000
INVALID_EVENT = "invalid_event"
"""The code of an event about a message that cannot be followed; never an HTTP answer's."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A caller who may come in. `subprotocol`: the one to select."""

    speech: SpeechService
    subprotocol: str | None


async def admitted(websocket: WebSocket) -> Admission:
    """Raises `ApiError` (401, 403, 429, 503)."""
    state: ApiState | None = getattr(websocket.app.state, "api", None)
    if state is None:
        raise ApiError(Problem(503, "not_ready", "The server is starting; try again in a moment.", SERVER_ERROR))
    subprotocols = tuple(websocket.scope.get("subprotocols", ()))
    brought = offered(websocket.headers, subprotocols, websocket.query_params.get("token"))
    caller = await _caller(state, brought.secret, websocket.url.path)
    allowance = state.limiter.take(caller.name)
    if not allowance.allowed:
        told = headers(allowance, time.time())
        message = f"This key may ask {allowance.limit} times a minute; wait {told['Retry-After']} s."
        raise ApiError(Problem(429, "rate_limit_exceeded", message, "rate_limit_error", headers=told))
    if "realtime" not in caller.scopes:
        message = "This key may not do that: it lacks the scope 'realtime'. Use a key that has it."
        raise ApiError(Problem(403, "insufficient_scope", message))
    return Admission(state.platform.speech, brought.subprotocol)


async def _caller(state: ApiState, secret: str | None, path: str) -> Caller:
    if secret is not None and looks_like_client_secret(secret):
        return await caller_of_secret(state.platform.client_secrets, secret, path)
    return await state.authenticator.caller(secret)


def query_of(websocket: WebSocket, model: type[Query], *repeated: str) -> Query:
    """The query's parameters; those of `repeated` as lists. Raises `ApiError` (400)."""
    given: dict[str, Any] = {name: value for name, value in websocket.query_params.items() if name not in repeated}
    given |= {name: websocket.query_params.getlist(name) for name in repeated if name in websocket.query_params}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise ApiError(problem_of(RequestValidationError(error.errors()))) from error


async def refuse(websocket: WebSocket, error: Exception) -> None:
    """Answer with the error instead of the upgrade."""
    problem = problem_of(error)
    with suppress(OSError, RuntimeError, WebSocketDisconnect):  # the client did not wait for the answer
        await websocket.send_denial_response(JSONResponse(problem.body, problem.status, dict(problem.headers)))


def error_event(error: ApiError | ServiceError) -> Mapping[str, Any]:
    """xAI's event for an error."""
    problem = problem_of(error)
    return {"type": "error", "message": problem.message, "code": problem.code}


def wrong_event(message: str) -> Mapping[str, Any]:
    """xAI's event for a message that cannot be followed."""
    return {"type": "error", "message": message, "code": INVALID_EVENT}
