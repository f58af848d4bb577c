"""How often a key may call: the generic cell rate algorithm, and the headers in which clients look for the answer.

Pure: no task, no lock. One `RateLimiter` a limit, owned by the application, in the memory of one process; it dies with
it, and every key then starts afresh. The algorithm is that of ITU-T I.371, annex A: of each key it keeps one number,
the moment at which its bucket would be full again ("theoretical arrival time").
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

KEYS_MAXIMUM = 100_000

_NANOSECONDS_A_MINUTE = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """The answer to one request.

    `limit` is requests a minute, `remaining` how many more would pass right now, `reset_seconds` how long until the
    whole burst is there again, `retry_after_seconds` how long until one request passes (0 where it already does).
    """

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: float
    retry_after_seconds: float


class RateLimiter:
    """Lets `limit_per_minute` requests a minute of each key pass, and `burst` of them at once.

    In any window of a minute at most `limit_per_minute + burst` pass; who stays below the rate is never refused.
    At most `keys_maximum` keys are remembered: beyond that the one longest unseen is forgotten (and starts afresh).
    Raises ValueError for a limit or a burst below one.
    """

    def __init__(
        self, limit_per_minute: int, burst: int, monotonic: Callable[[], float], *, keys_maximum: int = KEYS_MAXIMUM
    ) -> None:
        if min(limit_per_minute, burst, keys_maximum) < 1:
            raise ValueError("a rate limit, its burst and the number of keys are at least 1")
        self._limit = limit_per_minute
        self._burst = burst
        self._monotonic = monotonic
        self._keys_maximum = keys_maximum
        # Key to the tick at which its bucket is full again, the longest unseen key first.
        self._full_at_ticks: dict[str, int] = {}

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._full_at_ticks)

    def take(self, key: str) -> Allowance:
        """Count one request of this key, if it passes. A refused one costs nothing."""
        # A tick is 1/limit of a nanosecond, so that the time between two requests is a whole number of them:
        # sums of rounded floats would refuse, now and then, a caller who is exactly at the rate.
        now = self._now_ticks()
        full_at = max(self._full_at_ticks.pop(key, now), now)
        self._forget_idle(now)
        waiting = max(full_at - self._tolerance_ticks - now, 0)
        if waiting == 0:
            full_at += _NANOSECONDS_A_MINUTE
        self._full_at_ticks[key] = full_at
        return self._allowance(now, full_at, waiting)

    def look(self, key: str) -> Allowance:
        """What this key may still ask. Counts nothing."""
        now = self._now_ticks()
        full_at = max(self._full_at_ticks.get(key, now), now)
        return self._allowance(now, full_at, max(full_at - self._tolerance_ticks - now, 0))

    def _now_ticks(self) -> int:
        return round(self._monotonic() * 1e9) * self._limit

    @property
    def _tolerance_ticks(self) -> int:
        return (self._burst - 1) * _NANOSECONDS_A_MINUTE

    def _allowance(self, now: int, full_at: int, waiting: int) -> Allowance:
        free = (self._tolerance_ticks + _NANOSECONDS_A_MINUTE - (full_at - now)) // _NANOSECONDS_A_MINUTE
        return Allowance(
            allowed=waiting == 0,
            limit=self._limit,
            remaining=min(free, self._limit),
            reset_seconds=(full_at - now) / (self._limit * 1e9),
            retry_after_seconds=waiting / (self._limit * 1e9),
        )

    def _forget_idle(self, now: int) -> None:
        # Two a call are enough: keys leave faster than they come. A full bucket is the same as none.
        for key in [key for key, _ in zip(self._full_at_ticks, range(2), strict=False)]:
            if self._full_at_ticks[key] <= now:
                del self._full_at_ticks[key]
        while len(self._full_at_ticks) >= self._keys_maximum:
            del self._full_at_ticks[next(iter(self._full_at_ticks))]


def headers(allowance: Allowance, now: float) -> dict[str, str]:
    """What to send with an answer, allowed or not; `now` is Unix seconds.

    Both families: `X-RateLimit-*` with `Reset` in whole Unix seconds, and OpenAI's `x-ratelimit-*-requests` with the
    reset as a duration. A refusal also has `Retry-After` in whole seconds (RFC 9110, section 10.2.3), at least 1.
    """
    told = {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "X-RateLimit-Reset": str(math.ceil(now + allowance.reset_seconds)),
        "x-ratelimit-limit-requests": str(allowance.limit),
        "x-ratelimit-remaining-requests": str(allowance.remaining),
        "x-ratelimit-reset-requests": _duration(allowance.reset_seconds),
    }
    if not allowance.allowed:
        told["Retry-After"] = str(max(1, math.ceil(allowance.retry_after_seconds)))
    return told


def _duration(seconds: float) -> str:
    """As OpenAI writes it: `120ms`, `1.2s`, `6m0s`; rounded up, so that who waits so long has waited enough."""
    if seconds <= 0:
        return "0s"
    milliseconds = math.ceil(round(seconds * 1000, 6))
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    tenths = math.ceil(milliseconds / 100)
    minutes, tenths = divmod(tenths, 600)
    whole = f"{tenths / 10:g}s"
    return f"{minutes}m{whole}" if minutes else whole
