"""What a caller hears of an agent: sound played in real time from a buffer, and when it began, softened and stopped.

Pure: times are passed in, in seconds of one clock. Owned by one line; standard library only.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass

AUDIBLE_PEAK = 100
"""16-bit; the stub voice peaks at 8000."""

SPAN_SECONDS = 0.005
"""The loudest sample is told for each stretch of this length: two periods of the stub voice."""

SOFTER_SHARE = 0.7
GAP_SECONDS = 0.15
"""Sound that is away for so long has stopped; shorter gaps are the player's own."""

SOFTER_SECONDS = 0.03
"""A softer stretch of so long is meant."""


@dataclass(frozen=True, slots=True)
class Span:
    """Sound from `start` to `end` with its loudest sample."""

    start: float
    end: float
    peak: int


class Loudspeaker:
    """Plays what it is given, one after the other."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._paused: list[Span] = []
        self._playing_until = 0.0

    def play(self, sound: bytes, rate_hz: int, now: float) -> None:
        """16-bit mono sound; heard when all that was given before has been heard."""
        samples = array("h", sound)
        if not samples:
            return
        step = round(SPAN_SECONDS * rate_hz)
        for begin in range(0, len(samples), step):
            part = samples[begin : begin + step]
            start = max(now, self._playing_until)
            self._playing_until = start + len(part) / rate_hz
            loudest, lowest = max(part), min(part)
            self._spans.append(Span(start, self._playing_until, max(loudest, -lowest)))

    def stop(self, now: float) -> None:
        """Throw away what has not been heard, as a client does that flushes its player."""
        self._cut(now)
        self._paused = []

    def pause(self, now: float) -> None:
        """Be silent until `resume` or `stop`; what is played meanwhile waits behind what was cut."""
        self._paused = self._cut(now)

    def resume(self, now: float) -> None:
        paused, self._paused = self._paused, []
        for span in paused:
            start = max(now, self._playing_until)
            self._playing_until = start + span.end - span.start
            self._spans.append(Span(start, self._playing_until, span.peak))

    def forget(self, before: float) -> None:
        """What was heard before is not asked for any more."""
        self._spans = [span for span in self._spans if span.end > before]

    def buffered_seconds(self, now: float) -> float:
        return max(0.0, self._playing_until - now)

    def sound_from(self, since: float) -> float | None:
        """When sound was first heard at or after `since`; None if it was not."""
        starts = (max(span.start, since) for span in self._spans if span.end > since and span.peak > AUDIBLE_PEAK)
        return min(starts, default=None)

    def silent_from(self, since: float, now: float) -> float | None:
        """When, at or after `since`, sound was away for `GAP_SECONDS`; None if it has not been by now."""
        return self._away_from(since, now, AUDIBLE_PEAK, GAP_SECONDS)

    def softer_from(self, since: float, now: float) -> float | None:
        """The same for sound that is softer than it was, or away."""
        before = [span.peak for span in self._spans if span.start <= since]
        return self._away_from(since, now, round(max(before, default=0) * SOFTER_SHARE), SOFTER_SECONDS)

    def _away_from(self, since: float, now: float, peak: int, gap_seconds: float) -> float | None:
        heard = since
        for span in self._spans:
            if span.end <= since or span.peak <= peak:
                continue
            if span.start - heard >= gap_seconds:
                break
            heard = max(heard, span.end)
        return heard if now - heard >= gap_seconds else None

    def _cut(self, now: float) -> list[Span]:
        cut = [Span(max(span.start, now), span.end, span.peak) for span in self._spans if span.end > now]
        kept = [span for span in self._spans if span.start < now]
        self._spans = [Span(span.start, min(span.end, now), span.peak) for span in kept]
        self._playing_until = min(self._playing_until, now)
        return cut
