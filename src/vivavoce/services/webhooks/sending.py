"""Sends queued deliveries: the background loop that the server runs in its task group, and that ends with it.

A delivery is taken for a minute, sent, and its end written down; a server that dies in between leaves it to be sent
again after that minute, by whoever comes first. So every event arrives at least once, and in no promised order.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from vivavoce.agents.resources import Webhook
from vivavoce.outbound.signing import signed_headers
from vivavoce.services.webhooks.posting import PostAnswer, Poster, PostFailedError
from vivavoce.services.webhooks.retry_schedule import delay_seconds, retry_after_seconds
from vivavoce.services.webhooks.signing import SigningSecrets
from vivavoce.store.deliveries import Attempt, Delivery
from vivavoce.store.errors import StoreError, StoreUnavailableError, UnknownRecordError, VaultError
from vivavoce.store.records import OrganisationId
from vivavoce.store.resources import Resource
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault

IN_FLIGHT_MAXIMUM = 32
IN_FLIGHT_OF_ONE_WEBHOOK = 4
CLAIMED_AT_ONCE = 8
LEASE = timedelta(seconds=60)
POLL_SECONDS = 5.0
GONE = 410
_USER_AGENT = "vivavoce-webhooks/1"

_log = logging.getLogger(__name__)


class WebhookSender:
    """`run` it once. `due` is set by whoever queued something; `forget` is told whose webhook was disabled."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        poster: Poster,
        *,
        now: Callable[[], datetime],
        due: asyncio.Event,
        forget: Callable[[OrganisationId], None],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._vault = vault
        self._poster = poster
        self._now = now
        self._forget = forget
        self._chance = chance
        self._due = due
        self._in_flight: Counter[str] = Counter()
        self._left_behind = False

    async def run(self) -> None:
        """Send what is due, up to 32 at once, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._due.clear()
                try:
                    await self._start_due(group)
                except StoreError as error:
                    _log.warning("webhook deliveries wait: %s", error)
                try:
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._due.wait()
                except TimeoutError:
                    continue

    async def deliver_due(self) -> int:
        """One round: send what is due now, up to 32, and wait for the answers; how many. Raises `StoreError`."""
        claimed = await self._store.deliveries.claim_due(self._now() + LEASE, IN_FLIGHT_MAXIMUM)
        async with asyncio.TaskGroup() as group:
            for delivery in claimed:
                group.create_task(self._deliver(delivery), name=f"webhook {delivery.delivery_id}")
        return len(claimed)

    async def _start_due(self, group: asyncio.TaskGroup) -> None:
        """Fill the free places. A webhook that answers slowly gets few of them, so that the others get theirs."""
        while (free := IN_FLIGHT_MAXIMUM - self._in_flight.total()) > 0:
            busy = [webhook_id for webhook_id, count in self._in_flight.items() if count >= IN_FLIGHT_OF_ONE_WEBHOOK]
            wanted = min(free, CLAIMED_AT_ONCE)
            claimed = await self._store.deliveries.claim_due(self._now() + LEASE, wanted, passing_over=busy)
            for delivery in claimed:
                self._in_flight[delivery.webhook_id] += 1
                group.create_task(self._deliver_counted(delivery), name=f"webhook {delivery.delivery_id}")
            if len(claimed) < wanted:
                self._left_behind = bool(busy)
                return
        self._left_behind = True

    async def _deliver_counted(self, delivery: Delivery) -> None:
        try:
            await self._deliver(delivery)
        finally:
            self._in_flight[delivery.webhook_id] -= 1
            if not self._in_flight[delivery.webhook_id]:
                del self._in_flight[delivery.webhook_id]
            if self._left_behind:
                self._due.set()

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await self._store.deliveries.note(delivery, await self._attempt(delivery))
        except StoreError as error:
            _log.warning("the webhook delivery %s will be sent again: %s", delivery.delivery_id, error)

    async def _attempt(self, delivery: Delivery) -> Attempt:
        """Raises `StoreUnavailableError`."""
        try:
            webhook = await self._store.webhooks.get(delivery.organisation_id, delivery.webhook_id)
            if webhook is None:
                return _over("the webhook was deleted")
            if not webhook.body.enabled:
                return _over("the webhook is disabled")
            secrets = SigningSecrets.unsealed(self._vault, webhook.body.secret_sealed)
        except VaultError as error:
            _log.error("the webhook %s cannot be signed for: %s", delivery.webhook_id, error)
            return self._failed(delivery, None, "the signing secret cannot be read: rotate it", None)
        except StoreUnavailableError:
            raise
        except StoreError as error:
            _log.error("the webhook %s cannot be read: %s", delivery.webhook_id, error)
            return self._failed(delivery, None, "the webhook cannot be read", None)
        return await self._sent(delivery, webhook, secrets)

    async def _sent(self, delivery: Delivery, webhook: Resource[Webhook], secrets: SigningSecrets) -> Attempt:
        now = self._now()
        headers = signed_headers(secrets.valid_at(now), delivery.event_id, int(now.timestamp()), delivery.payload)
        headers |= {"content-type": "application/json", "user-agent": _USER_AGENT}
        try:
            answer = await self._poster.post(webhook.body.url, headers, delivery.payload.encode())
        except PostFailedError as error:
            return self._failed(delivery, None, str(error), None)
        if 200 <= answer.status_code < 300:
            return Attempt(delivered=True, status_code=answer.status_code, error=None, again_at=None)
        if answer.status_code == GONE:
            await self._disable(webhook)
            return _over("HTTP 410: the receiver wants no more, so the webhook was disabled", GONE)
        return self._failed(delivery, answer.status_code, _complaint(answer), answer.retry_after)

    def _failed(self, delivery: Delivery, status_code: int | None, error: str, retry_after: str | None) -> Attempt:
        now = self._now()
        wait_seconds = delay_seconds(delivery.attempts + 1, retry_after_seconds(retry_after, now), self._chance())
        again_at = None if wait_seconds is None else now + timedelta(seconds=wait_seconds)
        return Attempt(delivered=False, status_code=status_code, error=error, again_at=again_at)

    async def _disable(self, webhook: Resource[Webhook]) -> None:
        try:
            await self._store.webhooks.change(
                webhook.organisation_id, webhook.seq, lambda body: replace(body, enabled=False)
            )
        except UnknownRecordError:
            return
        self._forget(webhook.organisation_id)


def _over(error: str, status_code: int | None = None) -> Attempt:
    return Attempt(delivered=False, status_code=status_code, error=error, again_at=None)


def _complaint(answer: PostAnswer) -> str:
    if 300 <= answer.status_code < 400:
        return f"HTTP {answer.status_code}: redirects are not followed; give the address that it leads to"
    return f"HTTP {answer.status_code}"
