"""How a labelled clip is made: pieces of recordings or of spoken words, the pauses between them, and a variation.

A recipe is small and frozen; `mixed` and `varied` make its sound, always the same. Which half of the set a clip belongs
to follows from a hash of its name, so that new clips do not move old ones, and all variations stay in one half.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from bench.labelled_speech import cutting
from bench.labelled_speech.cutting import Span
from bench.labelled_speech.sources import recording
from bench.labelled_speech.spoken import spoken
from vivavoce.engines.ports import Samples

MARGIN_MS = 60
QUIETER_DECIBELS = 14
LEAD_MS = 500


class Half(StrEnum):
    """Numbers are chosen on one half and believed on the other."""

    TUNE = "tune"
    HELD_OUT = "held_out"


class Variation(StrEnum):
    CLEAN = "clean"
    QUIET = "quiet"
    TELEPHONE = "telephone"
    NOISE_20_DB = "noise_20_db"
    NOISE_10_DB = "noise_10_db"


_VARIATIONS = (Variation.QUIET, Variation.TELEPHONE, Variation.NOISE_20_DB, Variation.NOISE_10_DB)


class PauseKind(StrEnum):
    """What follows from a pause: `INSIDE` a sentence nobody may answer; `BETWEEN` sentences one may be mistaken."""

    INSIDE = "inside"
    BETWEEN = "between"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A part of a recording, or all of it. Pauses that contain one of `sentence_ends_ms` lie between sentences."""

    source: str
    span: Span | None = None
    sentence_ends_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """Words that one of our voices speaks."""

    text: str
    voice: str
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class FirstHalf:
    """What lies before the quietest place in the middle of a recording."""

    of: Recorded


@dataclass(frozen=True, slots=True)
class SecondHalf:
    """What lies behind it."""

    of: Recorded


Piece = Recorded | Said | FirstHalf | SecondHalf


@dataclass(frozen=True, slots=True)
class Pause:
    span: Span
    kind: PauseKind

    def moved(self, by_ms: int) -> Pause:
        return replace(self, span=self.span.moved(by_ms))


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """Speech from its first sound to its last, `speech` in it, and the pauses of 150 ms and more."""

    samples: Samples
    speech: Span
    pauses: tuple[Pause, ...]

    def moved(self, samples: Samples, by_ms: int) -> Mixed:
        return Mixed(samples, self.speech.moved(by_ms), tuple(pause.moved(by_ms) for pause in self.pauses))


def number_of(name: str) -> int:
    """A number that belongs to this name for ever."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])


def half_of(name: str) -> Half:
    return Half.TUNE if number_of(f"half of {name}") % 2 else Half.HELD_OUT


def variations_of(name: str) -> tuple[Variation, ...]:
    """Clean, and one of the others."""
    return (Variation.CLEAN, _VARIATIONS[number_of(f"variation of {name}") % len(_VARIATIONS)])


def sound_of(piece: Piece) -> Samples:
    match piece:
        case Recorded(source=source, span=span):
            whole = recording(source)
            return whole if span is None else cutting.part(whole, span, MARGIN_MS)
        case Said(text=text, voice=voice, speed=speed):
            return spoken(text, voice, speed)
        case FirstHalf(of=of):
            whole = sound_of(of)
            return whole[: cutting.quietest_middle(whole)]
        case SecondHalf(of=of):
            whole = sound_of(of)
            return whole[cutting.quietest_middle(whole) :]


def mixed(pieces: tuple[Piece, ...], gaps_ms: tuple[int, ...] = (), shortest_pause_ms: int = 150) -> Mixed:
    """Join the pieces with pauses of these lengths, measured from sound to sound, at the level of a voice."""
    sounds: list[Samples] = []
    pauses: list[Pause] = []
    at_ms, ended_ms, started_ms = 0, 0, 0
    for number, piece in enumerate(pieces):
        sound = cutting.levelled(sound_of(piece))
        spans = cutting.speech_spans(sound, shortest_pause_ms) or [Span(0, cutting.milliseconds_of(sound))]
        cut = Span(max(0, spans[0].start_ms - MARGIN_MS), spans[-1].end_ms + MARGIN_MS)
        sound = cutting.faded(cutting.part(sound, cut))
        spans = [span.moved(-cut.start_ms) for span in spans]
        if number:
            gap_ms = max(0, gaps_ms[number - 1] - (at_ms - ended_ms) - spans[0].start_ms)
            sounds.append(cutting.silence(gap_ms, number))
            at_ms += gap_ms
            pauses.append(Pause(Span(ended_ms, at_ms + spans[0].start_ms), PauseKind.INSIDE))
        else:
            started_ms = spans[0].start_ms
        pauses += [
            Pause(pause.moved(at_ms), _kind(piece, pause.moved(cut.start_ms)))
            for pause in cutting.pauses_between(spans)
        ]
        sounds.append(sound)
        ended_ms = at_ms + spans[-1].end_ms
        at_ms += cutting.milliseconds_of(sound)
    return Mixed(np.concatenate(sounds), Span(started_ms, ended_ms), tuple(pauses))


def _kind(piece: Piece, pause: Span) -> PauseKind:
    if not isinstance(piece, Recorded):
        return PauseKind.INSIDE
    start_ms = max(0, piece.span.start_ms - MARGIN_MS) if piece.span is not None else 0
    absolute = pause.moved(start_ms)
    inside = any(absolute.start_ms - 60 <= at_ms <= absolute.end_ms + 60 for at_ms in piece.sentence_ends_ms)
    return PauseKind.BETWEEN if inside else PauseKind.INSIDE


def on_a_line(clip: Mixed, variation: Variation, name: str, *, lead_ms: int = LEAD_MS, tail_ms: int) -> Mixed:
    """The clip on a line that is open before and behind it, with whatever the line does to it."""
    seed = number_of(name)
    samples = np.concatenate([cutting.silence(lead_ms, seed), clip.samples, cutting.silence(tail_ms, seed + 1)])
    return clip.moved(_varied(samples, variation, seed), lead_ms)


def _varied(samples: Samples, variation: Variation, seed: int) -> Samples:
    match variation:
        case Variation.CLEAN:
            return samples
        case Variation.QUIET:
            return cutting.attenuated(samples, QUIETER_DECIBELS)
        case Variation.TELEPHONE:
            return cutting.telephone(samples)
        case Variation.NOISE_20_DB:
            return _with_noise(samples, 20, seed)
        case Variation.NOISE_10_DB:
            return _with_noise(samples, 10, seed)


def _with_noise(samples: Samples, below_speech_db: int, seed: int) -> Samples:
    """White noise or an idling engine, all the time."""
    rms = cutting.SPEECH_RMS * 10 ** (-below_speech_db / 20)
    if seed % 2:
        return samples + cutting.white_noise(len(samples), rms, seed)
    engine = recording("noise/engine_idling")
    noise = np.resize(engine * np.float32(rms / np.sqrt((engine**2).mean())), len(samples))
    return (samples + noise).astype(np.float32)
