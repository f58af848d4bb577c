"""What makes separately spoken pieces sound like one speech: silence trimmed, pauses set, levels equal.

Pure functions on 24 kHz samples; every voice adapter finishes its audio here.
"""

from __future__ import annotations

import numpy as np

from vivavoce.engines.ports import MAXIMUM_VOICE_PEAK, VOICE_RATE_HZ, Samples
from vivavoce.media.levels import limit_peak

LEADING_SILENCE_SECONDS = 0.03
"""Kept before the first sound. In all voices a soft 'f' or 'h' rises from -60 dB to the threshold within 30 ms."""

SENTENCE_PAUSE_SECONDS = 0.12
CLAUSE_PAUSE_SECONDS = 0.06
WORD_PAUSE_SECONDS = 0.03
"""Silence after a piece, by the mark it ends with. The next piece adds its leading silence."""

SPEECH_RMS = 10 ** (-21 / 20)
"""Level of the sounding frames of every voice, -21 dBFS: leaves speech its crest of 16 dB below the highest peak."""

MAXIMUM_GAIN = 10 ** (12 / 20)
"""Quieter audio than this can lift to the level is a whisper or no speech, and is left quiet."""

SLOWEST_SPEED = 0.7
FASTEST_SPEED = 1.5

_FRAME_SAMPLES = VOICE_RATE_HZ // 100
_FADE_SAMPLES = VOICE_RATE_HZ // 200
_SILENT_BELOW = 10 ** (-40 / 20)
_SOUNDING_ABOVE = 10 ** (-30 / 20)
_SENTENCE_ENDS = frozenset(".!?…。！？")
_CLAUSE_ENDS = frozenset(",;:—–-、，；：)")
_CLOSERS = "\"'”’) "


def clamped_speed(speed: float) -> float:
    """`speed` within the range that the voices can hold; outside it the nearest end."""
    return min(max(speed, SLOWEST_SPEED), FASTEST_SPEED)


def delivered(samples: Samples, text: str, speed: float = 1.0) -> Samples:
    """A model's raw audio as it is to be heard: level set, silence trimmed to the pause that `text` ends with."""
    frames = len(samples) // _FRAME_SAMPLES
    if frames == 0:
        return np.zeros(0, np.float32)
    levels = np.sqrt(np.mean(np.square(samples[: frames * _FRAME_SAMPLES].reshape(frames, -1)), axis=1))
    loudest = float(levels.max())
    sounding = np.flatnonzero(levels > loudest * _SILENT_BELOW)
    if loudest <= 0 or not np.isfinite(loudest) or not sounding.size:
        return np.zeros(0, np.float32)
    start = max(0, int(sounding[0]) * _FRAME_SAMPLES - round(LEADING_SILENCE_SECONDS * VOICE_RATE_HZ))
    end = (int(sounding[-1]) + 1) * _FRAME_SAMPLES
    pause = round(pause_seconds(text) / speed * VOICE_RATE_HZ)
    speech = samples[start : end + pause] * np.float32(_gain(levels, loudest))
    finished = np.concatenate([speech, np.zeros(max(0, end + pause - start - len(speech)), np.float32)])
    _fade_edges(finished)
    return limit_peak(finished, MAXIMUM_VOICE_PEAK)


def pause_seconds(text: str) -> float:
    """The silence after a piece that ends as `text` does."""
    mark = text.rstrip(_CLOSERS)[-1:]
    if mark in _SENTENCE_ENDS and mark:
        return SENTENCE_PAUSE_SECONDS
    return CLAUSE_PAUSE_SECONDS if mark in _CLAUSE_ENDS and mark else WORD_PAUSE_SECONDS


def _gain(levels: np.ndarray[tuple[int], np.dtype[np.float32]], loudest: float) -> float:
    sounding = levels[levels > loudest * _SOUNDING_ABOVE]
    rms = float(np.sqrt(np.mean(np.square(sounding))))
    return min(SPEECH_RMS / rms, MAXIMUM_GAIN)


def _fade_edges(samples: Samples) -> None:
    fade = min(_FADE_SAMPLES, len(samples) // 2)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    samples[:fade] *= ramp
    samples[len(samples) - fade :] *= ramp[::-1]
