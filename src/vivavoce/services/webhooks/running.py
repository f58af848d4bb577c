"""Webhooks as the server runs them: the parts, joined. The composition root makes one, runs it and closes it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from vivavoce.outbound.ssrf_guard import SsrfGuard, SystemResolver
from vivavoce.services.webhooks.announcer import WebhookAnnouncer
from vivavoce.services.webhooks.posting import GuardedPoster
from vivavoce.services.webhooks.sending import WebhookSender
from vivavoce.services.webhooks.subscriptions import WebhookService
from vivavoce.store.errors import StoreError
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault

FORGET_EVERY_SECONDS = 3600.0

_log = logging.getLogger(__name__)


class RunningWebhooks:
    """`announcer` for the services, `service` for the API. `allow_private`: webhooks may go to private addresses."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        allow_private: bool,
    ) -> None:
        self._store = store
        self._resolver = SystemResolver()
        guard = SsrfGuard(self._resolver.resolve, allow_private=allow_private)
        self._poster = GuardedPoster(guard)
        due = asyncio.Event()
        self.announcer = WebhookAnnouncer(store, now=now, monotonic=monotonic, wake=due.set)
        self.sender = WebhookSender(store, vault, self._poster, now=now, due=due, forget=self.announcer.forget)
        self.service = WebhookService(store, vault, self.announcer, guard, now=now)

    async def run(self) -> None:
        """Send what is due until cancelled, and forget what was long ago."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.sender.run(), name="webhook sender")
            tasks.create_task(self._forget_old(), name="webhook log")

    async def close(self) -> None:
        """Call it when `run` has ended."""
        await self._poster.close()
        self._resolver.close()

    async def _forget_old(self) -> None:
        while True:
            try:
                await self._store.deliveries.forget_old()
            except StoreError as error:
                _log.warning("old webhook deliveries stay for now: %s", error)
            await asyncio.sleep(FORGET_EVERY_SECONDS)
