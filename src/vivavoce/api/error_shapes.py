"""In whose words an error is told: every path belongs to a dialect, and every dialect has a shape for errors.

Pure functions over the one `Problem` that `vivavoce.api.errors` makes of any exception.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from vivavoce.api.agntix.error_codes import code_for
from vivavoce.api.problems import Problem


class Dialect(StrEnum):
    """Whose API a path belongs to."""

    PLATFORM = "platform"
    XAI = "xai"
    NURI = "nuri"
    ACP = "acp"
    AGNTIX = "agntix"
    AGENTHUMAN = "agenthuman"


MOUNTS: Mapping[Dialect, str] = {
    dialect: f"/compat/{dialect.value}" for dialect in Dialect if dialect is not Dialect.PLATFORM
}
"""Where each dialect is mounted alone, beside the paths of its document."""

_PATHS: tuple[tuple[re.Pattern[str], Dialect], ...] = (
    (re.compile(r"/api/v1(/|$)"), Dialect.AGENTHUMAN),
    (re.compile(r"/v1/voice-agents(/|$)"), Dialect.ACP),
    (re.compile(r"/v1/voice/"), Dialect.AGNTIX),
    (re.compile(r"/v2/chat/"), Dialect.AGNTIX),
    (re.compile(r"/v1/chat/(?!completions)"), Dialect.AGNTIX),
    (re.compile(r"/v1/agents/(create$|[^/]+/sessions)"), Dialect.NURI),
    (re.compile(r"/v1/(agents|phone-numbers|chat/completions|voices|tts|stt)(/|$)"), Dialect.XAI),
)


def dialect_of(path: str) -> Dialect:
    """Whose path this is."""
    for dialect, mount in MOUNTS.items():
        if path.startswith(f"{mount}/"):
            return dialect
    return next((dialect for pattern, dialect in _PATHS if pattern.match(path)), Dialect.PLATFORM)


def body_of(problem: Problem, dialect: Dialect, request_id: str) -> dict[str, Any]:
    """The body of an answer that tells a problem."""
    return _SHAPES[dialect](problem, request_id)


def _openai(problem: Problem, _request_id: str) -> dict[str, Any]:
    return problem.body


def _acp(problem: Problem, request_id: str) -> dict[str, Any]:
    details: dict[str, Any] = {"requestId": request_id}
    if problem.param is not None:
        details["field"] = problem.param
    return {"error": problem.title, "message": problem.message, "code": problem.code, "details": details}


def _agntix(problem: Problem, request_id: str) -> dict[str, Any]:
    told: dict[str, Any] = {"code": code_for(problem), "message": problem.message, "requestId": request_id}
    if problem.param is not None:
        told["param"] = problem.param
    return {"error": told}


def _agenthuman(problem: Problem, _request_id: str) -> dict[str, Any]:
    if problem.code == "agent_not_found":
        return {"success": False, "error": "Agent not found or access denied"}  # the document's own words, whole
    told: dict[str, Any] = {"success": False, "error": problem.message, "code": problem.code}
    if problem.param is not None:
        told["field"] = problem.param
    return told


_SHAPES: Mapping[Dialect, Callable[[Problem, str], dict[str, Any]]] = {
    Dialect.PLATFORM: _openai,
    Dialect.XAI: _openai,
    Dialect.NURI: _openai,
    Dialect.ACP: _acp,
    Dialect.AGNTIX: _agntix,
    Dialect.AGENTHUMAN: _agenthuman,
}
