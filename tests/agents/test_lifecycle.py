"""The life of a session: which status may follow which, and how it ends for which reason."""

from __future__ import annotations

import pytest

from vivavoce.agents.lifecycle import ENDED, OPEN, TRANSITIONS, SessionStatus, status_for

ALLOWED = {
    ("initializing", "active"),
    *(
        (before, after)
        for before in ("initializing", "active")
        for after in ("completed", "failed", "cancelled", "expired")
    ),
}


@pytest.mark.parametrize("before", SessionStatus)
@pytest.mark.parametrize("after", SessionStatus)
def test_a_session_goes_forward_and_ends_once(before: SessionStatus, after: SessionStatus) -> None:
    assert (after in TRANSITIONS[before]) == ((before.value, after.value) in ALLOWED)


def test_a_session_is_open_or_over() -> None:
    assert frozenset(SessionStatus) == OPEN | ENDED
    assert not OPEN & ENDED
    assert {status for status in SessionStatus if status.is_over} == ENDED


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        pytest.param("expired", "expired", id="its time was up"),
        pytest.param("idle", "expired", id="it was left alone"),
        pytest.param("broke", "failed", id="it broke"),
        pytest.param("agent_deleted", "cancelled", id="its agent was deleted"),
        pytest.param("cancelled", "cancelled", id="it was called off"),
        pytest.param("hung_up", "completed", id="the caller hung up"),
        pytest.param("max_turns", "completed", id="the last turn was taken"),
        pytest.param("", "completed", id="no reason at all"),
    ],
)
def test_the_reason_decides_how_a_session_ended(reason: str, status: str) -> None:
    assert status_for(reason) == status
    assert status_for(reason).is_over
