"""Secrets that an organisation stores under names, for the tools of its agents. Part of a `Store`.

The secret itself is never here: who stores it seals it first. A deleted one is gone from the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from vivavoce.store.database import Database
from vivavoce.store.errors import DuplicateRecordError, UnknownRecordError
from vivavoce.store.records import OrganisationId
from vivavoce.store.rows import Clock
from vivavoce.store.schema import named_secrets


@dataclass(frozen=True, slots=True)
class NamedSecret:
    """A secret as it is kept."""

    name: str
    sealed: str = field(repr=False)
    created_at: datetime
    updated_at: datetime


class StoredNamedSecrets:
    """Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def add(self, organisation_id: OrganisationId, name: str, sealed: str) -> NamedSecret:
        """Raises `DuplicateRecordError` where the organisation has one of this name."""
        now = self._now()
        row = {"name": name, "sealed": sealed, "created_at": now, "updated_at": now}
        try:
            async with self._database.writing() as connection:
                await connection.execute(insert(named_secrets).values(organisation_id=organisation_id, **row))
        except IntegrityError as error:
            raise DuplicateRecordError(f"there is a secret with the name {name!r} already; change that one") from error
        return NamedSecret(name, sealed, now, now)

    async def replace(self, organisation_id: OrganisationId, name: str, sealed: str) -> NamedSecret:
        """Raises `UnknownRecordError`."""
        own = (named_secrets.c.organisation_id == organisation_id, named_secrets.c.name == name)
        async with self._database.writing() as connection:
            await connection.execute(update(named_secrets).where(*own).values(sealed=sealed, updated_at=self._now()))
        found = await self.get(organisation_id, name)
        if found is None:
            raise UnknownRecordError("secret", name)
        return found

    async def get(self, organisation_id: OrganisationId, name: str) -> NamedSecret | None:
        own = (named_secrets.c.organisation_id == organisation_id, named_secrets.c.name == name)
        async with self._database.reading() as connection:
            row = (await connection.execute(select(named_secrets).where(*own))).one_or_none()
        return None if row is None else _read(row)

    async def list(self, organisation_id: OrganisationId) -> Sequence[NamedSecret]:
        """All of them, by name."""
        own = select(named_secrets).where(named_secrets.c.organisation_id == organisation_id)
        async with self._database.reading() as connection:
            return [_read(row) for row in await connection.execute(own.order_by(named_secrets.c.name))]

    async def count(self, organisation_id: OrganisationId) -> int:
        own = named_secrets.c.organisation_id == organisation_id
        async with self._database.reading() as connection:
            query = select(func.count()).select_from(named_secrets).where(own)
            return (await connection.execute(query)).scalar_one()

    async def delete(self, organisation_id: OrganisationId, name: str) -> None:
        """Raises `UnknownRecordError`."""
        own = (named_secrets.c.organisation_id == organisation_id, named_secrets.c.name == name)
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(named_secrets).where(*own))
        if not gone.rowcount:
            raise UnknownRecordError("secret", name)


def _read(row: Row[Any]) -> NamedSecret:
    return NamedSecret(row.name, row.sealed, row.created_at, row.updated_at)
