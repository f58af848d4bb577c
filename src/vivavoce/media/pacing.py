"""When audio may go out to a caller, and how much of it has been played.

The caller's player starts when the first audio arrives and plays in real time. Sending no further ahead than a small
lead leaves little that cannot be softened or taken back when the caller speaks. The lead begins small, grows when audio
went out too late for the player, and shrinks again while all goes well. Times are absolute (loop seconds given by the
owner), so delays of single sends do not add up. Owned by one call.
"""

from __future__ import annotations

SHORTEST_LEAD_SECONDS = 0.05
LONGEST_LEAD_SECONDS = 0.2
LEAD_STEP_SECONDS = 0.04
"""How much the lead grows each time that the player ran dry."""

CALM_SECONDS = 5.0
"""Audio that has to go out in time before the lead shrinks by a quarter of a step."""


class Playout:
    """The estimated state of the caller's player, and how far ahead of it to send."""

    def __init__(self, lead_seconds: float = SHORTEST_LEAD_SECONDS) -> None:
        self.lead_seconds = lead_seconds
        self.late_frames = 0
        self._ends_at = 0.0
        self._gap_expected = True
        self._calm_seconds = 0.0

    def send(self, now: float, duration_seconds: float) -> None:
        """Audio of this duration goes out now. After silence the player starts afresh."""
        if self._ends_at < now and not self._gap_expected:
            self.late_frames += 1
            self._calm_seconds = 0.0
            self.lead_seconds = min(LONGEST_LEAD_SECONDS, self.lead_seconds + LEAD_STEP_SECONDS)
        else:
            self._calm_seconds += duration_seconds
        if self._calm_seconds >= CALM_SECONDS:
            self._calm_seconds = 0.0
            self.lead_seconds = max(SHORTEST_LEAD_SECONDS, self.lead_seconds - LEAD_STEP_SECONDS / 4)
        self._gap_expected = False
        self._ends_at = max(self._ends_at, now) + duration_seconds

    def expect_gap(self) -> None:
        """There is nothing to send for the moment: should the player run dry, it is not for want of lead."""
        self._gap_expected = True

    def wait_seconds(self, now: float) -> float:
        """How long to wait before more may be sent; 0 when it may go now."""
        return max(0.0, self._ends_at - self.lead_seconds - now)

    def buffered_seconds(self, now: float) -> float:
        """Audio that was sent but not played yet."""
        return max(0.0, self._ends_at - now)

    def ends_at(self, now: float, more_follows: bool) -> float:
        """When the player has played all that was sent; in the past if it has run dry and nothing follows at once."""
        return max(self._ends_at, now) if more_follows else self._ends_at

    def correct(self, now: float, buffered_seconds: float) -> None:
        """The player itself says how much it still holds."""
        self._ends_at = now + buffered_seconds

    def flush(self, now: float) -> None:
        """The player threw away what it had not played."""
        self._ends_at = min(self._ends_at, now)
        self._gap_expected = True
