"""The first answers to requests that carried an `Idempotency-Key`. Part of a `Store`; kept for a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from vivavoce.store.database import Database
from vivavoce.store.records import OrganisationId
from vivavoce.store.rows import Clock
from vivavoce.store.schema import idempotent_answers

KEPT_FOR = timedelta(hours=24)
ABANDONED_AFTER = timedelta(minutes=2)
"""A request that has not been answered by then died with its process; its key may be used again."""


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """What a key was used for, and the answer, which is None while the first request is still being worked on."""

    fingerprint: str
    status: int | None
    answer: str | None


class StoredAnswers:
    """Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def claim(self, organisation_id: OrganisationId, key: str, fingerprint: str) -> KnownAnswer | None:
        """Take a key for a request. None: it is ours, answer it and call `keep`; else what it was used for."""
        table = idempotent_answers
        mine = and_(table.c.organisation_id == organisation_id, table.c.idempotency_key == key)
        now = self._now()
        row = {"organisation_id": organisation_id, "idempotency_key": key, "fingerprint": fingerprint}
        stale = (table.c.created_at < now - KEPT_FOR) | (
            table.c.status.is_(None) & (table.c.created_at < now - ABANDONED_AFTER)
        )
        try:
            async with self._database.writing() as connection:
                await connection.execute(delete(table).where(mine, stale))
                await connection.execute(insert(table).values(**row, created_at=now))
                return None
        except IntegrityError:
            async with self._database.reading() as connection:
                found = (await connection.execute(select(table).where(mine))).one_or_none()
        if found is None:
            return KnownAnswer(fingerprint, None, None)
        return KnownAnswer(found.fingerprint, found.status, found.answer)

    async def keep(self, organisation_id: OrganisationId, key: str, status: int, answer: str) -> None:
        """Keep the answer to the request that claimed the key."""
        table = idempotent_answers
        mine = and_(table.c.organisation_id == organisation_id, table.c.idempotency_key == key)
        async with self._database.writing() as connection:
            await connection.execute(update(table).where(mine).values(status=status, answer=answer))

    async def release(self, organisation_id: OrganisationId, key: str) -> None:
        """The request failed in a way that may be tried again: forget that it came."""
        table = idempotent_answers
        mine = and_(table.c.organisation_id == organisation_id, table.c.idempotency_key == key)
        async with self._database.writing() as connection:
            await connection.execute(delete(table).where(mine))

    async def forget_old(self) -> None:
        """Delete what nobody may ask for any more."""
        async with self._database.writing() as connection:
            old = idempotent_answers.c.created_at < self._now() - KEPT_FOR
            await connection.execute(delete(idempotent_answers).where(old))
