"""A few downloads at a time, handed back in the order they were asked for. Owned by one pull of one model."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def in_order(
    jobs: Sequence[Callable[[], T]], streams: int, stop: Callable[[], None]
) -> Generator[Future[T], None, None]:
    """Run the jobs on `streams` threads and yield their futures in order, never more than `streams` ahead.

    Closing the generator early calls `stop`, which tells the running jobs; it drops what has not begun and waits.
    """
    pool = ThreadPoolExecutor(max_workers=streams, thread_name_prefix="fetch")
    ahead: deque[Future[T]] = deque()
    everything_ran = False
    try:
        for job in jobs:
            ahead.append(pool.submit(job))
            if len(ahead) >= streams:
                yield ahead.popleft()
        while ahead:
            yield ahead.popleft()
        everything_ran = True
    finally:
        if not everything_ran:
            stop()
        pool.shutdown(wait=True, cancel_futures=True)
