"""Every client event in every state of a session: the server tells exactly what `protocol_table.txt` says.

A change of the table is a change of the protocol: `python -m tests.transports.protocol_states` prints what is told now.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.transports.protocol_states import ATTEMPTS, STATES, told
from vivavoce.dialects.realtime.client_events import CLIENT_EVENT_TYPES

pytestmark = pytest.mark.looptime


def rows() -> dict[tuple[str, str], list[str]]:
    """What the file says, by state and attempt."""
    found: dict[tuple[str, str], list[str]] = {}
    state = ""
    for line in (Path(__file__).parent / "protocol_table.txt").read_text().splitlines():
        if line.startswith("# "):
            state = line.removeprefix("# ")
        elif line:
            attempt, _, kinds = line.partition(": ")
            found[state, attempt] = [] if kinds == "nothing" else kinds.split(", ")
    return found


TABLE = rows()


@pytest.mark.parametrize(
    ("state", "attempt"), TABLE.keys(), ids=[f"{attempt} when {state}" for state, attempt in TABLE]
)
async def test_the_server_tells_exactly_what_the_table_says(state: str, attempt: str) -> None:
    assert await told(state, attempt) == TABLE[state, attempt]


def test_the_table_has_every_client_event_in_every_state() -> None:
    assert TABLE.keys() == {(state, attempt) for state in STATES for attempt in ATTEMPTS}
    assert {attempt.partition(" ")[0] for attempt in ATTEMPTS} == set(CLIENT_EVENT_TYPES)
