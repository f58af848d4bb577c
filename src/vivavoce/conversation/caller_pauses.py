"""How long this caller pauses before going on: within turns, and behind what was wrongly taken for their end.

Owned by `TurnTaking`; lives as long as the call.
"""

from __future__ import annotations

from collections import deque

PAUSES_REMEMBERED = 12

WENT_ON_WITHIN_MS = 3000
"""Speech so soon after a turn was thought over, and before the agent has said anything, was its continuation."""


class CallerPauses:
    """Times are audio time of the call."""

    def __init__(self) -> None:
        self._lengths_ms: deque[int] = deque(maxlen=PAUSES_REMEMBERED)
        self._ended_ms: int | None = None

    @property
    def lengths_ms(self) -> tuple[int, ...]:
        """The latest, the oldest first."""
        return tuple(self._lengths_ms)

    def went_on(self, since_ms: int, at_ms: int) -> None:
        """The caller paused within a turn."""
        self._lengths_ms.append(max(0, at_ms - since_ms))

    def turn_ended(self, at_ms: int) -> None:
        """The last speech of a turn that was judged over."""
        self._ended_ms = at_ms

    def agent_spoke(self) -> None:
        """What the caller says from here on is an answer, not a continuation."""
        self._ended_ms = None

    def turn_began(self, at_ms: int) -> None:
        ended_ms, self._ended_ms = self._ended_ms, None
        if ended_ms is not None and at_ms - ended_ms <= WENT_ON_WITHIN_MS:
            self.went_on(ended_ms, at_ms)
