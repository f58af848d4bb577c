"""Who asks: an organisation, and what it lets this caller do. Made by `api` of a key or token; lives for a request."""

from __future__ import annotations

from dataclasses import dataclass

from vivavoce.store.records import ALL_SCOPES, KeyId, OrganisationId


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may ask. `subject` names a person who came with a token; `key_id` the key of a program."""

    organisation_id: OrganisationId
    scopes: tuple[str, ...] = ALL_SCOPES
    key_id: KeyId | None = None
    subject: str | None = None

    @property
    def name(self) -> str:
        """Tells this caller from others: what rate limits are counted by."""
        return self.key_id or f"{self.organisation_id}:{self.subject or ''}"
