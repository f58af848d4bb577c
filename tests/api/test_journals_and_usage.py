"""Journals over HTTP, their replay, what was used by day, and sessions of certain days; each to its owner alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.platform_application import Opened, application_open

from vivavoce.agents.definition import AgentDefinition
from vivavoce.conversation.events import CallerJoined
from vivavoce.conversation.machine import Conversation
from vivavoce.conversation.settings import Settings
from vivavoce.sessions.journal import Journal
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import SessionRecord, TurnStages, TurnTiming
from vivavoce.store.sessions import NewSession
from vivavoce.store.threads import NewThread

PATHS = ["journal", "replay"]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncGenerator[Opened]:
    async with application_open(tmp_path) as one:
        yield one


async def _session(opened: Opened, agent_id: Any = None) -> SessionRecord:
    thread = await opened.store.threads.add(NewThread(OURS))
    later = datetime.now(UTC) + timedelta(hours=1)
    new = NewSession(OURS, agent_id, thread.thread_id, "realtime", "web", later, active=True)
    return await opened.store.sessions.add(new, 100)


def _journal(opened: Opened, session: SessionRecord) -> Path:
    """The journal of a call that somebody joined."""
    assert opened.running.journals is not None
    path = opened.running.journals / f"{session.session_id}.jsonl"
    journal, settings = Journal(path), Settings()
    journal.begin(settings, "abc")
    journal.write(1.0, CallerJoined(), Conversation(settings, "abc").handle(CallerJoined(), 1.0))
    journal.close()
    return path


async def _get(opened: Opened, path: str, status: int = 200) -> Any:
    answer = await opened.http.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_journal_is_given_as_it_is(opened: Opened) -> None:
    session = await _session(opened)
    path = _journal(opened, session)
    answer = await opened.http.get(f"/v1/sessions/{session.session_id}/journal")
    assert (answer.status_code, answer.content) == (200, path.read_bytes())
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert session.session_id in answer.headers["content-disposition"]


async def test_a_replay_finds_that_nothing_differs(opened: Opened) -> None:
    session = await _session(opened)
    _journal(opened, session)
    told = await _get(opened, f"/v1/sessions/{session.session_id}/replay")
    assert told == {"events": 1, "differences": []}


async def test_a_replay_tells_the_first_difference(opened: Opened) -> None:
    session = await _session(opened)
    path = _journal(opened, session)
    head, line = path.read_bytes().splitlines()
    forged = msgspec.json.decode(line) | {"orders": []}
    path.write_bytes(head + b"\n" + msgspec.json.encode(forged) + b"\n")
    told = await _get(opened, f"/v1/sessions/{session.session_id}/replay")
    (difference,) = told["differences"]
    assert (difference["line"], difference["recorded"]) == (2, [])
    assert difference["replayed"]


async def test_a_journal_that_cannot_be_read_is_a_conflict_that_names_no_path(opened: Opened) -> None:
    session = await _session(opened)
    path = _journal(opened, session)
    path.write_text("{}\n")
    told = await _get(opened, f"/v1/sessions/{session.session_id}/replay", 409)
    assert told["error"]["code"] == "journal_unreadable"
    assert str(path.parent) not in told["error"]["message"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_session_without_a_journal_has_none(opened: Opened, path: str) -> None:
    session = await _session(opened)
    told = await _get(opened, f"/v1/sessions/{session.session_id}/{path}", 404)
    assert told["error"]["code"] == "journal_not_found"


@pytest.mark.parametrize("path", PATHS)
async def test_another_organisation_gets_no_journal(opened: Opened, path: str) -> None:
    session = await _session(opened)
    _journal(opened, session)
    other = await opened.store.organisations.ensure_named("someone-else")
    async with opened.client(await opened.new_key(organisation_id=other.organisation_id)) as theirs:
        answer = await theirs.get(f"/v1/sessions/{session.session_id}/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "session_not_found")


async def test_usage_has_every_day_and_their_totals(opened: Opened) -> None:
    session = await _session(opened)
    timing = TurnTiming("resp_1", "item_1", 0, "words", TurnStages())
    for _ in range(2):
        await opened.store.turns.add(OURS, session.session_id, timing)
    told = await _get(opened, "/v1/usage")
    assert len(told["days"]) == 30
    assert (told["to"], told["days"][-1]["day"], told["days"][0]["day"]) == (told["to"], told["to"], told["from"])
    assert (told["totals"]["sessions"], told["totals"]["turns"], told["totals"]["tool_calls"]) == (1, 2, 0)
    assert sum(day["turns"] for day in told["days"]) == 2


async def test_usage_of_an_agent_and_of_certain_days(opened: Opened) -> None:
    agent = await opened.store.agents.add(OURS, AgentDefinition("Desk"))
    await _session(opened, agent.agent_id)
    await _session(opened)
    today = datetime.now(UTC).date()
    begin, end = today - timedelta(days=1), today + timedelta(days=1)
    told = await _get(opened, f"/v1/usage?from={begin}&to={end}&agent_id={agent.agent_id}")
    assert (told["agent_id"], told["totals"]["sessions"]) == (agent.agent_id, 1)
    assert [date.fromisoformat(day["day"]) for day in told["days"]] == [begin, today, end]
    past = await _get(opened, "/v1/usage?from=2020-01-01&to=2020-01-02")
    assert past["totals"] == {"sessions": 0, "minutes": 0.0, "turns": 0, "tool_calls": 0}


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("from=2026-02-01&to=2026-01-01", id="days that run backwards"),
        pytest.param("from=2020-01-01&to=2026-01-01", id="years of days"),
        pytest.param("from=yesterday", id="a day that is none"),
    ],
)
async def test_usage_of_impossible_days_is_refused(opened: Opened, query: str) -> None:
    assert (await _get(opened, f"/v1/usage?{query}", 400))["error"]["param"] == "from"


@pytest.mark.parametrize("query", ["to=9999-12-31", "to=0001-01-01"])
async def test_the_ends_of_the_calendar_are_days_too(opened: Opened, query: str) -> None:
    assert (await _get(opened, f"/v1/usage?{query}"))["totals"]["sessions"] == 0


async def test_usage_of_an_agent_that_there_never_was_is_not_found(opened: Opened) -> None:
    told = await _get(opened, f"/v1/usage?agent_id=agent_{'0' * 26}", 404)
    assert told["error"]["code"] == "agent_not_found"


async def test_another_organisation_used_nothing(opened: Opened) -> None:
    await _session(opened)
    other = await opened.store.organisations.ensure_named("someone-else")
    async with opened.client(await opened.new_key(organisation_id=other.organisation_id)) as theirs:
        assert (await theirs.get("/v1/usage")).json()["totals"]["sessions"] == 0


async def test_sessions_of_certain_days_are_listed(opened: Opened) -> None:
    session = await _session(opened)
    before, after = (session.created_at + timedelta(seconds=seconds) for seconds in (-1, 1))

    async def listed(**query: str) -> int:
        answer = await opened.http.get("/v1/sessions", params=query)
        assert answer.status_code == 200, answer.text
        return len(answer.json()["sessions"])

    assert await listed(**{"from": before.isoformat(), "to": after.isoformat()}) == 1
    assert await listed(**{"from": after.isoformat()}) == 0
    assert await listed(to=before.isoformat()) == 0
    assert (await opened.http.get("/v1/sessions?from=2026-01-01T00:00:00")).status_code == 400
