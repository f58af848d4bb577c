"""The agents in the database: what was added comes back whole, in order and by version, until it is deleted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from vivavoce.agents.conduct import CallerSilence, Endpointing, Fillers, Recording
from vivavoce.agents.definition import AgentDefinition, TurnDetection
from vivavoce.agents.demo import demo_agent
from vivavoce.store.errors import StoreError, UnknownRecordError
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import AgentRecord, OrganisationId, PageRequest
from vivavoce.store.schema import agents
from vivavoce.store.store import Store

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class SteppingClock:
    """Every look at it is a second later."""

    def __init__(self) -> None:
        self.looks = 0

    def now(self) -> datetime:
        self.looks += 1
        return NOON + timedelta(seconds=self.looks)


@pytest.fixture
async def store(store_url: str) -> AsyncGenerator[Store]:
    async with await Store.open(store_url, now=SteppingClock().now) as opened:
        yield opened


@pytest.fixture
async def theirs(store: Store) -> OrganisationId:
    """Another organisation."""
    return (await store.organisations.add("Others")).organisation_id


def _agent(name: str) -> AgentDefinition:
    return AgentDefinition(name, "Be kind.")


async def _spoil(store: Store, found: AgentRecord, **fields: object) -> None:
    """Write over fields of a stored definition; None takes one away."""
    async with store._database.writing() as connection:
        body = dict((await connection.execute(select(agents.c.definition))).scalar_one())
        body = {name: value for name, value in (body | fields).items() if value is not None}
        await connection.execute(update(agents).where(agents.c.seq == found.seq).values(definition=body))


async def test_an_agent_comes_back_with_every_field_as_it_was(store: Store) -> None:
    whole = AgentDefinition(
        name="Größe 🎙",
        instructions="Say 'hello';\n\"DROP TABLE agents\"",
        voice="leo",
        greeting="Hi!",
        language="pt-BR",
        speed=1.25,
        turn_detection=TurnDetection(
            "server_vad", 0.7, 100, 900, "low", create_response=False, interrupt_response=False
        ),
        collection_ids=("one", "two"),
        pronunciations={"vivavoce": "viva votche"},
        endpointing=Endpointing(100, None),
        speculation=False,
        caller_silence=CallerSilence(8000, 0, "Tschüss!"),
        fillers=Fillers(700, 0, ("Hm.",), ()),
        noise_reduction="near_field",
        recording=Recording(format="opus", consent="Aufgezeichnet."),
        metadata={"team": "a", "nested": {"list": [1, 2.5, None, True], "text": "\u2028 é"}},
    )
    added = await store.agents.add(OURS, whole)
    assert await store.agents.get(OURS, added.agent_id) == added
    assert await store.agents.get(OURS, added.seq) == added
    assert added.definition == whole
    assert added.created_at == added.updated_at
    assert (added.version, added.status) == (1, "active")


async def test_instructions_of_the_greatest_length_come_back_whole(store: Store) -> None:
    long = replace(_agent("talkative"), instructions="é" * 256_000)
    added = await store.agents.add(OURS, long)
    found = await store.agents.get(OURS, added.agent_id)
    assert found is not None
    assert found.definition == long


async def test_an_agent_written_before_a_field_existed_gets_its_default(store: Store) -> None:
    added = await store.agents.add(OURS, _agent("old"))
    await _spoil(store, added, speed=None, tools=None)
    found = await store.agents.get(OURS, added.agent_id)
    assert found is not None
    assert found.definition == _agent("old")


async def test_an_agent_that_cannot_be_read_is_named(store: Store) -> None:
    added = await store.agents.add(OURS, _agent("broken"))
    await _spoil(store, added, speed=99)
    with pytest.raises(StoreError, match=rf"{added.agent_id} in the database cannot be read: .*speed"):
        await store.agents.get(OURS, added.agent_id)


async def test_an_unknown_agent_is_none(store: Store) -> None:
    assert await store.agents.get(OURS, "agent_nobody") is None
    assert await store.agents.get(OURS, 1) is None
    assert await store.agents.first(OURS) is None


async def test_the_oldest_agent_is_the_first(store: Store) -> None:
    for name in ("oldest", "younger", "youngest"):
        await store.agents.add(OURS, _agent(name))
    first = await store.agents.first(OURS)
    assert first is not None
    assert first.definition.name == "oldest"


@pytest.mark.parametrize(
    ("newest_first", "expected"),
    [
        pytest.param(True, "edcba", id="newest first no agent is missed or repeated"),
        pytest.param(False, "abcde", id="oldest first no agent is missed or repeated"),
    ],
)
async def test_page_by_page_in_either_direction(store: Store, newest_first: bool, expected: str) -> None:
    for name in "abcde":
        await store.agents.add(OURS, _agent(name))
    names: list[str] = []
    after: int | None = None
    pages = 0
    while pages == 0 or after is not None:
        page = await store.agents.list(OURS, PageRequest(limit=2, after_seq=after, newest_first=newest_first))
        names += [record.definition.name for record in page.items]
        after = page.next_seq
        pages += 1
    assert names == list(expected)
    assert pages == 3


async def test_an_agent_is_found_by_a_part_of_its_name_in_any_case(store: Store) -> None:
    for name in ("Front desk", "100% kind", "back office"):
        await store.agents.add(OURS, _agent(name))

    async def found(part: str) -> list[str]:
        page = await store.agents.list(OURS, PageRequest(), search=part)
        return [record.definition.name for record in page.items]

    assert await found("DESK") == ["Front desk"]
    assert await found("%") == ["100% kind"]
    assert await found("nobody") == []


async def test_a_changed_agent_is_the_new_one_and_its_former_self_is_kept(store: Store) -> None:
    added = await store.agents.add(OURS, _agent("one"))
    changed = await store.agents.change(OURS, added.agent_id, lambda former: replace(former, name="Uno", voice="ara"))
    assert await store.agents.get(OURS, added.agent_id) == changed
    assert (changed.definition.name, changed.version) == ("Uno", 2)
    assert changed.created_at == added.created_at < changed.updated_at
    assert [version.definition.name for version in await store.agents.versions(changed)] == ["Uno", "one"]
    assert (await store.agents.version(changed, 1)).definition == added.definition
    with pytest.raises(UnknownRecordError, match="no version with the id '3'"):
        await store.agents.version(changed, 3)


async def test_changes_at_the_same_time_follow_each_other_and_none_is_lost(store: Store) -> None:
    added = await store.agents.add(OURS, _agent("one"))

    async def append(letter: str) -> None:
        await store.agents.change(OURS, added.agent_id, lambda former: replace(former, name=former.name + letter))

    await asyncio.gather(*(append(letter) for letter in "abcdefgh"))
    found = await store.agents.get(OURS, added.agent_id)
    assert found is not None
    assert sorted(found.definition.name.removeprefix("one")) == list("abcdefgh")
    assert found.version == 9


async def test_a_change_that_fails_or_changes_nothing_leaves_no_version(store: Store) -> None:
    added = await store.agents.add(OURS, _agent("one"))

    def fail(_former: AgentDefinition) -> AgentDefinition:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.agents.change(OURS, added.agent_id, fail)
    await store.agents.change(OURS, added.agent_id, lambda former: former)
    assert await store.agents.get(OURS, added.agent_id) == added
    assert len(await store.agents.versions(added)) == 1


async def test_a_deleted_agent_is_gone_from_every_answer_but_can_still_be_named(store: Store) -> None:
    added = await store.agents.add(OURS, _agent("one"))
    deleted = await store.agents.delete(OURS, added.agent_id)
    assert deleted.status == "deleted"
    assert await store.agents.get(OURS, added.agent_id) is None
    assert await store.agents.get(OURS, added.agent_id, even_deleted=True) == deleted
    assert (await store.agents.list(OURS, PageRequest())).items == []
    assert await store.agents.count(OURS) == 0


async def test_what_is_not_there_can_be_neither_changed_nor_deleted(store: Store) -> None:
    with pytest.raises(UnknownRecordError, match="no agent with the id 'agent_one'"):
        await store.agents.change(OURS, "agent_one", lambda former: former)
    with pytest.raises(UnknownRecordError, match="no agent with the id 'agent_one'"):
        await store.agents.delete(OURS, "agent_one")


async def test_another_organisation_neither_sees_nor_changes_an_agent(store: Store, theirs: OrganisationId) -> None:
    added = await store.agents.add(OURS, _agent("ours"))
    for name in (added.agent_id, added.seq):
        assert await store.agents.get(theirs, name, even_deleted=True) is None
        with pytest.raises(UnknownRecordError):
            await store.agents.change(theirs, name, lambda former: replace(former, name="stolen"))
        with pytest.raises(UnknownRecordError):
            await store.agents.delete(theirs, name)
    assert (await store.agents.list(theirs, PageRequest(with_total=True))).total == 0
    assert await store.agents.first(theirs) is None
    assert await store.agents.get(OURS, added.agent_id) == added


async def test_the_demo_agent_can_be_kept_and_is_the_default(store: Store) -> None:
    await store.agents.add(OURS, demo_agent())
    first = await store.agents.first(OURS)
    assert first is not None
    assert first.definition == demo_agent()
