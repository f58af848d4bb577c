"""What is queued for whom when something happens, and how little it costs an organisation without webhooks."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.agents.resources import WEBHOOK_EVENTS, Webhook
from vivavoce.services.webhooks.announcer import WebhookAnnouncer, event_payload
from vivavoce.store.database import sqlite_url
from vivavoce.store.deliveries import Delivery
from vivavoce.store.records import FIRST_ORGANISATION, PageRequest
from vivavoce.store.store import Store

NOW = datetime(2026, 11, 21, 12, 0, 0, 123_456, tzinfo=UTC)


@dataclass
class Setting:
    """An announcer over a store, with a clock that stands still until it is moved."""

    store: Store
    seconds: float = 0.0
    woken: int = 0

    def __post_init__(self) -> None:
        self.announcer = WebhookAnnouncer(
            self.store, now=lambda: NOW, monotonic=lambda: self.seconds, wake=self._count_waking
        )

    def _count_waking(self) -> None:
        self.woken += 1

    async def webhook(self, *events: str, enabled: bool = True) -> str:
        body = Webhook("https://example.com/", events or WEBHOOK_EVENTS, "sealed", enabled=enabled)
        return (await self.store.webhooks.add(FIRST_ORGANISATION, body)).resource_id

    async def announce(self, event_type: str = "session.ended") -> None:
        await self.announcer.announce(FIRST_ORGANISATION, event_type, {"session_id": "sess_1"})

    async def queued(self, webhook_id: str) -> list[Delivery]:
        page = await self.store.deliveries.list(FIRST_ORGANISATION, webhook_id, PageRequest())
        return list(page.items)


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncGenerator[Setting]:
    async with await Store.open(sqlite_url(tmp_path)) as store:
        yield Setting(store)


async def test_an_event_is_queued_for_every_webhook_that_wants_it(setting: Setting) -> None:
    wanting = [await setting.webhook("session.ended", "session.started"), await setting.webhook()]
    others = [await setting.webhook("agent.updated"), await setting.webhook(enabled=False)]
    await setting.announce("session.ended")
    queued = [await setting.queued(each) for each in wanting]
    assert [len(each) for each in queued] == [1, 1]
    assert queued[0][0].event_id == queued[1][0].event_id
    assert [await setting.queued(each) for each in others] == [[], []]
    assert setting.woken == 1


async def test_the_payload_has_an_id_a_type_a_time_and_the_data(setting: Setting) -> None:
    webhook_id = await setting.webhook()
    await setting.announce("message.added")
    (delivery,) = await setting.queued(webhook_id)
    assert json.loads(delivery.payload) == {
        "id": delivery.event_id,
        "type": "message.added",
        "timestamp": "2026-11-21T12:00:00.123Z",
        "data": {"session_id": "sess_1"},
    }
    assert delivery.event_id.startswith("evt_")
    assert (delivery.event_type, delivery.status, delivery.attempts) == ("message.added", "pending", 0)


async def test_another_organisations_webhooks_hear_nothing(setting: Setting) -> None:
    other = await setting.store.organisations.add("other")
    webhook_id = await setting.webhook()
    await setting.announcer.announce(other.organisation_id, "session.ended", {})
    assert await setting.queued(webhook_id) == []
    assert setting.woken == 0


async def test_a_webhook_of_another_process_is_seen_after_five_seconds(setting: Setting) -> None:
    await setting.announce()
    webhook_id = await setting.webhook()
    setting.seconds = 4.9
    await setting.announce()
    assert await setting.queued(webhook_id) == []
    setting.seconds = 5.0
    await setting.announce()
    assert len(await setting.queued(webhook_id)) == 1


async def test_a_change_of_this_process_is_seen_at_once(setting: Setting) -> None:
    webhook_id = await setting.webhook()
    await setting.announce()
    await setting.store.webhooks.change(FIRST_ORGANISATION, webhook_id, lambda body: replace(body, enabled=False))
    setting.announcer.forget(FIRST_ORGANISATION)
    await setting.announce()
    assert len(await setting.queued(webhook_id)) == 1


async def test_what_was_read_while_a_webhook_was_changed_is_not_remembered(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    list_stored = setting.store.webhooks.list

    async def list_before_a_change(*arguments: object) -> object:
        found = await list_stored(FIRST_ORGANISATION, PageRequest())
        await setting.webhook()
        setting.announcer.forget(FIRST_ORGANISATION)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(setting.store.webhooks, "list", list_before_a_change)
        await setting.announce()
    assert setting.woken == 0
    await setting.announce()
    assert setting.woken == 1


async def test_an_organisation_without_webhooks_costs_one_reading_in_five_seconds(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await setting.announce()

    async def no_reading(*_arguments: object) -> object:
        raise AssertionError("the store was asked again")

    monkeypatch.setattr(setting.store.webhooks, "list", no_reading)
    monkeypatch.setattr(setting.store.deliveries, "add", no_reading)
    for _ in range(100):
        await setting.announce("message.added")
    assert setting.woken == 0


@given(said=st.text(st.characters(exclude_categories=())))
def test_whatever_was_said_the_payload_is_ascii_json(said: str) -> None:
    payload = event_payload("evt_1", "message.added", NOW, {"content": said})
    assert payload.isascii()
    assert json.loads(payload)["data"]["content"] == said


def test_the_time_of_an_event_is_told_in_utc() -> None:
    moment = NOW.astimezone(timezone(timedelta(hours=-5)))
    assert json.loads(event_payload("evt_1", "x", moment, {}))["timestamp"] == "2026-11-21T12:00:00.123Z"
