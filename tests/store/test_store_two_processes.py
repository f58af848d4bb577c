"""Two processes on one database: each opens a store of its own, and neither takes what the other has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vivavoce.agents.definition import AgentDefinition
from vivavoce.agents.resources import Webhook
from vivavoce.store.deliveries import NewDelivery
from vivavoce.store.errors import TooManySessionsError
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import NewMessage
from vivavoce.store.sessions import NewSession
from vivavoce.store.store import Store
from vivavoce.store.threads import NewThread


@pytest.fixture
async def both(store_url: str) -> AsyncGenerator[tuple[Store, Store]]:
    async with await Store.open(store_url) as one, await Store.open(store_url) as other:
        yield one, other


async def test_no_delivery_is_taken_twice(both: tuple[Store, Store]) -> None:
    one, other = both
    webhook = await one.webhooks.add(OURS, Webhook("https://example.com", ("agent.updated",), "vv1.x"))
    await one.deliveries.add(
        [NewDelivery(OURS, webhook.resource_id, f"evt_{n}", "agent.updated", "{}") for n in range(30)]
    )
    until = datetime.now(UTC) + timedelta(hours=1)
    claims = await asyncio.gather(*(store.deliveries.claim_due(until, 4) for _ in range(6) for store in (one, other)))
    taken = [delivery.event_id for claim in claims for delivery in claim]
    taken += [delivery.event_id for delivery in await other.deliveries.claim_due(until, 30)]
    assert sorted(taken) == sorted(f"evt_{n}" for n in range(30))


async def test_together_they_open_no_more_sessions_than_allowed(both: tuple[Store, Store]) -> None:
    thread = await both[0].threads.add(NewThread(OURS))
    new = NewSession(OURS, None, thread.thread_id, "realtime", "web", datetime.now(UTC) + timedelta(hours=1))
    asked = [store.sessions.add(new, 5) for _ in range(8) for store in both]
    opened = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, TooManySessionsError) for each in opened) == 11
    assert await both[1].sessions.open_count(OURS) == 5


async def test_of_two_claims_of_a_key_one_is_the_first(both: tuple[Store, Store]) -> None:
    claims = await asyncio.gather(*(store.answers.claim(OURS, "k", "print") for _ in range(4) for store in both))
    assert claims.count(None) == 1


async def test_a_message_that_both_bring_is_kept_once_and_changes_of_both_follow_each_other(
    both: tuple[Store, Store],
) -> None:
    thread = await both[0].threads.add(NewThread(OURS))
    said = NewMessage("user", "Hello", client_id="c1")
    kept = await asyncio.gather(*(store.threads.append(thread, said) for _ in range(4) for store in both))
    assert sum(newly for _, newly in kept) == 1
    agent = await both[0].agents.add(OURS, AgentDefinition("A"))
    changes = [
        store.agents.change(OURS, agent.seq, lambda former: replace(former, name=former.name + "x"))
        for _ in range(5)
        for store in both
    ]
    await asyncio.gather(*changes)
    found = await both[1].agents.get(OURS, agent.agent_id)
    assert found is not None
    assert (found.definition.name, found.version) == ("A" + "x" * 10, 11)


async def test_an_organisation_that_comes_to_both_at_once_is_one(both: tuple[Store, Store]) -> None:
    found = await asyncio.gather(*(store.organisations.of_external("ext", "Acme") for _ in range(4) for store in both))
    assert len({each.organisation_id for each in found}) == 1
