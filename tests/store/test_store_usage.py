"""What an organisation used, day by day, on both databases: its own alone, an agent's alone, nothing counted twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest

from vivavoce.agents.definition import AgentDefinition
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import DayUse, NewMessage, OrganisationId, TurnStages, TurnTiming
from vivavoce.store.sessions import NewSession
from vivavoce.store.store import Store
from vivavoce.store.threads import NewThread

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=30)


class _Calendar:
    """The day that the store believes it to be."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def calendar() -> _Calendar:
    return _Calendar()


@pytest.fixture
async def opened(store_url: str, calendar: _Calendar) -> AsyncGenerator[Store]:
    async with await Store.open(store_url, now=calendar) as store:
        yield store


async def _held(
    store: Store, calendar: _Calendar, seconds: float, turns: int, calls: int, *, channel: str = "web", agent: str = ""
) -> None:
    thread = await store.threads.add(NewThread(OURS))
    later = calendar.now + timedelta(hours=1)
    made = NewSession(OURS, agent or None, thread.thread_id, "realtime", channel, later, active=True)  # type: ignore[arg-type]
    session = await store.sessions.add(made, 100)
    for _ in range(turns):
        await store.turns.add(OURS, session.session_id, TurnTiming("resp_1", "item_1", 0, "words", TurnStages()))
    for _ in range(calls):
        call = {"call_id": "call_1", "name": "look_up", "arguments": "{}"}
        await store.threads.append(thread, NewMessage("assistant", "", session.session_id, call))
        await store.threads.append(thread, NewMessage("tool", "42", session.session_id, call))
    calendar.now += timedelta(seconds=seconds)
    await store.sessions.end(session.session_id, "hung_up")


async def test_every_day_has_its_sessions_seconds_turns_and_calls(opened: Store, calendar: _Calendar) -> None:
    await _held(opened, calendar, 90, 3, 1)
    await _held(opened, calendar, 30, 1, 0)
    calendar.now = BEGIN + timedelta(days=2, hours=23, minutes=59)
    await _held(opened, calendar, 120, 2, 2)
    used = await opened.usage.by_day(OURS, BEGIN, END)
    assert list(used) == ["2026-11-01", "2026-11-03"]
    assert _rounded(used["2026-11-01"]) == DayUse(2, 120, 4, 1)
    assert _rounded(used["2026-11-03"]) == DayUse(1, 120, 2, 2)


async def test_days_outside_the_range_are_not_counted(opened: Store, calendar: _Calendar) -> None:
    await _held(opened, calendar, 10, 1, 1)
    assert await opened.usage.by_day(OURS, BEGIN + timedelta(days=1), END) == {}
    assert await opened.usage.by_day(OURS, BEGIN - timedelta(days=1), BEGIN) == {}


async def test_an_agents_use_is_its_own(opened: Store, calendar: _Calendar) -> None:
    agent = await opened.agents.add(OURS, AgentDefinition("Desk"))
    await _held(opened, calendar, 10, 1, 1, agent=agent.agent_id)
    await _held(opened, calendar, 20, 2, 2)
    used = await opened.usage.by_day(OURS, BEGIN, END, agent.agent_id)
    assert {day: _rounded(use) for day, use in used.items()} == {"2026-11-01": DayUse(1, 10, 1, 1)}


async def test_sessions_in_writing_count_without_minutes(opened: Store, calendar: _Calendar) -> None:
    await _held(opened, calendar, 600, 0, 0, channel="chat")
    used = await opened.usage.by_day(OURS, BEGIN, END)
    assert used == {"2026-11-01": DayUse(1, 0.0, 0, 0)}


async def test_another_organisation_has_used_nothing(opened: Store, calendar: _Calendar) -> None:
    await _held(opened, calendar, 10, 1, 1)
    assert await opened.usage.by_day(OrganisationId("org_other"), BEGIN, END) == {}


def _rounded(use: DayUse) -> DayUse:
    return DayUse(use.sessions, round(use.seconds, 3), use.turns, use.tool_calls)
