"""The life of a session as every API tells it: one small machine, five vocabularies are read from it at the edge.

A session is made (`initializing`), begins when somebody connects or writes (`active`), and ends once: `completed`
(somebody said so, or the agent said goodbye), `failed` (it broke), `cancelled` (nobody ever came, and it was called
off, or its agent was deleted) or `expired` (its time was up).
"""

from __future__ import annotations

from enum import StrEnum


class SessionStatus(StrEnum):
    INITIALIZING = "initializing"
    ACTIVE = "active"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_over(self) -> bool:
        return self in ENDED


OPEN = frozenset({SessionStatus.INITIALIZING, SessionStatus.ACTIVE})
ENDED = frozenset(SessionStatus) - OPEN

TRANSITIONS: dict[SessionStatus, frozenset[SessionStatus]] = {
    SessionStatus.INITIALIZING: frozenset({SessionStatus.ACTIVE}) | ENDED,
    SessionStatus.ACTIVE: ENDED,
} | dict.fromkeys(ENDED, frozenset())

_ENDING_OF_REASON = {
    "expired": SessionStatus.EXPIRED,
    "idle": SessionStatus.EXPIRED,
    "broke": SessionStatus.FAILED,
    "agent_deleted": SessionStatus.CANCELLED,
    "cancelled": SessionStatus.CANCELLED,
}


def status_for(reason: str) -> SessionStatus:
    """The status of a session that ended for `reason`; every reason that is not named here is a good end."""
    return _ENDING_OF_REASON.get(reason, SessionStatus.COMPLETED)
