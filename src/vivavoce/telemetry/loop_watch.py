"""How late the event loop is, and who made it late.

A timer on the loop is the heartbeat: how late it comes is how long anything else that was due had to wait. A daemon
thread looks after it, and while a heartbeat is overdue it reads the loop thread's stack. Owned by the server; lives
from `start` to `stop`. Idle each of the two wakes up twenty times a second.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from vivavoce.telemetry.loop_stalls import Stall, places_of
from vivavoce.telemetry.window import RecentValues, quantile

HEARTBEAT_SECONDS = 0.05
WINDOW_SECONDS = 10.0
STALL_SECONDS = 0.05
"""A later heartbeat than this is a stall: its culprit is looked for."""

LINES_APART_SECONDS = 5.0
"""One stall in this time is told in the log; the others are counted."""

_SHORTEST_SLEEP_SECONDS = 0.005

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoopLag:
    """How late the loop was in the last seconds, in milliseconds, and how often it stalled since the start."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    stalls: int


class LoopWatch:
    """Watches the loop that it is started on. `thread` False: measures and counts, but looks for no culprits."""

    def __init__(
        self,
        *,
        stall_seconds: float = STALL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        look: Callable[[int], tuple[str, ...]] = places_of,
        tell: Callable[[str], None] = _log.warning,
        thread: bool = True,
    ) -> None:
        self._stall_seconds = stall_seconds
        self._clock = clock
        self._look = look
        self._tell = tell
        self._lags = RecentValues(WINDOW_SECONDS)
        self._due_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look_after, name="loop-watch", daemon=True) if thread else None
        self._loop_thread_id = 0
        self._stalls = 0
        self._untold = 0
        self._told_at = float("-inf")

    def start(self) -> None:
        """Begin, on the running loop of this thread."""
        self._loop_thread_id = threading.get_ident()
        self._arm(asyncio.get_running_loop())
        if self._thread is not None:
            self._thread.start()

    def stop(self) -> None:
        """End the heartbeat and the thread. A second call does nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._stopped.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join()

    def lag(self) -> LoopLag:
        """The figures of the last seconds. For the loop's thread."""
        lags = self._lags.at(self._clock())
        p50, p95, p99 = (1000 * quantile(lags, share) for share in (0.5, 0.95, 0.99))
        return LoopLag(p50, p95, p99, self._stalls)

    # --- on the loop ------------------------------------------------------------------------------------------------

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due_at = self._clock() + HEARTBEAT_SECONDS
        self._timer = loop.call_later(HEARTBEAT_SECONDS, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        now = self._clock()
        lag = max(0.0, now - self._due_at)
        if lag > self._stall_seconds:
            self._stalls += 1
        # A stall swallows the heartbeats that would have come meanwhile: without them the quantiles would count
        # heartbeats and not time (Tene, "How NOT to Measure Latency": coordinated omission).
        missed = min(int(lag / HEARTBEAT_SECONDS), round(WINDOW_SECONDS / HEARTBEAT_SECONDS))
        for number in range(missed + 1):
            self._lags.add(now, lag - number * HEARTBEAT_SECONDS)
        self._arm(loop)

    # --- on the watching thread -------------------------------------------------------------------------------------

    def _look_after(self) -> None:
        due_at = self._due_at
        while not self._stopped.wait(max(_SHORTEST_SLEEP_SECONDS, due_at + self._stall_seconds - self._clock())):
            overdue, due_at = due_at, self._due_at
            if overdue == due_at and self._clock() - due_at > self._stall_seconds:
                self._follow(due_at)
                due_at = self._due_at

    def _follow(self, due_at: float) -> None:
        """One stall from its discovery to its end."""
        places = self._look(self._loop_thread_id)
        while self._due_at == due_at and not self._stopped.wait(_SHORTEST_SLEEP_SECONDS):
            # The processor may have been busy elsewhere at first.
            places = places or self._look(self._loop_thread_id)
        self.report(Stall(self._clock() - due_at, places))

    def report(self, stall: Stall) -> None:
        """Tell of a stall, or count it where another was told of just before."""
        now = self._clock()
        if now - self._told_at < LINES_APART_SECONDS:
            self._untold += 1
            return
        more = f" (and {self._untold} stalls more since the last line)" if self._untold else ""
        self._told_at, self._untold = now, 0
        self._tell(f"{stall}{more}")
