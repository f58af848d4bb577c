"""The sessions in the database: never more than allowed, begun and ended once, found again page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vivavoce.agents.definition import AgentId
from vivavoce.agents.lifecycle import SessionStatus
from vivavoce.store.errors import TooManySessionsError, UnknownRecordError
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import OrganisationId, PageRequest, SessionDetails, SessionRecord
from vivavoce.store.sessions import NewSession, SessionFilter
from vivavoce.store.store import Store
from vivavoce.store.threads import NewThread

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Clock:
    """Stands until a test moves it."""

    moment: datetime = field(default=NOON)

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(store_url: str, clock: Clock) -> AsyncGenerator[Store]:
    async with await Store.open(store_url, now=clock.now) as opened:
        yield opened


@pytest.fixture
async def thread_id(store: Store) -> str:
    return (await store.threads.add(NewThread(OURS))).thread_id


def _new(thread_id: str, **changes: Any) -> NewSession:
    chosen: dict[str, Any] = {
        "organisation_id": OURS,
        "agent_id": None,
        "thread_id": thread_id,
        "dialect": "realtime",
        "channel": "web",
        "expires_at": NOON + HOUR,
    }
    return NewSession(**chosen | changes)


async def _add(store: Store, thread_id: str, **changes: Any) -> SessionRecord:
    return await store.sessions.add(_new(thread_id, **changes), 1_000)


async def test_a_session_comes_back_as_it_was_made_by_its_id_and_its_number(store: Store, thread_id: str) -> None:
    details = SessionDetails("T", "env_1", "agent_chat", "xai", "Hello", "+1", "+2", metadata={"a": [1]})
    added = await _add(store, thread_id, agent_id=AgentId("agent_1"), details=details)
    assert await store.sessions.get(OURS, added.session_id) == added
    assert await store.sessions.get(OURS, added.seq) == added
    assert (added.details, added.status, added.started_at) == (details, SessionStatus.INITIALIZING, None)
    theirs = (await store.organisations.add("Others")).organisation_id
    assert await store.sessions.get(theirs, added.session_id) is None
    assert await store.sessions.get(theirs, added.seq) is None


async def test_however_many_come_at_once_no_more_are_open_than_allowed(store: Store, thread_id: str) -> None:
    async def try_one() -> bool:
        try:
            await store.sessions.add(_new(thread_id), 5)
        except TooManySessionsError:
            return False
        return True

    taken = await asyncio.gather(*(try_one() for _ in range(16)))
    assert sum(taken) == await store.sessions.open_count(OURS) == 5


async def test_places_of_sessions_that_ended_or_whose_time_is_up_are_free_again(
    store: Store, clock: Clock, thread_id: str
) -> None:
    first = await store.sessions.add(_new(thread_id, expires_at=NOON + 2 * HOUR), 2)
    await store.sessions.add(_new(thread_id), 2)
    with pytest.raises(TooManySessionsError, match="2 sessions are open"):
        await store.sessions.add(_new(thread_id), 2)
    await store.sessions.end(first.session_id, "hung_up")
    await store.sessions.add(_new(thread_id), 2)
    clock.moment += HOUR
    assert await store.sessions.open_count(OURS) == 0
    theirs = (await store.organisations.add("Others")).organisation_id
    await store.sessions.add(_new(thread_id, expires_at=clock.moment + HOUR), 1)
    assert await store.sessions.open_count(theirs) == 0


async def test_a_session_begins_once_and_ends_once(store: Store, clock: Clock, thread_id: str) -> None:
    added = await _add(store, thread_id)
    clock.moment += timedelta(minutes=1)
    begun = await asyncio.gather(*(store.sessions.begin(added.session_id) for _ in range(4)))
    assert sum(newly for _, newly in begun) == 1
    assert {record.started_at for record, _ in begun} == {clock.moment}
    clock.moment += timedelta(minutes=1)
    ended = await asyncio.gather(*(store.sessions.end(added.session_id, reason) for reason in ("hung_up", "broke")))
    assert sum(newly for _, newly in ended) == 1
    assert len({(record.status, record.end_reason) for record, _ in ended}) == 1
    over, newly = await store.sessions.begin(added.session_id)
    assert (over.status.is_over, newly) == (True, False)
    assert over.duration_seconds == 60.0


async def test_an_expired_session_ended_when_its_time_was_up_however_late_that_is_seen(
    store: Store, clock: Clock, thread_id: str
) -> None:
    added = await _add(store, thread_id, active=True)
    clock.moment += 5 * HOUR
    ended, _ = await store.sessions.end(added.session_id, "expired")
    assert (ended.status, ended.ended_at, ended.duration_seconds) == (SessionStatus.EXPIRED, NOON + HOUR, 3600.0)


async def test_what_is_not_there_neither_begins_nor_ends(store: Store) -> None:
    for work in (store.sessions.begin("sess_x"), store.sessions.end("sess_x", "hung_up")):
        with pytest.raises(UnknownRecordError, match="no session with the id 'sess_x'"):
            await work


async def test_what_expired_or_was_left_alone_is_due_and_what_was_touched_is_not(
    store: Store, clock: Clock, thread_id: str
) -> None:
    expired = await _add(store, thread_id, expires_at=NOON + timedelta(minutes=5))
    alone = await _add(store, thread_id)
    touched = await _add(store, thread_id)
    over = await _add(store, thread_id)
    await store.sessions.end(over.session_id, "hung_up")
    clock.moment += timedelta(minutes=10)
    await store.sessions.touch([touched.session_id, over.session_id])
    await store.sessions.touch([])
    due = await store.sessions.due(clock.moment - timedelta(minutes=10))
    assert {each.session_id for each in due} == {expired.session_id, alone.session_id}
    assert [each.session_id for each in await store.sessions.due(NOON - HOUR)] == [expired.session_id]
    assert len(await store.sessions.due(clock.moment, limit=1)) == 1
    found = await store.sessions.get(OURS, over.session_id)
    assert found is not None
    assert found.last_active_at == NOON


async def test_the_open_sessions_of_an_agent_are_its_own(store: Store, thread_id: str) -> None:
    theirs = (await store.organisations.add("Others")).organisation_id
    agent = AgentId("agent_1")
    mine = await _add(store, thread_id, agent_id=agent)
    await _add(store, thread_id, agent_id=AgentId("agent_2"))
    over = await _add(store, thread_id, agent_id=agent)
    await store.sessions.end(over.session_id, "hung_up")
    assert [each.session_id for each in await store.sessions.open_of_agent(OURS, agent)] == [mine.session_id]
    assert await store.sessions.open_of_agent(theirs, agent) == []


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        pytest.param(SessionFilter(), "abcd", id="all of them"),
        pytest.param(SessionFilter(agent_id="agent_1"), "ab", id="those of an agent"),
        pytest.param(SessionFilter(channel="phone"), "bc", id="those of a channel"),
        pytest.param(SessionFilter(other_channel_than="phone"), "ad", id="those of every other channel"),
        pytest.param(SessionFilter(statuses=[SessionStatus.ACTIVE]), "b", id="the active ones"),
        pytest.param(SessionFilter(statuses=[SessionStatus.COMPLETED, SessionStatus.FAILED]), "cd", id="two statuses"),
        pytest.param(SessionFilter(statuses=[]), "", id="no status"),
        pytest.param(SessionFilter(agent_id="agent_1", channel="phone"), "b", id="an agent and a channel"),
        pytest.param(SessionFilter(thread_id="thr_x"), "", id="those of a thread that is not there"),
    ],
)
async def test_a_filter_finds_what_it_names(store: Store, thread_id: str, wanted: SessionFilter, names: str) -> None:
    agent = AgentId("agent_1")
    await _add(store, thread_id, agent_id=agent, details=SessionDetails("a"))
    await _add(store, thread_id, agent_id=agent, channel="phone", active=True, details=SessionDetails("b"))
    for name, channel, reason in (("c", "phone", "hung_up"), ("d", "web", "broke")):
        made = await _add(store, thread_id, channel=channel, details=SessionDetails(name))
        await store.sessions.end(made.session_id, reason)
    page = await store.sessions.list(OURS, PageRequest(newest_first=False, with_total=True), wanted)
    assert "".join(each.details.title or "" for each in page.items) == names
    assert page.total == len(names)


@pytest.mark.parametrize(
    "newest_first", [pytest.param(True, id="newest first"), pytest.param(False, id="oldest first")]
)
async def test_paging_to_the_end_gives_everything_once_while_more_come(
    store: Store, thread_id: str, newest_first: bool
) -> None:
    made = [(await _add(store, thread_id)).seq for _ in range(7)]
    found: list[int] = []
    request = PageRequest(limit=2, newest_first=newest_first)
    while True:
        page = await store.sessions.list(OURS, request)
        found += [each.seq for each in page.items]
        if page.next_seq is None:
            break
        if len(found) < 8:
            await _add(store, thread_id)
        request = PageRequest(limit=2, newest_first=newest_first, after_seq=page.next_seq)
    assert len(found) == len(set(found))
    assert set(made) <= set(found)
    assert found == sorted(found, reverse=newest_first)


async def test_an_organisation_is_found_by_what_its_provider_calls_it_and_made_once(store: Store) -> None:
    found = await asyncio.gather(*(store.organisations.of_external("ext", "Acme") for _ in range(6)))
    assert len({each.organisation_id for each in found}) == 1
    assert await store.organisations.of_external("ext", "Renamed") == found[0]
    assert await store.organisations.get(found[0].organisation_id) == found[0]
    assert await store.organisations.get(OrganisationId("org_x")) is None
    assert (await store.organisations.of_external("other", "Acme")).organisation_id != found[0].organisation_id
