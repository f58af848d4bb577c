"""Which waiting jobs of many streams run together in the next batch. A pure plan: no clock, no threads, no event loop.

Owned by the worker that runs the batches (`serving/batch_worker.py`); dies with it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

JobT = TypeVar("JobT")


class BatchPlan(Generic[JobT]):
    """Takes jobs in, gives batches out.

    A batch holds at most one job of a stream, for the jobs of a stream depend on each other; jobs of one stream keep
    their order. Streams take turns: one that has just been served waits behind all that have not.
    """

    def __init__(self, maximum_batch: int) -> None:
        if maximum_batch < 1:
            raise ValueError(f"a batch holds at least one job, got {maximum_batch}")
        self._maximum_batch = maximum_batch
        self._waiting: OrderedDict[Hashable, deque[JobT]] = OrderedDict()
        self._waiting_jobs = 0

    def __len__(self) -> int:
        """How many jobs wait."""
        return self._waiting_jobs

    def add(self, stream: Hashable, job: JobT) -> None:
        """Let `job` wait behind the jobs of its stream."""
        self._waiting.setdefault(stream, deque()).append(job)
        self._waiting_jobs += 1

    def take(self) -> list[JobT]:
        """The next batch; empty when nothing waits."""
        batch: list[JobT] = []
        for _ in range(min(self._maximum_batch, len(self._waiting))):
            stream, jobs = self._waiting.popitem(last=False)
            batch.append(jobs.popleft())
            if jobs:
                # At most as many streams are visited as wait now, so this one is not met twice.
                self._waiting[stream] = jobs
        self._waiting_jobs -= len(batch)
        return batch

    def drain(self) -> list[JobT]:
        """All jobs that wait, which wait no longer."""
        jobs = [job for waiting in self._waiting.values() for job in waiting]
        self._waiting.clear()
        self._waiting_jobs = 0
        return jobs
