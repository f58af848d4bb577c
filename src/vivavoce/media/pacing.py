"""When audio may go out to a caller, and how much of it has been played.

The caller's player starts when the first audio arrives and plays in real time. Sending no further ahead than a small
lead leaves little to throw away when the caller barges in. Times are absolute (loop seconds given by the owner), so
delays of single sends do not add up. Owned by one call.
"""

from __future__ import annotations


class Playout:
    """The estimated state of the caller's player."""

    def __init__(self, lead_seconds: float) -> None:
        self._lead_seconds = lead_seconds
        self._ends_at = 0.0

    def send(self, now: float, duration_seconds: float) -> None:
        """Audio of this duration goes out now. After silence the player starts afresh."""
        self._ends_at = max(self._ends_at, now) + duration_seconds

    def wait_seconds(self, now: float) -> float:
        """How long to wait before more may be sent; 0 when it may go now."""
        return max(0.0, self._ends_at - self._lead_seconds - now)

    def buffered_seconds(self, now: float) -> float:
        """Audio that was sent but not played yet."""
        return max(0.0, self._ends_at - now)

    def flush(self, now: float) -> None:
        """The player threw away what it had not played."""
        self._ends_at = min(self._ends_at, now)
