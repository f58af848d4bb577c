"""Queues what happened for the webhooks that want to know. One a server; it holds a small cache and dies with it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vivavoce.agents.identifiers import Kind, new_identifier
from vivavoce.store.deliveries import NewDelivery
from vivavoce.store.errors import StoreUnavailableError
from vivavoce.store.records import OrganisationId, PageRequest
from vivavoce.store.store import Store

_log = logging.getLogger(__name__)

WEBHOOKS_MAXIMUM = 50
"""How many webhooks an organisation may have."""

CACHED_SECONDS = 5.0
CACHED_ORGANISATIONS_MAXIMUM = 10_000


@dataclass(frozen=True, slots=True)
class _Wish:
    webhook_id: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    wishes: Sequence[_Wish]
    until: float


def event_payload(event_id: str, event_type: str, moment: datetime, data: Mapping[str, Any]) -> str:
    """The text that is signed and sent. `data` is JSON; ASCII only, so that nothing on the way can spoil it."""
    timestamp = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = {"id": event_id, "type": event_type, "timestamp": timestamp, "data": dict(data)}
    return json.dumps(told, separators=(",", ":"), allow_nan=False)


class WebhookAnnouncer:
    """The `Announcer` of the server. `wake` is called when something is due.

    What an organisation's webhooks want is remembered for 5 seconds: a change that another process made shows within
    that time, a change of this process at once (`forget`).
    """

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._now = now
        self._monotonic = monotonic
        self.wake = wake
        self._known: dict[OrganisationId, _Known] = {}
        self._changes = 0

    async def announce(self, organisation_id: OrganisationId, event_type: str, data: Mapping[str, Any]) -> None:
        """Queue the event for every enabled webhook that wants it.

        What it tells of has happened and stays: an event that cannot be queued is lost, with an error in the log.
        """
        try:
            wishes = await self._wishes(organisation_id)
            wanting = [wish.webhook_id for wish in wishes if event_type in wish.events]
            if wanting:
                await self.queue(organisation_id, wanting, event_type, data)
        except StoreUnavailableError as error:
            _log.error("the event %s of %s is lost to its webhooks: %s", event_type, organisation_id, error)

    async def queue(
        self, organisation_id: OrganisationId, webhook_ids: Sequence[str], event_type: str, data: Mapping[str, Any]
    ) -> str:
        """Queue an event for these webhooks; its id. Raises `StoreError`."""
        now = self._now()
        event_id = new_identifier(Kind.EVENT, int(now.timestamp() * 1000))
        payload = event_payload(event_id, event_type, now, data)
        await self._store.deliveries.add(
            [NewDelivery(organisation_id, each, event_id, event_type, payload) for each in webhook_ids]
        )
        self.wake()
        return event_id

    def forget(self, organisation_id: OrganisationId) -> None:
        """The organisation's webhooks have changed."""
        self._changes += 1
        self._known.pop(organisation_id, None)

    async def _wishes(self, organisation_id: OrganisationId) -> Sequence[_Wish]:
        known = self._known.get(organisation_id)
        if known is not None and self._monotonic() < known.until:
            return known.wishes
        changes = self._changes
        page = await self._store.webhooks.list(organisation_id, PageRequest(limit=2 * WEBHOOKS_MAXIMUM))
        wishes = [_Wish(each.resource_id, each.body.events) for each in page.items if each.body.enabled]
        # What was read while somebody changed it may be the state before the change.
        if changes == self._changes:
            self._known.pop(organisation_id, None)
            self._known[organisation_id] = _Known(wishes, self._monotonic() + CACHED_SECONDS)
            if len(self._known) > CACHED_ORGANISATIONS_MAXIMUM:
                del self._known[next(iter(self._known))]
        return wishes
