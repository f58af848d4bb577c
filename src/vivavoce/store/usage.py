"""What organisations used, day by day, counted from the tables of sessions, turns and messages. Part of a `Store`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, Table, cast, extract, func, select

from vivavoce.store.database import Database
from vivavoce.store.records import DayUse, OrganisationId
from vivavoce.store.schema import messages, session_turns, sessions

_DAY = "%Y-%m-%d"
_WRITTEN = "chat"
"""The channel of sessions that nobody talks in: they last, but use no minutes."""


class StoredUsage:
    """Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_day(
        self, organisation_id: OrganisationId, begin: datetime, end: datetime, agent_id: str | None = None
    ) -> Mapping[str, DayUse]:
        """From `begin` until before `end`: every day (`2026-11-21`, of UTC) on which something was used.

        A session counts on the day that it was made, with all of its time; one that goes on, with its time so far.
        """
        wanted = _Wanted(organisation_id, begin, end, agent_id)
        async with self._database.reading() as connection:
            made = (await connection.execute(self._sessions(wanted))).all()
            turns = (await connection.execute(self._counted(session_turns, wanted))).all()
            answers = (await connection.execute(self._counted(messages, wanted, messages.c.role == "tool"))).all()
        turned, called = {row.day: row.found for row in turns}, {row.day: row.found for row in answers}
        used = {row.day: (row.found, float(row.seconds or 0.0)) for row in made}
        return {
            day: DayUse(*used.get(day, (0, 0.0)), turned.get(day, 0), called.get(day, 0))
            for day in sorted(used.keys() | turned.keys() | called.keys())
        }

    def _sessions(self, wanted: _Wanted) -> Select[str, int, float]:
        day = self._day(sessions.c.created_at)
        until = func.coalesce(sessions.c.ended_at, sessions.c.last_active_at)
        spoken = func.sum(self._seconds(sessions.c.started_at, until)).filter(sessions.c.channel != _WRITTEN)
        return (
            select(day.label("day"), func.count().label("found"), spoken.label("seconds"))
            .where(*wanted.of(sessions), *wanted.agents_own())
            .group_by(day)
        )

    def _counted(self, table: Table, wanted: _Wanted, *conditions: ColumnElement[bool]) -> Select[str, int]:
        day = self._day(table.c.created_at)
        query = select(day.label("day"), func.count().label("found")).where(*wanted.of(table), *conditions)
        if wanted.agent_id is not None:
            query = query.join(sessions, sessions.c.id == table.c.session_id).where(*wanted.agents_own())
        return query.group_by(day)

    def _day(self, moment: ColumnElement[Any]) -> ColumnElement[str]:
        if self._database.dialect_name == "sqlite":
            return func.strftime(_DAY, moment)
        return func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD")

    def _seconds(self, begin: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[float]:
        if self._database.dialect_name == "sqlite":
            return (func.julianday(end) - func.julianday(begin)) * 86_400.0
        return cast(extract("epoch", end - begin), Float)


class _Wanted:
    """Whose use, of which days."""

    def __init__(self, organisation_id: OrganisationId, begin: datetime, end: datetime, agent_id: str | None) -> None:
        self.agent_id = agent_id
        self._organisation_id = organisation_id
        self._begin = begin
        self._end = end

    def of(self, table: Table) -> Sequence[ColumnElement[bool]]:
        made_at = table.c.created_at
        return (table.c.organisation_id == self._organisation_id, made_at >= self._begin, made_at < self._end)

    def agents_own(self) -> Sequence[ColumnElement[bool]]:
        return () if self.agent_id is None else (sessions.c.agent_id == self.agent_id,)
