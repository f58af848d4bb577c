"""What the ACP API answers with: the objects of its document and of its clients, in camel case."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

VoiceMode = Literal["off", "web", "phone", "web_and_phone"]
Channel = Literal["web", "phone"]


class AcpObject(BaseModel):
    """Anything of this API: its fields are in camel case outside; requests may also write them in snake case."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class VoiceSession(AcpObject):
    """A call, or one that may begin."""

    id: str = Field(description="Unique identifier.", examples=["sess_01k8z3m7q4x9v2b6n5c1d0f8gh"])
    agent_id: str | None = Field(description="Agent ID.", examples=["agent_01k8z3m7q4x9v2b6n5c1d0f8gh"])
    thread_id: str = Field(description="Thread ID.", examples=["thr_01k8z3m7q4x9v2b6n5c1d0f8gh"])
    binding_id: str | None = Field(description="The phone number that the call came through; null on the web.")
    provider: Literal["xai"] = Field(description="Whose realtime protocol the call speaks; always `xai`.")
    channel: Channel = Field(description="Where the call is held.")
    status: Literal["initializing", "active", "completed", "failed", "cancelled"] = Field(
        description="Current lifecycle status. One whose time was up is `completed`; its metadata says so."
    )
    xai_call_id: str | None = Field(description="The id of the telephone call; null on the web.")
    xai_session_id: str | None = Field(
        description="The id that the realtime session tells in `session.created`; null for calls held at xAI."
    )
    from_number: str | None = Field(description="Who called, for phone calls.")
    to_number: str | None = Field(description="Who was called, for phone calls.")
    started_at: datetime | None = Field(description="ISO 8601 timestamp: when somebody connected.")
    ended_at: datetime | None = Field(description="ISO 8601 timestamp: when it ended.")
    duration_seconds: float | None = Field(description="From the first connection to the end.")
    metadata: dict[str, Any] = Field(
        description="Free-form metadata object. `end_reason` is added where the time was up: `expired` or `idle`."
    )


class ThreadMessage(AcpObject):
    """Something that was said."""

    id: str = Field(description="Unique identifier.")
    role: Literal["user", "assistant", "system", "tool"] = Field(description="Who said it.")
    content: str = Field(description="The words; of the agent's, those that were heard.")
    session_id: str | None = Field(description="The voice session in which it was said.")
    interrupted: bool = Field(description="Whether the caller broke in on it.")
    created_at: datetime = Field(description="When it was kept.")


class Thread(AcpObject):
    """What was said, across sessions."""

    id: str = Field(description="Thread ID.", examples=["thr_01k8z3m7q4x9v2b6n5c1d0f8gh"])
    project_id: str | None = Field(default=None, description="This server has no projects: always null.")
    environment_id: str | None = Field(description="Computer ID.")
    agent_id: str | None = Field(description="Agent ID.")
    title: str | None = Field(description="Display title.")
    status: str = Field(description="`active` or `archived`.")
    message_count: int = Field(description="How many messages it has.")
    total_tokens: int = Field(default=0, description="Not counted by this server: always 0.")
    total_cost: float = Field(default=0.0, description="Not counted by this server: always 0.")
    created_at: datetime = Field(description="When it was begun.")
    updated_at: datetime = Field(description="When something was last said or changed.")


class ThreadWithMessages(Thread):
    """A thread and the newest of what was said."""

    messages: list[ThreadMessage] = Field(description="The newest messages of this session, the oldest first.")


class ClientSecret(AcpObject):
    """What lets a browser into one call."""

    value: str = Field(description="The secret itself; it opens this call and nothing else.")
    expires_at: int = Field(description="Until when it opens it, in Unix seconds.", examples=[1767225600])


class RealtimeConnection(AcpObject):
    """How a browser holds the call."""

    realtime_url: str = Field(
        description="Open this WebSocket with `websocketProtocol` as its only sub-protocol; no key is needed.",
        examples=["wss://voice.example.com/v1/realtime"],
    )
    client_secret: ClientSecret = Field(description="What lets a browser into this call.")
    websocket_protocol: str = Field(
        description="The sub-protocol to offer: `xai-client-secret.` and the secret.",
        examples=["xai-client-secret.vvs_eyJ…"],
    )
    session_update: dict[str, Any] = Field(
        description="A whole `session.update` event: send it as the first message of the call."
    )


class Communicator(AcpObject):
    """How a call follows what happens in its thread meanwhile."""

    enabled: bool = Field(description="Whether the client asked for it.")
    grounding_url: str = Field(
        description="Where to fetch a fresh `sessionUpdate`, behind the API's base address with `/v1`."
    )
    refresh_interval_ms: int = Field(description="How often to fetch it.")


class AcpCreatedVoiceSession(AcpObject):
    """Voice session and realtime connection details."""

    voice_session: VoiceSession = Field(description="The session.")
    thread: Thread = Field(description="The thread in which it is held.")
    xai: RealtimeConnection = Field(description="The way into the call, for a browser.")
    communicator: Communicator = Field(description="How the call follows its thread.")


class FoundVoiceSession(AcpObject):
    """A session and what was said in it."""

    voice_session: VoiceSession = Field(description="The session.")
    thread: ThreadWithMessages = Field(description="Its thread, with what was said in the session.")


class EndedVoiceSession(AcpObject):
    """A session that is over."""

    voice_session: VoiceSession = Field(description="The session.")


class Grounding(AcpObject):
    """What a running call should know now."""

    session_update: dict[str, Any] = Field(description="A whole `session.update` event: send it as it is.")


class Reference(AcpObject):
    """Something that was kept."""

    id: str = Field(description="Unique identifier.")


class KeptMessage(AcpObject):
    """A message of a transcript that is kept."""

    event: Reference = Field(description="The event of its being said.")
    message: Reference = Field(description="The message.")
    created: bool = Field(description="False: it was there already.")


class AcpPagination(AcpObject):
    """Which part of a list this is."""

    total: int = Field(description="How many there are in all.")
    limit: int = Field(description="How many were asked for.")
    offset: int = Field(description="How many were skipped.")
    pagination_token: str | None = Field(
        description="Send it back as `pagination_token` for the next page; null on the last."
    )


class VoiceSessions(AcpObject):
    """A page of sessions."""

    data: list[VoiceSession] = Field(description="The sessions, the newest first.")
    pagination: AcpPagination = Field(description="Which part of the list this is.")


class AcpAgent(AcpObject):
    """An agent."""

    id: str = Field(description="Agent ID.", examples=["agent_01k8z3m7q4x9v2b6n5c1d0f8gh"])
    name: str = Field(description="What people call it.")
    description: str = Field(description="What it is for.")
    instructions: str = Field(description="What it is told, but for `voice.instructions`.")
    model: str | None = Field(description="The language model that its maker chose; null: the server's own.")
    status: Literal["active", "paused", "deleted"] = Field(description="Only active agents take calls.")
    version: int = Field(description="How many definitions it has had.")
    metadata: dict[str, Any] = Field(description="Free-form metadata object.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")


class TurnDetectionObject(BaseModel):
    """How the agent notices that the caller has begun and has finished; spelled as in the realtime protocol."""

    type: Literal["semantic_vad", "server_vad", "none"] = Field(
        description="By the sound of the words, by the length of the pause, or by the client."
    )
    threshold: float = Field(description="The probability from which on a sound counts as speech.")
    prefix_padding_ms: int = Field(description="How much of the time before the speech is heard with it.")
    silence_duration_ms: int = Field(description="With `server_vad`: the pause that ends a turn.")
    eagerness: Literal["low", "medium", "high", "auto"] = Field(description="With `semantic_vad`: how soon to answer.")
    create_response: bool = Field(description="Whether the end of a turn is answered without being asked.")
    interrupt_response: bool = Field(description="Whether the caller may break in.")


class AgentVoice(AcpObject):
    """How an agent speaks and where it may be called."""

    mode: VoiceMode = Field(description="Where it may be called.")
    enabled: bool = Field(description="Whether it may be called at all.")
    provider: str = Field(description="`xai` is held at xAI where the server has a key of xAI; else here.")
    model: str | None = Field(description="The realtime model that its maker chose.")
    voice_id: str = Field(description="The voice.", examples=["eve"])
    instructions: str = Field(description="What it is told about speaking, besides its other instructions.")
    language_hint: str = Field(description="The language of its callers, as a BCP-47 tag.", examples=["en"])
    turn_detection: TurnDetectionObject = Field(description="How it takes turns.")
    pronunciation_replacements: dict[str, str] = Field(description="How words are to be spoken.")


class AcpPhoneNumberObject(AcpObject):
    """A phone number; only a record: this server has no telephone line."""

    id: str = Field(description="Unique identifier; the `bindingId` of calls through it.")
    status: str = Field(description="`active`.")
    origin: Literal["xai_provisioned", "byo_trunk"] = Field(description="Given by the server, or brought.")
    phone_number: str = Field(description="E.164.", examples=["+14155550123"])
    name: str = Field(description="What people call it.")
    sip_uri: str | None = Field(description="Where a trunk sends its calls; null without a telephone line.")
    provider: str = Field(description="Who provides it.")
    channel: Literal["phone"] = Field(default="phone", description="Always `phone`.")
    last_error: str | None = Field(default=None, description="What last went wrong with it.")
    signing_secret: str | None = Field(
        default=None, description="What the webhook's messages are signed with; shown once, to who brought the number."
    )
    metadata: dict[str, Any] = Field(description="Free-form metadata object.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")


class VoiceAgent(AcpObject):
    """An agent with its voice, its number and its newest calls."""

    agent: AcpAgent = Field(description="The agent.")
    voice: AgentVoice = Field(description="How it speaks and where it may be called.")
    phone_number: AcpPhoneNumberObject | None = Field(description="The number that it has.")
    recent_sessions: list[VoiceSession] = Field(
        description="Its newest sessions, the newest first, up to 5; in lists those of the last 100 of all agents."
    )


class VoiceAgents(AcpObject):
    """A page of agents."""

    data: list[VoiceAgent] = Field(description="The agents, the newest first.")
    pagination: AcpPagination = Field(description="Which part of the list this is.")
