"""What the AgentHuman API answers with: every answer is an envelope that says whether it succeeded."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

SessionType = Literal["agent_voice", "agent_video", "agent_chat", "webrtc_video"]
SessionStatus = Literal["created", "active", "ended"]
AspectRatio = Literal["4:3", "3:4", "1:1", "16:9", "9:16"]


class Success(BaseModel):
    """An answer that is a success."""

    success: Literal[True] = Field(default=True, description="Always true.")


class Session(BaseModel):
    """A session with an agent."""

    session_id: int = Field(description="The session's number.", examples=[456])
    agent_id: int | None = Field(description="The agent's number; null for a call without one.", examples=[123])
    agent_name: str | None = Field(description="What people call the agent.", examples=["Sales Support Agent"])
    session_type: str = Field(
        description="`agent_voice`, `agent_video`, `agent_chat` or `webrtc_video`.", examples=["agent_voice"]
    )
    status: SessionStatus = Field(
        description="`created` until somebody connects, for sessions of other APIs; then `active`, at last `ended`.",
        examples=["active"],
    )
    started_at: datetime | None = Field(description="When it began.", examples=["2024-01-15T10:30:00Z"])
    ended_at: datetime | None = Field(description="When it ended; null until then.")
    duration: float | None = Field(description="How long it lasted, in seconds; null until it has ended.")
    end_reason: str | None = Field(description="Why it ended; null until then.")
    expires_at: datetime = Field(description="When it ends at the latest.")
    metadata: dict[str, Any] = Field(
        description="What it was given when it was started.", examples=[{"source": "web_app", "device": "desktop"}]
    )
    avatar_id: int | None = Field(description="The number of the agent's avatar; null without one.", examples=[1])
    avatar_name: str | None = Field(description="What the avatar is called.", examples=["Professional Avatar"])
    avatar_url: str | None = Field(description="Where its picture is.", examples=["https://example.com/avatar.jpg"])
    voice_id: str | None = Field(description="The agent's voice.", examples=["21m00Tcm4TlvDq8ikWAM"])


class StartedSession(Session):
    """A session that was just started, and the way into it."""

    websocket_url: str = Field(
        description="The call's realtime WebSocket. Opened as it is, it needs nothing else: the token is in it."
    )
    access_token: str = Field(
        description="Opens this session's call and nothing else, for clients that bring it in a header."
    )


class SessionStarted(Success):
    """A session was started."""

    session: StartedSession = Field(description="The session.")
    message: str = Field(description="For a person.", examples=["Session started successfully"])


class SessionFound(Success):
    """A session."""

    session: Session = Field(description="The session.")


class SessionEnded(SessionFound):
    """A session is over."""

    message: str = Field(description="For a person.", examples=["Session ended successfully"])


class AgentHumanPagination(BaseModel):
    """Which part of a list this is."""

    limit: int = Field(description="How many were asked for.")
    offset: int = Field(description="How many were skipped.")
    pagination_token: str | None = Field(
        description="Send it back as `pagination_token` for the next page; null on the last."
    )


class Sessions(Success):
    """A page of sessions."""

    sessions: list[Session] = Field(description="The sessions, the newest first.")
    pagination: AgentHumanPagination = Field(description="Which part of the list this is.")


class Message(BaseModel):
    """Something that was said or written."""

    message_id: int = Field(description="The message's number.", examples=[789])
    session_id: int = Field(description="The session's number.", examples=[456])
    role: Literal["user", "assistant", "system", "tool"] = Field(description="Who said it.", examples=["user"])
    content: str = Field(description="The words.", examples=["What time is it?"])
    created_at: datetime = Field(description="When it was kept.")


class MessageAnswered(Success):
    """A message and the agent's answer to it."""

    message: Message = Field(description="The message as it was kept.")
    reply: Message = Field(description="What the agent answered.")
    session_ended: bool = Field(description="True: that was the last answer that the agent may give.")


class Messages(Success):
    """A page of what was said in a session."""

    messages: list[Message] = Field(description="The messages, the oldest first.")
    pagination: AgentHumanPagination = Field(description="Which part of the list this is.")


class AgentHumanAgent(BaseModel):
    """An agent."""

    agent_id: int = Field(description="The agent's number.", examples=[123])
    agent_name: str = Field(description="What people call it.", examples=["Sales Support Agent"])
    description: str = Field(description="What it is for.")
    instructions: str = Field(description="What it is told.")
    voice_id: str = Field(description="Its voice.", examples=["21m00Tcm4TlvDq8ikWAM"])
    language: str = Field(description="The language of its callers, as a BCP-47 tag.", examples=["en"])
    greeting: str | None = Field(description="What it says first; null: the caller speaks first.")
    status: Literal["active", "paused", "deleted"] = Field(description="Only active agents start sessions.")
    avatar_id: int | None = Field(description="The number of its avatar; null without one.", examples=[1])
    avatar_name: str | None = Field(description="What the avatar is called.", examples=["Professional Avatar"])
    avatar_url: str | None = Field(description="Where its picture is.", examples=["https://example.com/avatar.jpg"])
    metadata: dict[str, Any] = Field(description="The client's own words about it.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")


class AgentFound(Success):
    """An agent."""

    agent: AgentHumanAgent = Field(description="The agent.")


class AgentChanged(AgentFound):
    """An agent was made or changed."""

    message: str = Field(description="For a person.", examples=["Agent created successfully"])


class AgentDeleted(Success):
    """An agent is gone."""

    agent_id: int = Field(description="The agent's number.", examples=[123])
    message: str = Field(description="For a person.", examples=["Agent deleted successfully"])


class Agents(Success):
    """A page of agents."""

    agents: list[AgentHumanAgent] = Field(description="The agents, the newest first.")
    pagination: AgentHumanPagination = Field(description="Which part of the list this is.")


class Avatar(BaseModel):
    """How an agent looks."""

    avatar_id: int = Field(description="The avatar's number.", examples=[1])
    avatar_name: str = Field(description="What it is called.", examples=["Professional Avatar"])
    avatar_url: str = Field(description="Where its picture is.", examples=["https://example.com/avatar.jpg"])
    aspect_ratio: AspectRatio = Field(description="Width to height.", examples=["1:1"])
    metadata: dict[str, Any] = Field(description="The client's own words about it.")
    created_at: datetime = Field(description="When it was made.")


class AvatarFound(Success):
    """An avatar."""

    avatar: Avatar = Field(description="The avatar.")


class AvatarCreated(AvatarFound):
    """An avatar was made."""

    message: str = Field(description="For a person.", examples=["Avatar created successfully"])


class AvatarDeleted(Success):
    """An avatar is gone."""

    avatar_id: int = Field(description="The avatar's number.", examples=[1])
    message: str = Field(description="For a person.", examples=["Avatar deleted successfully"])


class Avatars(Success):
    """A page of avatars."""

    avatars: list[Avatar] = Field(description="The avatars, the newest first.")
    pagination: AgentHumanPagination = Field(description="Which part of the list this is.")
