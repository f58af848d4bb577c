"""The agents in the database, every version of them. Part of a `Store`; a deleted agent keeps its rows, so that old
calls can still be read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.agents.definition import AgentDefinition, AgentId
from vivavoce.agents.identifiers import Kind, new_identifier
from vivavoce.store.database import Database
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import AgentRecord, AgentVersion, OrganisationId, Page, PageRequest
from vivavoce.store.rows import Clock, count, fetch_page, named, revived, unix_ms
from vivavoce.store.schema import agent_versions, agents

_LIVING = agents.c.deleted_at.is_(None)


class StoredAgents:
    """Adds, finds and changes agents. Every method raises `StoreUnavailableError` when the database does not answer.

    An agent is named by its id or by its number, and only ever within its organisation.
    """

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def add(self, organisation_id: OrganisationId, definition: AgentDefinition) -> AgentRecord:
        """Keep a new agent: its version 1."""
        now = self._now()
        agent_id = AgentId(new_identifier(Kind.AGENT, unix_ms(now)))
        row = {
            "id": agent_id,
            "organisation_id": organisation_id,
            "version": 1,
            "created_at": now,
            "updated_at": now,
            **_columns_of(definition),
        }
        async with self._database.writing() as connection:
            seq = (await connection.execute(insert(agents).values(**row).returning(agents.c.seq))).scalar_one()
            record = AgentRecord(agent_id, seq, organisation_id, 1, definition, now, now)
            await _keep_version(connection, record)
        return record

    async def get(
        self, organisation_id: OrganisationId, agent: str | int, *, even_deleted: bool = False
    ) -> AgentRecord | None:
        """The agent, or None where there is none or it was deleted."""
        living = () if even_deleted else (_LIVING,)
        query = select(agents).where(agents.c.organisation_id == organisation_id, named(agents, agent), *living)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _record_of(row)

    async def several(self, organisation_id: OrganisationId, agent_ids: Collection[str]) -> Sequence[AgentRecord]:
        """Those of the agents that are the organisation's, deleted or not, in no order."""
        query = select(agents).where(agents.c.organisation_id == organisation_id, agents.c.id.in_(agent_ids))
        async with self._database.reading() as connection:
            return [_record_of(row) for row in await connection.execute(query)]

    async def first(self, organisation_id: OrganisationId) -> AgentRecord | None:
        """The oldest agent: the one that callers get who name none."""
        page = await self.list(organisation_id, PageRequest(limit=1, newest_first=False))
        return page.items[0] if page.items else None

    async def list(
        self,
        organisation_id: OrganisationId,
        request: PageRequest,
        *,
        search: str | None = None,
        paused: bool | None = None,
    ) -> Page[AgentRecord]:
        """A page of the agents; `search` is a part of the name in any case."""
        conditions = [agents.c.organisation_id == organisation_id, _LIVING]
        if search:
            conditions.append(agents.c.name.icontains(search, autoescape=True))
        if paused is not None:
            conditions.append(agents.c.paused.is_(paused))
        async with self._database.reading() as connection:
            return await fetch_page(connection, agents, conditions, request, _record_of)

    async def count(self, organisation_id: OrganisationId) -> int:
        async with self._database.reading() as connection:
            return await count(connection, agents, [agents.c.organisation_id == organisation_id, _LIVING])

    async def change(
        self,
        organisation_id: OrganisationId,
        agent: str | int,
        change: Callable[[AgentDefinition], AgentDefinition],
    ) -> AgentRecord:
        """Replace an agent's definition by `change` of it, as its next version; nothing happens when it is the same.

        The change sees the newest definition: two at once follow each other. Raises `UnknownRecordError` and whatever
        `change` raises.
        """
        wanted = (agents.c.organisation_id == organisation_id, named(agents, agent), _LIVING)
        async with self._database.writing() as connection:
            row = (await connection.execute(select(agents).where(*wanted).with_for_update())).one_or_none()
            if row is None:
                raise UnknownRecordError("agent", str(agent))
            former = _record_of(row)
            definition = change(former.definition)
            if definition == former.definition:
                return former
            record = replace(former, version=former.version + 1, definition=definition, updated_at=self._now())
            values = {"version": record.version, "updated_at": record.updated_at, **_columns_of(definition)}
            await connection.execute(update(agents).where(agents.c.seq == former.seq).values(**values))
            await _keep_version(connection, record)
        return record

    async def delete(self, organisation_id: OrganisationId, agent: str | int) -> AgentRecord:
        """Take an agent away for good. Raises `UnknownRecordError` when there is no such agent any more."""
        wanted = (agents.c.organisation_id == organisation_id, named(agents, agent), _LIVING)
        gone = update(agents).where(*wanted).values(deleted_at=self._now()).returning(*agents.c)
        async with self._database.writing() as connection:
            row = (await connection.execute(gone)).one_or_none()
        if row is None:
            raise UnknownRecordError("agent", str(agent))
        return _record_of(row)

    async def versions(
        self, agent: AgentRecord, limit: int = 1_000, before: int | None = None
    ) -> Sequence[AgentVersion]:
        """Up to `limit` definitions that the agent had before its version `before`, the newest first."""
        query = select(agent_versions).where(agent_versions.c.agent_id == agent.agent_id)
        if before is not None:
            query = query.where(agent_versions.c.version < before)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query.order_by(agent_versions.c.version.desc()).limit(limit))).all()
        return [_version_of(row) for row in rows]

    async def version(self, agent: AgentRecord, version: int) -> AgentVersion:
        """One former (or the present) definition. Raises `UnknownRecordError`."""
        query = select(agent_versions).where(
            agent_versions.c.agent_id == agent.agent_id, agent_versions.c.version == version
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise UnknownRecordError("version", str(version))
        return _version_of(row)


async def _keep_version(connection: AsyncConnection, record: AgentRecord) -> None:
    row = {
        "agent_id": record.agent_id,
        "version": record.version,
        "definition": msgspec.to_builtins(record.definition),
        "created_at": record.updated_at,
    }
    await connection.execute(insert(agent_versions).values(**row))


def _columns_of(definition: AgentDefinition) -> dict[str, Any]:
    return {
        "name": definition.name,
        "paused": definition.paused,
        "definition": msgspec.to_builtins(definition),
    }


def _record_of(row: Row[Any]) -> AgentRecord:
    return AgentRecord(
        AgentId(row.id),
        row.seq,
        OrganisationId(row.organisation_id),
        row.version,
        revived(row.definition, AgentDefinition, f"the agent {row.id}"),
        row.created_at,
        row.updated_at,
        row.deleted_at,
    )


def _version_of(row: Row[Any]) -> AgentVersion:
    definition = revived(row.definition, AgentDefinition, f"version {row.version} of the agent {row.agent_id}")
    return AgentVersion(AgentId(row.agent_id), row.version, definition, row.created_at)
