"""The records around an agent in the database, and the first answers to repeated requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vivavoce.agents.resources import Collection, Environment, PhoneNumber
from vivavoce.store.errors import DuplicateRecordError, UnknownRecordError
from vivavoce.store.idempotency import ABANDONED_AFTER, KEPT_FOR, KnownAnswer
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import PageRequest
from vivavoce.store.store import Store

NUMBER = PhoneNumber("+14155550123", name="Front desk", sip_auth_sealed="vv1.x", metadata={"a": 1})


class Clock:
    """Stands until a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(store_url: str, clock: Clock) -> AsyncGenerator[Store]:
    async with await Store.open(store_url, now=clock.now) as opened:
        yield opened


async def test_a_record_comes_back_changes_and_is_gone_when_deleted(store: Store) -> None:
    environment = Environment("E", variables={"A": "1"}, secrets_sealed={"B": "vv1.x"}, mcp_servers=({"url": "x"},))
    added = await store.environments.add(OURS, environment)
    assert added.body == environment
    assert await store.environments.get(OURS, added.resource_id) == added
    assert await store.environments.get(OURS, added.seq) == added
    changed = await store.environments.change(OURS, added.seq, lambda body: replace(body, name="F"))
    assert (changed.resource_id, changed.body.name, changed.body.variables) == (added.resource_id, "F", {"A": "1"})
    await store.environments.delete(OURS, added.resource_id)
    assert await store.environments.get(OURS, added.resource_id) is None
    for work in (
        store.environments.delete(OURS, added.resource_id),
        store.environments.change(OURS, added.resource_id, lambda body: body),
    ):
        with pytest.raises(UnknownRecordError, match="no environment"):
            await work


async def test_a_phone_number_is_unique_until_it_is_deleted(store: Store) -> None:
    theirs = (await store.organisations.add("Others")).organisation_id
    first = await store.phone_numbers.add(OURS, NUMBER)
    for organisation in (OURS, theirs):
        with pytest.raises(DuplicateRecordError, match="this phone number exists already"):
            await store.phone_numbers.add(organisation, NUMBER)
    second = await store.phone_numbers.add(OURS, replace(NUMBER, number="+14155550124"))
    with pytest.raises(DuplicateRecordError, match="another phone number"):
        await store.phone_numbers.change(OURS, second.seq, lambda body: replace(body, number=NUMBER.number))
    await store.phone_numbers.delete(OURS, first.resource_id)
    again = await store.phone_numbers.add(theirs, NUMBER)
    assert (again.body, again.organisation_id) == (NUMBER, theirs)


async def test_of_two_who_take_a_number_at_once_one_gets_it(store: Store) -> None:
    taken = await asyncio.gather(*(store.phone_numbers.add(OURS, NUMBER) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(each, DuplicateRecordError) for each in taken) == 3


async def test_changes_at_once_follow_each_other(store: Store) -> None:
    added = await store.collections.add(OURS, Collection("C"))

    async def append(letter: str) -> None:
        await store.collections.change(OURS, added.seq, lambda body: replace(body, name=body.name + letter))

    await asyncio.gather(*(append(letter) for letter in "abcdef"))
    found = await store.collections.get(OURS, added.seq)
    assert found is not None
    assert sorted(found.body.name) == sorted("Cabcdef")


async def test_a_list_is_narrowed_by_the_columns_of_a_body(store: Store) -> None:
    await store.phone_numbers.add(OURS, NUMBER)
    mine = await store.phone_numbers.add(OURS, replace(NUMBER, number="+14155550124", agent_id="agent_1"))
    assert (await store.phone_numbers.list(OURS, PageRequest(), agent_id="agent_1")).items == [mine]
    assert len((await store.phone_numbers.list(OURS, PageRequest(), agent_id=None)).items) == 1
    theirs = (await store.organisations.add("Others")).organisation_id
    assert (await store.phone_numbers.list(theirs, PageRequest(with_total=True))).total == 0
    assert await store.phone_numbers.get(theirs, mine.seq) is None


# --- the first answers ----------------------------------------------------------------------------------------------


async def test_of_many_who_claim_a_key_at_once_one_gets_it(store: Store) -> None:
    claims = await asyncio.gather(*(store.answers.claim(OURS, "k", "print") for _ in range(6)))
    assert claims.count(None) == 1
    assert {claim for claim in claims if claim is not None} == {KnownAnswer("print", None, None)}


async def test_an_answer_is_known_once_it_is_kept_and_only_in_its_organisation(store: Store) -> None:
    theirs = (await store.organisations.add("Others")).organisation_id
    assert await store.answers.claim(OURS, "k", "print") is None
    await store.answers.keep(OURS, "k", 201, "sealed")
    assert await store.answers.claim(OURS, "k", "another") == KnownAnswer("print", 201, "sealed")
    assert await store.answers.claim(theirs, "k", "print") is None


async def test_a_released_key_can_be_used_again(store: Store) -> None:
    await store.answers.claim(OURS, "k", "print")
    await store.answers.release(OURS, "k")
    assert await store.answers.claim(OURS, "k", "other") is None


@pytest.mark.parametrize(
    ("answered", "after", "free"),
    [
        pytest.param(False, ABANDONED_AFTER, False, id="a request may take its time"),
        pytest.param(False, ABANDONED_AFTER + timedelta(seconds=1), True, id="one that was never answered died"),
        pytest.param(True, KEPT_FOR, False, id="an answer is known for a day"),
        pytest.param(True, KEPT_FOR + timedelta(seconds=1), True, id="and no longer"),
    ],
)
@pytest.mark.parametrize("forget", [pytest.param(True, id="after a sweep"), pytest.param(False, id="without a sweep")])
async def test_how_long_a_key_is_taken(
    store: Store, clock: Clock, answered: bool, after: timedelta, free: bool, forget: bool
) -> None:
    await store.answers.claim(OURS, "k", "print")
    if answered:
        await store.answers.keep(OURS, "k", 200, "sealed")
    clock.moment += after
    if forget:
        await store.answers.forget_old()
    assert (await store.answers.claim(OURS, "k", "print") is None) == free
