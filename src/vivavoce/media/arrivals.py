"""When each sample of a stream was there, on the clock of whoever receives it. Owned by the call that receives it.

Audio comes in packets that the network delays by turns, and the sender's sample clock is not the receiver's. The packet
that was delayed least tells most: the smallest difference between arrival and audio time, over the last seconds, places
all of them. (The minimum filter that NTP applies to its round trips, RFC 5905 section 10, here for one way.)
"""

from __future__ import annotations

import math

EARLIER_SECONDS = 0.005
"""An arrival that much before all others moves the stream at once: a sample cannot be there before it is sent."""

LATER_SECONDS = 0.02
"""The stream moves back when for a while no arrival was within this: the path became longer, or the clocks drifted."""

PAUSE_SECONDS = 0.5
"""A delay beyond this is a sender that paused: the stream goes on from here."""

REMEMBERED_SECONDS = 1.0


class ArrivalClock:
    """Places the samples of one stream in loop seconds."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._samples = 0
        self._offset_seconds = math.inf
        self._smallest_seconds = math.inf
        self._smallest_before_seconds = math.inf
        self._review_at_sample = 0

    def arrived(self, samples: int, now: float) -> float:
        """So many more samples are there now, the last of them just now. Gives when the first of them was there."""
        first = self._samples
        self._samples += samples
        offset = now - self._samples / self._rate_hz
        since = offset - self._offset_seconds
        if since < -EARLIER_SECONDS or since > PAUSE_SECONDS:
            self._begin(offset)
        else:
            self._follow(offset)
        return self._offset_seconds + first / self._rate_hz

    def _begin(self, offset: float) -> None:
        self._offset_seconds = self._smallest_seconds = offset
        self._smallest_before_seconds = math.inf
        self._review_at_sample = self._samples + round(REMEMBERED_SECONDS * self._rate_hz)

    def _follow(self, offset: float) -> None:
        self._smallest_seconds = min(self._smallest_seconds, offset)
        if self._samples < self._review_at_sample:
            return
        smallest = min(self._smallest_seconds, self._smallest_before_seconds)
        if smallest > self._offset_seconds + LATER_SECONDS:
            self._offset_seconds = smallest
        self._smallest_before_seconds, self._smallest_seconds = self._smallest_seconds, math.inf
        self._review_at_sample += round(REMEMBERED_SECONDS * self._rate_hz)
