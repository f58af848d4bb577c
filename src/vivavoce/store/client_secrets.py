"""Client secrets: what a browser may open calls with for a short while. Part of a `Store`.

The secret itself is never here, only its hash; the session that it brings is sealed by who stores it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, insert, select

from vivavoce.store.database import Database
from vivavoce.store.records import OrganisationId
from vivavoce.store.rows import Clock
from vivavoce.store.schema import client_secrets


@dataclass(frozen=True, slots=True)
class ClientSecretRecord:
    """Whose a secret is, until when it opens calls, and which calls: `sealed`."""

    organisation_id: OrganisationId
    sealed: str = field(repr=False)
    expires_at: datetime


class StoredClientSecrets:
    """Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def add(self, secret_hash: str, record: ClientSecretRecord) -> None:
        """`secret_hash`: the secret's SHA-256 as 64 hexadecimal digits."""
        row = {
            "secret_hash": secret_hash,
            "organisation_id": record.organisation_id,
            "sealed": record.sealed,
            "created_at": self._now(),
            "expires_at": record.expires_at,
        }
        async with self._database.writing() as connection:
            await connection.execute(insert(client_secrets).values(**row))

    async def get(self, secret_hash: str) -> ClientSecretRecord | None:
        """The secret with this hash, expired or not, while it is kept."""
        query = select(client_secrets).where(client_secrets.c.secret_hash == secret_hash)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        return ClientSecretRecord(OrganisationId(row.organisation_id), row.sealed, row.expires_at)

    async def forget_old(self) -> None:
        """Delete those that open nothing any more."""
        async with self._database.writing() as connection:
            await connection.execute(delete(client_secrets).where(client_secrets.c.expires_at < self._now()))
