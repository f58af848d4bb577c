"""What can go wrong between a client and a server. Messages say what to do and never hold the key."""

from __future__ import annotations

from dataclasses import dataclass


class ClientError(Exception):
    """The server could not be talked with."""


class InvalidServerUrlError(ClientError):
    """The address is none; one looks like `http://127.0.0.1:8080`."""


class InvalidKeyError(ClientError):
    """What was given as the API key cannot be one: it has blanks, line ends or letters beyond ASCII in it."""


class InvalidIdError(ClientError):
    """What was given as an id is empty or longer than any id."""


class ServerUnreachableError(ClientError):
    """Nobody answered at the address, or not in time, or somebody who does not speak the protocol."""


class UnexpectedAnswerError(ClientError):
    """Somebody answered, but not as a vivavoce server does: no JSON, other fields, a redirection."""


class UpgradeRefusedError(ClientError):
    """The server answered the upgrade with an HTTP error. `message` is its own explanation, or ''."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"the server answered HTTP {status}" + (f": {message}" if message else ""))
        self.status = status
        self.message = message


class UnauthorizedError(UpgradeRefusedError):
    """HTTP 401: the key is missing, wrong or revoked."""


class ClosedByServerError(ClientError):
    """The connection ended although the call was not over. `code` is the WebSocket close code (RFC 6455, 7.4)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"the server closed the connection (code {code}{f': {reason}' if reason else ''})")
        self.code = code
        self.reason = reason


class NotRealtimeError(ClientError):
    """What the server sent is no event of the realtime protocol."""


# --- answers of the HTTP API that are no success --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the server said. `message` may be '', `param` is the path of the field that is wrong.

    `retry_after_seconds` is what the header Retry-After asked for. `request_id` finds the request in the server's log.
    """

    status: int
    code: str | None = None
    message: str = ""
    param: str | None = None
    request_id: str | None = None
    retry_after_seconds: float | None = None


class ApiError(ClientError):
    """The server answered with an HTTP error; the class says who must act."""

    def __init__(self, refusal: Refusal) -> None:
        said = refusal.message or "it gave no reason"
        about = f" (field {refusal.param})" if refusal.param and refusal.param not in said else ""
        super().__init__(f"the server answered HTTP {refusal.status}: {said.rstrip('.')}{about}")
        self.refusal = refusal

    @property
    def status(self) -> int:
        return self.refusal.status

    @property
    def code(self) -> str | None:
        return self.refusal.code

    @property
    def message(self) -> str:
        return self.refusal.message

    @property
    def param(self) -> str | None:
        return self.refusal.param

    @property
    def request_id(self) -> str | None:
        return self.refusal.request_id


class InvalidRequestError(ApiError):
    """The request must change: HTTP 400, 413, 422 and every other 4xx without a class of its own."""


class AuthenticationError(ApiError):
    """HTTP 401: the key is missing, wrong or revoked."""


class PermissionDeniedError(ApiError):
    """HTTP 403: the key is good, but not for this."""


class NotFoundError(ApiError):
    """HTTP 404 or 410: there is no such thing, or it belongs to another organisation."""


class ConflictError(ApiError):
    """HTTP 409: the thing is in a state in which this cannot be done."""


class RateLimitedError(ApiError):
    """HTTP 429: too many requests; `refusal.retry_after_seconds` says when to come back, if the server did."""


class ServerError(ApiError):
    """HTTP 5xx, or 408: the server could not do it now; trying again may help."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: ServerError,
    409: ConflictError,
    410: NotFoundError,
    429: RateLimitedError,
}


def error_of(refusal: Refusal) -> ApiError:
    """The error for an answer that is no success."""
    default = ServerError if refusal.status >= 500 else InvalidRequestError
    return _BY_STATUS.get(refusal.status, default)(refusal)
