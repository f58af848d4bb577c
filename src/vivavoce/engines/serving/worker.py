"""Worker threads of one engine: where its CPU work runs, off the event loop.

Owned by the engine that made it; dies with `close`. At most `queue_limit` jobs wait; one more is refused with
`EngineBusyError`, so that overload shows at once instead of as a growing delay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from vivavoce.engines.ports import EngineError

P = ParamSpec("P")
T = TypeVar("T")


class EngineBusyError(EngineError):
    """Too many jobs wait for this engine; try again, or give the machine fewer calls."""


class EngineWorker:
    """A small pool of named threads with a bounded queue."""

    def __init__(self, name: str, *, threads: int = 1, queue_limit: int = 1024) -> None:
        self._name = name
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=f"engine-{name}")
        self._queue_limit = queue_limit + threads
        self._jobs = 0

    async def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `job` on a worker thread. Cancelling drops a job that has not begun; one that runs ends unheard."""
        if self._jobs >= self._queue_limit:
            raise EngineBusyError(f"the {self._name} engine has {self._jobs} jobs waiting; try again in a moment")
        future = self._pool.submit(job, *args, **kwargs)
        self._jobs += 1
        future.add_done_callback(self._finish)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Drop the jobs that wait and let the running ones end."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _finish(self, _: object) -> None:
        self._jobs -= 1
