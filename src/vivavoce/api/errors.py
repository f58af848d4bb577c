"""The one place that turns exceptions into HTTP answers.

Every answer that is no success has the body of the OpenAI API: `{"error": {type, code, message, param, event_id}}`,
where `event_id` is always null over HTTP. A stateless map; `exception_handlers` gives it to the web framework.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vivavoce.agents.definition import InvalidAgentError
from vivavoce.store.errors import (
    DuplicateRecordError,
    InvalidKeyError,
    StoreError,
    StoreUnavailableError,
    UnknownRecordError,
)

_log = logging.getLogger(__name__)

INVALID_REQUEST = "invalid_request_error"
SERVER_ERROR = "server_error"
_HTTP_CODES = {401: "invalid_api_key", 404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is told about an error: the HTTP status and the fields of the body."""

    status: int
    code: str
    message: str
    kind: str = INVALID_REQUEST
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object of the answer; also what a refused WebSocket upgrade carries."""
        fields = {"type": self.kind, "code": self.code, "message": self.message, "param": self.param, "event_id": None}
        return {"error": fields}


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
        case InvalidAgentError():
            return Problem(400, "invalid_value", error.message, param=error.param)
        case UnknownRecordError():
            return Problem(404, "not_found", f"{error}.")
        case DuplicateRecordError():
            return Problem(409, "already_exists", f"{error}.")
        case InvalidKeyError():
            return Problem(400, "invalid_value", f"{error}.", param="secret")
        case StoreUnavailableError():
            message = "The server's database did not answer. Try again in a moment."
            return Problem(503, "store_unavailable", message, SERVER_ERROR, headers={"retry-after": "1"})
        case HTTPException():
            return _of_http(error)
        case _:
            message = "Something broke on the server's side; its log says what. Trying again may work."
            return Problem(500, "internal_error", message, SERVER_ERROR)


def response_of(problem: Problem) -> Response:
    return JSONResponse(problem.body, problem.status, dict(problem.headers))


def exception_handlers() -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    """For `Starlette(exception_handlers=…)`. Unexpected exceptions still reach the log."""
    return dict.fromkeys((ApiError, InvalidAgentError, StoreError, HTTPException, Exception), _answer)


async def _answer(request: Request, error: Exception) -> Response:
    if isinstance(error, StoreError) and problem_of(error).status >= 500:
        _log.error("%s %s failed: %s", request.method, request.url.path, error)
    return response_of(problem_of(error))


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
