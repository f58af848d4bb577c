"""The definition of an agent: what it is told, how it sounds and how it takes turns.

A value: it is built whole, checks itself while being built, and never changes. The store keeps it, a call copies what
it needs at its start. Limits follow the agents resource of the xAI API (255, 256 000 and 200) and the turn detection
of the OpenAI Realtime API (`audio.input.turn_detection`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NewType

from vivavoce.agents.identifiers import new_identifier
from vivavoce.engines.ports import FunctionTool

AgentId = NewType("AgentId", str)
"""`agent_` and 26 characters that sort by time; the API also takes the word `default`, which is no agent's id."""

DEFAULT_AGENT = "default"
"""What a client says when it means the server's first agent."""

NAME_LENGTH_MAXIMUM = 255
INSTRUCTIONS_LENGTH_MAXIMUM = 256_000
GREETING_LENGTH_MAXIMUM = 4_000
VOICE_LENGTH_MAXIMUM = 128
TOOLS_MAXIMUM = 200
METADATA_KEYS_MAXIMUM = 50
METADATA_BYTES_MAXIMUM = 16_384
SPEED_RANGE = (0.7, 1.5)
THRESHOLD_RANGE = (0.0, 1.0)
DURATION_MS_RANGE = (0, 10_000)

TurnDetectionKind = Literal["semantic", "server_vad", "none"]
Eagerness = Literal["low", "medium", "high", "auto"]

_KINDS = ("semantic", "server_vad", "none")
_EAGERNESS = ("low", "medium", "high", "auto")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class InvalidAgentError(ValueError):
    """A field of an agent has a value that it cannot have. `param` is its path, such as `tools[3].name`."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(f"{param}: {message}")
        self.param = param
        self.message = message


def new_agent_id(unix_ms: int) -> AgentId:
    """A fresh id; agents made later sort later."""
    return AgentId(new_identifier("agent", unix_ms))


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """How the agent notices that the caller has begun and has finished.

    `semantic` judges from the sound whether a pause ends the turn, `server_vad` by the length of the pause, `none`
    leaves it to the client. `threshold` is the speech probability that counts as speech. Raises `InvalidAgentError`.
    """

    kind: TurnDetectionKind = "semantic"
    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    eagerness: Eagerness = "auto"
    create_response: bool = True
    interrupt_response: bool = True

    def __post_init__(self) -> None:
        _one_of("turn_detection.kind", self.kind, _KINDS)
        _one_of("turn_detection.eagerness", self.eagerness, _EAGERNESS)
        _within("turn_detection.threshold", self.threshold, THRESHOLD_RANGE)
        _within("turn_detection.prefix_padding_ms", self.prefix_padding_ms, DURATION_MS_RANGE)
        _within("turn_detection.silence_duration_ms", self.silence_duration_ms, DURATION_MS_RANGE)


@dataclass(frozen=True, slots=True)
class AgentDefinition:
    """An agent. `greeting` None: the caller speaks first. `language` is BCP-47, `speed` 1.0 the voice's own pace.

    `created_at` carries a time zone. Raises `InvalidAgentError` naming the first field that is wrong.
    """

    agent_id: AgentId
    name: str
    instructions: str
    created_at: datetime
    voice: str = "eve"
    greeting: str | None = None
    language: str = "en"
    speed: float = 1.0
    turn_detection: TurnDetection = field(default_factory=TurnDetection)
    tools: tuple[FunctionTool, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _matching("agent_id", self.agent_id, _IDENTIFIER, "1 to 64 letters, digits, _ or -")
        if self.agent_id == DEFAULT_AGENT:
            raise InvalidAgentError("agent_id", f"{DEFAULT_AGENT!r} means the server's first agent; choose another id")
        _text("name", self.name, NAME_LENGTH_MAXIMUM)
        _at_most("instructions", len(self.instructions), INSTRUCTIONS_LENGTH_MAXIMUM, "characters")
        _text("voice", self.voice, VOICE_LENGTH_MAXIMUM)
        if self.greeting is not None:
            _text("greeting", self.greeting, GREETING_LENGTH_MAXIMUM)
        _matching("language", self.language, _LANGUAGE, "a BCP-47 tag such as en or pt-BR")
        _within("speed", self.speed, SPEED_RANGE)
        _check_tools(self.tools)
        _check_metadata(self.metadata)
        if self.created_at.tzinfo is None:
            raise InvalidAgentError("created_at", "must carry a time zone")


def _check_tools(tools: tuple[FunctionTool, ...]) -> None:
    _at_most("tools", len(tools), TOOLS_MAXIMUM, "tools")
    seen: set[str] = set()
    for index, tool in enumerate(tools):
        _matching(f"tools[{index}].name", tool.name, _IDENTIFIER, "1 to 64 letters, digits, _ or -")
        if tool.name in seen:
            raise InvalidAgentError(f"tools[{index}].name", f"{tool.name!r} is the name of an earlier tool")
        seen.add(tool.name)
        _json_bytes(f"tools[{index}].parameters", tool.parameters)


def _check_metadata(metadata: Mapping[str, Any]) -> None:
    _at_most("metadata", len(metadata), METADATA_KEYS_MAXIMUM, "keys")
    _at_most("metadata", _json_bytes("metadata", metadata), METADATA_BYTES_MAXIMUM, "bytes of JSON")


def _json_bytes(param: str, value: Mapping[str, Any]) -> int:
    try:
        return len(json.dumps(dict(value), allow_nan=False).encode())
    except (TypeError, ValueError) as error:
        raise InvalidAgentError(param, f"must be a JSON object: {error}") from error


def _text(param: str, value: str, maximum: int) -> None:
    if not value.strip():
        raise InvalidAgentError(param, "must not be empty")
    _at_most(param, len(value), maximum, "characters")


def _at_most(param: str, count: int, maximum: int, unit: str) -> None:
    if count > maximum:
        raise InvalidAgentError(param, f"at most {maximum} {unit}, got {count}")


def _within(param: str, value: float, limits: tuple[float, float]) -> None:
    lowest, highest = limits
    if not lowest <= value <= highest:
        raise InvalidAgentError(param, f"must be between {lowest} and {highest}, got {value}")


def _one_of(param: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InvalidAgentError(param, f"must be one of {', '.join(allowed)}, got {value!r}")


def _matching(param: str, value: str, pattern: re.Pattern[str], description: str) -> None:
    if not pattern.fullmatch(value):
        raise InvalidAgentError(param, f"must be {description}, got {value[:80]!r}")
