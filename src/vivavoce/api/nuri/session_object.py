"""Sessions and transcripts as the Nuri API shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Literal, get_args

from fastapi import Request
from pydantic import BaseModel, Field

from vivavoce.agents.identifiers import with_prefix
from vivavoce.agents.lifecycle import ENDED, OPEN, SessionStatus
from vivavoce.api.agents.agent_object import NURI_PREFIX
from vivavoce.api.agents.examples import NURI_AGENT_ID, SESSION_ID
from vivavoce.api.dependencies import pagination_token, websocket_url
from vivavoce.store.records import MessageRecord, MessageRole, Page, PageRequest, SessionRecord

SESSION_PREFIX = "ses"

NuriStatus = Literal["active", "ended", "expired"]

_MEANT: Mapping[NuriStatus, Collection[SessionStatus]] = {
    "active": OPEN,
    "ended": ENDED - {SessionStatus.EXPIRED},
    "expired": frozenset({SessionStatus.EXPIRED}),
}


class SessionObject(BaseModel):
    """A session with an agent."""

    session_id: str = Field(description="Unique session identifier (prefixed with ses_).", examples=[SESSION_ID])
    agent_id: str | None = Field(
        description="ID of the agent this session belongs to; null for a call without one.", examples=[NURI_AGENT_ID]
    )
    websocket_url: str | None = Field(
        description="WebSocket URL for real-time audio streaming. It opens this session without a key, so keep it "
        "secret. Null where the session is over, in lists, and for keys that may not hold calls.",
        examples=[f"wss://voice.example.com/v1/sessions/{SESSION_ID}/stream?token=vvs_…"],
    )
    created_at: datetime = Field(description="When it was made.")
    expires_at: datetime = Field(description="When it ends at the latest; until then the URL may be opened again.")
    status: NuriStatus = Field(description="Session status: active, ended, or expired.", examples=["active"])
    thread_id: str = Field(description="The thread that its messages are kept in.")
    started_at: datetime | None = Field(description="When somebody first connected.")
    ended_at: datetime | None = Field(description="When it ended.")
    duration_seconds: float | None = Field(description="From the first connection to the end.")
    end_reason: str | None = Field(description="Why it ended, such as `ended_by_client` or `expired`.")
    initial_message: str | None = Field(description="What the agent says first.")
    metadata: dict[str, Any] = Field(description="Custom key-value metadata attached to the session.")


class SessionList(BaseModel):
    """A page of sessions, the newest first."""

    sessions: list[SessionObject] = Field(description="The sessions of this page.")
    has_more: bool = Field(description="Whether there are more behind this page.")
    limit: int = Field(description="How many were asked for.")
    offset: int = Field(description="How many were skipped.")
    pagination_token: str | None = Field(description="Send it back as `pagination_token` for the next page.")


class TranscriptMessage(BaseModel):
    """One thing that was said. Times are milliseconds since the session began."""

    id: str = Field(description="The message's id.")
    role: MessageRole = Field(description="Who said it; `tool`: what a function answered.")
    content: str = Field(description="What was said; of an interrupted answer only what the caller heard.")
    generated_text: str | None = Field(
        description="All that was generated of an answer of which not all was heard; null where `content` is all of it."
    )
    tool_call: dict[str, Any] | None = Field(description="The function call that it is or answers: `call_id`, `name`.")
    start_ms: int | None = Field(description="When it began.")
    end_ms: int | None = Field(description="When it ended.")
    interrupted: bool = Field(description="Whether the caller cut it off.")
    created_at: datetime = Field(description="When it was kept.")


class Transcript(BaseModel):
    """What was said in a session, oldest first."""

    session_id: str = Field(description="The session.", examples=[SESSION_ID])
    agent_id: str | None = Field(description="Its agent.", examples=[NURI_AGENT_ID])
    status: NuriStatus = Field(description="Session status: active, ended, or expired.")
    messages: list[TranscriptMessage] = Field(description="The messages of this page.")
    has_more: bool = Field(description="Whether there are more behind this page.")
    pagination_token: str | None = Field(description="Send it back as `pagination_token` for the next page.")


def statuses_of(status: NuriStatus) -> Collection[SessionStatus]:
    """What the core calls it."""
    return _MEANT[status]


def status_of(session: SessionRecord) -> NuriStatus:
    return next(status for status in get_args(NuriStatus) if session.status in _MEANT[status])


def stream_url(request: Request, session: SessionRecord, token: str) -> str:
    """Where the session's call is opened, with the token that does so."""
    path = f"/v1/sessions/{with_prefix(session.session_id, SESSION_PREFIX)}/stream"
    return f"{websocket_url(request, path)}?token={token}"


def session_object(session: SessionRecord, url: str | None = None) -> SessionObject:
    details = session.details
    return SessionObject(
        session_id=with_prefix(session.session_id, SESSION_PREFIX),
        agent_id=_agent_id(session),
        websocket_url=url,
        created_at=session.created_at,
        expires_at=session.expires_at,
        status=status_of(session),
        thread_id=session.thread_id,
        started_at=session.started_at,
        ended_at=session.ended_at,
        duration_seconds=session.duration_seconds,
        end_reason=session.end_reason,
        initial_message=details.initial_message,
        metadata=dict(details.metadata),
    )


def session_list(page: Page[SessionRecord], asked: PageRequest) -> SessionList:
    return SessionList(
        sessions=[session_object(session) for session in page.items],
        has_more=page.next_seq is not None,
        limit=asked.limit,
        offset=asked.offset,
        pagination_token=pagination_token(page.next_seq),
    )


def transcript(session: SessionRecord, page: Page[MessageRecord]) -> Transcript:
    return Transcript(
        session_id=with_prefix(session.session_id, SESSION_PREFIX),
        agent_id=_agent_id(session),
        status=status_of(session),
        messages=[_message(message) for message in page.items],
        has_more=page.next_seq is not None,
        pagination_token=pagination_token(page.next_seq),
    )


def _agent_id(session: SessionRecord) -> str | None:
    return None if session.agent_id is None else with_prefix(session.agent_id, NURI_PREFIX)


def _message(record: MessageRecord) -> TranscriptMessage:
    said = record.message
    return TranscriptMessage(
        id=record.message_id,
        role=said.role,
        content=said.content,
        generated_text=said.generated_text,
        tool_call=None if said.tool_call is None else dict(said.tool_call),
        start_ms=said.start_ms,
        end_ms=said.end_ms,
        interrupted=said.interrupted,
        created_at=record.created_at,
    )
