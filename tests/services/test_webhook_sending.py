"""Deliveries on their way: signed, retried, given up, and the loop that sends them. Clock and chance are the test's."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from tests.webhook_receiver import answer, receiving

from vivavoce.agents.resources import WEBHOOK_EVENTS, Webhook
from vivavoce.outbound.signing import new_secret
from vivavoce.services.webhooks import sending
from vivavoce.services.webhooks.posting import PostAnswer, PostFailedError
from vivavoce.services.webhooks.running import RunningWebhooks
from vivavoce.services.webhooks.sending import IN_FLIGHT_MAXIMUM, WebhookSender
from vivavoce.services.webhooks.signing import SigningSecrets
from vivavoce.store.database import sqlite_url
from vivavoce.store.deliveries import Delivery, NewDelivery
from vivavoce.store.errors import StoreUnavailableError
from vivavoce.store.records import FIRST_ORGANISATION, OrganisationId, PageRequest
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
VAULT = Vault(b"k" * 32)


@dataclass
class ScriptedPoster:
    """Answers with what is in `answers`, then with 204; holds every post back while `hold` is not set."""

    answers: list[PostAnswer | PostFailedError] = field(default_factory=list)
    posted: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    held: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for posts until something holds; the time limit of the test is the end of it."""
        while not condition():
            self.moved.clear()
            await self.moved.wait()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> PostAnswer:
        self.posted.append((url, headers, body))
        self.held += 1
        self.moved.set()
        await self.hold.wait()
        self.held -= 1
        told = self.answers.pop(0) if self.answers else PostAnswer(204, None)
        if isinstance(told, PostFailedError):
            raise told
        return told


@dataclass
class Setting:
    """A sender over a store. `now` moves when the test moves it."""

    store: Store
    now: datetime
    poster: ScriptedPoster
    due: asyncio.Event = field(default_factory=asyncio.Event)
    forgotten: list[OrganisationId] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.poster.hold.set()
        self.sender = WebhookSender(
            self.store,
            VAULT,
            self.poster,
            now=lambda: self.now,
            due=self.due,
            forget=self.forgotten.append,
            chance=lambda: 0.0,
        )

    async def webhook(self, url: str = "https://example.com/hook") -> str:
        body = Webhook(url, WEBHOOK_EVENTS, SigningSecrets(new_secret()).sealed(VAULT))
        return (await self.store.webhooks.add(FIRST_ORGANISATION, body)).resource_id

    async def queue(self, webhook_id: str, count: int = 1) -> None:
        new = NewDelivery(FIRST_ORGANISATION, webhook_id, "evt_1", "session.ended", "{}")
        await self.store.deliveries.add([new] * count)

    async def log(self, webhook_id: str) -> list[Delivery]:
        return list((await self.store.deliveries.list(FIRST_ORGANISATION, webhook_id, PageRequest())).items)

    async def only(self, webhook_id: str) -> Delivery:
        (delivery,) = await self.log(webhook_id)
        return delivery

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        task = asyncio.create_task(self.sender.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncGenerator[Setting]:
    made: list[Setting] = []
    async with await Store.open(sqlite_url(tmp_path), now=lambda: made[0].now if made else START) as store:
        made.append(Setting(store, START, ScriptedPoster()))
        yield made[0]


# --- one delivery -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 204, 299], ids="answered with {}".format)
async def test_an_answer_of_2xx_is_the_end_of_it(setting: Setting, status: int) -> None:
    webhook_id = await setting.webhook()
    await setting.queue(webhook_id)
    setting.poster.answers = [PostAnswer(status, None)]
    assert await setting.sender.deliver_due() == 1
    delivery = await setting.only(webhook_id)
    assert (delivery.status, delivery.attempts, delivery.last_status_code) == ("delivered", 1, status)
    assert (delivery.last_error, delivery.next_attempt_at, delivery.finished_at) == (None, None, START)
    assert await setting.sender.deliver_due() == 0


FAILURES = [
    pytest.param(PostAnswer(500, None), 500, "HTTP 500", id="the receiver broke"),
    pytest.param(PostAnswer(404, None), 404, "HTTP 404", id="the receiver is not there"),
    pytest.param(PostAnswer(302, None), 302, "redirects are not followed", id="the receiver has moved"),
    pytest.param(PostAnswer(101, None), 101, "HTTP 101", id="the receiver talks another protocol"),
    pytest.param(PostFailedError("no connection"), None, "no connection", id="there was no answer"),
]


@pytest.mark.parametrize(("told", "status_code", "error"), FAILURES)
async def test_everything_else_is_tried_again(
    setting: Setting, told: PostAnswer | PostFailedError, status_code: int | None, error: str
) -> None:
    webhook_id = await setting.webhook()
    await setting.queue(webhook_id)
    setting.poster.answers = [told]
    await setting.sender.deliver_due()
    delivery = await setting.only(webhook_id)
    assert (delivery.status, delivery.last_status_code) == ("pending", status_code)
    assert delivery.last_error is not None
    assert error in delivery.last_error
    assert delivery.next_attempt_at == START + timedelta(seconds=5)


async def test_the_schedule_is_kept_until_the_delivery_is_given_up(setting: Setting) -> None:
    webhook_id = await setting.webhook()
    await setting.queue(webhook_id)
    setting.poster.answers = [PostAnswer(500, None)] * 9
    waits: list[float] = []
    await setting.sender.deliver_due()
    while (due_at := (await setting.only(webhook_id)).next_attempt_at) is not None:
        waits.append((due_at - setting.now).total_seconds())
        setting.now = due_at - timedelta(milliseconds=1)
        assert await setting.sender.deliver_due() == 0
        setting.now = due_at
        assert await setting.sender.deliver_due() == 1
    delivery = await setting.only(webhook_id)
    assert waits == [5, 300, 1800, 7200, 18_000, 36_000, 50_400]
    assert (delivery.status, delivery.attempts, delivery.last_error) == ("failed", 8, "HTTP 500")


async def test_a_receiver_that_asks_for_time_gets_it(setting: Setting) -> None:
    webhook_id = await setting.webhook()
    await setting.queue(webhook_id)
    setting.poster.answers = [PostAnswer(429, "3600")]
    await setting.sender.deliver_due()
    assert (await setting.only(webhook_id)).next_attempt_at == START + timedelta(hours=1)


async def test_a_receiver_that_is_gone_is_told_nothing_more(setting: Setting) -> None:
    webhook_id = await setting.webhook()
    await setting.queue(webhook_id)
    setting.poster.answers = [PostAnswer(410, None)]
    await setting.sender.deliver_due()
    delivery = await setting.only(webhook_id)
    assert (delivery.status, delivery.last_status_code) == ("failed", 410)
    webhook = await setting.store.webhooks.get(FIRST_ORGANISATION, webhook_id)
    assert webhook is not None
    assert not webhook.body.enabled
    assert setting.forgotten == [FIRST_ORGANISATION]


async def test_what_waits_for_a_webhook_that_was_deleted_is_not_sent(setting: Setting) -> None:
    webhook_id = await setting.webhook()
    await setting.queue(webhook_id)
    await setting.store.webhooks.delete(FIRST_ORGANISATION, webhook_id)
    await setting.sender.deliver_due()
    delivery = await setting.only(webhook_id)
    assert (delivery.status, delivery.last_error) == ("failed", "the webhook was deleted")
    assert setting.poster.posted == []


async def test_what_waits_for_a_webhook_that_was_disabled_is_not_sent(setting: Setting) -> None:
    webhook_id = await setting.webhook()
    await setting.queue(webhook_id)
    await setting.store.webhooks.change(FIRST_ORGANISATION, webhook_id, lambda body: replace(body, enabled=False))
    await setting.sender.deliver_due()
    assert (await setting.only(webhook_id)).last_error == "the webhook is disabled"
    assert setting.poster.posted == []


async def test_a_secret_that_cannot_be_read_is_told_without_details_and_tried_again(setting: Setting) -> None:
    sealed = SigningSecrets(new_secret()).sealed(Vault(b"x" * 32))
    body = Webhook("https://example.com/", WEBHOOK_EVENTS, sealed)
    webhook_id = (await setting.store.webhooks.add(FIRST_ORGANISATION, body)).resource_id
    await setting.queue(webhook_id)
    await setting.sender.deliver_due()
    delivery = await setting.only(webhook_id)
    assert (delivery.status, delivery.last_error) == ("pending", "the signing secret cannot be read: rotate it")
    assert setting.poster.posted == []


async def test_a_delivery_whose_end_was_not_written_down_is_sent_again_after_a_minute(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook_id = await setting.webhook()
    await setting.queue(webhook_id)

    async def unavailable(*_arguments: object) -> None:
        raise StoreUnavailableError("locked")

    with monkeypatch.context() as patched:
        patched.setattr(setting.store.deliveries, "note", unavailable)
        await setting.sender.deliver_due()
    setting.now = START + timedelta(seconds=59)
    assert await setting.sender.deliver_due() == 0
    setting.now = START + timedelta(seconds=60)
    assert await setting.sender.deliver_due() == 1
    assert (await setting.only(webhook_id)).status == "delivered"
    assert len(setting.poster.posted) == 2


# --- the loop ---------------------------------------------------------------------------------------------------------


async def test_what_was_queued_before_the_loop_began_is_sent(setting: Setting) -> None:
    webhook_id = await setting.webhook()
    await setting.queue(webhook_id)
    async with setting.running():
        await setting.poster.until(lambda: setting.poster.posted)


async def test_a_slow_webhook_leaves_places_for_the_others(setting: Setting) -> None:
    slow, other = await setting.webhook("https://slow.example/"), await setting.webhook("https://other.example/")
    await setting.queue(slow, IN_FLIGHT_MAXIMUM * 2)
    setting.poster.hold.clear()
    async with setting.running():
        await setting.poster.until(lambda: setting.poster.held >= sending.IN_FLIGHT_OF_ONE_WEBHOOK)
        await setting.queue(other)
        setting.due.set()
        await setting.poster.until(lambda: any(url == "https://other.example/" for url, *_ in setting.poster.posted))
        assert setting.poster.held < IN_FLIGHT_MAXIMUM


async def test_what_had_to_wait_for_a_place_leaves_without_another_waking(setting: Setting) -> None:
    webhook_ids = [await setting.webhook() for _ in range(3)]
    for webhook_id in webhook_ids:
        await setting.queue(webhook_id, IN_FLIGHT_MAXIMUM)
    setting.poster.hold.clear()
    async with setting.running():
        await setting.poster.until(lambda: setting.poster.held >= sending.CLAIMED_AT_ONCE)
        setting.poster.hold.set()
        await setting.poster.until(lambda: len(setting.poster.posted) == 3 * IN_FLIGHT_MAXIMUM)
        assert setting.poster.held <= IN_FLIGHT_MAXIMUM


async def test_a_store_that_does_not_answer_stops_nothing_for_good(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook_id = await setting.webhook()
    asked: list[int] = []

    async def unavailable(*_arguments: object, **_named: object) -> None:
        asked.append(1)
        setting.poster.moved.set()
        raise StoreUnavailableError("locked")

    with monkeypatch.context() as patched:
        patched.setattr(setting.store.deliveries, "claim_due", unavailable)
        async with setting.running():
            await setting.poster.until(lambda: asked)
            patched.undo()
            await setting.queue(webhook_id)
            setting.due.set()
            await setting.poster.until(lambda: setting.poster.posted)


async def test_from_the_announcement_to_a_receiver_that_verifies_it(tmp_path: Path) -> None:
    def now() -> datetime:
        return datetime.now(UTC)

    async with receiving(answer(200)) as receiver, await Store.open(sqlite_url(tmp_path)) as store:
        webhooks = RunningWebhooks(store, VAULT, now=now, monotonic=time.monotonic, allow_private=True)
        secret = new_secret()
        body = Webhook(receiver.url, WEBHOOK_EVENTS, SigningSecrets(secret).sealed(VAULT))
        await store.webhooks.add(FIRST_ORGANISATION, body)
        running = asyncio.create_task(webhooks.run())
        await webhooks.announcer.announce(FIRST_ORGANISATION, "session.started", {"said": "Grüß Gott"})
        await receiver.came.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await webhooks.close()
    (request,) = receiver.received
    event = Verifier(secret).verify(request.body, dict(request.headers))
    assert (event["type"], event["data"]) == ("session.started", {"said": "Grüß Gott"})
    assert event["id"] == request.headers["webhook-id"] == request.headers["svix-id"]
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == event
