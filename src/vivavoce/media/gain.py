"""A loudness that changes without a click: each change is spread over the next samples. Owned by one stream; pure."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

RAMP_SAMPLES = 240
"""From silence to full loudness: 10 ms at 24 kHz, too short to be heard as a fade, too long for a click."""


class Gain:
    """Factor 1 at first; `target` is where it goes from the next sample on, in even steps."""

    def __init__(self) -> None:
        self._now = 1.0
        self.target = 1.0

    def apply(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The samples (n,), louder or softer; the very array when there is nothing to do."""
        if self._now == self.target:
            return samples if self._now == 1.0 else samples * np.float32(self._now)
        distance = self.target - self._now
        step = math.copysign(1 / RAMP_SAMPLES, distance)
        ramp = self._now + step * np.arange(1, len(samples) + 1)
        factors = np.clip(ramp, min(self._now, self.target), max(self._now, self.target))
        if len(samples):
            self._now = float(factors[-1])
        changed: NDArray[np.float32] = samples * factors.astype(np.float32)
        return changed

    def restart(self) -> None:
        """The next samples come up from silence to the target."""
        self._now = 0.0
