"""How one call is to be held: the part of an agent's definition and of the client's wishes that decides behaviour.

Frozen: a change is a new object, told to the conversation as `SessionConfigured`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vivavoce.conversation.tool_policy import AS_USUAL, ToolKind, ToolPolicy, ToolSourceKey


class Eagerness(StrEnum):
    """How soon a pause is taken for the end of the turn."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class SemanticTurnDetection:
    """A turn ends when the turn detector believes the caller has finished; the surer it is, the sooner.

    No turn ends before `shortest_pause_ms` of silence, each after `longest_pause_ms`; None leaves it to `eagerness`.
    """

    eagerness: Eagerness = Eagerness.AUTO
    threshold: float = 0.5
    prefix_padding_ms: int = 300
    create_response: bool = True
    interrupt_response: bool = True
    shortest_pause_ms: int | None = None
    longest_pause_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ServerVad:
    """A turn ends after a fixed silence (OpenAI's `server_vad`).

    `idle_timeout_ms`: how long the caller may be silent after a reply before the agent speaks up; None means for ever.
    """

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    create_response: bool = True
    interrupt_response: bool = True
    idle_timeout_ms: int | None = None


TurnDetection = SemanticTurnDetection | ServerVad


class Interruption(StrEnum):
    """What the caller's speech does to the agent's voice.

    `AT_ONCE` is the plain protocol: any speech stops it. `CONFIRMED`: the voice is ducked at once and held soon, and
    stopped when the words show that the caller means to speak; otherwise it goes on at the very sample it was held at.
    """

    AT_ONCE = "at_once"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Speculation:
    """How much may be done for a turn that is not surely over: answers begun behind a gate, and tokens thrown away."""

    tries_per_turn: int = 4
    wasted_tokens_per_turn: int = 160


@dataclass(frozen=True, slots=True)
class CallerSilence:
    """What a caller who says nothing for `after_ms` hears: up to `reengagements` times a word, then goodbye.

    The call ends after the goodbye. `goodbye` None: the model finds the words.
    """

    after_ms: int
    reengagements: int = 2
    goodbye: str | None = None


@dataclass(frozen=True, slots=True)
class Fillers:
    """Words for the while that the caller has to wait. None leaves a wait silent.

    `late_reply_ms`: counted from the end of the turn to the answer's first sound; `late_tool_ms`: from the end of a
    reply that called functions, or tools that the server runs. The words are taken in turn. `failure_words`: said when
    the answer to what tools brought fails, or is empty; '' leaves that silent.
    """

    late_reply_ms: int | None = None
    late_tool_ms: int | None = None
    reply_words: tuple[str, ...] = ("Hmm.", "Let me see.", "Well,")
    tool_words: tuple[str, ...] = ("One moment, please.", "I'm still looking.", "It takes a little longer.")
    failure_words: str = "Sorry, something went wrong there. Could you say that again?"


class Modality(StrEnum):
    """What a reply is made of. An audio reply carries its transcript too."""

    AUDIO = "audio"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the model may call. `parameters` is a JSON Schema as JSON text.

    `source`: what the server runs it with; None: the client runs it. `label` names its MCP server on the wire.
    """

    name: str
    description: str
    parameters: str
    kind: ToolKind = ToolKind.FUNCTION
    policy: ToolPolicy = AS_USUAL
    source: ToolSourceKey | None = None
    label: str = ""


class NoiseReduction(StrEnum):
    """Noise taken out of what the caller sends (OpenAI's `noise_reduction`): a headset, or a room's microphone."""

    NEAR_FIELD = "near_field"
    FAR_FIELD = "far_field"


class TruncationKind(StrEnum):
    AUTO = "auto"
    DISABLED = "disabled"
    RETENTION_RATIO = "retention_ratio"


@dataclass(frozen=True, slots=True)
class Truncation:
    """What becomes of the oldest items when the prompt grows (OpenAI's `truncation`).

    `post_instructions_tokens`: how much may follow the instructions; None means as much as the model can read. Once it
    is met, items are dropped from the prompt, the oldest first, until `retention_ratio` of it is left. The items stay
    in the conversation. `DISABLED` drops none.
    """

    kind: TruncationKind = TruncationKind.AUTO
    retention_ratio: float = 0.8
    post_instructions_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the conversation needs to know.

    `turn_detection` None means that the client marks the turns. The answer to turn number `max_turns` of the caller
    says goodbye and ends the call; None means no limit. `temperature` None: the model's own. `keyterms` are words that
    the caller may say. `pronunciations` are pairs of a phrase as it is written and as it is to be spoken. Without
    `parallel_tool_calls` a reply calls one function at most. A session that `only_transcribes` has turns and
    transcripts, and never a reply. `tools` are the client's functions; what `tool_sources` bring becomes known when
    they have been opened. A greeting that is not `greeting_interruptible` is spoken to its end, whatever the
    caller says. `consent` is said before it, or alone: that the call is recorded. These defaults are the plain
    protocol's: what this product does beyond it (`interruption`, `speculation`) is chosen where a call is set up.
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
    temperature: float | None = None
    keyterms: tuple[str, ...] = ()
    pronunciations: tuple[tuple[str, str], ...] = ()
    truncation: Truncation = Truncation()
    parallel_tool_calls: bool = True
    only_transcribes: bool = False
    noise_reduction: NoiseReduction | None = None
    interruption: Interruption = Interruption.AT_ONCE
    speculation: Speculation | None = None
    caller_silence: CallerSilence | None = None
    fillers: Fillers = Fillers()
    greeting_interruptible: bool = True
    tool_sources: tuple[ToolSourceKey, ...] = ()
    consent: str | None = None

    @property
    def opening(self) -> str:
        """What the agent says first; empty: the caller speaks first."""
        return " ".join(text for text in (self.consent, self.greeting) if text)

    @property
    def answers_turns(self) -> bool:
        """Whether a turn of the caller is answered without the client's asking."""
        return self.turn_detection is not None and self.turn_detection.create_response and not self.only_transcribes
