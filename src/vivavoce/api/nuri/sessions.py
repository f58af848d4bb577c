"""Sessions of the Nuri API: opened, listed, read back and ended. Thin routes without state."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime, Field

from vivavoce.agents.definition import GREETING_LENGTH_MAXIMUM
from vivavoce.api.agents.requests import NOT_BLANK
from vivavoce.api.agents.router import AgentIdInPath
from vivavoce.api.agents.spellings import Spelled
from vivavoce.api.dependencies import PageOf, PlatformOf, Reader, Speaker, Writer, page_request
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.api.nuri.session_object import (
    NuriStatus,
    SessionList,
    SessionObject,
    Transcript,
    session_list,
    session_object,
    statuses_of,
    stream_url,
    transcript,
)
from vivavoce.services.callers import Caller
from vivavoce.services.platform import Platform
from vivavoce.services.sessions import SessionWish
from vivavoce.store.records import SessionRecord
from vivavoce.store.sessions import SessionFilter

ENDED_BY_CLIENT = "ended_by_client"
TRANSCRIPT_LENGTH = 100
TRANSCRIPT_LENGTH_MAXIMUM = 1_000

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.NURI), tags=["Nuri: sessions"])

SessionIdInPath = Annotated[
    str, Path(description="The session's id in any rendering (`ses_…`, `sess_…`, `vs_…`, a UUID, a number).")
]
WantedStatus = Annotated[NuriStatus | None, Query(description="Only sessions with this status.")]


class NewSessionBody(Spelled):
    """A session to open."""

    metadata: dict[str, Any] | None = Field(
        default=None, description="Custom key-value metadata to attach to the session.", examples=[{"user_id": "42"}]
    )
    initial_message: str | None = Field(
        default=None,
        max_length=GREETING_LENGTH_MAXIMUM,
        description="Optional greeting message the agent speaks first.",
        examples=["Hi! How can I help you today?"],
        json_schema_extra=NOT_BLANK,
    )


@router.post("/v1/agents/{agent_id}/sessions", status_code=201, summary="Create session")
async def create_nuri_session(
    request: Request,
    platform: PlatformOf,
    caller: Speaker,
    agent_id: AgentIdInPath,
    body: NewSessionBody | None = None,
) -> SessionObject:
    """Start a new conversational session with an agent. Returns a WebSocket URL for real-time audio streaming."""
    given = body or NewSessionBody()
    wish = SessionWish(
        dialect=Dialect.NURI, agent=agent_id, initial_message=given.initial_message, metadata=given.metadata or {}
    )
    opened = await platform.open_session(caller, wish)
    return session_object(opened.session, stream_url(request, opened.session, opened.token))


@router.get("/v1/agents/{agent_id}/sessions", summary="List an agent's sessions")
async def list_nuri_sessions_of_agent(
    platform: PlatformOf, caller: Reader, agent_id: AgentIdInPath, page: PageOf, status: WantedStatus = None
) -> SessionList:
    """Also those of an agent that was deleted."""
    wanted = await _filter(platform, caller, agent_id, status)
    return session_list(await platform.sessions.list(caller, page, wanted), page)


@router.get("/v1/sessions", summary="List sessions")
async def list_nuri_sessions(
    platform: PlatformOf,
    caller: Reader,
    page: PageOf,
    agent_id: Annotated[str | None, Query(max_length=128, description="Only sessions with this agent.")] = None,
    status: WantedStatus = None,
    begin: Annotated[
        AwareDatetime | None, Query(alias="from", description="Only sessions that were opened then or later.")
    ] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to", description="Only sessions opened before.")] = None,
) -> SessionList:
    """Sessions of every API, the newest first."""
    wanted = await _filter(platform, caller, agent_id, status)
    wanted = replace(wanted, created_from=begin, created_before=end)
    return session_list(await platform.sessions.list(caller, page, wanted), page)


@router.get("/v1/sessions/{session_id}", summary="Get a session")
async def get_nuri_session(
    request: Request, platform: PlatformOf, caller: Reader, session_id: SessionIdInPath
) -> SessionObject:
    """While it is active, a key that may hold calls is given a fresh WebSocket URL, for reconnecting."""
    session = await platform.sessions.get(caller, session_id)
    return session_object(session, _fresh_url(request, platform, caller, session))


@router.post("/v1/sessions/{session_id}/end", summary="End a session")
async def end_nuri_session(platform: PlatformOf, caller: Writer, session_id: SessionIdInPath) -> SessionObject:
    """End a session and the call on it. One that is over stays as it is."""
    session = await platform.sessions.get(caller, session_id)
    return session_object(await platform.sessions.end(session, ENDED_BY_CLIENT))


@router.get("/v1/sessions/{session_id}/transcript", summary="Get a session's transcript")
async def get_nuri_transcript(
    platform: PlatformOf,
    caller: Reader,
    session_id: SessionIdInPath,
    limit: Annotated[
        int, Query(ge=1, le=TRANSCRIPT_LENGTH_MAXIMUM, description="How many messages to return.")
    ] = TRANSCRIPT_LENGTH,
    pagination_token: Annotated[
        str | None, Query(max_length=64, description="Where to go on: from the answer before.")
    ] = None,
) -> Transcript:
    """What was said, oldest first, with times and interruptions; also while the call goes on."""
    session = await platform.sessions.get(caller, session_id)
    page = page_request(limit, pagination_token=pagination_token, order="asc")
    return transcript(session, await platform.sessions.messages(session, page))


async def _filter(platform: Platform, caller: Caller, agent: str | None, status: NuriStatus | None) -> SessionFilter:
    """Raises `UnknownRecordError` for an agent that there never was."""
    found = None if agent is None else await platform.agents.get(caller, agent, even_deleted=True)
    return SessionFilter(
        agent_id=None if found is None else found.agent_id,
        statuses=None if status is None else statuses_of(status),
    )


def _fresh_url(request: Request, platform: Platform, caller: Caller, session: SessionRecord) -> str | None:
    if session.status.is_over or "realtime" not in caller.scopes:
        return None
    return stream_url(request, session, platform.sessions.token_for(session))
