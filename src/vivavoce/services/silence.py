"""The announcer that tells nobody: for servers without webhooks, and tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vivavoce.store.records import OrganisationId


class SilentAnnouncer:
    async def announce(self, organisation_id: OrganisationId, event_type: str, data: Mapping[str, Any]) -> None:
        """Nobody is told."""
