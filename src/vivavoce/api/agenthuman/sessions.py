"""The sessions of the AgentHuman API: started, written in, ended, found."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request

from vivavoce.agents.lifecycle import ENDED, SessionStatus
from vivavoce.api.agenthuman import rendering, shapes
from vivavoce.api.agenthuman.rendering import Surroundings
from vivavoce.api.agenthuman.requests import NewMessage, NewSession
from vivavoce.api.dependencies import (
    OFFSET_MAXIMUM,
    PageOf,
    PlatformOf,
    Reader,
    Speaker,
    Writer,
    page_request,
    websocket_url,
)
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.services.sessions import SessionWish
from vivavoce.store.sessions import SessionFilter

MESSAGES_SHOWN = 50
MESSAGES_SHOWN_MAXIMUM = 100

SessionIdPath = Annotated[str, Path(description="The session's number, or its id in another API.")]

_STATUSES = {
    "created": frozenset({SessionStatus.INITIALIZING}),
    "active": frozenset({SessionStatus.ACTIVE}),
    "ended": ENDED,
}

router = APIRouter(
    prefix="/api/v1/sessions",
    route_class=IdempotentRoute,
    responses=error_responses(Dialect.AGENTHUMAN),
    tags=["AgentHuman: sessions"],
)


@router.post("", status_code=201, summary="Create Session")
async def create_session(
    request: Request, platform: PlatformOf, caller: Speaker, body: NewSession
) -> shapes.SessionStarted:
    """Initiate a new session with an agent. It is active at once; its call may be opened at `websocket_url`."""
    wish = SessionWish(
        dialect="agenthuman",
        agent=body.agent_id,
        channel="chat" if body.session_type == "agent_chat" else "web",
        kind="agent_voice" if body.session_type == "voice" else body.session_type,
        metadata=body.metadata or {},
        active=True,
    )
    opened = await platform.open_session(caller, wish)
    shown = await rendering.session(opened.session, Surroundings(platform, caller))
    stream = websocket_url(request, f"/v1/sessions/{opened.session.session_id}/stream")
    started = shapes.StartedSession(
        **dict(shown), websocket_url=f"{stream}?token={quote(opened.token)}", access_token=opened.token
    )
    return shapes.SessionStarted(session=started, message="Session started successfully")


@router.get("", summary="List Sessions")
async def list_sessions(
    platform: PlatformOf,
    caller: Reader,
    page: PageOf,
    agent_id: Annotated[str | None, Query(description="Only of this agent.")] = None,
    status: Annotated[shapes.SessionStatus | None, Query(description="Only with this status.")] = None,
) -> shapes.Sessions:
    agent = None if agent_id is None else await platform.agents.get(caller, agent_id, even_deleted=True)
    wanted = SessionFilter(
        agent_id=None if agent is None else agent.agent_id, statuses=None if status is None else _STATUSES[status]
    )
    found = await platform.sessions.list(caller, page, wanted)
    around = Surroundings(platform, caller)
    await around.know(found.items)
    return shapes.Sessions(
        sessions=[await rendering.session(record, around) for record in found.items],
        pagination=rendering.pagination(page, found),
    )


@router.get("/{session_id}", summary="Get Session")
async def get_session(platform: PlatformOf, caller: Reader, session_id: SessionIdPath) -> shapes.SessionFound:
    record = await platform.sessions.get(caller, session_id)
    return shapes.SessionFound(session=await rendering.session(record, Surroundings(platform, caller)))


@router.post(
    "/{session_id}/messages",
    status_code=201,
    summary="Send Message",
    responses=error_responses(Dialect.AGENTHUMAN, 502),
)
async def send_message(
    platform: PlatformOf, caller: Speaker, session_id: SessionIdPath, body: NewMessage
) -> shapes.MessageAnswered:
    """The agent answers in writing, in sessions of every type."""
    session = await platform.sessions.get(caller, session_id)
    agent = None if session.agent_id is None else await platform.agents.get(caller, session.agent_id, even_deleted=True)
    question, answer = await platform.chat.answer(caller, session, agent, body.content)
    now = await platform.sessions.get(caller, session.session_id)
    return shapes.MessageAnswered(
        message=rendering.message(question, session),
        reply=rendering.message(answer, session),
        session_ended=now.status.is_over,
    )


@router.get("/{session_id}/messages", summary="List Messages")
async def list_messages(
    platform: PlatformOf,
    caller: Reader,
    session_id: SessionIdPath,
    limit: Annotated[int, Query(ge=1, le=MESSAGES_SHOWN_MAXIMUM, description="How many to return.")] = MESSAGES_SHOWN,
    offset: Annotated[int, Query(ge=0, le=OFFSET_MAXIMUM, description="How many to skip.")] = 0,
    pagination_token: Annotated[
        str | None, Query(max_length=64, description="Where to go on: from the answer before.")
    ] = None,
) -> shapes.Messages:
    page = page_request(limit, offset, pagination_token, "asc")
    session = await platform.sessions.get(caller, session_id)
    found = await platform.sessions.messages(session, page)
    return shapes.Messages(
        messages=[rendering.message(record, session) for record in found.items],
        pagination=rendering.pagination(page, found),
    )


@router.put("/{session_id}/end", summary="End Session")
async def end_session(platform: PlatformOf, caller: Writer, session_id: SessionIdPath) -> shapes.SessionEnded:
    """One that is over stays as it is."""
    session = await platform.sessions.get(caller, session_id)
    if not session.status.is_over:
        reason = "cancelled" if session.started_at is None else "ended_by_client"
        session = await platform.sessions.end(session, reason)
    shown = await rendering.session(session, Surroundings(platform, caller))
    return shapes.SessionEnded(session=shown, message="Session ended successfully")


router.add_api_route("/{session_id}/end", end_session, methods=["POST"], summary="End Session, with POST")
