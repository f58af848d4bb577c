"""Frozen rows: what the store hands out. They live as long as whoever asked for them and know nothing of SQL.

All times are UTC. `seq` counts the objects of a kind in the order in which they were made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, NewType, TypeVar

from vivavoce.agents.definition import AgentDefinition, AgentId
from vivavoce.agents.lifecycle import SessionStatus

KeyId = NewType("KeyId", str)
"""`key_` and 26 characters that sort by time. Not a secret."""

OrganisationId = NewType("OrganisationId", str)
"""`org_` and 26 characters."""

FIRST_ORGANISATION = OrganisationId("org_" + "0" * 25 + "1")
"""The organisation that every database begins with."""

ALL_SCOPES = ("read", "write", "realtime", "admin")
"""What a key may be allowed: to look, to change, to hold calls, to manage keys and webhooks."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list. `next_seq` is the cursor of the next page, None on the last; `total` only where asked for."""

    items: Sequence[T]
    next_seq: int | None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list: up to `limit`, behind the cursor `after_seq` or after skipping `offset`."""

    limit: int = 100
    after_seq: int | None = None
    offset: int = 0
    newest_first: bool = True
    with_total: bool = False


@dataclass(frozen=True, slots=True)
class Organisation:
    """A tenant. `external_id`: what its identity provider calls it. Maximum None: the server's own."""

    organisation_id: OrganisationId
    name: str
    external_id: str | None
    concurrent_sessions_maximum: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """A stored agent. `version` counts its definitions from 1."""

    agent_id: AgentId
    seq: int
    organisation_id: OrganisationId
    version: int
    definition: AgentDefinition
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None

    @property
    def status(self) -> Literal["active", "paused", "deleted"]:
        if self.deleted_at is not None:
            return "deleted"
        return "paused" if self.definition.paused else "active"


@dataclass(frozen=True, slots=True)
class AgentVersion:
    """A definition that an agent has, or once had."""

    agent_id: AgentId
    version: int
    definition: AgentDefinition
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKeyRecord:
    """A stored API key without its secret, of which only the prefix and the last four characters are known."""

    key_id: KeyId
    name: str
    last4: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    organisation_id: OrganisationId = FIRST_ORGANISATION
    prefix: str = "vv_"
    scopes: tuple[str, ...] = ALL_SCOPES


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key at the only moment its secret is known: show `secret` once, keep it nowhere."""

    record: ApiKeyRecord
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SessionDetails:
    """What a session was given when it was made.

    `kind` is the session type of the AgentHuman API, `platform` what the client of the Agntix API says it is.
    """

    title: str | None = None
    environment_id: str | None = None
    kind: str = "agent_voice"
    provider: str = "xai"
    initial_message: str | None = None
    from_number: str | None = None
    to_number: str | None = None
    binding_id: str | None = None
    call_id: str | None = None
    agent_version: int | None = None
    platform: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A stored session. `started_at` None: nobody has connected yet."""

    session_id: str
    seq: int
    organisation_id: OrganisationId
    agent_id: AgentId | None
    thread_id: str
    status: SessionStatus
    dialect: str
    channel: str
    details: SessionDetails
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    last_active_at: datetime
    expires_at: datetime
    end_reason: str | None

    @property
    def duration_seconds(self) -> float | None:
        """From the first connection to the end; None before both."""
        if self.started_at is None or self.ended_at is None:
            return None
        return max(0.0, (self.ended_at - self.started_at).total_seconds())


@dataclass(frozen=True, slots=True)
class ThreadRecord:
    """A stored thread: what was said in one or more sessions, one after the other."""

    thread_id: str
    seq: int
    organisation_id: OrganisationId
    agent_id: AgentId | None
    environment_id: str | None
    title: str | None
    status: str
    metadata: Mapping[str, Any]
    message_count: int
    created_at: datetime
    updated_at: datetime


MessageRole = Literal["user", "assistant", "system", "tool"]


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be kept. `client_id`: the same one again in a thread is the same message.

    `start_ms` and `end_ms` are milliseconds since its session began. `message_id` None: the store gives it one.
    `generated_text`: of an answer whose `content` is what was heard, all that was written; None: they are the same.
    """

    role: MessageRole
    content: str
    session_id: str | None = None
    tool_call: Mapping[str, Any] | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    interrupted: bool = False
    client_id: str | None = None
    message_id: str | None = None
    generated_text: str | None = None


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A stored message."""

    message_id: str
    seq: int
    organisation_id: OrganisationId
    thread_id: str
    message: NewMessage
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TurnStages:
    """When each stage of an answer happened, in milliseconds since the caller's last speech; None: it did not.

    The names are those of `vivavoce.turn.timings` in the realtime protocol.
    """

    soft_end: int | None = None
    endpoint: int | None = None
    transcript: int | None = None
    first_token: int | None = None
    first_sentence: int | None = None
    first_speech: int | None = None
    first_audio: int | None = None
    first_played: int | None = None
    interrupted: int | None = None


@dataclass(frozen=True, slots=True)
class TurnTiming:
    """How a turn of the caller came to be answered.

    `audio_end_ms`: where the caller's last speech ended, in milliseconds since the session began; `heard_ms`: how much
    of the answer was heard; `filler`: its first sound was that of words for the wait.
    """

    response_id: str
    item_id: str
    audio_end_ms: int
    endpoint_reason: str
    stages: TurnStages
    heard_ms: int | None = None
    speculated: bool = False
    wasted_tokens: int = 0
    filler: bool = False


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A stored turn."""

    seq: int
    organisation_id: OrganisationId
    session_id: str
    timing: TurnTiming
    created_at: datetime


RecordingState = Literal["recording", "uploading", "ready", "failed", "deleted"]


@dataclass(frozen=True, slots=True)
class RecordingPlace:
    """From here on, this millisecond of the caller's audio, counted as the call counts it, is there in the recording.

    `recording_ms` counts from the recording's beginning. There is one such place, and one more behind each pause in
    which the caller's client sent nothing.
    """

    recording_ms: int
    audio_ms: int


@dataclass(frozen=True, slots=True)
class RecordingRecord:
    """The recording of one connection of a session. `part` counts from 1; `format` is `opus` or `wav`.

    `started_ms`: how long the session was under way when it began. `ended_at` None: the call goes on. `failure`: why
    there is none. `uploading`: the call is over, and the storage does not have it yet.
    """

    seq: int
    organisation_id: OrganisationId
    session_id: str
    part: int
    state: RecordingState
    format: str
    started_ms: int
    size_bytes: int | None
    duration_ms: int | None
    places: Sequence[RecordingPlace]
    failure: str | None
    created_at: datetime
    ended_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class DayUse:
    """What an organisation used on a day of UTC."""

    sessions: int = 0
    seconds: float = 0.0
    turns: int = 0
    tool_calls: int = 0
