"""A loudness that changes without a click: each change is spread over the next samples. Owned by one stream; pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RAMP_SAMPLES = 240
"""10 ms at 24 kHz: too short to be heard as a fade, long enough not to be heard as a click."""


class Gain:
    """Factor 1 at first; `target` is where it goes from the next sample on."""

    def __init__(self) -> None:
        self._now = 1.0
        self.target = 1.0

    def apply(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The samples (n,), louder or softer; the very array when there is nothing to do."""
        if self._now == self.target:
            return samples if self._now == 1.0 else samples * np.float32(self._now)
        length = min(RAMP_SAMPLES, len(samples))
        reached = self._now + (self.target - self._now) * length / RAMP_SAMPLES
        factors = np.full(len(samples), reached, dtype=np.float32)
        factors[:length] = np.linspace(self._now, reached, length, endpoint=False, dtype=np.float32)
        self._now = self.target if length == RAMP_SAMPLES else reached
        return samples * factors

    def restart(self) -> None:
        """The next samples come up from silence to the target."""
        self._now = 0.0
