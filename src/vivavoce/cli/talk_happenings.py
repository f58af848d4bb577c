"""What can happen in a call, as `vivavoce talk` tells it to people and to programs. Values; they die with the line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

STAGES = (
    "speech_end",
    "soft_end",
    "endpoint",
    "transcript",
    "first_token",
    "first_sentence",
    "first_speech",
    "first_audio",
    "first_played",
    "interrupted",
)
"""The stages of a turn in the order in which they usually come, in milliseconds since the caller's speech ended."""

SELDOM = frozenset({"first_played", "interrupted"})
"""Stages that only some turns have: what is played is told only by clients that do so."""


@dataclass(frozen=True, slots=True)
class CallOpened:
    kind: ClassVar[str] = "call.opened"
    session_id: str
    voice: str | None


@dataclass(frozen=True, slots=True)
class CallerBegan:
    """The server heard the caller begin to speak."""

    kind: ClassVar[str] = "caller.began"
    item_id: str


@dataclass(frozen=True, slots=True)
class CallerEnded:
    """The server took what was said as a whole turn."""

    kind: ClassVar[str] = "caller.ended"
    item_id: str


@dataclass(frozen=True, slots=True)
class CallerHeard:
    """The caller's words so far (`final` false) or all of them."""

    kind: ClassVar[str] = "caller.heard"
    item_id: str
    text: str
    final: bool


@dataclass(frozen=True, slots=True)
class AgentSaid:
    """The next piece of the agent's words."""

    kind: ClassVar[str] = "agent.said"
    response_id: str
    text: str


@dataclass(frozen=True, slots=True)
class AgentVoiced:
    """The next piece of the agent's voice: 24 kHz mono 16-bit PCM."""

    kind: ClassVar[str] = "agent.voiced"
    item_id: str
    audio: bytes


@dataclass(frozen=True, slots=True)
class AgentAnswered:
    """An answer is over: `completed`, `cancelled` (the caller spoke), `incomplete` or `failed`."""

    kind: ClassVar[str] = "agent.answered"
    response_id: str
    text: str
    status: str
    audio_ms: int


@dataclass(frozen=True, slots=True)
class AgentCutOff:
    """Playing the agent's voice was stopped; this much of it was heard."""

    kind: ClassVar[str] = "agent.cut_off"
    item_id: str
    heard_ms: int


@dataclass(frozen=True, slots=True)
class ToolRequested:
    """The agent called a function, which nobody here can run."""

    kind: ClassVar[str] = "agent.called_function"
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class TurnTimed:
    """How long the stages of an answer took, in milliseconds since the caller's speech ended; None: did not happen."""

    kind: ClassVar[str] = "turn.timed"
    response_id: str | None
    stages: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class ServerComplained:
    """The server reported an error. The call may go on."""

    kind: ClassVar[str] = "server.complained"
    code: str
    message: str
    param: str | None


@dataclass(frozen=True, slots=True)
class RecordingSent:
    """How much of the caller's recording has been spoken; only of use to people who wait."""

    kind: ClassVar[str] = "recording.sent"
    sent_ms: int
    total_ms: int


Happening = (
    CallOpened
    | CallerBegan
    | CallerEnded
    | CallerHeard
    | AgentSaid
    | AgentVoiced
    | AgentAnswered
    | AgentCutOff
    | ToolRequested
    | TurnTimed
    | ServerComplained
    | RecordingSent
)


def as_json_object(happening: Happening, at_ms: int) -> dict[str, Any]:
    """For a line of `--json`: what happened, when (since the call began), and its fields."""
    return {"type": happening.kind, "at_ms": at_ms} | asdict(happening)
