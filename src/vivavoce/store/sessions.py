"""The sessions in the database. Part of a `Store`. A session is never deleted; its status moves along one machine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, case, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.agents.definition import AgentId
from vivavoce.agents.identifiers import Kind, new_identifier
from vivavoce.agents.lifecycle import OPEN, SessionStatus, status_for
from vivavoce.store.database import Database
from vivavoce.store.errors import TooManySessionsError, UnknownRecordError
from vivavoce.store.records import OrganisationId, Page, PageRequest, SessionDetails, SessionRecord
from vivavoce.store.rows import Clock, count, fetch_page, named, revived, unix_ms
from vivavoce.store.schema import UtcDateTime, organisations, sessions

_OPEN = sessions.c.ended_at.is_(None)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to be kept. `active`: it begins at once, as written sessions do."""

    organisation_id: OrganisationId
    agent_id: AgentId | None
    thread_id: str
    dialect: str
    channel: str
    expires_at: datetime
    details: SessionDetails = field(default_factory=SessionDetails)
    active: bool = False


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions; None: whatever."""

    agent_id: str | None = None
    thread_id: str | None = None
    channel: str | None = None
    other_channel_than: str | None = None
    statuses: Collection[SessionStatus] | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


class StoredSessions:
    """Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def add(self, new: NewSession, open_maximum: int) -> SessionRecord:
        """Keep a new session. Raises `TooManySessionsError` when the organisation has `open_maximum` open ones."""
        now = self._now()
        row = {
            "id": new_identifier(Kind.SESSION, unix_ms(now)),
            "organisation_id": new.organisation_id,
            "agent_id": new.agent_id,
            "thread_id": new.thread_id,
            "status": (SessionStatus.ACTIVE if new.active else SessionStatus.INITIALIZING).value,
            "dialect": new.dialect,
            "channel": new.channel,
            "details": msgspec.to_builtins(new.details),
            "created_at": now,
            "started_at": now if new.active else None,
            "last_active_at": now,
            "expires_at": new.expires_at,
        }
        async with self._database.writing() as connection:
            # The organisation's row is held, so that two at once cannot both take the last place.
            own = select(organisations.c.id).where(organisations.c.id == new.organisation_id)
            await connection.execute(own.with_for_update())
            if await self._open_count(connection, new.organisation_id) >= open_maximum:
                raise TooManySessionsError(open_maximum)
            added = await connection.execute(insert(sessions).values(**row).returning(*sessions.c))
            return _record_of(added.one())

    async def get(self, organisation_id: OrganisationId, session: str | int) -> SessionRecord | None:
        query = select(sessions).where(sessions.c.organisation_id == organisation_id, named(sessions, session))
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _record_of(row)

    async def list(
        self, organisation_id: OrganisationId, request: PageRequest, wanted: SessionFilter | None = None
    ) -> Page[SessionRecord]:
        conditions = [sessions.c.organisation_id == organisation_id, *_conditions(wanted or SessionFilter())]
        async with self._database.reading() as connection:
            return await fetch_page(connection, sessions, conditions, request, _record_of)

    async def open_count(self, organisation_id: OrganisationId) -> int:
        """How many sessions of the organisation are neither over nor past their time."""
        async with self._database.reading() as connection:
            return await self._open_count(connection, organisation_id)

    async def begin(self, session_id: str) -> tuple[SessionRecord, bool]:
        """Somebody has connected: the session is active; and whether it was not before. Raises `UnknownRecordError`."""
        now = self._now()
        waiting = and_(sessions.c.id == session_id, sessions.c.status == SessionStatus.INITIALIZING)
        values: dict[str, Any] = {"status": SessionStatus.ACTIVE.value, "started_at": now, "last_active_at": now}
        async with self._database.writing() as connection:
            begun = await connection.execute(update(sessions).where(waiting).values(**values).returning(*sessions.c))
            row = begun.one_or_none()
            if row is None:
                still = and_(sessions.c.id == session_id, _OPEN)
                await connection.execute(update(sessions).where(still).values(last_active_at=now))
                found = (await connection.execute(select(sessions).where(sessions.c.id == session_id))).one_or_none()
                if found is None:
                    raise UnknownRecordError("session", session_id)
                return _record_of(found), False
        return _record_of(row), True

    async def end(self, session_id: str, reason: str) -> tuple[SessionRecord, bool]:
        """End a session; and whether it was open. One that is over stays as it is. Raises `UnknownRecordError`.

        One that expired ended at that moment, however late it is seen.
        """
        now = self._now()
        past = (sessions.c.expires_at < now, sessions.c.expires_at)
        values = {
            "status": status_for(reason).value,
            "ended_at": case(past, else_=literal(now, UtcDateTime)) if reason == "expired" else now,
            "end_reason": reason[:64],
            "last_active_at": now,
        }
        of = and_(sessions.c.id == session_id, _OPEN)
        async with self._database.writing() as connection:
            row = (await connection.execute(update(sessions).where(of).values(**values).returning(*sessions.c))).first()
            if row is not None:
                return _record_of(row), True
            found = (await connection.execute(select(sessions).where(sessions.c.id == session_id))).one_or_none()
        if found is None:
            raise UnknownRecordError("session", session_id)
        return _record_of(found), False

    async def touch(self, session_ids: Sequence[str]) -> None:
        """These sessions are alive just now."""
        if session_ids:
            mark = update(sessions).where(sessions.c.id.in_(session_ids), _OPEN).values(last_active_at=self._now())
            async with self._database.writing() as connection:
                await connection.execute(mark)

    async def due(self, idle_since: datetime, limit: int = 100) -> Sequence[SessionRecord]:
        """Open sessions of every organisation whose time is up, or that nobody has used since `idle_since`."""
        late = or_(sessions.c.expires_at <= self._now(), sessions.c.last_active_at <= idle_since)
        async with self._database.reading() as connection:
            rows = await connection.execute(select(sessions).where(_OPEN, late).limit(limit))
            return [_record_of(row) for row in rows]

    async def open_of_agent(self, organisation_id: OrganisationId, agent_id: AgentId) -> Sequence[SessionRecord]:
        query = select(sessions).where(
            sessions.c.organisation_id == organisation_id, sessions.c.agent_id == agent_id, _OPEN
        )
        async with self._database.reading() as connection:
            return [_record_of(row) for row in await connection.execute(query)]

    async def _open_count(self, connection: AsyncConnection, organisation_id: OrganisationId) -> int:
        mine = (sessions.c.organisation_id == organisation_id, _OPEN, sessions.c.expires_at > self._now())
        return await count(connection, sessions, mine)


def _conditions(wanted: SessionFilter) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.agent_id is not None:
        conditions.append(sessions.c.agent_id == wanted.agent_id)
    if wanted.thread_id is not None:
        conditions.append(sessions.c.thread_id == wanted.thread_id)
    if wanted.channel is not None:
        conditions.append(sessions.c.channel == wanted.channel)
    if wanted.other_channel_than is not None:
        conditions.append(sessions.c.channel != wanted.other_channel_than)
    if wanted.statuses is not None:
        conditions.append(sessions.c.status.in_([status.value for status in wanted.statuses]))
        if set(wanted.statuses) <= OPEN:
            conditions.append(_OPEN)
    if wanted.created_from is not None:
        conditions.append(sessions.c.created_at >= wanted.created_from)
    if wanted.created_before is not None:
        conditions.append(sessions.c.created_at < wanted.created_before)
    return conditions


def _record_of(row: Row[Any]) -> SessionRecord:
    return SessionRecord(
        session_id=row.id,
        seq=row.seq,
        organisation_id=OrganisationId(row.organisation_id),
        agent_id=None if row.agent_id is None else AgentId(row.agent_id),
        thread_id=row.thread_id,
        status=SessionStatus(row.status),
        dialect=row.dialect,
        channel=row.channel,
        details=revived(row.details, SessionDetails, f"the session {row.id}"),
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        last_active_at=row.last_active_at,
        expires_at=row.expires_at,
        end_reason=row.end_reason,
    )
