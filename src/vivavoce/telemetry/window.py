"""Measured values of the last seconds. Pure: the time of each value is given. Owned by the gauge that fills it."""

from __future__ import annotations

import math
from collections import deque


class RecentValues:
    """The values of the last `seconds`, at most `maximum` of them: the oldest make room."""

    def __init__(self, seconds: float, *, maximum: int = 4096) -> None:
        self._seconds = seconds
        self._values: deque[tuple[float, float]] = deque(maxlen=maximum)

    def add(self, now: float, value: float) -> None:
        self._values.append((now, value))
        self._forget(now)

    def at(self, now: float) -> list[float]:
        """What was measured in the last seconds before `now`, oldest first."""
        self._forget(now)
        return [value for _, value in self._values]

    def _forget(self, now: float) -> None:
        while self._values and self._values[0][0] < now - self._seconds:
            self._values.popleft()


def quantile(values: list[float], share: float) -> float:
    """Nearest rank: the smallest value that at least this share of the values do not exceed; 0 for no values."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]
