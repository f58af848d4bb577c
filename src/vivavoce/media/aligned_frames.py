"""Sound through something that works on frames and answers late, aligned with what went in. Owned by one direction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vivavoce.media.pcm import Samples

Work = Callable[[Samples, int], Samples]
"""Takes whole frames, and how many samples before the newest push they begin; gives as many, late by the lag."""


class AlignedFrames:
    """Every sample that goes in comes out once, in its place: worked on, or as it is when it is released early.

    Holds back less than `frame_samples` + `lag_samples`.
    """

    def __init__(self, frame_samples: int, lag_samples: int) -> None:
        self._frame_samples = frame_samples
        self._lag_samples = lag_samples
        self._held = np.zeros(0, dtype=np.float32)
        self._unworked_samples = 0
        self._stale_samples = lag_samples

    def push(self, samples: Samples, work: Work) -> Samples:
        """Append (n,) samples; give those that are ready."""
        before = self._unworked_samples
        self._held = np.concatenate((self._held, samples))
        self._unworked_samples += samples.size
        whole = self._unworked_samples - self._unworked_samples % self._frame_samples
        if not whole:
            return np.zeros(0, dtype=np.float32)
        at = self._held.size - self._unworked_samples
        worked = work(self._held[at : at + whole], before)
        self._unworked_samples -= whole
        stale = min(self._stale_samples, worked.size)
        self._stale_samples -= stale
        ready = worked[stale:]
        self._held = self._held[ready.size :].copy()
        return ready

    def release(self) -> Samples:
        """Give what is held as it went in; the next push begins anew."""
        held, self._held = self._held, np.zeros(0, dtype=np.float32)
        self._unworked_samples = 0
        self._stale_samples = self._lag_samples
        return held
