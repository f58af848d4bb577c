"""Whether the process keeps up: how late the shared engines begin their work, and whether one caller more may come.

One gauge a process, owned by the composition root, filled by the engines' workers, read by whoever lets callers in and
by the health answers. Everything is measured over the last seconds, so it recovers by itself when callers leave. All
methods belong to the event loop's thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from vivavoce.telemetry.loop_watch import LoopLag
from vivavoce.telemetry.window import RecentValues, quantile

WINDOW_SECONDS = 15.0
JOBS_AT_LEAST = 5
"""Fewer jobs in the window say nothing about the load."""

LATE_SECONDS = 0.1
"""A job that begins later than this after its deadline counts as late: half of what callers' players hold."""

RETRY_AFTER_SECONDS = 15
"""What refused callers are told: by then the window holds nothing of what made us refuse them."""


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """How much is too much; 0 switches a limit off. Beyond the first two nobody new is let in.

    `loop_lag_ms`: the 95th percentile of how late the event loop is; at 200 callers hear gaps. `engine_wait_ms`: how
    long after its deadline an engine begins a job, on average. `tokens_per_minute`: what the language model may write
    for one session; its next reply is refused until it has had less.
    """

    loop_lag_ms: int = 100
    engine_wait_ms: int = 500
    tokens_per_minute: int = 12_000


@dataclass(frozen=True, slots=True)
class EngineWait:
    """How one engine keeps its deadlines: jobs in the window, how long after it they began, and how many were late."""

    jobs: int
    mean_ms: float
    p95_ms: float
    late_percent: float


class WaitLog(Protocol):
    """Where an engine's worker tells how late a job began."""

    def began(self, engine: str, late_seconds: float) -> None: ...


class LoadGauge:
    """Collects what the workers tell (`WaitLog`) and compares it with the limits."""

    def __init__(self, limits: LoadLimits | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits or LoadLimits()
        self._clock = clock
        self._waits: dict[str, RecentValues] = {}
        self._loop_lag: Callable[[], LoopLag] | None = None
        self.refused = 0

    def follow_loop(self, lag: Callable[[], LoopLag]) -> None:
        """Ask this for the event loop's lag from now on."""
        self._loop_lag = lag

    def began(self, engine: str, late_seconds: float) -> None:
        """A job of an engine began this long after its deadline; 0 or less: in time."""
        waits = self._waits.setdefault(engine, RecentValues(WINDOW_SECONDS))
        waits.add(self._clock(), max(0.0, late_seconds))

    def loop_lag(self) -> LoopLag | None:
        """None before the loop is watched."""
        return self._loop_lag() if self._loop_lag is not None else None

    def engine_waits(self) -> dict[str, EngineWait]:
        """Every engine that had something to do in the window."""
        now = self._clock()
        measured = {engine: waits.at(now) for engine, waits in self._waits.items()}
        return {engine: _engine_wait(waits) for engine, waits in measured.items() if waits}

    def overload(self) -> str | None:
        """Why one caller more would be served badly, for that caller to read; None while all is well."""
        limits, lag = self._limits, self.loop_lag()
        if lag is not None and 0 < limits.loop_lag_ms < lag.p95_ms:
            return f"its event loop is {lag.p95_ms:.0f} ms late"
        for engine, wait in self.engine_waits().items():
            if wait.jobs >= JOBS_AT_LEAST and 0 < limits.engine_wait_ms < wait.mean_ms:
                return f"work waits {wait.mean_ms:.0f} ms for the {engine} engine"
        return None


def describe(gauge: LoadGauge) -> dict[str, Any]:
    """What the health answer tells of the load."""
    lag = gauge.loop_lag()
    loop = (
        {} if lag is None else {"p50": round(lag.p50_ms, 1), "p95": round(lag.p95_ms, 1), "p99": round(lag.p99_ms, 1)}
    )
    return {
        "loop_lag_ms": loop,
        "loop_stalls": 0 if lag is None else lag.stalls,
        "engines": {
            engine: {
                "jobs": wait.jobs,
                "wait_mean_ms": round(wait.mean_ms, 1),
                "wait_p95_ms": round(wait.p95_ms, 1),
                "late_percent": round(wait.late_percent, 1),
            }
            for engine, wait in sorted(gauge.engine_waits().items())
        },
        "refused": gauge.refused,
    }


def _engine_wait(waits: list[float]) -> EngineWait:
    late = sum(wait > LATE_SECONDS for wait in waits)
    mean_ms = 1000 * sum(waits) / len(waits)
    return EngineWait(len(waits), mean_ms, 1000 * quantile(waits, 0.95), 100 * late / len(waits))
