"""How `agents` ends when something went wrong: what is said, what to do next, and the exit code. Values and words."""

from __future__ import annotations

import json
from typing import Any

from vivavoce.cli.talk_call import TalkError
from vivavoce.client.errors import (
    ApiError,
    AuthenticationError,
    ClientError,
    ConflictError,
    InvalidIdError,
    InvalidKeyError,
    InvalidRequestError,
    InvalidServerUrlError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    ServerUnreachableError,
    UnauthorizedError,
    UnexpectedAnswerError,
    UpgradeRefusedError,
)

FAILED = 1
WRONG_INPUT = 2
NOT_FOUND_OR_ALLOWED = 3

_NOT_THERE = (401, 403, 404)
_NO_SUCH_PATH = (None, "not_found")
Failure = ClientError | TalkError


def exit_code(error: Failure) -> int:
    """1: the server or the network failed; 2: the input is wrong; 3: no such thing, or not allowed."""
    match error:
        case AuthenticationError() | PermissionDeniedError() | NotFoundError():
            return NOT_FOUND_OR_ALLOWED
        case UpgradeRefusedError() if error.status in _NOT_THERE:
            return NOT_FOUND_OR_ALLOWED
        case InvalidRequestError() | InvalidIdError() | InvalidKeyError() | InvalidServerUrlError():
            return WRONG_INPUT
        case _:
            return FAILED


def advice(error: Failure, *, has_key: bool) -> str:
    """What the person can do next; '' where the error itself says it."""
    match error:
        case ServerUnreachableError():
            return "Start a server with `vivavoce serve`, or name one with --base-url."
        case AuthenticationError() | UnauthorizedError() if not has_key:
            return "Set VIVAVOCE_API_KEY or XAI_API_KEY; `vivavoce keys create` on the server's machine makes a key."
        case AuthenticationError() | UnauthorizedError():
            return "Set the right key in VIVAVOCE_API_KEY or XAI_API_KEY, or another server with --base-url."
        case PermissionDeniedError():
            return "Use a key that may do this."
        case NotFoundError() if error.code in _NO_SUCH_PATH:
            return "Check --base-url: what answers there does not know this request."
        case NotFoundError():
            return "`agents list` shows every agent of the organisation that your key belongs to."
        case RateLimitedError():
            seconds = error.refusal.retry_after_seconds
            return "Try again in a while." if seconds is None else f"Try again in {seconds:.0f} s."
        case InvalidRequestError():
            return "Correct the input and try again."
        case ConflictError() | ServerError():
            known = f" (request {error.request_id})" if error.request_id else ""
            return f"Try again in a moment; if it stays so, the server's log says more{known}."
        case UnexpectedAnswerError():
            return "Check --base-url and the server's version."
        case UpgradeRefusedError():
            return "Check --base-url; a server that starts or is full takes calls again in a moment."
        case _:
            return ""


def in_words(error: Failure, *, has_key: bool) -> str:
    """For people: what happened, and on a line of its own what to do."""
    said = str(error)
    sentence = f"{said[:1].upper()}{said[1:]}".rstrip(".") + "."
    return "\n".join(line for line in (sentence, advice(error, has_key=has_key)) if line)


def as_json(error: Failure, *, has_key: bool) -> str:
    """For programs: one line."""
    told: dict[str, Any] = {
        "kind": type(error).__name__,
        "message": str(error),
        "advice": advice(error, has_key=has_key),
    }
    if isinstance(error, ApiError):
        told |= {"status": error.status, "code": error.code, "param": error.param, "request_id": error.request_id}
    return json.dumps({"error": told}, ensure_ascii=False)
