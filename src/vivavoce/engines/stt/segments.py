"""Where long speech is cut, what is too little to be speech, and where a model has begun to repeat itself. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from vivavoce.engines.ports import HEARING_RATE_HZ, Samples

SHORTEST_SPEECH_SAMPLES = int(0.3 * HEARING_RATE_HZ)
QUIETEST_SPEECH_RMS = 0.002
"""-54 dBFS in the loudest 30 ms: what is quieter is a silent line, for which the models invent words."""

_FRAME_SAMPLES = 480
_QUIET_SAMPLES = 3_200
_STEP_SAMPLES = 320

_LOOP_MINIMUM_REPEATS = 4
_LOOP_MINIMUM_TOKENS = 12
_LOOP_LONGEST_PERIOD = 16


def is_speechless(audio: Samples) -> bool:
    """Whether (n,) samples are too short or too quiet to hold a word."""
    if audio.size < SHORTEST_SPEECH_SAMPLES:
        return True
    whole_frames = audio[: audio.size - audio.size % _FRAME_SAMPLES].reshape(-1, _FRAME_SAMPLES)
    return bool(np.max(np.mean(np.square(whole_frames), axis=1)) < QUIETEST_SPEECH_RMS**2)


def quietest_cut(audio: Samples, earliest: int, latest: int) -> int:
    """The middle of the quietest 0.2 s that lie between the samples `earliest` and `latest`; `latest` if none fit."""
    span = audio[earliest:latest]
    if span.size < _QUIET_SAMPLES:
        return min(latest, audio.size)
    energies = np.mean(np.square(sliding_window_view(span, _QUIET_SAMPLES)[::_STEP_SAMPLES]), axis=1)
    return earliest + int(np.argmin(energies)) * _STEP_SAMPLES + _QUIET_SAMPLES // 2


def loop_at_end(tokens: Sequence[int]) -> int:
    """How many tokens at the end only repeat what stands before them; 0 unless the model is caught in a loop.

    A loop is a phrase of up to 16 tokens, said at least four times in a row and at least twelve tokens long in all:
    callers do repeat a word or a digit, but not that often.
    """
    for period in range(1, _LOOP_LONGEST_PERIOD + 1):
        repeats = max(_LOOP_MINIMUM_REPEATS, -(-_LOOP_MINIMUM_TOKENS // period))
        needed = repeats * period
        if len(tokens) >= needed and list(tokens[-needed:-period]) == list(tokens[len(tokens) - needed + period :]):
            return needed - period
    return 0
