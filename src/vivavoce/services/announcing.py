"""Telling an organisation's webhooks what happened: the port that the services speak to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from vivavoce.store.records import OrganisationId


class Announcer(Protocol):
    """Queues an event for every webhook of the organisation that wants it. Returns when it is safely queued."""

    async def announce(self, organisation_id: OrganisationId, event_type: str, data: Mapping[str, Any]) -> None: ...
