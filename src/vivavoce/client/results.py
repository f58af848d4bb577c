"""What the platform API answers with, as frozen values.

Fields that this version does not know are left out; `raw` is the whole JSON object, as it came. A field that the server
left out is None or empty. Times are aware where the server gives an offset. Sources: the Agents API of xAI, the agents
and sessions of Nuri, the chat completions of OpenAI, and this server's union of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, TypeVar

import msgspec

from vivavoce.client.errors import UnexpectedAnswerError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentVoice:
    """`vad_threshold` is the speech probability (0 to 1) that counts as speech."""

    voice_id: str | None = None
    vad_threshold: float | None = None
    vad_silence_duration_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A stored agent. `tools` are as they were declared. `max_turns` None: no limit.

    `eagerness` (`low`, `medium`, `high`, `auto`): how soon a pause ends the caller's turn, where the agent judges it.
    """

    id_fields: ClassVar[tuple[str, ...]] = ("agent_id", "id")

    agent_id: str
    name: str = ""
    instructions: str | None = None
    tools: tuple[dict[str, Any], ...] | None = None
    voice: AgentVoice | None = None
    collection_ids: tuple[str, ...] | None = None
    description: str | None = None
    language: str | None = None
    max_turns: int | None = None
    eagerness: str | None = None
    phone_number_id: str | None = None
    metadata: dict[str, Any] | None = None
    status: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentVersion:
    """An agent as it was until a change. `version` counts from 1."""

    id_fields: ClassVar[tuple[str, ...]] = ("version",)

    version: int
    created_at: datetime | None = None
    agent: dict[str, Any] | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A call that may begin, goes on or is over. `websocket_url` is secret: it opens the session without a key."""

    id_fields: ClassVar[tuple[str, ...]] = ("session_id", "id")

    session_id: str
    agent_id: str | None = None
    thread_id: str | None = None
    websocket_url: str | None = field(default=None, repr=False)
    status: str | None = None
    metadata: dict[str, Any] | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    expires_at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a session or a thread; `start_ms` and `end_ms` are places in the caller's audio.

    `content` is what was heard; `generated_text` all that was generated of an answer of which not all was, else None.
    """

    id_fields: ClassVar[tuple[str, ...]] = ("id",)

    role: str
    content: str | None = None
    id: str | None = None
    thread_id: str | None = None
    session_id: str | None = None
    tool_call: dict[str, Any] | None = None
    created_at: datetime | None = None
    start_ms: float | None = None
    end_ms: float | None = None
    interrupted: bool | None = None
    generated_text: str | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said in a session, in order. What the caller did not hear is in no message's `content`."""

    id_fields: ClassVar[tuple[str, ...]] = ("session_id", "id")

    session_id: str
    messages: tuple[Message, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStages:
    """When each stage of an answer happened, in milliseconds since the caller's last speech; None: it did not."""

    soft_end: float | None = None
    endpoint: float | None = None
    transcript: float | None = None
    first_token: float | None = None
    first_sentence: float | None = None
    first_speech: float | None = None
    first_audio: float | None = None
    first_played: float | None = None
    interrupted: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """How a turn of the caller came to be answered. `audio_end_ms` is where its speech ended in the session."""

    id_fields: ClassVar[tuple[str, ...]] = ("response_id",)

    response_id: str
    item_id: str | None = None
    audio_end_ms: float | None = None
    endpoint_reason: str | None = None
    stages: TurnStages = TurnStages()
    heard_ms: float | None = None
    speculated: bool | None = None
    wasted_tokens: int | None = None
    filler: bool | None = None
    created_at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSummary:
    """A stage over the `turns` that had it, in milliseconds since the caller's last speech."""

    turns: int
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSummary:
    """A session's turns at a glance; `stages` has those that any turn had."""

    turns: int
    interrupted: int = 0
    speculated: int = 0
    filled: int = 0
    wasted_tokens: int = 0
    stages: dict[str, StageSummary] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A conversation that may go on over several sessions."""

    id_fields: ClassVar[tuple[str, ...]] = ("thread_id", "id")

    thread_id: str
    agent_id: str | None = None
    title: str | None = None
    status: str | None = None
    message_count: int | None = None
    metadata: dict[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumber:
    """`phone_number` is E.164; `agent_id` is who answers there."""

    id_fields: ClassVar[tuple[str, ...]] = ("phone_number_id", "id")

    phone_number_id: str
    phone_number: str | None = None
    name: str | None = None
    agent_id: str | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A voice that agents can have. `language` is BCP-47."""

    id_fields: ClassVar[tuple[str, ...]] = ("voice_id", "id")

    voice_id: str
    name: str | None = None
    language: str | None = None
    gender: str | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key. `secret` is only there in the answer that made it, and only in this field and in `raw`."""

    id_fields: ClassVar[tuple[str, ...]] = ("id", "key_id", "api_key_id")

    id: str
    name: str | None = None
    prefix: str | None = None
    last4: str | None = None
    secret: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...] | None = None
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where events are sent. `secret` signs them; it is only there in the answer that made it."""

    id_fields: ClassVar[tuple[str, ...]] = ("id", "webhook_id")

    id: str
    url: str | None = None
    events: tuple[str, ...] | None = None
    description: str | None = None
    enabled: bool | None = None
    secret: str | None = field(default=None, repr=False)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one webhook. `status`: pending, delivered or failed (given up)."""

    id_fields: ClassVar[tuple[str, ...]] = ("id", "delivery_id")

    id: str
    webhook_id: str | None = None
    event_id: str | None = None
    event_type: str | None = None
    status: str | None = None
    attempts: int | None = None
    last_status_code: int | None = None
    last_error: str | None = None
    next_attempt_at: datetime | None = None
    created_at: datetime | None = None
    finished_at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A function that the agent wants called; `arguments` is JSON as the model wrote it, valid or not."""

    id: str | None
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """An answer of a language model. `text` is '' when it only calls tools."""

    model: str | None
    text: str
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str | None
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


def result_of(kind: type[T], value: Any) -> T:
    """A JSON object as one of the results above. Raises `UnexpectedAnswerError`."""
    if not isinstance(value, dict):
        raise UnexpectedAnswerError(f"the server sent no {kind.__name__} where one was due")
    known: dict[str, Any] = dict(value) | {"raw": value}
    names: tuple[str, ...] = getattr(kind, "id_fields", ())
    named = next((known[name] for name in names if known.get(name) is not None), None)
    if named is not None:
        known[names[0]] = named
    try:
        return msgspec.convert(known, kind, strict=False)
    except msgspec.ValidationError as error:
        raise UnexpectedAnswerError(f"the server sent a {kind.__name__} that cannot be read: {error}") from error


def completion_of(value: dict[str, Any]) -> Completion:
    """A whole chat completion. Raises `UnexpectedAnswerError`."""
    try:
        choice = value["choices"][0]
        message = choice["message"]
        calls = tuple(_tool_call(call) for call in message.get("tool_calls") or ())
        text = message.get("content") or ""
        finish_reason, model = choice.get("finish_reason"), value.get("model")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise UnexpectedAnswerError("the server sent a chat completion without a message") from error
    if not isinstance(text, str):
        raise UnexpectedAnswerError("the server sent a chat completion whose content is no text")
    return Completion(model=model, text=text, tool_calls=calls, finish_reason=finish_reason, raw=value)


def _tool_call(call: Any) -> ToolCall:
    function = call["function"]
    return ToolCall(id=call.get("id"), name=str(function["name"]), arguments=str(function.get("arguments") or ""))
