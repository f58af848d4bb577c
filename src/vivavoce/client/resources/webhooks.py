"""Webhooks: where the server tells what happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vivavoce.client.pages import Pages
from vivavoce.client.results import Webhook, result_of
from vivavoce.client.wire import Wire, path_of


class Webhooks:
    """`client.webhooks`. Every method raises `ApiError`, `ServerUnreachableError`, `UnexpectedAnswerError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def create(self, url: str, *, events: Iterable[str] | None = None) -> Webhook:
        """Have events sent to `url`; all of them unless some are named. The answer has the signing secret."""
        body: dict[str, Any] = {"url": url} | ({} if events is None else {"events": list(events)})
        answer = await self._wire.call("POST", path_of("v1", "webhooks"), body)
        return result_of(Webhook, answer.get("webhook", answer))

    def list(self, *, limit: int | None = None) -> Pages[Webhook]:
        return Pages(self._wire, path_of("v1", "webhooks"), Webhook, "webhooks", {"limit": limit})

    async def get(self, webhook_id: str) -> Webhook:
        answer = await self._wire.get(path_of("v1", "webhooks", webhook_id))
        return result_of(Webhook, answer.get("webhook", answer))

    async def delete(self, webhook_id: str) -> None:
        await self._wire.call("DELETE", path_of("v1", "webhooks", webhook_id))
