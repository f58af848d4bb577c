"""The queue of webhook deliveries, on both databases: who takes what, and sending again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vivavoce.agents.resources import Webhook
from vivavoce.store.deliveries import KEPT_FOR, Attempt, Delivery, NewDelivery
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import FIRST_ORGANISATION, OrganisationId, PageRequest
from vivavoce.store.store import Store

OTHER = OrganisationId("org_" + "0" * 25 + "2")


def later() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


async def queued(store: Store, count: int = 1) -> str:
    """A webhook with deliveries that are due; its id."""
    body = Webhook("https://example.com/", ("session.ended",), "sealed")
    webhook_id = (await store.webhooks.add(FIRST_ORGANISATION, body)).resource_id
    new = NewDelivery(FIRST_ORGANISATION, webhook_id, "evt_1", "session.ended", "{}")
    await store.deliveries.add([new] * count)
    return webhook_id


async def only(store: Store, webhook_id: str) -> Delivery:
    (delivery,) = (await store.deliveries.list(FIRST_ORGANISATION, webhook_id, PageRequest())).items
    return delivery


async def test_what_is_taken_is_nobody_elses(store: Store) -> None:
    await queued(store, 3)
    taken = [*await store.deliveries.claim_due(later(), 2), *await store.deliveries.claim_due(later(), 2)]
    assert len({each.delivery_id for each in taken}) == len(taken) == 3
    assert await store.deliveries.claim_due(later(), 2) == []


async def test_webhooks_that_are_passed_over_keep_theirs(store: Store) -> None:
    busy, free = await queued(store, 2), await queued(store, 1)
    taken = await store.deliveries.claim_due(later(), 10, passing_over=[busy])
    assert [each.webhook_id for each in taken] == [free]
    assert [each.webhook_id for each in await store.deliveries.claim_due(later(), 10)] == [busy, busy]


@pytest.mark.parametrize("delivered", [pytest.param(True, id="delivered"), pytest.param(False, id="given up")])
async def test_a_delivery_that_is_over_can_be_sent_again(store: Store, delivered: bool) -> None:
    webhook_id = await queued(store)
    (taken,) = await store.deliveries.claim_due(later(), 1)
    await store.deliveries.note(taken, Attempt(delivered, 200, None, None))
    again = await store.deliveries.send_again(FIRST_ORGANISATION, webhook_id, taken.delivery_id)
    assert (again.status, again.attempts, again.finished_at) == ("pending", 1, None)
    assert [each.delivery_id for each in await store.deliveries.claim_due(later(), 1)] == [taken.delivery_id]


async def test_the_number_of_a_delivery_names_it_too(store: Store) -> None:
    webhook_id = await queued(store)
    delivery = await only(store, webhook_id)
    assert (await store.deliveries.send_again(FIRST_ORGANISATION, webhook_id, delivery.seq)).seq == delivery.seq


async def test_nobody_sends_another_webhooks_or_organisations_delivery_again(store: Store) -> None:
    webhook_id, another = await queued(store), await queued(store)
    delivery = await only(store, webhook_id)
    for organisation_id, wrong in ((FIRST_ORGANISATION, another), (OTHER, webhook_id)):
        with pytest.raises(UnknownRecordError):
            await store.deliveries.send_again(organisation_id, wrong, delivery.delivery_id)


async def test_the_log_forgets_what_was_over_a_month_ago(store_url: str) -> None:
    clock = [datetime(2026, 1, 1, tzinfo=UTC)]
    async with await Store.open(store_url, now=lambda: clock[0]) as store:
        webhook_id = await queued(store, 2)
        (over,) = await store.deliveries.claim_due(clock[0] + timedelta(minutes=1), 1)
        await store.deliveries.note(over, Attempt(delivered=True, status_code=200, error=None, again_at=None))
        clock[0] += KEPT_FOR
        await store.deliveries.forget_old()
        assert len((await store.deliveries.list(FIRST_ORGANISATION, webhook_id, PageRequest())).items) == 2
        clock[0] += timedelta(milliseconds=1)
        await store.deliveries.forget_old()
        assert (await only(store, webhook_id)).status == "pending"
