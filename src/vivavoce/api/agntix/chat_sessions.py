"""`/v1/chat/chat/sessions`: sessions in writing, and the transcripts of calls. Thin routes without state."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response

from vivavoce.api.agntix.paging import MessagesPageOf, NumberedPageOf
from vivavoce.api.agntix.session_models import (
    CHAT,
    STATUSES_OF,
    AgntixMessage,
    AgntixMessagePage,
    AgntixSession,
    AgntixSessionPage,
    CloseSession,
    CreateChatSession,
    SendMessage,
    SessionId,
    SessionType,
    is_chat,
    shown_message,
    shown_session,
)
from vivavoce.api.agntix.voice_sessions import AgentFilter, StateFilter, agent_filter, ended
from vivavoce.api.dependencies import PlatformOf, Reader, Speaker, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect, body_of
from vivavoce.api.errors import problem_of, request_id_of
from vivavoce.api.hanging_up import EventStreamResponse, unless_gone
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.engines.ports import TextGenerated
from vivavoce.services.chatting import AnswerPart, QuestionKept
from vivavoce.services.errors import RefusedError, ServiceError
from vivavoce.services.sessions import SessionWish, over
from vivavoce.store.errors import StoreError
from vivavoce.store.sessions import SessionFilter

_STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; as events `{id, delta}` and then `[DONE]` unless `stream` is false.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}

router = APIRouter(
    route_class=IdempotentRoute, responses=error_responses(Dialect.AGNTIX, 502), tags=["Agntix: chat sessions"]
)


@router.post("/v1/chat/chat/sessions", status_code=201, response_model=AgntixSession, summary="Open a chat session")
async def create_chat_session(body: CreateChatSession, caller: Speaker, platform: PlatformOf) -> AgntixSession:
    """Then send messages to it."""
    wish = SessionWish(
        "agntix",
        body.agent_id,
        channel=CHAT,
        kind="agent_chat",
        thread=body.thread_id,
        platform=body.platform or "SDK",
        metadata=body.metadata or {},
        active=True,
    )
    return shown_session((await platform.open_session(caller, wish)).session)


@router.get("/v1/chat/chat/sessions", response_model=AgntixSessionPage, summary="List sessions")
async def list_chat_sessions(
    caller: Reader,
    platform: PlatformOf,
    page: NumberedPageOf,
    agent_id: AgentFilter = None,
    state: StateFilter = None,
    session_type: Annotated[
        SessionType | None, Query(alias="sessiontype", description="Only written, or only spoken ones.")
    ] = None,
) -> AgntixSessionPage:
    """Sessions in writing and calls, the newest first."""
    wanted = SessionFilter(
        agent_id=await agent_filter(platform, caller, agent_id),
        channel=CHAT if session_type == "CHAT" else None,
        other_channel_than=CHAT if session_type == "VOICE" else None,
        statuses=None if state is None else STATUSES_OF[state],
    )
    found = await platform.sessions.list(caller, page.request(), wanted)
    return AgntixSessionPage(data=[shown_session(each) for each in found.items], pagination=page.of(found.total))


@router.get("/v1/chat/chat/sessions/{sessionId}", response_model=AgntixSession, summary="Get a session")
async def get_chat_session(sessionId: SessionId, caller: Reader, platform: PlatformOf) -> AgntixSession:  # noqa: N803
    """A session in writing, or a call."""
    return shown_session(await platform.sessions.get(caller, sessionId))


@router.patch("/v1/chat/chat/sessions/{sessionId}/close", response_model=AgntixSession, summary="Close a session")
async def close_chat_session(
    sessionId: SessionId,  # noqa: N803 - the document's word
    caller: Writer,
    platform: PlatformOf,
    body: Annotated[CloseSession | None, Body()] = None,
) -> AgntixSession:
    """No further messages can be sent; what was said can still be read. One that is over stays as it is."""
    return await ended(platform, caller, sessionId, body)


@router.get("/v1/chat/chat/sessions/{sessionId}/messages", response_model=AgntixMessagePage, summary="List messages")
async def list_chat_messages(
    sessionId: SessionId,  # noqa: N803 - the document's word
    caller: Reader,
    platform: PlatformOf,
    page: MessagesPageOf,
) -> AgntixMessagePage:
    """What was written or said in a session, the oldest first; of a call it is the transcript."""
    session = await platform.sessions.get(caller, sessionId)
    found = await platform.sessions.messages(session, page.request(newest_first=False))
    data = [shown_message(each, session) for each in found.items]
    return AgntixMessagePage(data=data, pagination=page.of(found.total))


@router.post(
    "/v1/chat/chat/sessions/{sessionId}/messages",
    response_model=AgntixMessage,
    responses=_STREAMED,
    summary="Send a message",
)
async def send_chat_message(
    sessionId: SessionId,  # noqa: N803 - the document's word
    body: SendMessage,
    request: Request,
    caller: Speaker,
    platform: PlatformOf,
) -> AgntixMessage | Response:
    """The agent answers. A failure after the stream has begun comes as an event `{error}` without `[DONE]` after it."""
    session = await platform.sessions.get(caller, sessionId)
    if session.status.is_over:
        raise over(session)
    if not is_chat(session):
        message = "This is a voice session: talk to it over its websocketUrl, or open a chat session with its threadId."
        raise RefusedError("invalid_session", message)
    agent = None if session.agent_id is None else await platform.agents.get(caller, session.agent_id)
    if body.stream is False:
        work = platform.chat.answer(caller, session, agent, body.content)
        _, answered = await unless_gone(request, work)
        return shown_message(answered, session)
    parts = platform.chat.answer_stream(caller, session, agent, body.content)
    # Whatever keeps the answer from beginning is told with a status of its own.
    message_id, first = await unless_gone(request, _begun(parts))
    return EventStreamResponse(_events(message_id, first, parts, request_id_of(request.scope)), parts)


async def _begun(parts: AsyncGenerator[AnswerPart]) -> tuple[str, AnswerPart]:
    """The id that the answer will have, and its first part."""
    message_id = ""
    async for part in parts:
        if not isinstance(part, QuestionKept):
            return message_id, part
        message_id = part.answer_id
    raise AssertionError("an answer that ends without an error is kept")


async def _events(
    message_id: str, first: AnswerPart, parts: AsyncGenerator[AnswerPart], request_id: str
) -> AsyncGenerator[str]:
    try:
        part: AnswerPart | None = first
        while part is not None:
            if isinstance(part, TextGenerated):
                yield _event({"id": message_id, "delta": part.text})
            part = await anext(parts, None)
    except (ServiceError, StoreError) as error:
        yield _event(body_of(problem_of(error), Dialect.AGNTIX, request_id))
        return
    yield "data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
