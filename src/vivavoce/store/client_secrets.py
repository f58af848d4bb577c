"""Client secrets: what a browser may open calls with for a short while. Part of a `Store`.

The secret itself is never here, only its hash; the session that it brings is sealed by who stores it. Of a secret whose
calls may last only so long together, its calls are kept too: how long they lasted is read from their sessions, so a
process that dies forgets nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, delete, insert, select

from vivavoce.store.database import Database
from vivavoce.store.records import OrganisationId
from vivavoce.store.rows import Clock
from vivavoce.store.schema import client_secret_calls, client_secrets, sessions

_CALLS = select(
    client_secret_calls.c.secret_hash,
    client_secret_calls.c.seconds_maximum,
    sessions.c.id,
    sessions.c.organisation_id,
    sessions.c.created_at,
    sessions.c.ended_at,
).join(sessions, sessions.c.id == client_secret_calls.c.session_id)


@dataclass(frozen=True, slots=True)
class ClientSecretRecord:
    """Whose a secret is, until when it opens calls, and which calls: `sealed`."""

    organisation_id: OrganisationId
    sealed: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LimitedCall:
    """A call of a secret whose calls may last `seconds_maximum` together. `ended_at` None: it is held."""

    secret_hash: str
    seconds_maximum: int
    session_id: str
    organisation_id: OrganisationId
    created_at: datetime
    ended_at: datetime | None


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

    async def add_call(
        self, organisation_id: OrganisationId, secret_hash: str, session_id: str, seconds_maximum: int
    ) -> None:
        """A call counts against what the calls of this secret may last."""
        row = {
            "session_id": session_id,
            "organisation_id": organisation_id,
            "secret_hash": secret_hash,
            "seconds_maximum": seconds_maximum,
        }
        async with self._database.writing() as connection:
            await connection.execute(insert(client_secret_calls).values(**row))

    async def calls_of(self, secret_hash: str) -> Sequence[LimitedCall]:
        return await self._calls(_CALLS.where(client_secret_calls.c.secret_hash == secret_hash))

    async def calls_beside_held_ones(self) -> Sequence[LimitedCall]:
        """All calls, the ended ones too, of every secret with a call that is held."""
        held = (
            select(client_secret_calls.c.secret_hash)
            .join(sessions, sessions.c.id == client_secret_calls.c.session_id)
            .where(sessions.c.ended_at.is_(None))
        )
        return await self._calls(_CALLS.where(client_secret_calls.c.secret_hash.in_(held)))

    async def forget_old(self) -> None:
        """Delete those that open nothing any more, and their calls when none of them is held."""
        kept = select(client_secrets.c.secret_hash)
        held = select(sessions.c.id).where(sessions.c.ended_at.is_(None))
        calls = client_secret_calls.c
        async with self._database.writing() as connection:
            await connection.execute(delete(client_secrets).where(client_secrets.c.expires_at < self._now()))
            gone = (calls.secret_hash.not_in(kept), calls.session_id.not_in(held))
            await connection.execute(delete(client_secret_calls).where(*gone))

    async def _calls(self, query: Select[tuple[str, int, str, str, datetime, datetime | None]]) -> list[LimitedCall]:
        async with self._database.reading() as connection:
            rows = await connection.execute(query)
            return [
                LimitedCall(
                    row.secret_hash,
                    row.seconds_maximum,
                    row.id,
                    OrganisationId(row.organisation_id),
                    row.created_at,
                    row.ended_at,
                )
                for row in rows
            ]
