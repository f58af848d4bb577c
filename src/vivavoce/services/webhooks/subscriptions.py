"""Webhooks as clients manage them: made, changed, tested, read back. Stateless but for the store and the announcer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.identifiers import Kind, parse
from vivavoce.agents.resources import WEBHOOK_EVENTS, Webhook
from vivavoce.outbound.signing import new_secret
from vivavoce.outbound.ssrf_guard import ForbiddenAddressError, SsrfGuard
from vivavoce.services.callers import Caller
from vivavoce.services.errors import ConflictError, RefusedError
from vivavoce.services.webhooks.announcer import WEBHOOKS_MAXIMUM, WebhookAnnouncer
from vivavoce.services.webhooks.signing import SigningSecrets
from vivavoce.store.deliveries import Delivery
from vivavoce.store.errors import UnknownRecordError, VaultError
from vivavoce.store.records import Page, PageRequest
from vivavoce.store.resources import Resource
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault

TEST_EVENT = "webhook.test"


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook at a moment when its secret is shown: at its creation and at a rotation."""

    webhook: Resource[Webhook]
    secret: str = field(repr=False)


class WebhookService:
    """`announcer` is told of every change. Ids are taken in any rendering."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        announcer: WebhookAnnouncer,
        guard: SsrfGuard,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._vault = vault
        self._announcer = announcer
        self._guard = guard
        self._now = now

    async def create(
        self,
        caller: Caller,
        url: str,
        events: tuple[str, ...] = WEBHOOK_EVENTS,
        *,
        description: str = "",
        enabled: bool = True,
    ) -> NewSecret:
        """Raises `InvalidFieldError`; `RefusedError` where the organisation has 50 already."""
        secret = new_secret()
        sealed = SigningSecrets(secret).sealed(self._vault)
        body = self._checked(Webhook(url, _once(events), sealed, description, enabled))
        held = await self._store.webhooks.list(caller.organisation_id, PageRequest(limit=1, with_total=True))
        if (held.total or 0) >= WEBHOOKS_MAXIMUM:
            message = f"Your organisation has {WEBHOOKS_MAXIMUM} webhooks, which is the limit; delete one first."
            raise RefusedError("too_many_webhooks", message)
        added = await self._store.webhooks.add(caller.organisation_id, body)
        self._announcer.forget(caller.organisation_id)
        return NewSecret(added, secret)

    async def get(self, caller: Caller, webhook: str) -> Resource[Webhook]:
        """Raises `UnknownRecordError`, also for another organisation's."""
        identifier = parse(Kind.WEBHOOK, webhook)
        found = None if identifier is None else await self._store.webhooks.get(caller.organisation_id, identifier)
        if found is None:
            raise UnknownRecordError("webhook", webhook)
        return found

    async def list(self, caller: Caller, request: PageRequest) -> Page[Resource[Webhook]]:
        return await self._store.webhooks.list(caller.organisation_id, request)

    async def update(self, caller: Caller, webhook: str, changes: Mapping[str, Any]) -> Resource[Webhook]:
        """Change `url`, `events`, `description` or `enabled`; what is not named stays.

        Raises `InvalidFieldError`, `UnknownRecordError`.
        """
        found = await self.get(caller, webhook)
        values = dict(changes)
        if "events" in values:
            values["events"] = _once(values["events"])
        return await self._change(caller, found, lambda body: self._checked(replace(body, **values)))

    async def delete(self, caller: Caller, webhook: str) -> Resource[Webhook]:
        """What is still queued for it is not sent. Raises `UnknownRecordError`."""
        found = await self.get(caller, webhook)
        gone = await self._store.webhooks.delete(caller.organisation_id, found.seq)
        self._announcer.forget(caller.organisation_id)
        return gone

    async def rotate_secret(self, caller: Caller, webhook: str) -> NewSecret:
        """Give it a new secret; the former one signs as well for a day. Raises `UnknownRecordError`."""
        found = await self.get(caller, webhook)
        secret = new_secret()

        def rotated(body: Webhook) -> Webhook:
            return replace(body, secret_sealed=self._rotated(body, secret).sealed(self._vault))

        return NewSecret(await self._change(caller, found, rotated), secret)

    async def send_test(self, caller: Caller, webhook: str) -> str:
        """Queue a `webhook.test` event for this webhook alone; the event's id.

        Raises `UnknownRecordError`, `ConflictError` where it is disabled.
        """
        found = await self._enabled(caller, webhook)
        data = {"webhook_id": found.resource_id, "message": "This is a test; nothing has happened."}
        return await self._announcer.queue(caller.organisation_id, [found.resource_id], TEST_EVENT, data)

    async def deliveries(self, caller: Caller, webhook: str, request: PageRequest) -> Page[Delivery]:
        """What was sent, and how that went. Raises `UnknownRecordError`."""
        found = await self.get(caller, webhook)
        return await self._store.deliveries.list(caller.organisation_id, found.resource_id, request)

    async def send_again(self, caller: Caller, webhook: str, delivery: str) -> Delivery:
        """Make a delivery due now, however it ended. Raises as `send_test` does."""
        found = await self._enabled(caller, webhook)
        identifier = parse(Kind.DELIVERY, delivery)
        if identifier is None:
            raise UnknownRecordError("delivery", delivery)
        due = await self._store.deliveries.send_again(caller.organisation_id, found.resource_id, identifier)
        self._announcer.wake()
        return due

    async def _enabled(self, caller: Caller, webhook: str) -> Resource[Webhook]:
        found = await self.get(caller, webhook)
        if not found.body.enabled:
            raise ConflictError("webhook_disabled", "The webhook is disabled; enable it first.")
        return found

    async def _change(
        self, caller: Caller, found: Resource[Webhook], change: Callable[[Webhook], Webhook]
    ) -> Resource[Webhook]:
        changed = await self._store.webhooks.change(caller.organisation_id, found.seq, change)
        self._announcer.forget(caller.organisation_id)
        return changed

    def _rotated(self, body: Webhook, secret: str) -> SigningSecrets:
        try:
            return SigningSecrets.unsealed(self._vault, body.secret_sealed).rotated(secret, self._now())
        except VaultError:
            # A rotation is how somebody gets out of a secret that was sealed with a key that is gone.
            return SigningSecrets(secret)

    def _checked(self, body: Webhook) -> Webhook:
        """Raises `InvalidFieldError` for an address that will never be sent to."""
        try:
            host = httpx.URL(body.url).raw_host.decode("ascii")
            self._guard.check_host(host or urlsplit(body.url).hostname or "")
        except ForbiddenAddressError as error:
            raise InvalidFieldError("url", str(error)) from error
        except (httpx.InvalidURL, ValueError) as error:
            raise InvalidFieldError("url", "must be an absolute http or https URL") from error
        return body


def _once(events: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(events))
