"""How one call is to be held: the part of an agent's definition and of the client's wishes that decides behaviour.

Frozen: a change is a new object, told to the conversation as `SessionConfigured`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Eagerness(StrEnum):
    """How soon a pause is taken for the end of the turn."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class SemanticTurnDetection:
    """A turn ends when the turn detector believes the caller has finished; the surer it is, the sooner."""

    eagerness: Eagerness = Eagerness.AUTO
    threshold: float = 0.5
    prefix_padding_ms: int = 300
    create_response: bool = True
    interrupt_response: bool = True


@dataclass(frozen=True, slots=True)
class ServerVad:
    """A turn ends after a fixed silence (OpenAI's `server_vad`)."""

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    create_response: bool = True
    interrupt_response: bool = True


TurnDetection = SemanticTurnDetection | ServerVad


class Modality(StrEnum):
    """What a reply is made of. An audio reply carries its transcript too."""

    AUDIO = "audio"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call. `parameters` is a JSON Schema as JSON text."""

    name: str
    description: str
    parameters: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the conversation needs to know.

    `turn_detection` None means that the client marks the turns. The answer to turn number `max_turns` of the caller
    says goodbye and ends the call; None means no limit.
    """

    instructions: str = ""
    greeting: str | None = None
    turn_detection: TurnDetection | None = SemanticTurnDetection()
    modality: Modality = Modality.AUDIO
    voice: str = "eve"
    speed: float = 1.0
    language: str | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    maximum_output_tokens: int | None = None
    max_turns: int | None = None
