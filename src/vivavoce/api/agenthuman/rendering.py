"""Records as the AgentHuman API shows them: numbers instead of ids, an agent's avatar beside the agent.

`Surroundings` lives for one request and asks the store once for each agent and avatar.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vivavoce.agents.identifiers import Kind, parse
from vivavoce.agents.lifecycle import SessionStatus
from vivavoce.agents.resources import Avatar
from vivavoce.api.agenthuman import shapes
from vivavoce.api.dependencies import pagination_token
from vivavoce.services.callers import Caller
from vivavoce.services.platform import Platform
from vivavoce.store.records import AgentRecord, MessageRecord, Page, PageRequest, SessionRecord
from vivavoce.store.resources import Resource

AvatarRecord = Resource[Avatar]


class Surroundings:
    """Finds the agents and avatars around what is shown, each once. Lives for one request."""

    def __init__(self, platform: Platform, caller: Caller) -> None:
        self._platform = platform
        self._caller = caller
        self._agents: dict[str, AgentRecord] = {}
        self._avatars: dict[str, AvatarRecord | None] = {}

    async def know(self, sessions: Iterable[SessionRecord]) -> None:
        """Ask for the agents of many sessions at once."""
        wanted = {session.agent_id for session in sessions if session.agent_id is not None} - self._agents.keys()
        if wanted:
            agents = self._platform.store.agents
            found = await agents.several(self._caller.organisation_id, sorted(wanted))
            self._agents |= {agent.agent_id: agent for agent in found}

    async def agent(self, agent_id: str) -> AgentRecord:
        """The agent of a session, deleted or not. Raises `UnknownRecordError`."""
        if agent_id not in self._agents:
            found = await self._platform.agents.get(self._caller, agent_id, even_deleted=True)
            self._agents[agent_id] = found
        return self._agents[agent_id]

    async def avatar(self, agent: AgentRecord) -> AvatarRecord | None:
        """The agent's avatar, if it has one and it is still there."""
        name = agent.definition.avatar_id
        if name is None:
            return None
        if name not in self._avatars:
            named = parse(Kind.AVATAR, name)
            avatars = self._platform.store.avatars
            found = None if named is None else await avatars.get(self._caller.organisation_id, named)
            self._avatars[name] = found
        return self._avatars[name]


async def session(record: SessionRecord, around: Surroundings) -> shapes.Session:
    agent = None if record.agent_id is None else await around.agent(record.agent_id)
    picture = None if agent is None else await around.avatar(agent)
    return shapes.Session(
        session_id=record.seq,
        agent_id=None if agent is None else agent.seq,
        agent_name=None if agent is None else agent.definition.name,
        session_type=record.details.kind,
        status=_status(record.status),
        started_at=record.started_at,
        ended_at=record.ended_at,
        duration=record.duration_seconds,
        end_reason=record.end_reason,
        expires_at=record.expires_at,
        metadata=dict(record.details.metadata),
        avatar_id=None if picture is None else picture.seq,
        avatar_name=None if picture is None else picture.body.name,
        avatar_url=None if picture is None else picture.body.url,
        voice_id=None if agent is None else agent.definition.voice,
    )


def message(record: MessageRecord, its_session: SessionRecord) -> shapes.Message:
    return shapes.Message(
        message_id=record.seq,
        session_id=its_session.seq,
        role=record.message.role,
        content=record.message.content,
        created_at=record.created_at,
    )


async def agent(record: AgentRecord, around: Surroundings) -> shapes.AgentHumanAgent:
    definition = record.definition
    picture = await around.avatar(record)
    return shapes.AgentHumanAgent(
        agent_id=record.seq,
        agent_name=definition.name,
        description=definition.description,
        instructions=definition.whole_instructions,
        voice_id=definition.voice,
        language=definition.language,
        greeting=definition.greeting,
        status=record.status,
        avatar_id=None if picture is None else picture.seq,
        avatar_name=None if picture is None else picture.body.name,
        avatar_url=None if picture is None else picture.body.url,
        metadata=dict(definition.metadata),
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def avatar(record: AvatarRecord) -> shapes.Avatar:
    return shapes.Avatar(
        avatar_id=record.seq,
        avatar_name=record.body.name,
        avatar_url=record.body.url,
        aspect_ratio=record.body.aspect_ratio,
        metadata=dict(record.body.metadata),
        created_at=record.created_at,
    )


def pagination(request: PageRequest, page: Page[Any]) -> shapes.AgentHumanPagination:
    return shapes.AgentHumanPagination(
        limit=request.limit,
        offset=request.offset,
        pagination_token=pagination_token(page.next_seq),
    )


def _status(status: SessionStatus) -> shapes.SessionStatus:
    if status.is_over:
        return "ended"
    return "active" if status is SessionStatus.ACTIVE else "created"
