"""The agents in the database: what was added comes back whole, in order, until it is deleted."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text

from vivavoce.agents.definition import AgentDefinition, AgentId, TurnDetection
from vivavoce.agents.demo import demo_agent
from vivavoce.engines.ports import FunctionTool
from vivavoce.store.database import Database, sqlite_url
from vivavoce.store.errors import DuplicateRecordError, StoreError, UnknownRecordError
from vivavoce.store.store import Store

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    async with await Store.open(sqlite_url(tmp_path), now=lambda: NOON + timedelta(hours=1)) as opened:
        yield opened


def _agent(name: str, minutes: int = 0) -> AgentDefinition:
    return AgentDefinition(AgentId(f"agent_{name}"), name, "Be kind.", NOON + timedelta(minutes=minutes))


async def test_an_agent_comes_back_with_every_field_as_it_was(store: Store) -> None:
    whole = AgentDefinition(
        agent_id=AgentId("agent_whole"),
        name="Größe 🎙",
        instructions="Say 'hello';\n\"DROP TABLE agents\"",
        created_at=datetime(2026, 11, 21, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2))),
        voice="leo",
        greeting="Hi!",
        language="pt-BR",
        speed=1.25,
        turn_detection=TurnDetection(
            "server_vad", 0.7, 100, 900, "low", create_response=False, interrupt_response=False
        ),
        tools=(FunctionTool("look_up", "Looks up.", {"type": "object", "properties": {"q": {"type": "string"}}}),),
        metadata={"team": "a", "nested": {"list": [1, 2.5, None, True]}},
    )
    await store.agents.add(whole)
    found = await store.agents.get("agent_whole")
    assert found is not None
    assert found.definition == whole
    assert found.updated_at == whole.created_at


async def test_an_agent_written_before_a_field_existed_gets_its_default(store: Store, tmp_path: Path) -> None:
    await store.agents.add(_agent("old"))
    database = Database(sqlite_url(tmp_path))
    async with database.writing() as connection:
        await connection.execute(text("UPDATE agents SET definition = json_remove(definition, '$.speed', '$.tools')"))
    await database.close()
    found = await store.agents.get("agent_old")
    assert found is not None
    assert found.definition == _agent("old")


async def test_an_agent_that_cannot_be_read_is_named(store: Store, tmp_path: Path) -> None:
    await store.agents.add(_agent("broken"))
    database = Database(sqlite_url(tmp_path))
    async with database.writing() as connection:
        await connection.execute(text("UPDATE agents SET definition = json_set(definition, '$.speed', 99)"))
    await database.close()
    with pytest.raises(StoreError, match=r"agent_broken in the database cannot be read: speed: must be between"):
        await store.agents.get("agent_broken")


async def test_an_unknown_agent_is_none(store: Store) -> None:
    assert await store.agents.get("agent_nobody") is None
    assert await store.agents.first() is None


async def test_the_oldest_agent_is_the_first_whatever_the_order_of_adding(store: Store) -> None:
    for agent in (_agent("younger", 5), _agent("oldest", 0), _agent("youngest", 9)):
        await store.agents.add(agent)
    first = await store.agents.first()
    assert first is not None
    assert first.definition.name == "oldest"


async def test_page_by_page_no_agent_of_the_same_moment_is_missed_or_repeated(
    store: Store,
) -> None:
    for name in "ecabd":
        await store.agents.add(_agent(name))
    names: list[str] = []
    after: AgentId | None = None
    while page := await store.agents.list(limit=2, after=after):
        names += [record.definition.name for record in page]
        after = page[-1].definition.agent_id
    assert names == list("abcde")


async def test_an_id_is_given_only_once_even_after_its_agent_was_deleted(store: Store) -> None:
    await store.agents.add(_agent("one"))
    await store.agents.delete("agent_one")
    with pytest.raises(DuplicateRecordError, match="agent_one exists already"):
        await store.agents.add(_agent("one"))


async def test_a_replaced_agent_is_the_new_one_with_the_time_of_the_change(store: Store) -> None:
    await store.agents.add(_agent("one"))
    changed = replace(_agent("one"), name="Uno", voice="ara")
    await store.agents.replace(changed)
    found = await store.agents.get("agent_one")
    assert found is not None
    assert found.definition == changed
    assert found.updated_at == NOON + timedelta(hours=1)


async def test_a_deleted_agent_is_gone_from_every_answer(store: Store) -> None:
    await store.agents.add(_agent("one"))
    await store.agents.delete("agent_one")
    assert await store.agents.get("agent_one") is None
    assert await store.agents.list() == []
    assert await store.agents.count() == 0


async def test_what_is_not_there_can_be_neither_replaced_nor_deleted(store: Store) -> None:
    with pytest.raises(UnknownRecordError, match="no agent with the id 'agent_one'"):
        await store.agents.replace(_agent("one"))
    with pytest.raises(UnknownRecordError, match="no agent with the id 'agent_one'"):
        await store.agents.delete("agent_one")


async def test_the_demo_agent_can_be_kept_and_is_the_default(store: Store) -> None:
    await store.agents.add(demo_agent(NOON))
    first = await store.agents.first()
    assert first is not None
    assert first.definition.name == "Viva"
