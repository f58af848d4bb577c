"""How many requests of a key pass, and what the headers tell about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.api.rate_limits import Allowance, RateLimiter, headers

MINUTE_NS = 60_000_000_000


class Clock:
    """Seconds that only tests turn, kept in whole nanoseconds."""

    def __init__(self) -> None:
        self.now_ns = 5 * MINUTE_NS

    def __call__(self) -> float:
        return self.now_ns / 1e9


def test_a_burst_passes_at_once_and_the_next_request_waits_for_its_turn() -> None:
    clock = Clock()
    limiter = RateLimiter(60, 3, clock)
    assert [limiter.take("a").remaining for _ in range(3)] == [2, 1, 0]
    assert limiter.take("a") == Allowance(
        allowed=False, limit=60, remaining=0, reset_seconds=3.0, retry_after_seconds=1.0
    )
    clock.now_ns += 999_999_999
    assert not limiter.take("a").allowed
    clock.now_ns += 1
    assert limiter.take("a") == Allowance(
        allowed=True, limit=60, remaining=0, reset_seconds=3.0, retry_after_seconds=0.0
    )


def test_looking_counts_nothing_and_sees_what_the_next_request_would() -> None:
    clock = Clock()
    limiter = RateLimiter(60, 2, clock)
    assert limiter.look("a") == Allowance(
        allowed=True, limit=60, remaining=2, reset_seconds=0.0, retry_after_seconds=0.0
    )
    assert len(limiter) == 0
    taken = limiter.take("a")
    assert limiter.look("a") == limiter.look("a") == taken
    limiter.take("a")
    seen = limiter.look("a")
    assert (seen.allowed, seen.remaining, seen.retry_after_seconds) == (False, 0, 1.0)
    assert limiter.take("a") == seen
    clock.now_ns += 2_000_000_000
    assert limiter.look("a").remaining == 2


def test_one_key_does_not_use_up_what_another_may() -> None:
    limiter = RateLimiter(1, 1, Clock())
    assert [limiter.take(key).allowed for key in ("a", "a", "b")] == [True, False, True]


def test_a_clock_that_steps_back_breaks_nothing() -> None:
    clock = Clock()
    limiter = RateLimiter(60, 2, clock)
    limiter.take("a")
    clock.now_ns -= 1_000_000_000
    assert limiter.take("a") == Allowance(
        allowed=False, limit=60, remaining=0, reset_seconds=2.0, retry_after_seconds=1.0
    )


@given(
    limit=st.integers(1, 600),
    burst=st.integers(1, 50),
    gaps_ns=st.lists(st.integers(0, MINUTE_NS // 20) | st.sampled_from([0, MINUTE_NS]), max_size=200),
)
def test_in_any_minute_no_more_than_limit_and_burst_pass(limit: int, burst: int, gaps_ns: list[int]) -> None:
    clock = Clock()
    limiter = RateLimiter(limit, burst, clock)
    passed_ns: list[int] = []
    for gap_ns in gaps_ns:
        clock.now_ns += gap_ns
        if limiter.take("a").allowed:
            passed_ns.append(clock.now_ns)
    for start_ns in passed_ns:
        within = sum(start_ns <= at_ns <= start_ns + MINUTE_NS for at_ns in passed_ns)
        assert within <= limit + burst


@given(
    limit=st.integers(1, 6000),
    burst=st.integers(1, 5),
    extra_ns=st.lists(st.just(0) | st.integers(0, MINUTE_NS), min_size=1, max_size=200),
)
def test_a_caller_at_or_below_the_rate_is_never_refused(limit: int, burst: int, extra_ns: list[int]) -> None:
    clock = Clock()
    limiter = RateLimiter(limit, burst, clock)
    for extra in extra_ns:
        clock.now_ns += -(-MINUTE_NS // limit) + extra
        assert limiter.take("a").allowed


@given(limit=st.integers(1, 6000), burst=st.integers(1, 50), gaps_ns=st.lists(st.integers(0, MINUTE_NS // 60)))
def test_what_is_told_comes_true(limit: int, burst: int, gaps_ns: list[int]) -> None:
    clock = Clock()
    limiter = RateLimiter(limit, burst, clock)
    allowance = limiter.take("a")
    for gap_ns in gaps_ns:
        clock.now_ns += gap_ns
        allowance = limiter.take("a")
    if allowance.allowed:
        again = [limiter.take("a").allowed for _ in range(allowance.remaining + 1)]
        assert all(again[:-1])
        assert not again[-1] or allowance.remaining == limit
    else:
        assert allowance.remaining == 0
        clock.now_ns += round(allowance.retry_after_seconds * 1e9) + 1
        assert limiter.take("a").allowed


def test_keys_whose_bucket_is_full_again_are_forgotten() -> None:
    clock = Clock()
    limiter = RateLimiter(60, 5, clock)
    for number in range(1000):
        limiter.take(f"key {number}")
    clock.now_ns += 2_000_000_000
    for _ in range(600):
        limiter.take("a")
    assert len(limiter) == 1


def test_of_too_many_keys_the_longest_unseen_is_forgotten() -> None:
    limiter = RateLimiter(1, 1, Clock(), keys_maximum=2)
    assert [limiter.take(key).allowed for key in ("a", "b", "a", "c", "a", "b")] == [
        True,
        True,
        False,
        True,
        False,
        True,
    ]
    assert len(limiter) == 2


@given(keys=st.lists(st.sampled_from("abcdefgh"), max_size=100), gap_ns=st.integers(0, MINUTE_NS))
def test_forgetting_idle_keys_changes_no_answer(keys: list[str], gap_ns: int) -> None:
    clock = Clock()
    shared = RateLimiter(30, 2, clock)
    alone = {key: RateLimiter(30, 2, clock) for key in "abcdefgh"}
    for key in keys:
        clock.now_ns += gap_ns // 10
        assert shared.take(key) == alone[key].take(key)


@pytest.mark.parametrize(
    ("limit", "burst"), [pytest.param(0, 1, id="no rate at all"), pytest.param(1, 0, id="no burst at all")]
)
def test_a_limiter_that_lets_nothing_pass_cannot_be_made(limit: int, burst: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        RateLimiter(limit, burst, Clock())


def test_an_allowed_request_is_told_what_is_left_in_both_ways() -> None:
    assert headers(
        Allowance(allowed=True, limit=60, remaining=41, reset_seconds=1.25, retry_after_seconds=0.0), 1_800_000_000.5
    ) == {
        "X-RateLimit-Limit": "60",
        "X-RateLimit-Remaining": "41",
        "X-RateLimit-Reset": "1800000002",
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "41",
        "x-ratelimit-reset-requests": "1.3s",
    }


@pytest.mark.parametrize(
    ("retry_after_seconds", "told"),
    [
        pytest.param(0.02, "1", id="less than a second is told as one"),
        pytest.param(1.0, "1", id="one second is one"),
        pytest.param(1.2, "2", id="a part of a second is rounded up"),
    ],
)
def test_a_refused_request_is_told_when_to_come_back(retry_after_seconds: float, told: str) -> None:
    assert (
        headers(
            Allowance(allowed=False, limit=60, remaining=0, reset_seconds=3.0, retry_after_seconds=retry_after_seconds),
            0.0,
        )["Retry-After"]
        == told
    )


@pytest.mark.parametrize(
    ("reset_seconds", "told"),
    [
        pytest.param(0.0, "0s", id="now"),
        pytest.param(0.0171, "18ms", id="milliseconds, rounded up"),
        pytest.param(0.12, "120ms", id="milliseconds as they are"),
        pytest.param(0.9999, "1s", id="nearly a second"),
        pytest.param(1.2, "1.2s", id="tenths of a second"),
        pytest.param(59.99, "1m0s", id="nearly a minute"),
        pytest.param(360.0, "6m0s", id="minutes"),
    ],
)
def test_a_duration_is_written_as_openai_writes_it(reset_seconds: float, told: str) -> None:
    assert (
        headers(
            Allowance(allowed=True, limit=60, remaining=1, reset_seconds=reset_seconds, retry_after_seconds=0.0), 0.0
        )["x-ratelimit-reset-requests"]
        == told
    )
