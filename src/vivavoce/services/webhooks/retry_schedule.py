"""When a delivery that failed is tried again. Pure functions; the caller brings the clock and the dice.

The waits are those that Standard Webhooks recommends (section "Deliverability and reliability"), up to about a day.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRY_DELAYS_SECONDS = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600)
ATTEMPTS_MAXIMUM = len(RETRY_DELAYS_SECONDS) + 1
JITTER = 0.2
RETRY_AFTER_SECONDS_MAXIMUM = 24 * 3600
_DIGITS_MAXIMUM = 9


def delay_seconds(attempts: int, retry_after_seconds: float | None, chance: float) -> float | None:
    """How long to wait after the `attempts`th attempt failed; None: that was the last.

    `chance` (0 to 1) adds up to a fifth, so that what failed together does not come back together. A receiver that
    asked for more time gets it, up to a day.
    """
    if attempts >= ATTEMPTS_MAXIMUM:
        return None
    asked = min(retry_after_seconds or 0.0, RETRY_AFTER_SECONDS_MAXIMUM)
    return max(RETRY_DELAYS_SECONDS[max(attempts, 1) - 1], asked) * (1 + JITTER * chance)


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """What a `Retry-After` asks for (RFC 9110, section 10.2.3): seconds or a date; None for anything else."""
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:_DIGITS_MAXIMUM]) if len(text) <= _DIGITS_MAXIMUM else float(RETRY_AFTER_SECONDS_MAXIMUM)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
