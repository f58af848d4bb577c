"""Whether one caller more may come: the loop's lag and the engines' waiting against their limits."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from vivavoce.telemetry.load import JOBS_AT_LEAST, WINDOW_SECONDS, LoadGauge, LoadLimits, describe
from vivavoce.telemetry.loop_watch import LoopLag
from vivavoce.telemetry.window import RecentValues, quantile


@dataclass(slots=True)
class _Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class _House:
    clock: _Clock = field(default_factory=_Clock)

    def gauge(self, limits: LoadLimits, waits: list[float], lag_p95_ms: float | None = None) -> LoadGauge:
        gauge = LoadGauge(limits, clock=self.clock)
        if lag_p95_ms is not None:
            gauge.follow_loop(lambda: LoopLag(0.0, lag_p95_ms, lag_p95_ms, 0))
        for wait in waits:
            gauge.began("stt", wait)
        return gauge


@pytest.mark.parametrize(
    ("limits", "waits", "lag_p95_ms", "overload"),
    [
        pytest.param(LoadLimits(), [], None, None, id="a server that has done nothing takes callers"),
        pytest.param(LoadLimits(), [0.01] * 50, 20, None, id="a server in good time takes callers"),
        pytest.param(LoadLimits(), [], 100, None, id="the lag may be as high as its limit"),
        pytest.param(LoadLimits(), [], 101, "its event loop is 101 ms late", id="a late loop takes nobody"),
        pytest.param(LoadLimits(0, 500), [], 900, None, id="without a limit the loop may be as late as it likes"),
        pytest.param(
            LoadLimits(), [0.6] * 9, None, "work waits 600 ms for the stt engine", id="an engine that is behind"
        ),
        pytest.param(LoadLimits(), [2.0] * (JOBS_AT_LEAST - 1), None, None, id="a few jobs say nothing"),
        pytest.param(LoadLimits(), [3.0, *[-1.0] * 9], None, None, id="one late job among many in time says nothing"),
        pytest.param(LoadLimits(100, 0), [9.0] * 9, None, None, id="without a limit engines may be behind"),
    ],
)
def test_one_caller_more(
    limits: LoadLimits, waits: list[float], lag_p95_ms: float | None, overload: str | None
) -> None:
    assert _House().gauge(limits, waits, lag_p95_ms).overload() == overload


def test_a_server_recovers_by_itself() -> None:
    house = _House()
    gauge = house.gauge(LoadLimits(), [2.0] * 10)
    assert gauge.overload() is not None
    house.clock.now += WINDOW_SECONDS + 1
    assert gauge.overload() is None
    assert gauge.engine_waits() == {}


def test_work_that_begins_before_its_deadline_does_not_make_up_for_work_that_begins_after_it() -> None:
    gauge = _House().gauge(LoadLimits(), [-10.0, 1.0])
    assert gauge.engine_waits()["stt"].mean_ms == 500


def test_what_the_health_answer_tells() -> None:
    gauge = _House().gauge(LoadLimits(), [0.0, 0.0, 0.0, 0.2], lag_p95_ms=3.21)
    gauge.refused = 2
    assert describe(gauge) == {
        "loop_lag_ms": {"p50": 0.0, "p95": 3.2, "p99": 3.2},
        "loop_stalls": 0,
        "engines": {"stt": {"jobs": 4, "wait_mean_ms": 50.0, "wait_p95_ms": 200.0, "late_percent": 25.0}},
        "refused": 2,
    }


def test_before_the_loop_is_watched_nothing_is_told_of_it() -> None:
    assert describe(LoadGauge()) == {"loop_lag_ms": {}, "loop_stalls": 0, "engines": {}, "refused": 0}


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        pytest.param([], 0.5, 0.0, id="of nothing it is 0"),
        pytest.param([5.0], 0.99, 5.0, id="of one value it is that value"),
        pytest.param([4.0, 1.0, 3.0, 2.0], 0.5, 2.0, id="the median of four is the second"),
        pytest.param([4.0, 1.0, 3.0, 2.0], 0.95, 4.0, id="the 95th percentile of four is the greatest"),
    ],
)
def test_a_quantile(values: list[float], share: float, expected: float) -> None:
    assert quantile(values, share) == expected


def test_recent_values_forget_what_is_old_and_what_is_too_much() -> None:
    recent = RecentValues(10, maximum=3)
    for second in range(5):
        recent.add(float(second), float(second))
    assert recent.at(4.0) == [2.0, 3.0, 4.0]
    assert recent.at(13.0) == [3.0, 4.0]
