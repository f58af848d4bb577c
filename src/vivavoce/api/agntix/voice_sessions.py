"""`/v1/voice/sessions`: calls over LiveKit, or over this server's own WebSocket. Thin routes without state."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request

from vivavoce.agents import checks
from vivavoce.agents.identifiers import as_uuid
from vivavoce.api.agntix.paging import NumberedPageOf
from vivavoce.api.agntix.session_models import (
    CHAT,
    STATUSES_OF,
    AgntixCreatedVoiceSession,
    AgntixSession,
    AgntixSessionPage,
    CloseSession,
    CreateVoiceSession,
    SessionId,
    State,
    reason_of,
    session_id_of,
    shown_session,
)
from vivavoce.api.dependencies import PlatformOf, Reader, Speaker, Writer, websocket_url
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.services.callers import Caller
from vivavoce.services.errors import ConflictError, RefusedError
from vivavoce.services.livekit_tokens import LiveKitSettings, mint
from vivavoce.services.platform import Platform
from vivavoce.services.sessions import SessionWish
from vivavoce.store.records import AgentRecord, SessionRecord
from vivavoce.store.sessions import SessionFilter

LIVEKIT_AGENT = "vivavoce"
"""The name under which LiveKit dispatches the agent to the room."""

router = APIRouter(
    route_class=IdempotentRoute, responses=error_responses(Dialect.AGNTIX), tags=["Agntix: voice sessions"]
)

AgentFilter = Annotated[
    str | None, Query(alias="agentId", max_length=128, description="Only sessions with this agent.")
]
StateFilter = Annotated[State | None, Query(description="Only sessions in this state.")]


@router.post(
    "/v1/voice/sessions", status_code=201, response_model=AgntixCreatedVoiceSession, summary="Create voice session"
)
async def create_voice_session(
    body: CreateVoiceSession, request: Request, caller: Speaker, platform: PlatformOf
) -> AgntixCreatedVoiceSession:
    """The agent must have `voiceEnabled: true` and a `voicePipelineMode` set (400). Where the server has no LiveKit
    keys the answer is 409 with the code `LIVEKIT_NOT_CONFIGURED`, and no session is made."""
    agent = await platform.agents.get(caller, body.agent_id)
    _check_may_speak(agent)
    livekit = _livekit(platform)
    wish = SessionWish("agntix", agent.agent_id, provider="livekit", metadata=body.metadata or {})
    opened = await platform.open_session(caller, wish)
    session_id = session_id_of(opened.session)
    return AgntixCreatedVoiceSession(
        id=session_id,
        agent_id=as_uuid(agent.agent_id),
        token=_livekit_token(livekit, opened.session, agent, platform),
        server_url=livekit.url,
        created_at=opened.session.created_at,
        room_name=session_id,
        expires_at=opened.session.expires_at,
        websocket_url=websocket_url(request, f"/v1/sessions/{session_id}/stream?token={opened.token}"),
    )


@router.get("/v1/voice/sessions", response_model=AgntixSessionPage, summary="List voice sessions")
async def list_voice_sessions(
    caller: Reader, platform: PlatformOf, page: NumberedPageOf, agent_id: AgentFilter = None, state: StateFilter = None
) -> AgntixSessionPage:
    """Calls of every dialect, the newest first."""
    wanted = SessionFilter(
        agent_id=await agent_filter(platform, caller, agent_id),
        other_channel_than=CHAT,
        statuses=None if state is None else STATUSES_OF[state],
    )
    found = await platform.sessions.list(caller, page.request(), wanted)
    return AgntixSessionPage(data=[shown_session(each) for each in found.items], pagination=page.of(found.total))


@router.get("/v1/voice/sessions/{id}", response_model=AgntixSession, summary="Get a voice session")
async def get_voice_session(id: SessionId, caller: Reader, platform: PlatformOf) -> AgntixSession:  # noqa: A002
    """What was said in it: `/v1/chat/chat/sessions/{id}/messages`."""
    return shown_session(await platform.sessions.get(caller, id))


@router.post("/v1/voice/sessions/{id}/end", response_model=AgntixSession, summary="End a voice session")
@router.patch("/v1/voice/sessions/{id}/close", response_model=AgntixSession, summary="Close a voice session")
async def end_voice_session(
    id: SessionId,  # noqa: A002 - the document's word
    caller: Writer,
    platform: PlatformOf,
    body: Annotated[CloseSession | None, Body()] = None,
) -> AgntixSession:
    """Ends the call too. A session that is over stays as it is."""
    return await ended(platform, caller, id, body)


async def ended(platform: Platform, caller: Caller, session_id: str, body: CloseSession | None) -> AgntixSession:
    """The session, over now."""
    reason = reason_of(body)
    checks.storable("reason", reason)
    session = await platform.sessions.get(caller, session_id)
    platform.chat.forget(session.session_id)
    return shown_session(await platform.sessions.end(session, reason))


async def agent_filter(platform: Platform, caller: Caller, agent_id: str | None) -> str | None:
    """Our id of the agent whose sessions are wanted. Raises `UnknownRecordError`."""
    if agent_id is None:
        return None
    return (await platform.agents.get(caller, agent_id, even_deleted=True)).agent_id


def _check_may_speak(agent: AgentRecord) -> None:
    definition = agent.definition
    lacking: dict[str, object] = {}
    if not definition.voice_enabled:
        lacking["voiceEnabled"] = True
    if definition.voice_pipeline_mode is None:
        lacking["voicePipelineMode"] = "pipeline"
    if lacking:
        path = f"/v2/chat/agents/{as_uuid(agent.agent_id)}"
        message = f"The agent takes no voice sessions as it is; PATCH {path} with {json.dumps(lacking)} first."
        raise RefusedError("voice_not_enabled", message)


def _livekit(platform: Platform) -> LiveKitSettings:
    if platform.livekit is None:
        message = (
            "This server has no LiveKit keys. Start it with LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET set, "
            "or call the agent over the WebSocket /v1/realtime?agent_id=… instead."
        )
        raise ConflictError("livekit_not_configured", message)
    return platform.livekit


def _livekit_token(livekit: LiveKitSettings, session: SessionRecord, agent: AgentRecord, platform: Platform) -> str:
    """Everybody in the room reads the metadata, and it travels in an address: it holds ids, not the client's words."""
    room = session_id_of(session)
    now = platform.now()
    return mint(
        livekit,
        room=room,
        identity=f"caller-{room}",
        name="Caller",
        metadata=json.dumps({"sessionId": room, "agentId": as_uuid(agent.agent_id)}),
        ttl_seconds=max(1, int((session.expires_at - now).total_seconds())),
        now=now,
        agent_name=LIVEKIT_AGENT,
    )
