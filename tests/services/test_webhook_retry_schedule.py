"""When a failed delivery is tried again, and what a receiver may ask for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.services.webhooks.retry_schedule import ATTEMPTS_MAXIMUM, delay_seconds, retry_after_seconds

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = 24 * 3600


def test_eight_attempts_are_made_and_the_waits_grow_to_half_a_day() -> None:
    waits = [delay_seconds(attempts, None, 0.0) for attempts in range(1, ATTEMPTS_MAXIMUM + 1)]
    assert waits == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, None]


@given(attempts=st.integers(1, ATTEMPTS_MAXIMUM - 1), chance=st.floats(0, 1))
def test_chance_adds_at_most_a_fifth(attempts: int, chance: float) -> None:
    least, given_wait = delay_seconds(attempts, None, 0.0), delay_seconds(attempts, None, chance)
    assert least is not None
    assert given_wait is not None
    assert least <= given_wait <= least * 1.2


@pytest.mark.parametrize(
    ("attempts", "asked", "waits"),
    [
        pytest.param(1, 60.0, 60.0, id="more time than the schedule has is given"),
        pytest.param(3, 60.0, 1800.0, id="less time than the schedule has is not"),
        pytest.param(1, 7.0 * DAY, float(DAY), id="more than a day is cut to a day"),
        pytest.param(8, 60.0, None, id="after the last attempt there is none, whatever is asked"),
        pytest.param(30, None, None, id="a delivery that was retried by hand has had its attempts"),
    ],
)
def test_a_receiver_may_ask_for_time(attempts: int, asked: float | None, waits: float | None) -> None:
    assert delay_seconds(attempts, asked, 0.0) == waits


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("120", 120.0, id="seconds"),
        pytest.param(" 0 ", 0.0, id="none at all"),
        pytest.param("Sat, 21 Nov 2026 12:01:00 GMT", 60.0, id="a date"),
        pytest.param("Sat, 21 Nov 2026 12:01:00 -0000", 60.0, id="a date without a zone"),
        pytest.param("Sat, 21 Nov 2026 11:00:00 GMT", 0.0, id="a date that is over"),
        pytest.param("9" * 400, float(DAY), id="for ever"),
        pytest.param("-5", None, id="a negative number"),
        pytest.param("1.5", None, id="a fraction"),
        pytest.param("²", None, id="a digit that is none"),
        pytest.param("soon", None, id="a word"),
        pytest.param("", None, id="nothing"),
        pytest.param(None, None, id="no header"),
    ],
)
def test_retry_after_is_read(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d [+-]\d{4,7}"))
def test_no_retry_after_breaks_the_sender(header: str) -> None:
    asked = retry_after_seconds(header, NOW)
    assert asked is None or asked >= 0
