"""Sessions and messages as the Agntix API writes them, and how ours become theirs. Values of one request or answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, Field

from vivavoce.agents.identifiers import as_uuid, with_prefix
from vivavoce.agents.lifecycle import SessionStatus, status_for
from vivavoce.api.agntix.paging import CAMEL, AgntixPagination, strict_with
from vivavoce.services.sessions import MESSAGE_LENGTH_MAXIMUM
from vivavoce.store.records import MessageRecord, SessionRecord

CHAT = "chat"
"""The channel of sessions that are written."""

RESOLVED = "RESOLVED"
ID_LENGTH_MAXIMUM = 128
REASON_LENGTH_MAXIMUM = 64

State = Literal["OPEN", "CLOSED", "EXPIRED"]
SessionType = Literal["VOICE", "CHAT"]
Role = Literal["USER", "ASSISTANT", "SYSTEM", "TOOL"]

STATUSES_OF: dict[State, frozenset[SessionStatus]] = {
    "OPEN": frozenset({SessionStatus.INITIALIZING, SessionStatus.ACTIVE}),
    "CLOSED": frozenset({SessionStatus.COMPLETED, SessionStatus.FAILED, SessionStatus.CANCELLED}),
    "EXPIRED": frozenset({SessionStatus.EXPIRED}),
}
_STATE_OF: dict[SessionStatus, State] = {status: state for state, all_of in STATUSES_OF.items() for status in all_of}
_ROLE_OF: dict[str, Role] = {"user": "USER", "assistant": "ASSISTANT", "system": "SYSTEM", "tool": "TOOL"}

SessionId = Annotated[str, Path(description="The session's id, in any rendering of it.")]

_AGENT_ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
_VOICE_ID = "vs_01j3m8xkqp8v2nw4f7g9hk0r5t"


def _as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value


AgentRef = Annotated[
    str,
    # One of the APIs counts its agents, and its clients know them by their number.
    BeforeValidator(_as_text),
    Field(
        min_length=1,
        max_length=ID_LENGTH_MAXIMUM,
        description="The agent: its UUID, or any other rendering of its id.",
        examples=[_AGENT_ID],
    ),
]
Metadata = Annotated[
    dict[str, Any] | None,
    Field(
        description="The client's own words about the session: at most 50 keys and 16 KiB.",
        examples=[{"callerId": "+1-555-000-0001"}],
    ),
]


class CreateVoiceSession(BaseModel):
    """A voice session to be opened. Unknown fields are ignored."""

    model_config = strict_with({"agentId": _AGENT_ID, "metadata": {"callerId": "+1-555-000-0001"}})

    agent_id: AgentRef
    metadata: Metadata = None


class AgntixCreatedVoiceSession(BaseModel):
    """Voice session created with LiveKit token."""

    model_config = CAMEL

    id: str = Field(description="`vs_…`.", examples=[_VOICE_ID])
    agent_id: str = Field(description="The agent, as a UUID.", examples=["3c90c3cc-0d44-4b50-8888-8dd25736052a"])
    token: str = Field(description="LiveKit access token.", examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9..."])
    server_url: str = Field(description="LiveKit server WebSocket URL.", examples=["wss://agntix-voice.livekit.cloud"])
    created_at: datetime = Field(description="When it was made.", examples=["2026-04-29T10:00:00Z"])
    room_name: str = Field(description="The LiveKit room that the token opens; named after the session.")
    expires_at: datetime = Field(description="When the session and its tokens end.")
    websocket_url: str = Field(
        description="The same session without LiveKit: a WebSocket of this server that speaks the OpenAI Realtime "
        "protocol. The address holds a token; treat it as a secret."
    )


class CreateChatSession(BaseModel):
    """A chat session to be opened. Unknown fields are ignored."""

    model_config = strict_with({"agentId": _AGENT_ID, "platform": "SDK", "metadata": {"userId": "usr_123"}})

    agent_id: AgentRef
    platform: str | None = Field(
        default=None,
        pattern="^[A-Za-z0-9_-]{1,32}$",
        description="Where people write: `SDK`, `WEB`, `WHATSAPP` or another word; `SDK` unless given.",
        examples=["SDK"],
    )
    metadata: Metadata = None
    thread_id: str | None = Field(
        default=None,
        max_length=ID_LENGTH_MAXIMUM,
        description="A thread to go on with, such as that of a former call; a new one unless given.",
    )


class CloseSession(BaseModel):
    """Why a session ends."""

    model_config = strict_with({"reason": RESOLVED})

    reason: str | None = Field(
        default=None,
        min_length=1,
        max_length=REASON_LENGTH_MAXIMUM,
        description="A word that is kept with the session; `RESOLVED` unless given.",
        examples=[RESOLVED],
    )


class AgntixSession(BaseModel):
    """A session, spoken or written."""

    model_config = CAMEL

    id: str = Field(description="`vs_…` of a voice session, `ses_…` of a chat session.", examples=[_VOICE_ID])
    agent_id: str | None = Field(description="The agent, as a UUID; null for a call without one.", examples=[_AGENT_ID])
    type: SessionType = Field(description="Whether it is spoken or written.")
    platform: str = Field(description="`VOICE` or `PHONE`, or what a chat session was given.", examples=["SDK"])
    direction: Literal["INBOUND"] | None = Field(description="Who called whom; null for chat sessions.")
    state: State = Field(description="`EXPIRED`: its time was up, or it was left alone too long.")
    metadata: dict[str, Any] = Field(description="The client's own words about it.")
    org_id: str = Field(description="Whose it is.", examples=["org_00000000000000000000000001"])
    thread_id: str = Field(description="The thread that holds what is said; it can go on in another session.")
    room_name: str | None = Field(description="The LiveKit room; null for chat sessions.")
    created_at: datetime = Field(description="When it was made.", examples=["2026-04-29T09:00:00Z"])
    updated_at: datetime = Field(description="When it was last used.", examples=["2026-04-29T09:45:00Z"])
    started_at: datetime | None = Field(description="When somebody first connected or wrote.")
    ended_at: datetime | None = Field(description="When it ended.")
    expires_at: datetime = Field(description="When it ends at the latest.")
    duration_seconds: float | None = Field(description="From `startedAt` to `endedAt`.")
    end_reason: str | None = Field(description="Why it ended.", examples=[RESOLVED])
    analysis: None = Field(default=None, description="Always null: this server makes no analysis of calls.")
    recording_url: None = Field(default=None, description="Always null: this server keeps no recordings.")


class AgntixSessionPage(BaseModel):
    """A page of sessions, the newest first."""

    model_config = CAMEL

    data: list[AgntixSession] = Field(description="The sessions of this page.")
    pagination: AgntixPagination = Field(description="Which page this is.")


class SendMessage(BaseModel):
    """Something to say to the agent. Unknown fields are ignored."""

    model_config = strict_with({"content": "What is my current subscription plan?", "stream": False})

    content: str = Field(
        min_length=1,
        max_length=MESSAGE_LENGTH_MAXIMUM,
        description="The words.",
        examples=["What is my current subscription plan?"],
    )
    stream: bool | None = Field(
        default=None, description="False: the whole answer as JSON; otherwise server-sent events."
    )


class AgntixMessage(BaseModel):
    """Something that was said."""

    model_config = CAMEL

    id: str = Field(description="`msg_…`.", examples=["msg_01j3m8xkqp8v2nw4f7g9hk0r5t"])
    content: str = Field(description="The words; of a spoken answer, those that were heard.")
    role: Role = Field(description="Who said it.")
    created_at: datetime = Field(description="When it was kept.", examples=["2026-04-29T09:10:00Z"])
    session_id: str = Field(description="The session in which it was said.")
    interrupted: bool = Field(description="Whether the caller broke in on it.")
    start_ms: int | None = Field(description="Where it began in the call, in milliseconds; null where it was written.")
    end_ms: int | None = Field(description="Where it ended in the call, in milliseconds.")
    tool_call: dict[str, Any] | None = Field(description="The tool call that this is, or that this answers.")


class AgntixMessagePage(BaseModel):
    """A page of messages, the oldest first."""

    model_config = CAMEL

    data: list[AgntixMessage] = Field(description="The messages of this page.")
    pagination: AgntixPagination = Field(description="Which page this is.")


def is_chat(session: SessionRecord) -> bool:
    return session.channel == CHAT


def session_id_of(session: SessionRecord) -> str:
    """As this API writes it."""
    return with_prefix(session.session_id, "ses" if is_chat(session) else "vs")


def shown_session(session: SessionRecord) -> AgntixSession:
    written = is_chat(session)
    spoken_on = "PHONE" if session.channel == "phone" else "VOICE"
    return AgntixSession(
        id=session_id_of(session),
        agent_id=None if session.agent_id is None else as_uuid(session.agent_id),
        type="CHAT" if written else "VOICE",
        platform=(session.details.platform or "SDK") if written else spoken_on,
        direction=None if written else "INBOUND",
        state=_STATE_OF[session.status],
        metadata=dict(session.details.metadata),
        org_id=session.organisation_id,
        thread_id=session.thread_id,
        room_name=None if written else session_id_of(session),
        created_at=session.created_at,
        updated_at=max(session.last_active_at, session.ended_at or session.created_at),
        started_at=session.started_at,
        ended_at=session.ended_at,
        expires_at=session.expires_at,
        duration_seconds=session.duration_seconds,
        end_reason=session.end_reason,
    )


def shown_message(record: MessageRecord, session: SessionRecord) -> AgntixMessage:
    said = record.message
    return AgntixMessage(
        id=record.message_id,
        content=said.content,
        role=_ROLE_OF[said.role],
        created_at=record.created_at,
        session_id=session_id_of(session),
        interrupted=said.interrupted,
        start_ms=said.start_ms,
        end_ms=said.end_ms,
        tool_call=None if said.tool_call is None else dict(said.tool_call),
    )


def reason_of(body: CloseSession | None) -> str:
    """The word to keep. Words that mean a bad end to us are the client's own here, and end it well."""
    reason = RESOLVED if body is None or body.reason is None else body.reason
    return reason if status_for(reason) is SessionStatus.COMPLETED else reason.upper()
