"""Runs the jobs of many streams in batches on one thread: while one batch runs, the next one collects.

Owned by the engine that made it; dies with `close`. It creates no tasks: callbacks of the event loop start a batch and
hand out its results. At most `waiting_limit` jobs wait; one more is refused with `EngineBusyError`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future as ThreadFuture
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from vivavoce.engines.ports import EngineError
from vivavoce.engines.serving.batching import BatchPlan
from vivavoce.engines.serving.worker import EngineBusyError

JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[JobT, ResultT]):
    job: JobT
    result: asyncio.Future[ResultT]


class BatchWorker(Generic[JobT, ResultT]):
    """One thread that turns batches of jobs into as many results, in the same order.

    `run_batch` is only ever called on that thread, one batch at a time. All callers live on one event loop. Batches
    begin at least `interval_seconds()` after one another: many streams then share a batch, and a job waits so long at
    most.
    """

    def __init__(
        self,
        name: str,
        run_batch: Callable[[list[JobT]], Sequence[ResultT]],
        *,
        maximum_batch: int = 32,
        waiting_limit: int = 4096,
        interval_seconds: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._name = name
        self._run_batch = run_batch
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"engine-{name}")
        self._plan: BatchPlan[_Waiting[JobT, ResultT]] = BatchPlan(maximum_batch)
        self._waiting_limit = waiting_limit
        self._interval_seconds = interval_seconds
        self._began_at = -math.inf
        self._busy = False
        self._closed = False

    async def run(self, stream: Hashable, job: JobT) -> ResultT:
        """The result of `job`, which runs after the earlier jobs of `stream`, in one batch with those of other streams.

        Cancelling drops a job that has not begun; the result of one that runs is thrown away. Neither touches the
        other jobs. Raises what `run_batch` raised, to every job of the batch.
        """
        if self._closed:
            raise self._closed_error()
        if len(self._plan) >= self._waiting_limit:
            raise EngineBusyError(f"the {self._name} engine has {len(self._plan)} jobs waiting; try again in a moment")
        loop = asyncio.get_running_loop()
        waiting: _Waiting[JobT, ResultT] = _Waiting(job, loop.create_future())
        self._plan.add(stream, waiting)
        if not self._busy:
            self._busy = True
            self._start_in_time(loop)
        return await waiting.result

    async def close(self) -> None:
        """Refuse the jobs that wait, let the running batch end, stop the thread."""
        self._closed = True
        for waiting in self._plan.drain():
            if not waiting.result.done():
                waiting.result.set_exception(self._closed_error())
        await asyncio.to_thread(self._pool.shutdown)

    def _closed_error(self) -> EngineError:
        return EngineError(f"the {self._name} engine is closed; open a new one to go on")

    def _start_in_time(self, loop: asyncio.AbstractEventLoop) -> None:
        wait = self._began_at + self._interval_seconds() - loop.time()
        if wait > 0:
            loop.call_later(wait, self._start_batch, loop)
        else:
            # Not at once: what else is submitted in this turn of the loop joins the batch.
            loop.call_soon(self._start_batch, loop)

    def _start_batch(self, loop: asyncio.AbstractEventLoop) -> None:
        batch: list[_Waiting[JobT, ResultT]] = []
        while len(self._plan) and not batch:
            batch = [waiting for waiting in self._plan.take() if not waiting.result.done()]
        if not batch:
            self._busy = False
            return
        self._began_at = loop.time()
        running = self._pool.submit(self._run_batch, [waiting.job for waiting in batch])
        running.add_done_callback(lambda done: loop.call_soon_threadsafe(self._hand_out, loop, batch, done))

    def _hand_out(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[_Waiting[JobT, ResultT]],
        done: ThreadFuture[Sequence[ResultT]],
    ) -> None:
        error = done.exception()
        results = [] if error else done.result()
        for position, waiting in enumerate(batch):
            if waiting.result.done():
                continue
            if error:
                waiting.result.set_exception(error)
            else:
                waiting.result.set_result(results[position])
        if len(self._plan):
            self._start_in_time(loop)
        else:
            self._busy = False
