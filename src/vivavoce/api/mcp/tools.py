"""The tools of the platform's MCP server: each a few lines between a model's arguments and a service. Stateless.

There is none that calls a telephone: this server has no lines.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from vivavoce.agents.lifecycle import ENDED, OPEN
from vivavoce.api.agents.agent_object import agent_object
from vivavoce.api.agents.changing import assignment_of, change_of, definition_of, in_clients_words
from vivavoce.api.agents.requests import AgentPatch
from vivavoce.api.dependencies import page_request, pagination_token
from vivavoce.api.mcp.arguments import (
    CreateAgent,
    ListAgents,
    ListSessions,
    OneAgent,
    OneSession,
    PagedArguments,
    ReadTranscript,
    SearchKnowledge,
    StartSession,
    TalkToAgent,
    UpdateAgent,
)
from vivavoce.api.platform.document_search import COLLECTIONS_MAXIMUM
from vivavoce.knowledge.search import PassageQuery
from vivavoce.services.callers import Caller
from vivavoce.services.errors import RefusedError
from vivavoce.services.platform import Platform
from vivavoce.services.sessions import OpenedSession, SessionWish, over
from vivavoce.store.records import AgentRecord, MessageRecord, PageRequest, SessionRecord
from vivavoce.store.sessions import SessionFilter
from vivavoce.tools.shown import restored, without_secrets

CHAT = "chat"
DIALECT = "mcp"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks what, and how this server is reached (`ws://…` or `wss://…`)."""

    platform: Platform
    caller: Caller
    websocket_root: str


@dataclass(frozen=True, slots=True)
class PlatformTool:
    """A tool. `scope`: what a key must have for it. `run` raises what services raise."""

    name: str
    description: str
    scope: str
    arguments: type[BaseModel]
    run: Callable[[Asked, Any], Awaitable[Mapping[str, Any]]]

    @property
    def read_only(self) -> bool:
        return self.scope == "read"


async def _list_agents(asked: Asked, wanted: ListAgents) -> Mapping[str, Any]:
    page = await asked.platform.agents.list(asked.caller, _page(wanted), search=wanted.search)
    agents = [
        {
            "agent_id": each.agent_id,
            "name": each.definition.name,
            "description": each.definition.description,
            "language": each.definition.language,
            "status": each.status,
        }
        for each in page.items
    ]
    return {"agents": agents, "pagination_token": pagination_token(page.next_seq)}


async def _get_agent(asked: Asked, wanted: OneAgent) -> Mapping[str, Any]:
    return await _shown_agent(asked, await asked.platform.agents.get(asked.caller, wanted.agent_id))


async def _create_agent(asked: Asked, wanted: CreateAgent) -> Mapping[str, Any]:
    definition = definition_of(wanted.agent)
    agent = await asked.platform.agents.create(asked.caller, definition, assignment_of(wanted.agent))
    return await _shown_agent(asked, agent)


async def _update_agent(asked: Asked, wanted: UpdateAgent) -> Mapping[str, Any]:
    changes = wanted.changes
    if changes.tools is not None:
        # Tools are shown without what lets the server in elsewhere; one that comes back unchanged keeps it.
        known = (await asked.platform.agents.get(asked.caller, wanted.agent_id)).definition.tools
        changes = changes.model_copy(update={"tools": restored(changes.tools, known)})
    change = change_of(AgentPatch(agent=changes))
    with in_clients_words(change.fields, "changes."):
        agent = await asked.platform.agents.update(asked.caller, wanted.agent_id, change.update)
    return await _shown_agent(asked, agent)


async def _talk_to_agent(asked: Asked, wanted: TalkToAgent) -> Mapping[str, Any]:
    platform, caller = asked.platform, asked.caller
    if wanted.session_id is None:
        wish = SessionWish(DIALECT, wanted.agent_id, channel=CHAT, kind="agent_chat", active=True)
        opened = await platform.open_session(caller, wish)
        session, agent = opened.session, opened.agent
    else:
        session = await platform.sessions.get(caller, wanted.session_id)
        if session.status.is_over:
            raise over(session)
        if session.channel != CHAT:
            message = "This session is a call: somebody talks to it over its WebSocket. Start one in writing instead."
            raise RefusedError("invalid_session", message)
        agent = None if session.agent_id is None else await platform.agents.get(caller, session.agent_id)
    _, answer = await platform.chat.answer(caller, session, agent, wanted.message)
    now = await platform.sessions.get(caller, session.session_id)
    return {
        "session_id": session.session_id,
        "answer": answer.message.content,
        "session_ended": now.status.is_over,
    }


async def _start_session(asked: Asked, wanted: StartSession) -> Mapping[str, Any]:
    is_chat = wanted.channel == CHAT
    wish = SessionWish(
        DIALECT,
        wanted.agent_id,
        channel=CHAT if is_chat else "web",
        kind="agent_chat" if is_chat else "agent_voice",
        thread=wanted.thread_id,
        title=wanted.title,
        metadata=wanted.metadata,
        active=is_chat,
    )
    opened = await asked.platform.open_session(asked.caller, wish)
    return _shown_session(opened.session) | ({} if is_chat else _way_in(asked, opened))


async def _end_session(asked: Asked, wanted: OneSession) -> Mapping[str, Any]:
    session = await asked.platform.sessions.get(asked.caller, wanted.session_id)
    asked.platform.chat.forget(session.session_id)
    return _shown_session(await asked.platform.sessions.end(session, "completed"))


async def _list_sessions(asked: Asked, wanted: ListSessions) -> Mapping[str, Any]:
    agent_id: str | None = None
    if wanted.agent_id is not None:
        agent_id = (await asked.platform.agents.get(asked.caller, wanted.agent_id, even_deleted=True)).agent_id
    statuses = None if wanted.state is None else OPEN if wanted.state == "open" else ENDED
    narrowed = SessionFilter(agent_id=agent_id, statuses=statuses)
    page = await asked.platform.sessions.list(asked.caller, _page(wanted), narrowed)
    sessions = [_shown_session(each) for each in page.items]
    return {"sessions": sessions, "pagination_token": pagination_token(page.next_seq)}


async def _read_transcript(asked: Asked, wanted: ReadTranscript) -> Mapping[str, Any]:
    session = await asked.platform.sessions.get(asked.caller, wanted.session_id)
    page = await asked.platform.sessions.messages(session, _page(wanted, newest_first=False))
    messages = [_shown_message(each) for each in page.items]
    token = pagination_token(page.next_seq)
    return {"session": _shown_session(session), "messages": messages, "pagination_token": token}


async def _search_knowledge(asked: Asked, wanted: SearchKnowledge) -> Mapping[str, Any]:
    platform, caller = asked.platform, asked.caller
    if wanted.collection_ids is None:
        page = PageRequest(limit=COLLECTIONS_MAXIMUM)
        collections = (await platform.store.collections.list(caller.organisation_id, page)).items
    else:
        collections = [await platform.knowledge.collection(caller, each) for each in wanted.collection_ids]
    ids = tuple(each.resource_id for each in collections)
    found = await platform.knowledge.search(PassageQuery(caller.organisation_id, ids, wanted.query, wanted.limit))
    passages = [
        {
            "document": each.name,
            "heading": each.heading,
            "page": each.page,
            "content": each.content,
            "score": each.score,
            "collection_id": each.collection_id,
            "file_id": each.file_id,
        }
        for each in found
    ]
    return {"passages": passages}


def _page(wanted: PagedArguments, *, newest_first: bool = True) -> PageRequest:
    order = "desc" if newest_first else "asc"
    return page_request(wanted.limit, 0, wanted.pagination_token, order)


async def _shown_agent(asked: Asked, agent: AgentRecord) -> Mapping[str, Any]:
    number = await asked.platform.agents.phone_number_of(asked.caller, agent)
    shown = agent_object(agent, None if number is None else number.resource_id)
    told = shown.model_dump(mode="json", exclude_unset=True)
    return told | {"tools": [without_secrets(tool) for tool in told["tools"]]}


def _shown_session(session: SessionRecord) -> dict[str, Any]:
    return {
        "session_id": session.session_id,
        "agent_id": session.agent_id,
        "thread_id": session.thread_id,
        "title": session.details.title,
        "channel": CHAT if session.channel == CHAT else "voice",
        "status": session.status.value,
        "created_at": session.created_at.isoformat(),
        "started_at": None if session.started_at is None else session.started_at.isoformat(),
        "ended_at": None if session.ended_at is None else session.ended_at.isoformat(),
        "end_reason": session.end_reason,
        "duration_seconds": session.duration_seconds,
        "metadata": dict(session.details.metadata),
    }


def _way_in(asked: Asked, opened: OpenedSession) -> dict[str, Any]:
    """How somebody joins a call: the token opens this one and nothing else."""
    path = f"/v1/sessions/{opened.session.session_id}/stream"
    return {"websocket_url": asked.websocket_root + path, "token": opened.token}


def _shown_message(message: MessageRecord) -> dict[str, Any]:
    said = message.message
    return {
        "message_id": message.message_id,
        "role": said.role,
        "content": said.content,
        "generated_text": said.generated_text,
        "tool_call": None if said.tool_call is None else dict(said.tool_call),
        "start_ms": said.start_ms,
        "end_ms": said.end_ms,
        "interrupted": said.interrupted,
        "created_at": message.created_at.isoformat(),
    }


PLATFORM_TOOLS = (
    PlatformTool("list_agents", "The voice agents of this organisation.", "read", ListAgents, _list_agents),
    PlatformTool("get_agent", "Everything that an agent is told and may call.", "read", OneAgent, _get_agent),
    PlatformTool("create_agent", "Make a new voice agent.", "write", CreateAgent, _create_agent),
    PlatformTool(
        "update_agent",
        "Change an agent; calls that run keep what they had.",
        "write",
        UpdateAgent,
        _update_agent,
    ),
    PlatformTool(
        "talk_to_agent",
        "Write something to an agent and read its answer. Send the `session_id` of the answer to go on.",
        "realtime",
        TalkToAgent,
        _talk_to_agent,
    ),
    PlatformTool(
        "start_session",
        "Open a session with an agent, in writing or as a call that somebody joins. It calls no telephone.",
        "realtime",
        StartSession,
        _start_session,
    ),
    PlatformTool("end_session", "End a session, and the call on it.", "write", OneSession, _end_session),
    PlatformTool(
        "list_sessions",
        "Conversations with the agents, the newest first.",
        "read",
        ListSessions,
        _list_sessions,
    ),
    PlatformTool(
        "read_transcript",
        "What was said or written in a session, with the tools that the agent called, the oldest first.",
        "read",
        ReadTranscript,
        _read_transcript,
    ),
    PlatformTool(
        "search_knowledge",
        "Passages of the documents that agents know, by words and by meaning, the best first. Quote them with their "
        "document and page.",
        "read",
        SearchKnowledge,
        _search_knowledge,
    ),
)
