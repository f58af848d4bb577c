"""What is told about a request that did not succeed, before any dialect puts it in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

INVALID_REQUEST = "invalid_request_error"
SERVER_ERROR = "server_error"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is told about an error: the HTTP status, a stable code and what to do. `param`: the path of the field."""

    status: int
    code: str
    message: str
    kind: str = INVALID_REQUEST
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The phrase that HTTP has for the status."""
        return HTTPStatus(self.status).phrase

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object in the shape of the OpenAI API; also what a refused WebSocket upgrade carries."""
        fields = {"type": self.kind, "code": self.code, "message": self.message, "param": self.param, "event_id": None}
        return {"error": fields}
