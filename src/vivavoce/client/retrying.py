"""When a request is tried again, and after how long. Pure; a policy belongs to the client that has it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

RETRIED_STATUSES = frozenset({408, 429, 502, 503, 504})
"""HTTP answers that are worth another try: too slow, too many, or a server that is not there for a moment."""

_GROWTH = 2.0
_LEAST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient a client is. `attempts_maximum` counts the first one too; 1 turns retrying off.

    Waits grow from `first_delay_seconds` to `delay_maximum_seconds`, each cut by up to a half at random so that
    clients do not come back together. No retry begins later than `total_maximum_seconds` after the first attempt, nor
    one that the server wants to come later than that.
    """

    attempts_maximum: int = 4
    first_delay_seconds: float = 0.5
    delay_maximum_seconds: float = 8.0
    total_maximum_seconds: float = 60.0

    def delay_seconds(
        self, attempt: int, elapsed_seconds: float, retry_after_seconds: float | None, chance: float
    ) -> float | None:
        """How long to wait after attempt number `attempt` (from 1) has failed, or None: give up.

        `elapsed_seconds` is counted from the first attempt, `chance` is in [0, 1). What the server asks for is a
        minimum: the jitter comes on top of it.
        """
        if attempt >= self.attempts_maximum:
            return None
        # attempts_maximum is the caller's: an exponent may not overflow
        grown = self.first_delay_seconds * _GROWTH ** min(attempt - 1, 64)
        own = min(grown, self.delay_maximum_seconds)
        if retry_after_seconds is None:
            delay = own * (1.0 - _LEAST_SHARE * chance)
        else:
            delay = retry_after_seconds + self.first_delay_seconds * _LEAST_SHARE * chance
        return delay if elapsed_seconds + delay <= self.total_maximum_seconds else None


def retry_after_seconds(header: str | None, wall_seconds: float) -> float | None:
    """What Retry-After asks for (RFC 9110, 10.2.3): seconds or an HTTP date; None if it says nothing readable.

    `wall_seconds` is the present in seconds since 1970. A date that is over means: now.
    """
    if header is None:
        return None
    text = header.strip()
    try:
        seconds = float(text)
    except ValueError:
        return _until_date(text, wall_seconds)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until_date(text: str, wall_seconds: float) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return max(0.0, aware.timestamp() - wall_seconds)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
