"""The stable error codes of the Agntix API, for problems of ours."""

from __future__ import annotations

from vivavoce.api.problems import Problem

_CODES = {
    "invalid_api_key": "UNAUTHORIZED",
    "session_not_found": "SESSION_NOT_FOUND",
    "session_over": "SESSION_EXPIRED",
    "internal_error": "GENERIC_ERROR",
    "store_unavailable": "GENERIC_ERROR",
    "voice_not_enabled": "SESSION_CREATION_ERROR",
    "agent_paused": "SESSION_CREATION_ERROR",
    "concurrency_limit_reached": "SESSION_CREATION_ERROR",
    "model_not_found": "MODELS_NOT_FOUND",
    "tool_not_found": "TOOLS_NOT_FOUND",
    "client_gone": "ABORT_ERROR",
}


def code_for(problem: Problem) -> str:
    """Its code where it has one, else ours in its capitals."""
    return _CODES.get(problem.code, problem.code.upper())
