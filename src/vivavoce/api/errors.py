"""The one place that turns exceptions into HTTP answers.

Every exception becomes a `Problem`, which the dialect of the path puts in its own words. A stateless map;
`exception_handlers` gives it to the web framework.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Coroutine, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.api.error_shapes import body_of, dialect_of
from vivavoce.api.problems import INVALID_REQUEST, SERVER_ERROR, Problem
from vivavoce.services.errors import (
    ConflictError,
    LimitReachedError,
    NotReadyError,
    RefusedError,
    ServiceError,
    UpstreamFailedError,
)
from vivavoce.store.errors import (
    DuplicateRecordError,
    InvalidKeyError,
    StoreError,
    StoreUnavailableError,
    UnknownRecordError,
)

_log = logging.getLogger(__name__)

_HTTP_CODES = {401: "invalid_api_key", 404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}


class ApiError(Exception):
    """A request that the API itself turns down."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class AuthenticationError(ApiError):
    """Nobody we know: no key, or a wrong or revoked one. Always 401 with the code `invalid_api_key`."""

    def __init__(self, message: str) -> None:
        super().__init__(Problem(401, "invalid_api_key", message, headers={"www-authenticate": "Bearer"}))


def problem_of(error: Exception) -> Problem:
    """What to tell the client about any exception. What it should not know (paths, SQL, traces) is left out."""
    match error:
        case ApiError():
            return error.problem
        case InvalidFieldError():
            return Problem(400, "invalid_value", f"{error}.", param=error.param)
        case RequestValidationError():
            return _of_validation(error.errors())
        case ServiceError():
            return _of_service(error)
        case StoreError():
            return _of_store(error)
        case HTTPException():
            return _of_http(error)
        case _:
            message = "Something broke on the server's side; its log says what. Trying again may work."
            return Problem(500, "internal_error", message, SERVER_ERROR)


def response_of(problem: Problem, scope: Scope) -> Response:
    """The answer in the words of the path's dialect."""
    told = body_of(problem, dialect_of(scope["path"]), request_id_of(scope))
    return JSONResponse(told, problem.status, dict(problem.headers))


def request_id_of(scope: Scope) -> str:
    """The id that `vivavoce.api.envelope` gave this request."""
    return str(scope.get("vivavoce.request_id", ""))


def exception_handlers() -> dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]]:
    """For the web framework's `exception_handlers`. Unexpected exceptions still reach the log."""
    kinds = (ApiError, InvalidFieldError, ServiceError, StoreError, HTTPException, RequestValidationError, Exception)
    return dict.fromkeys(kinds, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 405:
        error = HTTPException(405, headers={"Allow": ", ".join(_methods_of(request))})
    problem = problem_of(error)
    if isinstance(error, StoreError) and problem.status >= 500:
        _log.error("%s %s failed: %s", request.method, request.url.path, error)
    return response_of(problem, request.scope)


def _methods_of(request: Request) -> Sequence[str]:
    """What the path takes. The framework knows only the first of its routes (RFC 9110, section 10.2.1, wants all)."""
    taken: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        pattern: re.Pattern[str] | None = getattr(route, "path_regex", None)
        if pattern is not None and pattern.match(request.url.path):
            taken |= getattr(route, "methods", None) or set()  # sockets have none
    return sorted(taken)


def _of_service(error: ServiceError) -> Problem:
    match error:
        case ConflictError():
            return Problem(409, error.code, error.message)
        case LimitReachedError():
            return Problem(429, error.code, error.message, headers={"retry-after": "5"})
        case NotReadyError():
            return Problem(503, error.code, error.message, SERVER_ERROR, headers={"retry-after": "1"})
        case UpstreamFailedError():
            return Problem(502, error.code, error.message, SERVER_ERROR)
        case RefusedError() | _:
            return Problem(400, error.code, error.message)


def _of_store(error: StoreError) -> Problem:
    match error:
        case UnknownRecordError():
            return Problem(404, f"{error.kind.replace(' ', '_').lower()}_not_found", f"{_sentence(error)}")
        case DuplicateRecordError():
            return Problem(409, "already_exists", _sentence(error))
        case InvalidKeyError():
            return Problem(400, "invalid_value", _sentence(error))
        case StoreUnavailableError():
            message = "The server's database did not answer. Try again in a moment."
            return Problem(503, "store_unavailable", message, SERVER_ERROR, headers={"retry-after": "1"})
        case _:
            message = "The server's database cannot be used as it is; the server's log says what to do."
            return Problem(500, "internal_error", message, SERVER_ERROR)


def _sentence(error: StoreError) -> str:
    said = str(error)
    return f"{said[:1].upper()}{said[1:]}."


def _of_validation(errors: Sequence[Any]) -> Problem:
    first: dict[str, Any] = errors[0] if errors else {"type": "value_error", "loc": (), "msg": "is not valid"}
    place = first["loc"]
    if first["type"] == "json_invalid":
        return Problem(400, "invalid_json", f"The body is not JSON: {first.get('ctx', {}).get('error', first['msg'])}.")
    param = _path(place[1:] if place and place[0] in ("body", "query", "path", "header") else place)
    message = f"{param or 'The body'}: {str(first['msg']).removeprefix('Value error, ')}."
    if first["type"] == "missing":
        return Problem(400, "missing_required_parameter", message, param=param or None)
    return Problem(400, "invalid_value", message, param=param or None)


def _path(place: Sequence[str | int]) -> str:
    """`("tools", 3, "name")` as `tools[3].name`."""
    path = ""
    for step in place:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path


def _of_http(error: HTTPException) -> Problem:
    status = error.status_code
    said = error.detail if error.detail != HTTPStatus(status).phrase else ""
    code = _HTTP_CODES.get(status, "invalid_request" if status < 500 else "internal_error")
    kind = INVALID_REQUEST if status < 500 else SERVER_ERROR
    headers = dict(error.headers or {})
    if status == 404:
        return Problem(status, code, said or "There is nothing at this path.", kind, headers=headers)
    if status == 405:
        allowed = ", ".join(sorted(part.strip() for part in headers.get("Allow", "").split(",")))
        return Problem(status, code, f"This path takes {allowed}.", kind, headers=headers | {"Allow": allowed})
    return Problem(status, code, said or f"{HTTPStatus(status).phrase}.", kind, headers=headers)
