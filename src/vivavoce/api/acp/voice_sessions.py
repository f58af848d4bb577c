"""The voice sessions of the ACP API: opened for a browser, appended to, grounded, ended, found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Body, Path, Query, Request, Response

from vivavoce.agents.definition import AgentDefinition
from vivavoce.agents.identifiers import Kind, parse, with_prefix
from vivavoce.api.acp import rendering, shapes
from vivavoce.api.acp.appending import appended
from vivavoce.api.acp.rendering import BROKERED
from vivavoce.api.acp.requests import NewTranscriptMessage, NewVoiceSession
from vivavoce.api.acp.session_updates import session_update, unknown_to_call
from vivavoce.api.auth import XAI_KEY_SUBPROTOCOL
from vivavoce.api.dependencies import PageOf, PlatformOf, Reader, Speaker, Writer, websocket_url
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.services.callers import Caller
from vivavoce.services.errors import ConflictError, UpstreamFailedError
from vivavoce.services.platform import Platform
from vivavoce.services.sessions import OpenedSession, SessionWish
from vivavoce.services.upstream_xai import UpstreamError, UpstreamSecret, UpstreamXai
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import AgentRecord, MessageRecord, PageRequest, SessionRecord
from vivavoce.store.sessions import SessionFilter

REALTIME_PATH = "/v1/realtime"
UPSTREAM_SECRET_SECONDS = 300
REFRESH_INTERVAL_MS = 15_000
MESSAGES_SHOWN = 100

AgentIdPath = Annotated[str, Path(alias="agentId", description="Agent ID, in any rendering.")]
SessionIdPath = Annotated[str, Path(alias="sessionId", description="The voice session's id, in any rendering.")]

router = APIRouter(
    prefix="/v1/voice-agents",
    route_class=IdempotentRoute,
    responses=error_responses(Dialect.ACP),
    tags=["ACP: voice sessions"],
)


@router.post(
    "/agents/{agentId}/sessions",
    status_code=201,
    summary="Create browser voice session",
    responses=error_responses(Dialect.ACP, 502),
    response_description="Voice session and xAI browser connection details",
)
async def create_voice_session(
    request: Request,
    platform: PlatformOf,
    caller: Speaker,
    agent_id: AgentIdPath,
    body: Annotated[NewVoiceSession | None, Body()] = None,
) -> shapes.AcpCreatedVoiceSession:
    wanted = body or NewVoiceSession()
    agent = await platform.agents.get(caller, agent_id)
    _check_channel(agent)
    upstream = platform.upstream_xai if agent.definition.voice_provider == "xai" else None
    wish = SessionWish(
        dialect="acp",
        agent=agent.agent_id,
        provider="xai" if upstream is None else BROKERED,
        thread=wanted.thread_id or None,
        environment=wanted.environment_id or None,
        title=wanted.title or None,
    )
    opened = await platform.open_session(caller, wish)
    if upstream is None:
        connection = await _connection_here(request, platform, opened, agent.definition)
    else:
        connection = await _connection_there(platform, upstream, opened, agent.definition)
    session_id = opened.session.session_id
    return shapes.AcpCreatedVoiceSession(
        voice_session=rendering.voice_session(opened.session),
        thread=rendering.thread(opened.thread),
        xai=connection,
        communicator=shapes.Communicator(
            enabled=wanted.communicator_mode,
            grounding_url=f"/voice-agents/sessions/{session_id}/grounding",
            refresh_interval_ms=REFRESH_INTERVAL_MS,
        ),
    )


@router.get("/sessions", summary="List voice sessions")
async def list_voice_sessions(
    platform: PlatformOf,
    caller: Reader,
    page: PageOf,
    agent_id: Annotated[str | None, Query(alias="agentId", description="Only of this agent.")] = None,
    thread_id: Annotated[str | None, Query(alias="threadId", description="Only in this thread.")] = None,
    channel: Annotated[Literal["web", "phone"] | None, Query(description="Only held there.")] = None,
) -> shapes.VoiceSessions:
    wanted = SessionFilter(
        agent_id=None if agent_id is None else await _agent_id(platform, caller, agent_id),
        thread_id=None if thread_id is None else await _thread_id(platform, caller, thread_id),
        channel="phone" if channel == "phone" else None,
        other_channel_than="phone" if channel == "web" else None,
    )
    found = await platform.sessions.list(caller, replace(page, with_total=True), wanted)
    return shapes.VoiceSessions(
        data=[rendering.voice_session(session) for session in found.items],
        pagination=rendering.pagination(page, found),
    )


@router.get("/sessions/{sessionId}", summary="Get a voice session")
async def get_voice_session(
    platform: PlatformOf, caller: Reader, session_id: SessionIdPath
) -> shapes.FoundVoiceSession:
    session = await platform.sessions.get(caller, session_id)
    newest = await platform.sessions.messages(session, PageRequest(limit=MESSAGES_SHOWN))
    thread = await platform.sessions.thread_of(session)
    return shapes.FoundVoiceSession(
        voice_session=rendering.voice_session(session),
        thread=rendering.thread_with_messages(thread, newest.items[::-1]),
    )


@router.post(
    "/sessions/{sessionId}/messages",
    status_code=201,
    summary="Append to the transcript",
    responses={200: {"model": shapes.KeptMessage, "description": "The message was there already."}},
)
async def append_transcript_message(
    platform: PlatformOf, caller: Writer, session_id: SessionIdPath, body: NewTranscriptMessage, response: Response
) -> shapes.KeptMessage:
    """Sent again with the same `event.client_transcript_id`, a message is kept once and `created` is false.

    A call that this server holds is also written down by the server: what it has already is not kept twice.
    """
    session = await platform.sessions.get(caller, session_id)
    kept, created = await appended(platform, session, body)
    response.status_code = 201 if created else 200
    return shapes.KeptMessage(
        event=shapes.Reference(id=with_prefix(kept.message_id, Kind.EVENT)),
        message=shapes.Reference(id=kept.message_id),
        created=created,
    )


@router.get("/sessions/{sessionId}/grounding", summary="Get what a running call should know now")
async def get_grounding(platform: PlatformOf, caller: Reader, session_id: SessionIdPath) -> shapes.Grounding:
    """The agent's newest definition, and what was written in the thread that the call does not know."""
    session = await platform.sessions.get(caller, session_id)
    agent = await platform.agents.get(caller, session.agent_id or "", even_deleted=True)
    await platform.sessions.touch(session)
    return shapes.Grounding(session_update=await _session_update(platform, session, agent.definition))


@router.post("/sessions/{sessionId}/end", summary="End a voice session")
async def end_voice_session(
    platform: PlatformOf, caller: Writer, session_id: SessionIdPath
) -> shapes.EndedVoiceSession:
    """One that is over stays as it is. One that never began is cancelled."""
    session = await platform.sessions.get(caller, session_id)
    if not session.status.is_over:
        reason = "cancelled" if session.started_at is None else "ended_by_client"
        session = await platform.sessions.end(session, reason)
    return shapes.EndedVoiceSession(voice_session=rendering.voice_session(session))


# --- within ---------------------------------------------------------------------------------------------------------


def _check_channel(agent: AgentRecord) -> None:
    mode = agent.definition.channels
    if mode in ("web", "web_and_phone"):
        return
    message = (
        f"The agent takes no calls from browsers: its voiceMode is '{mode}'. Allow them first: "
        f'PATCH /v1/voice-agents/agents/{agent.agent_id} with {{"voiceMode": "web"}}.'
    )
    raise ConflictError("voice_mode_off", message)


async def _connection_here(
    request: Request, platform: Platform, opened: OpenedSession, definition: AgentDefinition
) -> shapes.RealtimeConnection:
    return shapes.RealtimeConnection(
        realtime_url=websocket_url(request, REALTIME_PATH),
        client_secret=shapes.ClientSecret(value=opened.token, expires_at=int(opened.session.expires_at.timestamp())),
        websocket_protocol=XAI_KEY_SUBPROTOCOL + opened.token,
        session_update=await _session_update(platform, opened.session, definition),
    )


async def _connection_there(
    platform: Platform, upstream: UpstreamXai, opened: OpenedSession, definition: AgentDefinition
) -> shapes.RealtimeConnection:
    secret = await _upstream_secret(platform, upstream, opened.session)
    model = definition.voice_model
    query = "" if model is None else "?" + urlencode({"model": model})
    return shapes.RealtimeConnection(
        realtime_url=secret.realtime_url + query,
        client_secret=shapes.ClientSecret(value=secret.value, expires_at=secret.expires_at),
        websocket_protocol=XAI_KEY_SUBPROTOCOL + secret.value,
        session_update=await _session_update(platform, opened.session, definition),
    )


async def _upstream_secret(platform: Platform, upstream: UpstreamXai, session: SessionRecord) -> UpstreamSecret:
    """Raises `UpstreamFailedError`; the session has failed then."""
    try:
        return await upstream.client_secret(UPSTREAM_SECRET_SECONDS)
    except UpstreamError as error:
        await platform.sessions.end(session, "broke")
        raise UpstreamFailedError("upstream_failed", str(error)) from error


async def _session_update(platform: Platform, session: SessionRecord, definition: AgentDefinition) -> dict[str, object]:
    context: Sequence[MessageRecord] = ()
    if session.started_at is not None or session.details.provider == BROKERED:
        newest = PageRequest(limit=MESSAGES_SHOWN)
        threads = platform.store.threads
        page = await threads.messages(session.organisation_id, newest, thread_id=session.thread_id)
        context = unknown_to_call(session, page.items)
    return session_update(
        definition,
        session,
        context,
        voices=platform.voices(),
        transcription_model=platform.speech_to_text,
    )


async def _agent_id(platform: Platform, caller: Caller, agent_id: str) -> str:
    return (await platform.agents.get(caller, agent_id, even_deleted=True)).agent_id


async def _thread_id(platform: Platform, caller: Caller, thread_id: str) -> str:
    named = parse(Kind.THREAD, thread_id)
    found = None if named is None else await platform.store.threads.get(caller.organisation_id, named)
    if found is None:
        raise UnknownRecordError("thread", thread_id)
    return found.thread_id
