"""Whether what is played comes back in the microphone, told from the loudness of both. Owned by one call.

An echo canceller that has heard no echo yet takes the first loud sound for one: WebRTC's removes 20 to 40 dB from the
first second and a half of a caller with a headset. Most callers have a headset, a handset or a canceller of their own,
and send silence while the agent speaks. So the canceller is to be heard only while an echo may be there:

- There is none when the microphone stays quiet, or steady, through 1.2 s of an agent who speaks most of the time.
- There is one again when the loudness of the microphone follows that of the agent for 2 s, at a delay of up to 0.5 s.
  Two people who speak at once come to a correlation of 0.74 in one of a hundred such windows, an echo to 0.8 and more
  in 99.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from vivavoce.media.levels import rms
from vivavoce.media.pcm import Samples
from vivavoce.media.windows import Windows

BLOCK_SECONDS = 0.02
JUDGED_EVERY_BLOCKS = 5

QUIET_DBFS = -60.0
"""An echo below it wakes no voice-activity detector; line noise and breath are there."""

STEADY_DB = 6.0
"""Noise that hums or hisses changes by less, and hides what is below it."""

SOUNDING_DBFS = -45.0
"""The agent's voice, without its pauses."""

ABSENCE_BLOCKS = 60
FOLLOWING_BLOCKS = 100
DELAYS_BLOCKS = 26
LIKE_AN_ECHO = 0.8
SHARE_LOUD = 0.3
SHARE_SOUNDING = 0.6

Levels = NDArray[np.float64]


class EchoPresence:
    """`possible` from the beginning, until the agent was heard to speak without coming back."""

    def __init__(self, rate_hz: int) -> None:
        self.possible = True
        block_samples = round(rate_hz * BLOCK_SECONDS)
        self._heard = Windows(block_samples)
        self._played = Windows(block_samples)
        self._heard_dbfs: deque[float] = deque(maxlen=FOLLOWING_BLOCKS)
        self._played_dbfs: deque[float] = deque(maxlen=FOLLOWING_BLOCKS + DELAYS_BLOCKS - 1)
        self._unjudged_blocks = 0

    def push(self, heard: Samples, played: Samples) -> None:
        """The microphone's next (n,) samples, and what was played at that time at the earliest."""
        for microphone, agent in zip(self._heard.push(heard), self._played.push(played), strict=True):
            self._heard_dbfs.append(_dbfs(microphone))
            self._played_dbfs.append(_dbfs(agent))
            self._unjudged_blocks += 1
        if self._unjudged_blocks >= JUDGED_EVERY_BLOCKS:
            self._unjudged_blocks = 0
            self.possible = not self._is_absent() if self.possible else self._is_followed()

    def _is_absent(self) -> bool:
        if len(self._heard_dbfs) < ABSENCE_BLOCKS:
            return False
        heard = np.array(self._heard_dbfs)[-ABSENCE_BLOCKS:]
        # what sounded in the first half has come back by now, however late it is
        played = np.array(self._played_dbfs)[-ABSENCE_BLOCKS:][: ABSENCE_BLOCKS // 2]
        sounding = np.mean(played > SOUNDING_DBFS) >= SHARE_SOUNDING
        return bool(sounding and heard.max() <= max(QUIET_DBFS, heard.min() + STEADY_DB))

    def _is_followed(self) -> bool:
        if len(self._played_dbfs) < FOLLOWING_BLOCKS + DELAYS_BLOCKS - 1:
            return False
        heard, played = np.array(self._heard_dbfs), np.array(self._played_dbfs)
        if np.mean(heard > QUIET_DBFS) < SHARE_LOUD or np.mean(played > SOUNDING_DBFS) < SHARE_LOUD:
            return False
        delayed = np.lib.stride_tricks.sliding_window_view(played, FOLLOWING_BLOCKS)
        return bool(_correlations(_without_floor(heard), _without_floor(delayed)).max() >= LIKE_AN_ECHO)


def _dbfs(samples: Samples) -> float:
    return float(20 * np.log10(rms(samples) + 1e-9))


def _without_floor(levels: Levels) -> Levels:
    """How deep a silence is means nothing."""
    return np.maximum(levels, QUIET_DBFS)


def _correlations(one: Levels, others: Levels) -> Levels:
    """Pearson's, of one row of shape (n,) with each of the rows of shape (m, n)."""
    one = one - one.mean()
    others = others - others.mean(axis=1, keepdims=True)
    scale = np.sqrt(np.dot(one, one) * np.einsum("ij,ij->i", others, others))
    correlations: Levels = (others @ one) / (scale + 1e-9)
    return correlations
