"""The shapes of errors as the API's document describes them, and which answers a route may give besides its own."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field

from vivavoce.api.error_shapes import Dialect


class ErrorFields(BaseModel):
    """What went wrong, as the OpenAI and xAI APIs tell it."""

    type: str = Field(description="Whose fault it is: `invalid_request_error`, `rate_limit_error` or `server_error`.")
    code: str = Field(description="A stable word for the kind of error.")
    message: str = Field(description="What is wrong and what to do, for a person.")
    param: str | None = Field(description="The path of the field that is wrong, such as `agent.tools[3].name`.")
    event_id: None = Field(default=None, description="Always null over HTTP.")


class Error(BaseModel):
    """An answer that is no success."""

    error: ErrorFields = Field(description="What went wrong.")


class AcpErrorDetails(BaseModel):
    """More about an error of the ACP API."""

    requestId: str = Field(description="The id of the request, for finding it in logs.")  # noqa: N815 - the wire's word
    field: str | None = Field(default=None, description="The path of the field that is wrong.")


class AcpError(BaseModel):
    """An answer that is no success, as the ACP API tells it."""

    error: str = Field(description="The phrase that HTTP has for the status.")
    message: str = Field(description="What is wrong and what to do, for a person.")
    code: str = Field(description="A stable word for the kind of error.")
    details: AcpErrorDetails = Field(description="More about it.")


class AgntixErrorFields(BaseModel):
    """What went wrong, as the Agntix API tells it."""

    code: str = Field(description="A stable word in capitals, such as `SESSION_NOT_FOUND`.")
    message: str = Field(description="What is wrong and what to do, for a person.")
    requestId: str = Field(description="The id of the request, for finding it in logs.")  # noqa: N815 - the wire's word
    param: str | None = Field(default=None, description="The path of the field that is wrong.")


class AgntixError(BaseModel):
    """An answer that is no success, as the Agntix API tells it."""

    error: AgntixErrorFields = Field(description="What went wrong.")


class AgentHumanError(BaseModel):
    """An answer that is no success, as the AgentHuman API tells it."""

    success: bool = Field(description="Always false.")
    error: str = Field(description="What is wrong and what to do, for a person.")
    code: str | None = Field(
        default=None, description="A stable word for the kind of error; absent where there is no such agent."
    )
    field: str | None = Field(default=None, description="The path of the field that is wrong.")


_MODELS: Mapping[Dialect, type[BaseModel]] = {
    Dialect.PLATFORM: Error,
    Dialect.XAI: Error,
    Dialect.NURI: Error,
    Dialect.ACP: AcpError,
    Dialect.AGNTIX: AgntixError,
    Dialect.AGENTHUMAN: AgentHumanError,
}

_STATUSES = {
    400: "A field is wrong; the answer names it.",
    401: "No key, or one that is wrong or was revoked.",
    403: "The key may not do this.",
    404: "There is no such thing, or it belongs to another organisation.",
    409: "The state of things forbids it, or an Idempotency-Key was used for another request.",
    413: "The body is larger than 1 MiB.",
    429: "Too many requests, or too many open sessions.",
    503: "The server cannot do it just now; try again in a moment.",
}


def error_responses(dialect: Dialect, *more: int) -> dict[int | str, dict[str, Any]]:
    """For a router's `responses=`: every error that any of its routes may answer with, and `more` statuses."""
    told: dict[int | str, dict[str, Any]] = {
        status: {"model": _MODELS[dialect], "description": text} for status, text in _STATUSES.items()
    }
    for status in more:
        told[status] = {"model": _MODELS[dialect], "description": f"{HTTPStatus(status).phrase}."}
    return told
