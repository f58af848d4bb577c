"""The records around an agent: phone numbers, collections, environments, avatars, webhooks. Part of a `Store`.

One class for all of them: each kind is a table of the same shape and a value that checks itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Row, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from vivavoce.agents.identifiers import Kind, new_identifier
from vivavoce.store.database import Database
from vivavoce.store.errors import DuplicateRecordError, UnknownRecordError
from vivavoce.store.records import OrganisationId, Page, PageRequest
from vivavoce.store.rows import Clock, fetch_page, named, revived, unix_ms

Body = TypeVar("Body")


@dataclass(frozen=True, slots=True)
class Resource(Generic[Body]):
    """A stored record and its body."""

    resource_id: str
    seq: int
    organisation_id: OrganisationId
    body: Body
    created_at: datetime
    updated_at: datetime


class StoredResources(Generic[Body]):
    """Records of one kind. `columns` gives the columns beside the body that a body has.

    Every method raises `StoreUnavailableError` when the database does not answer.
    """

    def __init__(
        self,
        database: Database,
        now: Clock,
        table: Table,
        kind: Kind,
        body_type: type[Body],
        columns: Callable[[Body], Mapping[str, Any]] = lambda _body: {},
    ) -> None:
        self._database = database
        self._now = now
        self._table = table
        self._kind = kind
        self._body_type = body_type
        self._columns = columns
        self._name = table.name.removesuffix("s").replace("_", " ")

    async def add(self, organisation_id: OrganisationId, body: Body) -> Resource[Body]:
        """Raises `DuplicateRecordError` where something of it must be unique and is not."""
        now = self._now()
        row = {
            "id": new_identifier(self._kind, unix_ms(now)),
            "organisation_id": organisation_id,
            "created_at": now,
            "updated_at": now,
            **self._row(body),
        }
        try:
            async with self._database.writing() as connection:
                added = await connection.execute(insert(self._table).values(**row).returning(*self._table.c))
                return self._record_of(added.one())
        except IntegrityError as error:
            raise DuplicateRecordError(f"this {self._name} exists already") from error

    async def get(self, organisation_id: OrganisationId, identifier: str | int) -> Resource[Body] | None:
        query = select(self._table).where(*self._own(organisation_id, identifier))
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else self._record_of(row)

    async def list(
        self, organisation_id: OrganisationId, request: PageRequest, **equal: str | Collection[str] | None
    ) -> Page[Resource[Body]]:
        """A page; `equal` names columns beside the body and what they must hold, or one of several."""
        conditions: list[ColumnElement[bool]] = [
            self._table.c.organisation_id == organisation_id,
            self._table.c.deleted_at.is_(None),
            *(_holds(self._table.c[name], value) for name, value in equal.items()),
        ]
        async with self._database.reading() as connection:
            return await fetch_page(connection, self._table, conditions, request, self._record_of)

    async def change(
        self, organisation_id: OrganisationId, identifier: str | int, change: Callable[[Body], Body]
    ) -> Resource[Body]:
        """Replace the body by `change` of it. Raises `UnknownRecordError` and whatever `change` raises."""
        wanted = self._own(organisation_id, identifier)
        try:
            async with self._database.writing() as connection:
                row = (await connection.execute(select(self._table).where(*wanted).with_for_update())).one_or_none()
                if row is None:
                    raise UnknownRecordError(self._name, str(identifier))
                former = self._record_of(row)
                newer = replace(former, body=change(former.body), updated_at=self._now())
                values = {"updated_at": newer.updated_at, **self._row(newer.body)}
                await connection.execute(update(self._table).where(self._table.c.seq == former.seq).values(**values))
        except IntegrityError as error:
            raise DuplicateRecordError(f"another {self._name} like this exists already") from error
        return newer

    async def delete(self, organisation_id: OrganisationId, identifier: str | int) -> Resource[Body]:
        """Raises `UnknownRecordError`."""
        gone = update(self._table).where(*self._own(organisation_id, identifier)).values(deleted_at=self._now())
        async with self._database.writing() as connection:
            row = (await connection.execute(gone.returning(*self._table.c))).one_or_none()
        if row is None:
            raise UnknownRecordError(self._name, str(identifier))
        return self._record_of(row)

    def _own(self, organisation_id: OrganisationId, identifier: str | int) -> Sequence[ColumnElement[bool]]:
        table = self._table
        return table.c.organisation_id == organisation_id, named(table, identifier), table.c.deleted_at.is_(None)

    def _row(self, body: Body) -> dict[str, Any]:
        return {"body": msgspec.to_builtins(body), **self._columns(body)}

    def _record_of(self, row: Row[Any]) -> Resource[Body]:
        body = revived(row.body, self._body_type, f"the {self._name} {row.id}")
        return Resource(row.id, row.seq, OrganisationId(row.organisation_id), body, row.created_at, row.updated_at)


def _holds(column: ColumnElement[Any], value: str | Collection[str] | None) -> ColumnElement[bool]:
    return column == value if value is None or isinstance(value, str) else column.in_(value)
