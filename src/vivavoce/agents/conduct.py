"""How an agent conducts itself in a call: pauses, silence, waits. Parts of its definition that check themselves.

The limits are those of a session's `vivavoce` field in the realtime protocol, where a client may say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vivavoce.agents import checks
from vivavoce.agents.checks import InvalidFieldError

InterruptionPolicy = Literal["confirmed", "at_once"]
NoiseReduction = Literal["near_field", "far_field"]
RecordingFormat = Literal["opus", "wav"]

INTERRUPTION_POLICIES: tuple[InterruptionPolicy, ...] = ("confirmed", "at_once")
NOISE_REDUCTIONS: tuple[NoiseReduction, ...] = ("near_field", "far_field")
RECORDING_FORMATS: tuple[RecordingFormat, ...] = ("opus", "wav")

WAIT_MS_RANGE = (0, 600_000)
SILENCE_MS_RANGE = (1_000, 600_000)
REENGAGEMENTS_RANGE = (0, 10)
GOODBYE_LENGTH_MAXIMUM = 1_000
FILLER_LENGTH_MAXIMUM = 200
FILLERS_MAXIMUM = 16
CONSENT_LENGTH_MAXIMUM = 1_000


@dataclass(frozen=True, slots=True)
class Endpointing:
    """How long a pause of the caller's may last, where the agent judges it by its sound and the words.

    No turn ends before `shortest_pause_ms` of silence, each after `longest_pause_ms`; None leaves it to the server.
    Raises `InvalidFieldError`.
    """

    shortest_pause_ms: int | None = None
    longest_pause_ms: int | None = None

    def __post_init__(self) -> None:
        _wait("endpointing.shortest_pause_ms", self.shortest_pause_ms)
        _wait("endpointing.longest_pause_ms", self.longest_pause_ms)
        if self.longest_pause_ms is not None and self.longest_pause_ms < (self.shortest_pause_ms or 0):
            message = f"must not be less than shortest_pause_ms, {self.shortest_pause_ms}"
            raise InvalidFieldError("endpointing.longest_pause_ms", message)


@dataclass(frozen=True, slots=True)
class CallerSilence:
    """What a caller who says nothing for `after_ms` hears: up to `reengagements` times a word, then goodbye.

    The call ends after the goodbye. `goodbye` None: the model finds the words. Raises `InvalidFieldError`.
    """

    after_ms: int
    reengagements: int = 2
    goodbye: str | None = None

    def __post_init__(self) -> None:
        checks.within("caller_silence.after_ms", self.after_ms, SILENCE_MS_RANGE)
        checks.within("caller_silence.reengagements", self.reengagements, REENGAGEMENTS_RANGE)
        if self.goodbye is not None:
            checks.text("caller_silence.goodbye", self.goodbye, GOODBYE_LENGTH_MAXIMUM)


@dataclass(frozen=True, slots=True)
class Fillers:
    """Words for the while that the caller has to wait. A time that is None leaves that wait silent.

    `late_reply_ms`: from the end of the caller's turn; `late_tool_ms`: from the end of a reply that called functions.
    Words that are None are the server's own. Raises `InvalidFieldError`.
    """

    late_reply_ms: int | None = None
    late_tool_ms: int | None = None
    reply_words: tuple[str, ...] | None = None
    tool_words: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        _wait("fillers.late_reply_ms", self.late_reply_ms)
        _wait("fillers.late_tool_ms", self.late_tool_ms)
        for name, words in (("reply_words", self.reply_words), ("tool_words", self.tool_words)):
            checks.at_most(f"fillers.{name}", len(words or ()), FILLERS_MAXIMUM, "fillers")
            for index, each in enumerate(words or ()):
                checks.text(f"fillers.{name}[{index}]", each, FILLER_LENGTH_MAXIMUM)


@dataclass(frozen=True, slots=True)
class Recording:
    """Whether calls are recorded, where the server records at all. `format` None: the server's choice.

    `consent`: what is said before anything else; nothing stops it. Raises `InvalidFieldError`.
    """

    enabled: bool = True
    format: RecordingFormat | None = None
    consent: str | None = None

    def __post_init__(self) -> None:
        if self.format is not None:
            checks.one_of("recording.format", self.format, RECORDING_FORMATS)
        if self.consent is not None:
            checks.text("recording.consent", self.consent, CONSENT_LENGTH_MAXIMUM)


def _wait(param: str, value: int | None) -> None:
    if value is not None:
        checks.within(param, value, WAIT_MS_RANGE)
