"""Webhooks: where the server tells what happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vivavoce.client.pages import Pages
from vivavoce.client.results import Delivery, Webhook, result_of
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

    async def update(self, webhook_id: str, **changes: Any) -> Webhook:
        """Change `url`, `events`, `description` or `enabled`; what is not named stays as it is."""
        answer = await self._wire.call("PATCH", path_of("v1", "webhooks", webhook_id), changes)
        return result_of(Webhook, answer.get("webhook", answer))

    async def rotate_secret(self, webhook_id: str) -> Webhook:
        """A new signing secret, shown this once. The server goes on signing with the former one as well for a while."""
        answer = await self._wire.call("POST", path_of("v1", "webhooks", webhook_id, "rotate-secret"))
        return result_of(Webhook, answer.get("webhook", answer))

    async def test(self, webhook_id: str) -> str:
        """Send a `webhook.test` event; gives its id, which the delivery log has too."""
        answer = await self._wire.call("POST", path_of("v1", "webhooks", webhook_id, "test"))
        return str(answer.get("event_id", ""))

    def deliveries(self, webhook_id: str, *, limit: int | None = None) -> Pages[Delivery]:
        """What was sent to this webhook and how that went."""
        path = path_of("v1", "webhooks", webhook_id, "deliveries")
        return Pages(self._wire, path, Delivery, "deliveries", {"limit": limit})

    async def send_again(self, webhook_id: str, delivery_id: str) -> Delivery:
        """Send an event again, now, however its delivery ended."""
        path = path_of("v1", "webhooks", webhook_id, "deliveries", delivery_id, "retry")
        return result_of(Delivery, await self._wire.call("POST", path))

    async def delete(self, webhook_id: str) -> None:
        await self._wire.call("DELETE", path_of("v1", "webhooks", webhook_id))
