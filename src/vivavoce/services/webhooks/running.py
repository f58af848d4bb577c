"""Webhooks as the server runs them: the parts, joined. The composition root makes one, runs it and closes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from vivavoce.services.webhooks.announcer import WebhookAnnouncer
from vivavoce.services.webhooks.posting import GuardedPoster
from vivavoce.services.webhooks.sending import WebhookSender
from vivavoce.services.webhooks.ssrf_guard import SsrfGuard
from vivavoce.services.webhooks.subscriptions import WebhookService
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault


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
        guard = SsrfGuard(allow_private=allow_private)
        self._poster = GuardedPoster(guard)
        due = asyncio.Event()
        self.announcer = WebhookAnnouncer(store, now=now, monotonic=monotonic, wake=due.set)
        self.sender = WebhookSender(store, vault, self._poster, now=now, due=due, forget=self.announcer.forget)
        self.service = WebhookService(store, vault, self.announcer, guard, now=now)

    async def run(self) -> None:
        """Send what is due until cancelled."""
        await self.sender.run()

    async def close(self) -> None:
        """Call it when `run` has ended."""
        await self._poster.close()
