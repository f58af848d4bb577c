"""The interruption set: what comes from the caller's side while the agent speaks, and whether it should stop.

Interruptions stop the agent. Backchannels, noises, people in the background and the agent's own voice coming back do
not. After the agent's own question the words of a backchannel are an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np

from bench.labelled_speech import cutting, noises
from bench.labelled_speech.cutting import Span
from bench.labelled_speech.recipes import (
    Half,
    Mixed,
    Piece,
    Recorded,
    Said,
    Variation,
    half_of,
    mixed,
    number_of,
    on_a_line,
    variations_of,
)
from bench.labelled_speech.sources import recording
from bench.labelled_speech.spoken import VOICES
from vivavoce.engines.ports import Samples

AGENT_SPEAKS = (
    "The Italian place on the corner still has a table free at seven this evening, and the one by the river has "
    "another at half past eight. They are both about ten minutes away from your hotel on foot."
)
AGENT_ASKS = "Shall I book the table by the river for you?"
AGENT_ASKS_AND_GOES_ON = f"{AGENT_ASKS} It would be outside on the terrace, with a view of the old bridge and the town."

OPENING_QUESTION = Recorded("clip/help_me")
TAIL_MS = 2_500
NOISE_RMS = 10 ** (-22 / 20)

INTERRUPTIONS = (
    "Wait.",
    "No.",
    "Stop.",
    "Hold on.",
    "Actually, I meant Tuesday.",
    "What does it cost?",
    "Sorry, can I ask something?",
    "No, that's wrong.",
    "Excuse me.",
    "Can you say that again?",
    "Hang on, how far is it?",
    "I don't want that one.",
    "Stop, please.",
    "Wait a second.",
    "Not that one, the other one.",
    "Is there anything cheaper?",
)
REAL_INTERRUPTIONS = (
    *(Recorded(f"clip/{name}") for name in ("no", "help_me", "order_status", "check_order_12345", "hi_how_are_you")),
    Recorded("raw/goforward"),
    Recorded("raw/something"),
    Recorded("sphinx/cards/001"),
    Recorded("sphinx/cards/003"),
    Recorded("reading/two_cities", Span(24660, 25980)),
    Recorded("reading/two_cities", Span(6670, 8190)),
    Recorded("sphinx/librivox/sense_and_sensibility_01_austen_64kb-0880"),
)
BACKCHANNELS = (
    "Uh-huh.",
    "Okay.",
    "Right.",
    "Yeah.",
    "I see.",
    "Got it.",
    "Sure.",
    "Oh, okay.",
    "Yeah, yeah.",
    "All right.",
    "Yes.",
)
ANSWERS = ("Okay.", "Yes.", "No.", "Yeah, sure.", "Yes, please.", "No, thanks.")
BACKGROUND = (
    Recorded("reading/two_cities", Span(1210, 4540)),
    Recorded("reading/two_cities", Span(8820, 12770)),
    Recorded("reading/endgame_nagg_nell", Span(500, 5000)),
    Recorded("reading/endgame_nagg_nell", Span(9000, 14000)),
    Recorded("sphinx/librivox/sense_and_sensibility_01_austen_64kb-0870"),
    Recorded("sphinx/librivox/sense_and_sensibility_01_austen_64kb-0920"),
)
BACKGROUND_DECIBELS = (15, 20, 25)
ECHOES = ((6, 80), (6, 200), (12, 80), (12, 200), (18, 120), (24, 120))
"""How far below the agent's level the echo is, in dB, and how late, in ms."""


class Kind(StrEnum):
    INTERRUPTION = "interruption"
    ANSWER = "answer"
    BACKCHANNEL = "backchannel"
    NOISE = "noise"
    BACKGROUND = "background"
    ECHO = "echo"


MUST_STOP = frozenset({Kind.INTERRUPTION})
MUST_GO_ON = frozenset({Kind.BACKCHANNEL, Kind.NOISE, Kind.BACKGROUND, Kind.ECHO})


@dataclass(frozen=True, slots=True)
class Echo:
    """The agent's own voice in the caller's microphone."""

    decibels: int
    delay_ms: int


@dataclass(frozen=True, slots=True)
class InterruptionCase:
    """What comes at `at_ms` after the agent began to say `agent_says`.

    `source`: pieces that somebody says, or the name of a noise. With `after_question` the clip comes when the agent's
    question has been heard, at_ms later (or earlier). All clips of a `family` are in one half.
    """

    base: str
    family: str
    kind: Kind
    source: Piece | str | Echo
    at_ms: int
    variation: Variation
    agent_says: str = AGENT_SPEAKS
    after_question: bool = False
    decibels: int = 0

    @property
    def name(self) -> str:
        return f"{self.base} [{self.variation}]"

    @property
    def half(self) -> Half:
        return half_of(self.family)

    @property
    def synthetic(self) -> bool:
        return isinstance(self.source, Said | Echo) or (
            isinstance(self.source, str) and self.source.startswith("made ")
        )

    def clip(self, onset_ms: int) -> Mixed:
        """What the caller's line carries since the agent's first sound; the clip is loud from `onset_ms` on."""
        match self.source:
            case Echo():
                return Mixed(cutting.silence(onset_ms + TAIL_MS, 1), Span(onset_ms, onset_ms), ())
            case str():
                sound = _noise(self.source)
                spans = cutting.speech_spans(sound)
                clip = Mixed(sound, Span(spans[0].start_ms, spans[-1].end_ms), ())
            case piece:
                clip = mixed((piece,))
        quieter = Mixed(cutting.attenuated(clip.samples, self.decibels), clip.speech, clip.pauses)
        lead_ms = max(0, onset_ms - clip.speech.start_ms)
        return on_a_line(quieter, self.variation, self.name, lead_ms=lead_ms, tail_ms=TAIL_MS)


def opening_question(variation: Variation) -> Mixed:
    """What the caller asks before the agent speaks, on the same line: so the call knows how loud its caller is."""
    return on_a_line(mixed((OPENING_QUESTION,)), variation, "opening question", lead_ms=300, tail_ms=6_000)


@cache
def interruption_cases() -> tuple[InterruptionCase, ...]:
    """All of it, in order."""
    return (*_interruptions(), *_backchannels(), *_answers(), *_noises(), *_background(), *_echoes())


def _varied(base: str, family: str, kind: Kind, source: Piece | str, decibels: int = 0) -> list[InterruptionCase]:
    at_ms = 1_500 + number_of(f"moment of {base}") % 2_500
    return [
        InterruptionCase(base, family, kind, source, at_ms, variation, decibels=decibels)
        for variation in variations_of(base)
    ]


def _interruptions() -> list[InterruptionCase]:
    found: list[InterruptionCase] = []
    for text in INTERRUPTIONS:
        for take in range(2):
            base = f"interruption {take + 1}: {text}"
            found += _varied(base, text, Kind.INTERRUPTION, _said(text, base))
    for one in REAL_INTERRUPTIONS:
        start = f" {one.span.start_ms}" if one.span is not None else ""
        found += _varied(f"interruption {one.source}{start}", f"{one.source}{start}", Kind.INTERRUPTION, one)
    return found


def _backchannels() -> list[InterruptionCase]:
    found: list[InterruptionCase] = []
    for text in BACKCHANNELS:
        for take in range(3):
            base = f"backchannel {take + 1}: {text}"
            found += _varied(base, text, Kind.BACKCHANNEL, _said(text, base))
    for take in range(8):
        found += _varied(
            f"backchannel hum {take + 1}: Mm-hmm.", f"hum {take + 1}", Kind.BACKCHANNEL, f"made hum {take + 1}"
        )
    found += _varied("backchannel clip/yes", "Yes.", Kind.BACKCHANNEL, Recorded("clip/yes"))
    return found


def _answers() -> list[InterruptionCase]:
    """Just before the question is over, just behind it, and while the agent goes on."""
    found: list[InterruptionCase] = []
    for text in ANSWERS:
        for at_ms, agent_says in ((-150, AGENT_ASKS), (250, AGENT_ASKS), (250, AGENT_ASKS_AND_GOES_ON)):
            going_on = " while the agent goes on" if agent_says != AGENT_ASKS else ""
            base = f"answer at {at_ms:+d} ms{going_on}: {text}"
            source: Piece = _said(text, base)
            if text in {"Yes.", "No."}:
                source = Recorded(f"clip/{text[:-1].lower()}")
            found.append(
                InterruptionCase(
                    base, text, Kind.ANSWER, source, at_ms, Variation.CLEAN, agent_says, after_question=True
                )
            )
    return found


def _noises() -> list[InterruptionCase]:
    found: list[InterruptionCase] = []
    for name in noises.RECORDED:
        for decibels in (0, 10):
            found += _varied(f"noise {name} -{decibels} dB", name, Kind.NOISE, f"recorded {name}", decibels)
    for made in ("cough", "door_slam", "typing"):
        for take in range(4):
            base = f"noise {made} {take + 1}"
            found += _varied(base, base, Kind.NOISE, f"made {made} {take + 1}", 6 * (take % 2))
    return found


def _background() -> list[InterruptionCase]:
    found: list[InterruptionCase] = []
    for one in BACKGROUND:
        start = f" {one.span.start_ms}" if one.span is not None else ""
        for decibels in BACKGROUND_DECIBELS:
            base = f"background {one.source}{start} -{decibels} dB"
            clean, _ = _varied(base, f"{one.source}{start}", Kind.BACKGROUND, one, decibels)
            found.append(clean)
    return found


def _echoes() -> list[InterruptionCase]:
    return [
        InterruptionCase(base, base, Kind.ECHO, Echo(decibels, delay_ms), 0, Variation.CLEAN)
        for decibels, delay_ms in ECHOES
        for base in (f"echo -{decibels} dB after {delay_ms} ms",)
    ]


def _said(text: str, base: str) -> Said:
    number = number_of(f"voice of {base}")
    return Said(text, VOICES[number % len(VOICES)], (0.9, 1.0, 1.1)[number // len(VOICES) % 3])


def _noise(source: str) -> Samples:
    origin, name, *take = source.split(" ")
    if origin == "recorded":
        sound = recording(f"noise/{name}")
    else:
        make = {"cough": noises.cough, "door_slam": noises.door_slam, "typing": noises.typing, "hum": noises.hum}[name]
        sound = make(int(take[0]))
    loud = cutting.levelled(sound, NOISE_RMS)
    return np.ascontiguousarray(loud, dtype=np.float32)
