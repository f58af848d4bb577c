"""Worker threads of one engine: where its CPU work runs, off the event loop, the most urgent job first.

Owned by the engine that made it; dies with `close`. At most `queue_limit` jobs wait; one more is refused with
`EngineBusyError`, so that overload shows at once instead of as a growing delay.

The order is that of the deadlines (earliest deadline first: Liu and Layland 1973). A deadline draws nearer while a job
waits, so nobody is passed over for ever. A job that runs is never interrupted: engines keep their jobs short.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ParamSpec, TypeVar

from vivavoce.engines.ports import EngineError
from vivavoce.telemetry.load import WaitLog

P = ParamSpec("P")
T = TypeVar("T")


class EngineBusyError(EngineError):
    """Too many jobs wait for this engine; try again, or give the machine fewer calls."""


@dataclass(order=True, slots=True)
class _Job:
    """Sorted by deadline; of equals, the one that came first. `expected_at`: when it should begin, in system time."""

    due_at: float
    number: int
    call: Callable[[], Any] = field(compare=False)
    expected_at: float = field(compare=False)
    result: asyncio.Future[Any] = field(compare=False)
    late_seconds: float = field(compare=False, default=0.0)


class EngineWorker:
    """A small pool of named threads with a bounded queue. All callers live on one event loop.

    `waits` hears how long after its deadline each job began.
    """

    def __init__(self, name: str, *, threads: int = 1, queue_limit: int = 1024, waits: WaitLog | None = None) -> None:
        self._name = name
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=f"engine-{name}")
        self._threads = threads
        self._queue_limit = queue_limit
        self._waits = waits
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._waiting: list[_Job] = []
        self._running = 0
        self._closed = False

    @property
    def is_crowded(self) -> bool:
        """Somebody waits for what runs now to end. May be asked on any thread."""
        with self._lock:
            return any(not job.result.done() for job in self._waiting)

    async def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `job` on a worker thread; it is due at once.

        Cancelling drops a job that has not begun; one that runs ends unheard.
        """
        return await self._submit(asyncio.get_running_loop().time(), partial(job, *args, **kwargs))

    async def run_by(self, due_at: float, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for a job that should begin by `due_at` (loop seconds); one that is due earlier passes it."""
        return await self._submit(due_at, partial(job, *args, **kwargs))

    def submit_by(self, due_at: float, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """The same for who wants to give the future a result earlier; a job that has not begun then never does."""
        return self._submit(due_at, partial(job, *args, **kwargs))

    def close(self) -> None:
        """Drop the jobs that wait and let the running ones end. Blocks for those. Not on the event loop's thread."""
        with self._lock:
            self._closed = True
            dropped, self._waiting = self._waiting, []
        for job in dropped:
            _on_its_loop(job, job.result.cancel)
        self._pool.shutdown(wait=True)

    def _submit(self, due_at: float, call: Callable[[], T]) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        slack = max(0.0, due_at - loop.time())
        result: asyncio.Future[T] = loop.create_future()
        job = _Job(due_at, next(self._numbers), call, time.monotonic() + slack, result)
        with self._lock:
            self._admit(job)
        return result

    def _admit(self, job: _Job) -> None:
        if self._closed:
            raise EngineError(f"the {self._name} engine is closed; open a new one to go on")
        if self._running < self._threads:
            self._running += 1
            self._start(job)
            return
        if len(self._waiting) >= self._queue_limit:
            self._waiting = [waiting for waiting in self._waiting if not waiting.result.done()]
            heapq.heapify(self._waiting)
        if len(self._waiting) >= self._queue_limit:
            waiting = len(self._waiting)
            raise EngineBusyError(f"the {self._name} engine has {waiting} jobs waiting; try again in a moment")
        heapq.heappush(self._waiting, job)

    def _start(self, job: _Job) -> None:
        self._pool.submit(self._perform, job).add_done_callback(partial(self._deliver, job))

    def _deliver(self, job: _Job, done: Future[Any]) -> None:
        _on_its_loop(job, partial(self._hand_over, job, done))

    def _hand_over(self, job: _Job, done: Future[Any]) -> None:
        error = done.exception()
        if job.result.done():
            return
        if self._waits is not None:
            self._waits.began(self._name, job.late_seconds)
        if error is not None:
            job.result.set_exception(error)
        else:
            job.result.set_result(done.result())

    def _perform(self, job: _Job) -> Any:
        """On a worker thread, which takes the next job at once, however busy the event loop is."""
        job.late_seconds = time.monotonic() - job.expected_at
        try:
            return job.call()
        finally:
            with self._lock:
                following = self._most_urgent()
                if following is None:
                    self._running -= 1
                else:
                    self._start(following)

    def _most_urgent(self) -> _Job | None:
        while self._waiting:
            job = heapq.heappop(self._waiting)
            if not job.result.done():
                return job
        return None


def _on_its_loop(job: _Job, tell: Callable[[], object]) -> None:
    loop = job.result.get_loop()
    # a loop that is closed has nobody left who listens
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(tell)
