"""Agents: made, found, changed, taken away. The same for every dialect; stateless but for the store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vivavoce.agents import checks
from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.definition import DEFAULT_AGENT, AgentDefinition, AgentUpdate
from vivavoce.agents.identifiers import Kind, parse
from vivavoce.agents.resources import PhoneNumber
from vivavoce.services.announcing import Announcer
from vivavoce.services.callers import Caller
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import AgentRecord, AgentVersion, Page, PageRequest
from vivavoce.store.resources import Resource
from vivavoce.store.rows import PAGE_LENGTH_MAXIMUM
from vivavoce.store.store import Store


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which phone number an agent is to have: its id, or None for none."""

    phone_number_id: str | None


class AgentService:
    """`end_sessions` is told of an agent that was deleted, so that its calls end."""

    def __init__(
        self, store: Store, announcer: Announcer, end_sessions: Callable[[AgentRecord], Awaitable[None]]
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._end_sessions = end_sessions

    async def create(
        self, caller: Caller, definition: AgentDefinition, assignment: Assignment | None = None
    ) -> AgentRecord:
        """Raises `UnknownRecordError` for a phone number that is not there, `InvalidFieldError` for a collection."""
        await self._check_collections(caller, definition.collection_ids)
        number = None if assignment is None else await self._wanted_number(caller, assignment)
        agent = await self._store.agents.add(caller.organisation_id, definition)
        if number is not None:
            await self._assign(caller, agent, number.resource_id)
        return agent

    async def get(self, caller: Caller, agent: str, *, even_deleted: bool = False) -> AgentRecord:
        """The agent with this id in any of its renderings, or the first one for `default`.

        Raises `UnknownRecordError`, also for another organisation's agent.
        """
        agents = self._store.agents
        found: AgentRecord | None = None
        if agent == DEFAULT_AGENT:
            found = await agents.first(caller.organisation_id)
        elif (identifier := parse(Kind.AGENT, agent)) is not None:
            found = await agents.get(caller.organisation_id, identifier, even_deleted=even_deleted)
        if found is None:
            raise UnknownRecordError("agent", agent)
        return found

    async def list(
        self, caller: Caller, request: PageRequest, *, search: str | None = None, paused: bool | None = None
    ) -> Page[AgentRecord]:
        checks.storable("search", search or "")
        return await self._store.agents.list(caller.organisation_id, request, search=search, paused=paused)

    async def update(
        self, caller: Caller, agent: str, update: AgentUpdate, assignment: Assignment | None = None
    ) -> AgentRecord:
        """Change what the update's mask names, and which phone number the agent has.

        Nothing changes when any of it cannot be. Raises `InvalidFieldError`, `UnknownRecordError`.
        """
        found = await self.get(caller, agent)
        if (wanted := update.applied_to(found.definition).collection_ids) != found.definition.collection_ids:
            await self._check_collections(caller, wanted)
        number = None if assignment is None else await self._wanted_number(caller, assignment)
        changed = await self._store.agents.change(caller.organisation_id, found.seq, update.applied_to)
        if assignment is not None:
            await self._assign(caller, found, None if number is None else number.resource_id)
        if assignment is not None or changed.version != found.version:
            await self._announce(changed)
        return changed

    async def delete(self, caller: Caller, agent: str) -> AgentRecord:
        """Take the agent away and end its sessions. Raises `UnknownRecordError`."""
        found = await self.get(caller, agent)
        gone = await self._store.agents.delete(caller.organisation_id, found.seq)
        await self._assign(caller, gone, None)
        await self._end_sessions(gone)
        await self._announce(gone)
        return gone

    async def versions(self, agent: AgentRecord, limit: int, before: int | None = None) -> Sequence[AgentVersion]:
        """Up to `limit` definitions that the agent has had, the newest first, older than the version `before`."""
        return await self._store.agents.versions(agent, limit, before)

    async def version(self, agent: AgentRecord, version: int) -> AgentVersion:
        """One definition that the agent has had. Raises `UnknownRecordError`."""
        return await self._store.agents.version(agent, version)

    async def restore(self, caller: Caller, agent: str, version: int) -> AgentRecord:
        """Make a former definition the present one, as a new version. Raises `UnknownRecordError`."""
        found = await self.get(caller, agent)
        former = await self._store.agents.version(found, version)
        restored = await self._store.agents.change(caller.organisation_id, found.seq, lambda _: former.definition)
        if restored.version != found.version:
            await self._announce(restored)
        return restored

    async def phone_number_of(self, caller: Caller, agent: AgentRecord) -> Resource[PhoneNumber] | None:
        """The number that the agent calls with."""
        page = await self._store.phone_numbers.list(
            caller.organisation_id, PageRequest(limit=1), agent_id=agent.agent_id
        )
        return page.items[0] if page.items else None

    async def phone_numbers_of(self, caller: Caller, agents: Sequence[AgentRecord]) -> Mapping[str, str]:
        """The ids of the numbers that these agents call with, by the agents' ids; those without one are left out."""
        if not agents:
            return {}
        wanted = [agent.agent_id for agent in agents]
        page = await self._store.phone_numbers.list(
            caller.organisation_id, PageRequest(limit=PAGE_LENGTH_MAXIMUM), agent_id=wanted
        )
        return {str(number.body.agent_id): number.resource_id for number in page.items}

    async def _check_collections(self, caller: Caller, collection_ids: Sequence[str]) -> None:
        for index, collection_id in enumerate(collection_ids):
            identifier = parse(Kind.COLLECTION, collection_id)
            collections = self._store.collections
            if identifier is None or await collections.get(caller.organisation_id, identifier) is None:
                message = f"there is no collection with the id {collection_id[:80]!r}"
                raise InvalidFieldError(f"collection_ids[{index}]", message)

    async def _wanted_number(self, caller: Caller, assignment: Assignment) -> Resource[PhoneNumber] | None:
        if assignment.phone_number_id is None:
            return None
        identifier = parse(Kind.PHONE_NUMBER, assignment.phone_number_id)
        numbers = self._store.phone_numbers
        found = None if identifier is None else await numbers.get(caller.organisation_id, identifier)
        if found is None:
            raise UnknownRecordError("phone number", assignment.phone_number_id)
        return found

    async def _assign(self, caller: Caller, agent: AgentRecord, phone_number_id: str | None) -> None:
        numbers = self._store.phone_numbers
        held = await numbers.list(caller.organisation_id, PageRequest(limit=100), agent_id=agent.agent_id)
        for other in held.items:
            if other.resource_id != phone_number_id:
                await numbers.change(caller.organisation_id, other.seq, lambda body: replace(body, agent_id=None))
        if phone_number_id is not None:
            await numbers.change(
                caller.organisation_id, phone_number_id, lambda body: replace(body, agent_id=agent.agent_id)
            )

    async def _announce(self, agent: AgentRecord) -> None:
        data: dict[str, Any] = {
            "agent_id": agent.agent_id,
            "name": agent.definition.name,
            "version": agent.version,
            "status": agent.status,
            "updated_at": agent.updated_at.isoformat(),
        }
        await self._announcer.announce(agent.organisation_id, "agent.updated", data)
