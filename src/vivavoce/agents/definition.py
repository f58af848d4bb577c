"""The definition of an agent: what it is told, how it sounds and how it takes turns.

A value: it is built whole, checks itself while being built, and never changes. The store keeps every version of it, a
call copies what it needs at its start. It is the union of what five APIs know of an agent; the limits are those of the
agents resource of the xAI API (255, 256 000, 200 and 10) and the turn detection of the OpenAI Realtime API
(`audio.input.turn_detection`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, Literal, NewType

from vivavoce.agents import checks
from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.conduct import (
    INTERRUPTION_POLICIES,
    NOISE_REDUCTIONS,
    CallerSilence,
    Endpointing,
    Fillers,
    InterruptionPolicy,
    NoiseReduction,
    Recording,
)
from vivavoce.agents.tools import ToolDeclaration, check_tools
from vivavoce.tools.shown import refilled

AgentId = NewType("AgentId", str)
"""`agent_` and 26 characters that sort by time; the API also takes the word `default`, which is no agent's id."""

DEFAULT_AGENT = "default"
"""What a client says when it means the organisation's first agent."""

NAME_LENGTH_MAXIMUM = 255
DESCRIPTION_LENGTH_MAXIMUM = 4_000
INSTRUCTIONS_LENGTH_MAXIMUM = 256_000
GREETING_LENGTH_MAXIMUM = 4_000
LABEL_LENGTH_MAXIMUM = 128
LANGUAGE_LENGTH_MAXIMUM = 35
PRONUNCIATION_LENGTH_MAXIMUM = 128
COLLECTIONS_MAXIMUM = 10
PRONUNCIATIONS_MAXIMUM = 200
TURNS_RANGE = (1, 10_000)
SPEED_RANGE = (0.7, 1.5)
THRESHOLD_RANGE = (0.0, 1.0)
DURATION_MS_RANGE = (0, 10_000)

TurnDetectionKind = Literal["semantic", "server_vad", "none"]
Eagerness = Literal["low", "medium", "high", "auto"]
PipelineMode = Literal["pipeline", "sts", "hybrid"]
Channels = Literal["off", "web", "phone", "web_and_phone"]

_KINDS = ("semantic", "server_vad", "none")
_EAGERNESS = ("low", "medium", "high", "auto")
_PIPELINE_MODES = ("pipeline", "sts", "hybrid")
_CHANNELS = ("off", "web", "phone", "web_and_phone")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """How the agent notices that the caller has begun and has finished.

    `semantic` judges from the sound whether a pause ends the turn, `server_vad` by the length of the pause, `none`
    leaves it to the client. `threshold` is the speech probability that counts as speech. Raises `InvalidFieldError`.
    """

    kind: TurnDetectionKind = "semantic"
    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    eagerness: Eagerness = "auto"
    create_response: bool = True
    interrupt_response: bool = True

    def __post_init__(self) -> None:
        checks.one_of("turn_detection.kind", self.kind, _KINDS)
        checks.one_of("turn_detection.eagerness", self.eagerness, _EAGERNESS)
        checks.within("turn_detection.threshold", self.threshold, THRESHOLD_RANGE)
        checks.within("turn_detection.prefix_padding_ms", self.prefix_padding_ms, DURATION_MS_RANGE)
        checks.within("turn_detection.silence_duration_ms", self.silence_duration_ms, DURATION_MS_RANGE)


@dataclass(frozen=True, slots=True)
class AgentDefinition:
    """An agent. `greeting` None: the caller speaks first. `language` is BCP-47, `speed` 1.0 the voice's own pace.

    What the agent is told comes in sections: `role`, `instructions`, `special_instructions`, `voice_instructions`; APIs
    that know only one text read `whole_instructions`. `max_turns` None: no limit. `channels` says where it may be
    called. `voice_enabled` and `voice_pipeline_mode` are what the Agntix API asks of an agent before a voice session.
    The models are names that clients chose; None: the server's own. `interruption`: whether any speech of the caller
    stops the agent (`at_once`) or only what shows that the caller means to speak (`confirmed`);
    `welcome_allow_interruptions` says whether anything stops the greeting. `speculation`: answers may be begun before
    the caller's turn is surely over. `recording` None: calls are not recorded. Raises `InvalidFieldError` naming the
    first field that is wrong.
    """

    name: str
    instructions: str = ""
    description: str = ""
    role: str = ""
    special_instructions: str = ""
    voice_instructions: str = ""
    voice: str = "eve"
    greeting: str | None = None
    language: str = "en"
    speed: float = 1.0
    turn_detection: TurnDetection = field(default_factory=TurnDetection)
    tools: tuple[ToolDeclaration, ...] = ()
    collection_ids: tuple[str, ...] = ()
    knowledge_store_id: str | None = None
    max_turns: int | None = None
    voice_enabled: bool = True
    voice_pipeline_mode: PipelineMode | None = "pipeline"
    channels: Channels = "web_and_phone"
    voice_provider: str = "xai"
    model: str | None = None
    voice_model: str | None = None
    stt_model: str | None = None
    tts_model: str | None = None
    pronunciations: Mapping[str, str] = field(default_factory=dict)
    avatar_id: str | None = None
    welcome_allow_interruptions: bool = True
    interruption: InterruptionPolicy = "confirmed"
    endpointing: Endpointing = field(default_factory=Endpointing)
    speculation: bool = True
    caller_silence: CallerSilence | None = None
    fillers: Fillers = field(default_factory=Fillers)
    noise_reduction: NoiseReduction | None = None
    recording: Recording | None = None
    is_public: bool = False
    paused: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.text("name", self.name, NAME_LENGTH_MAXIMUM)
        checks.optional_text("description", self.description, DESCRIPTION_LENGTH_MAXIMUM)
        for section in SECTIONS:
            checks.optional_text(section, getattr(self, section), INSTRUCTIONS_LENGTH_MAXIMUM)
        checks.text("voice", self.voice, LABEL_LENGTH_MAXIMUM)
        if self.greeting is not None:
            checks.text("greeting", self.greeting, GREETING_LENGTH_MAXIMUM)
        checks.at_most("language", len(self.language), LANGUAGE_LENGTH_MAXIMUM, "characters")
        checks.matching("language", self.language, _LANGUAGE, "a BCP-47 tag such as en or pt-BR")
        checks.within("speed", self.speed, SPEED_RANGE)
        if self.max_turns is not None:
            checks.within("max_turns", self.max_turns, TURNS_RANGE)
        if self.voice_pipeline_mode is not None:
            checks.one_of("voice_pipeline_mode", self.voice_pipeline_mode, _PIPELINE_MODES)
        checks.one_of("channels", self.channels, _CHANNELS)
        checks.one_of("interruption", self.interruption, INTERRUPTION_POLICIES)
        if self.noise_reduction is not None:
            checks.one_of("noise_reduction", self.noise_reduction, NOISE_REDUCTIONS)
        for label in _LABELS:
            checks.optional_text(label, getattr(self, label) or "", LABEL_LENGTH_MAXIMUM)
        checks.at_most("collection_ids", len(self.collection_ids), COLLECTIONS_MAXIMUM, "collections")
        for index, collection_id in enumerate(self.collection_ids):
            checks.text(f"collection_ids[{index}]", collection_id, LABEL_LENGTH_MAXIMUM)
        checks.at_most("pronunciations", len(self.pronunciations), PRONUNCIATIONS_MAXIMUM, "words")
        for each in (*self.pronunciations, *self.pronunciations.values()):
            checks.text("pronunciations", each, PRONUNCIATION_LENGTH_MAXIMUM)
        check_tools(self.tools)
        checks.check_metadata(self.metadata)

    @property
    def whole_instructions(self) -> str:
        """Every section that is not empty, in order, with a blank line between them."""
        return "\n\n".join(text for section in SECTIONS if (text := getattr(self, section)).strip())

    def with_whole_instructions(self, text: str) -> AgentDefinition:
        """Told `text` and nothing else: who was shown the whole replaces the whole."""
        return replace(self, role="", instructions=text, special_instructions="", voice_instructions="")


SECTIONS = ("role", "instructions", "special_instructions", "voice_instructions")
_LABELS = ("model", "voice_model", "stt_model", "tts_model", "avatar_id", "knowledge_store_id", "voice_provider")
_FIELDS = {each.name: each for each in fields(AgentDefinition)}
_PARTS = {f"turn_detection.{each.name}": each for each in fields(TurnDetection)}
_NULLABLE = {name for name, each in _FIELDS.items() if str(each.type).endswith("| None")}


@dataclass(frozen=True, slots=True)
class AgentUpdate:
    """A change of some fields: `mask` names them, `values` has the new ones; one that is named but absent is cleared.

    To be cleared is to be as on a new agent; so is a field whose new value is null but cannot be null. A part of the
    turn detection is named as in `turn_detection.eagerness`; its other parts stay. Raises `InvalidFieldError` for a
    field that is not there.
    """

    mask: frozenset[str]
    values: Mapping[str, Any]

    def __post_init__(self) -> None:
        for name in self.mask:
            if name not in _FIELDS and name != WHOLE_INSTRUCTIONS and name not in _PARTS:
                raise InvalidFieldError(name, "an agent has no such field")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> AgentUpdate:
        """Change what is given and nothing else."""
        return cls(frozenset(values), values)

    def applied_to(self, definition: AgentDefinition) -> AgentDefinition:
        """The changed agent. Raises `InvalidFieldError`, also when a required field would be cleared."""
        changed = {name: value for name, value in self.values.items() if value is not None or name in _NULLABLE}
        if "tools" in changed:  # nobody was shown the secrets in them
            changed["tools"] = refilled(changed["tools"], definition.tools)
        if WHOLE_INSTRUCTIONS in self.mask:
            definition = definition.with_whole_instructions(changed.get(WHOLE_INSTRUCTIONS, ""))
        chosen = {name: changed[name] if name in changed else _cleared(name) for name in self.mask & _FIELDS.keys()}
        if parts := self.mask & _PARTS.keys():
            named = {_PARTS[path].name: changed.get(path, _PARTS[path].default) for path in parts}
            chosen["turn_detection"] = replace(chosen.get("turn_detection", definition.turn_detection), **named)
        return replace(definition, **chosen)


WHOLE_INSTRUCTIONS = "whole_instructions"
"""In a mask: everything that the agent is told, as one text."""


def _cleared(name: str) -> Any:
    known = _FIELDS[name]
    if known.default is not MISSING:
        return known.default
    if known.default_factory is not MISSING:
        return known.default_factory()
    raise InvalidFieldError(name, "is required and cannot be cleared")
