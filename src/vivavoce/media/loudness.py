"""How loud the one who speaks now is, beside how loud the caller of this call usually is. Owned by one call.

Speech is measured over the windows that a voice-activity detector calls speech. One stretch of speech counts by the
mean of its power: the pauses and edges in it weigh next to nothing, the vowels nearly all. What the caller usually is
moves towards each stretch in decibels, more for long stretches than for short ones, so that a person who leans back is
followed within a few sentences and a single shout moves little.
"""

from __future__ import annotations

import math

import numpy as np

from vivavoce.media.pcm import Samples

SILENCE_DBFS = -100.0
"""Given for digital silence, and for anything below."""

USUAL_SECONDS = 10.0
"""A stretch of this length moves what is usual by 63 % of the difference."""

KNOWN_AFTER_SECONDS = 0.5
"""Less speech of the caller says nothing about the caller."""


FADED_DB = 20.0
FADED_WINDOWS = 2
"""How far, and for how many windows, a voice sinks below its mean before it is taken to fade. Within words only the
closures of p, t and k are as faint, and those are shorter."""

SOFT_WINDOWS = 6
"""What is called speech for so many faint windows, twice as long as after a last word, is speech: somebody goes on
softly."""


_QUIETEST_POWER = 1e-7
"""What is used to is at least so loud, else it would never rise from digital silence: -70 dBFS."""


def power_dbfs(power: float) -> float:
    """The mean square of samples, in decibels of a full-scale square wave."""
    return max(SILENCE_DBFS, 10 * math.log10(power)) if power > 0 else SILENCE_DBFS


SUDDEN_POWER = 4.0
"""6 dB above what it was just before."""

SUDDEN_DBFS = -50.0
"""Softer sounds startle nobody."""

FORGOTTEN_POWER_A_PIECE = 1.1
"""How quickly a noise that stays is used to: 20 dB in a second of 20 ms pieces."""


class Suddenness:
    """Whether a sound is louder than the quiet before it, however loud that is. Owned by one call's ears."""

    def __init__(self) -> None:
        self._usual_power = math.inf

    def heard(self, samples: Samples) -> bool:
        """The next (n,) samples: are they sudden?"""
        power = float(np.dot(samples, samples)) / max(1, samples.size)
        sudden = power_dbfs(power) > SUDDEN_DBFS and power > self._usual_power * SUDDEN_POWER
        self._usual_power = min(power, max(self._usual_power * FORGOTTEN_POWER_A_PIECE, _QUIETEST_POWER))
        return sudden


class SpeechLoudness:
    """Fed with every window of speech; told at the end of each stretch of speech whether it was the caller's."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._energy = 0.0
        self._samples = 0
        self._faint_windows = 0
        self._usual_dbfs = SILENCE_DBFS
        self._usual_seconds = 0.0

    @property
    def current_dbfs(self) -> float | None:
        """The speech that goes on now; None before its first window."""
        return power_dbfs(self._energy / self._samples) if self._samples else None

    @property
    def usual_dbfs(self) -> float | None:
        """The caller's speech so far, without the stretch that goes on; None while too little is known."""
        return self._usual_dbfs if self._usual_seconds >= KNOWN_AFTER_SECONDS else None

    @property
    def above_usual_db(self) -> float | None:
        """How much louder than the caller usually is; below zero for somebody in the background. None: not known."""
        current, usual = self.current_dbfs, self.usual_dbfs
        return None if current is None or usual is None else current - usual

    def heard(self, speech: Samples) -> None:
        """One more (n,) window of the speech that goes on."""
        energy, before = float(np.dot(speech, speech)), self.current_dbfs
        faint = before is not None and power_dbfs(energy / max(1, speech.size)) < before - FADED_DB
        self._faint_windows = self._faint_windows + 1 if faint else 0
        self._energy += energy
        self._samples += speech.size

    @property
    def is_fading(self) -> bool:
        """Whether the voice has sunk far below itself: of windows in a row, the latest is the second to fifth so faint.

        Voice-activity models call the first 60 to 100 ms after a last word speech; its loudness tells sooner.
        """
        return FADED_WINDOWS <= self._faint_windows < SOFT_WINDOWS

    def ended(self, *, by_caller: bool) -> None:
        """The stretch of speech is over. Only the caller's own counts for what is usual."""
        current, seconds = self.current_dbfs, self._samples / self._rate_hz
        self._energy, self._samples = 0.0, 0
        if current is None or not by_caller:
            return
        weight = 1 - math.exp(-seconds / USUAL_SECONDS) if self.usual_dbfs is not None else self._share(seconds)
        self._usual_dbfs += weight * (current - self._usual_dbfs)
        self._usual_seconds += seconds

    def _share(self, seconds: float) -> float:
        """At first the plain mean: the first stretch counts whole, the next by its length."""
        return seconds / (self._usual_seconds + seconds)
