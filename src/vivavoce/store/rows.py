"""What the files of this room share: how a page of a table is asked for and how one object is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Row, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.store.errors import StoreError
from vivavoce.store.records import Page, PageRequest

PAGE_LENGTH_MAXIMUM = 1_000

T = TypeVar("T")
Clock = Callable[[], datetime]


def unix_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def named(table: Table, identifier: str | int) -> ColumnElement[bool]:
    """The row with this identifier, or with this number."""
    return table.c.seq == identifier if isinstance(identifier, int) else table.c.id == identifier


async def fetch_page(
    connection: AsyncConnection,
    table: Table,
    conditions: Sequence[ColumnElement[bool]],
    request: PageRequest,
    read: Callable[[Row[Any]], T],
    columns: Sequence[ColumnElement[Any]] | None = None,
) -> Page[T]:
    """One page, in the order of `seq`. A cursor costs the same everywhere; an offset is skipped within an index."""
    limit = max(1, min(request.limit, PAGE_LENGTH_MAXIMUM))
    order = table.c.seq.desc() if request.newest_first else table.c.seq.asc()
    keys = select(table.c.seq).where(*conditions)
    if request.after_seq is not None:
        behind = table.c.seq < request.after_seq if request.newest_first else table.c.seq > request.after_seq
        keys = keys.where(behind)
    keys = keys.order_by(order).limit(limit + 1)
    if request.offset:
        keys = keys.offset(request.offset)
    query = select(*(columns or table.c)).where(table.c.seq.in_(keys)).order_by(order)
    rows = (await connection.execute(query)).all()
    total = await count(connection, table, conditions) if request.with_total else None
    shown = rows[:limit]
    return Page([read(row) for row in shown], shown[-1].seq if len(rows) > limit else None, total)


async def count(connection: AsyncConnection, table: Table, conditions: Sequence[ColumnElement[bool]]) -> int:
    return (await connection.execute(select(func.count()).select_from(table).where(*conditions))).scalar_one()


def revived(value: Any, wanted: type[T], where: str) -> T:
    """A value of ours from its JSON. Raises `StoreError` where the database holds something else."""
    try:
        return msgspec.convert(value, wanted)
    except (msgspec.ValidationError, ValueError) as error:
        raise StoreError(f"{where} in the database cannot be read: {error}") from error
