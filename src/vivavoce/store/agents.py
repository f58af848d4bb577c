"""The agents in the database. Part of a `Store`; a deleted agent keeps its row, so that old calls can still be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Select, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from vivavoce.agents.definition import AgentDefinition, AgentId
from vivavoce.store.database import Database
from vivavoce.store.errors import DuplicateRecordError, StoreError, UnknownRecordError
from vivavoce.store.records import AgentRecord
from vivavoce.store.schema import agents

PAGE_LENGTH_MAXIMUM = 1_000
_LIVING = agents.c.deleted_at.is_(None)
_COLUMNS = (agents.c.id, agents.c.definition, agents.c.updated_at)


class StoredAgents:
    """Adds, finds and changes agents. Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def add(self, definition: AgentDefinition) -> AgentRecord:
        """Keep a new agent. Raises `DuplicateRecordError` when its id was ever used."""
        values = _row_of(definition) | {"created_at": definition.created_at, "updated_at": definition.created_at}
        try:
            async with self._database.writing() as connection:
                await connection.execute(insert(agents).values(id=definition.agent_id, **values))
        except IntegrityError as error:
            raise DuplicateRecordError(f"an agent with the id {definition.agent_id} exists already") from error
        return AgentRecord(definition, definition.created_at)

    async def get(self, agent_id: str) -> AgentRecord | None:
        """The agent, or None where there is none or it was deleted."""
        found = await self._fetch(select(*_COLUMNS).where(agents.c.id == agent_id, _LIVING))
        return found[0] if found else None

    async def first(self) -> AgentRecord | None:
        """The oldest agent: the one that callers get who name none."""
        found = await self.list(limit=1)
        return found[0] if found else None

    async def list(self, *, limit: int = 100, after: AgentId | None = None) -> Sequence[AgentRecord]:
        """Up to `limit` agents (at most 1 000), oldest first, beginning behind the agent `after`."""
        query = select(*_COLUMNS).where(_LIVING).order_by(agents.c.created_at, agents.c.id)
        if after is not None:
            border = select(agents.c.created_at, agents.c.id).where(agents.c.id == after)
            query = query.where(tuple_(agents.c.created_at, agents.c.id) > border.scalar_subquery())
        return await self._fetch(query.limit(min(limit, PAGE_LENGTH_MAXIMUM)))

    async def count(self) -> int:
        async with self._database.reading() as connection:
            return (await connection.execute(select(func.count()).select_from(agents).where(_LIVING))).scalar_one()

    async def replace(self, definition: AgentDefinition) -> AgentRecord:
        """Keep the new definition of an agent that exists. Raises `UnknownRecordError`."""
        now = self._now()
        await self._update(definition.agent_id, _row_of(definition) | {"updated_at": now})
        return AgentRecord(definition, now)

    async def delete(self, agent_id: str) -> None:
        """Raises `UnknownRecordError` when there is no such agent any more."""
        await self._update(agent_id, {"deleted_at": self._now()})

    async def _update(self, agent_id: str, values: dict[str, Any]) -> None:
        async with self._database.writing() as connection:
            done = await connection.execute(update(agents).where(agents.c.id == agent_id, _LIVING).values(**values))
        if done.rowcount == 0:
            raise UnknownRecordError("agent", agent_id)

    async def _fetch(self, query: Select[Any]) -> Sequence[AgentRecord]:
        async with self._database.reading() as connection:
            return [_record_of(row) for row in await connection.execute(query)]


def _row_of(definition: AgentDefinition) -> dict[str, Any]:
    return {"name": definition.name, "definition": msgspec.to_builtins(definition)}


def _record_of(row: Row[Any]) -> AgentRecord:
    try:
        return AgentRecord(msgspec.convert(row.definition, AgentDefinition), row.updated_at)
    except msgspec.ValidationError as error:
        raise StoreError(f"the agent {row.id} in the database cannot be read: {error}") from error
