"""The organisations in the database: whose everything is. Part of a `Store`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.exc import IntegrityError

from vivavoce.agents.identifiers import Kind, new_identifier
from vivavoce.store.database import Database
from vivavoce.store.errors import StoreError
from vivavoce.store.records import Organisation, OrganisationId
from vivavoce.store.rows import Clock, unix_ms
from vivavoce.store.schema import organisations


class StoredOrganisations:
    """Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def add(
        self, name: str, external_id: str | None = None, concurrent_sessions_maximum: int | None = None
    ) -> Organisation:
        """A new organisation. Raises `IntegrityError` for an external id that is known."""
        now = self._now()
        row = {
            "id": new_identifier(Kind.ORGANISATION, unix_ms(now)),
            "name": name,
            "external_id": external_id,
            "concurrent_sessions_maximum": concurrent_sessions_maximum,
            "created_at": now,
        }
        async with self._database.writing() as connection:
            added = await connection.execute(insert(organisations).values(**row).returning(*organisations.c))
            return _organisation_of(added.one())

    async def get(self, organisation_id: OrganisationId) -> Organisation | None:
        return await self._find(organisations.c.id == organisation_id)

    async def of_external(self, external_id: str, name: str) -> Organisation:
        """The organisation that an identity provider calls so, made when it is seen for the first time."""
        if (known := await self._find(organisations.c.external_id == external_id)) is not None:
            return known
        try:
            return await self.add(name, external_id)
        except IntegrityError:
            # Somebody else of the same organisation came at the same moment.
            if (known := await self._find(organisations.c.external_id == external_id)) is not None:
                return known
            raise StoreError(f"the organisation {external_id!r} could not be kept") from None

    async def named(self, name: str) -> Organisation | None:
        """The organisation that the operator of this server calls so."""
        return await self._find(organisations.c.external_id == _operator_name(name))

    async def ensure_named(self, name: str) -> Organisation:
        """The organisation that the operator of this server calls so, made where it is not there."""
        return await self.of_external(_operator_name(name), name)

    async def _find(self, condition: Any) -> Organisation | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(organisations).where(condition))).one_or_none()
        return None if row is None else _organisation_of(row)


def _operator_name(name: str) -> str:
    # Organisations of identity providers are known by a digest, so the two cannot be taken for each other.
    return f"name:{name}"


def _organisation_of(row: Row[Any]) -> Organisation:
    return Organisation(
        OrganisationId(row.id), row.name, row.external_id, row.concurrent_sessions_maximum, row.created_at
    )
