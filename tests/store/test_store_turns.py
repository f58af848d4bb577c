"""The turns of sessions in the database: whole, in order, their organisation's alone, and gone with their session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select

from vivavoce.store.errors import StoreError
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import PageRequest, SessionRecord, TurnStages, TurnTiming
from vivavoce.store.schema import session_turns, sessions
from vivavoce.store.sessions import NewSession
from vivavoce.store.store import Store
from vivavoce.store.threads import NewThread

WHOLE = TurnTiming(
    "resp_1",
    "item_2",
    4200,
    "words",
    TurnStages(70, 210, 205, 240, 400, 430, 440, 520, 1900),
    heard_ms=1380,
    speculated=True,
    wasted_tokens=12,
    filler=True,
)
BARE = TurnTiming("resp_2", "item_4", 9000, "silence", TurnStages(endpoint=600))


async def _session(store: Store) -> SessionRecord:
    thread = await store.threads.add(NewThread(OURS))
    later = datetime.now(UTC) + timedelta(hours=1)
    return await store.sessions.add(NewSession(OURS, None, thread.thread_id, "realtime", "web", later), 100)


@pytest.fixture
async def session(store: Store) -> SessionRecord:
    return await _session(store)


async def _kept(store: Store, session: SessionRecord, request: PageRequest) -> list[TurnTiming]:
    return [record.timing for record in (await store.turns.list(OURS, session.session_id, request)).items]


async def test_a_turn_comes_back_with_everything_that_is_known_of_it(store: Store, session: SessionRecord) -> None:
    for timing in (WHOLE, BARE):
        await store.turns.add(OURS, session.session_id, timing)
    page = await store.turns.list(OURS, session.session_id, PageRequest(newest_first=False, with_total=True))
    assert [record.timing for record in page.items] == [WHOLE, BARE]
    assert {(record.organisation_id, record.session_id) for record in page.items} == {(OURS, session.session_id)}
    assert (page.next_seq, page.total) == (None, 2)


async def test_turns_kept_at_once_come_back_in_their_order_or_not_at_all(store: Store, session: SessionRecord) -> None:
    other = await _session(store)
    await store.turns.add_all(
        [(OURS, each.session_id, timing) for timing in (WHOLE, BARE) for each in (session, other)]
    )
    assert await _kept(store, session, PageRequest(newest_first=False)) == [WHOLE, BARE]
    with pytest.raises(StoreError):
        await store.turns.add_all([(OURS, session.session_id, BARE), (OURS, "sess_gone", BARE)])
    await store.turns.add_all([])
    assert await _kept(store, session, PageRequest(newest_first=False)) == [WHOLE, BARE]


async def test_turns_come_page_by_page_in_either_order(store: Store, session: SessionRecord) -> None:
    for timing in (WHOLE, BARE):
        await store.turns.add(OURS, session.session_id, timing)
    first = await store.turns.list(OURS, session.session_id, PageRequest(limit=1))
    assert [record.timing for record in first.items] == [BARE]
    assert await _kept(store, session, PageRequest(after_seq=first.next_seq)) == [WHOLE]
    assert await _kept(store, session, PageRequest(newest_first=False)) == [WHOLE, BARE]


async def test_turns_are_those_of_their_session_and_organisation(store: Store, session: SessionRecord) -> None:
    others = await store.organisations.add("Others")
    other_session = await _session(store)
    await store.turns.add(OURS, session.session_id, WHOLE)
    assert await _kept(store, other_session, PageRequest()) == []
    theirs = await store.turns.list(others.organisation_id, session.session_id, PageRequest())
    assert theirs.items == []


async def test_turns_go_with_their_session(store: Store, session: SessionRecord) -> None:
    other_session = await _session(store)
    for each in (session, other_session):
        await store.turns.add(OURS, each.session_id, BARE)
    async with store._database.writing() as connection:
        await connection.execute(delete(sessions).where(sessions.c.id == session.session_id))
        left = (await connection.execute(select(func.count()).select_from(session_turns))).scalar_one()
    assert left == 1
    assert await _kept(store, other_session, PageRequest()) == [BARE]
