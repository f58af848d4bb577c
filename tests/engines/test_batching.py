"""Tests of the plan of batches and of the worker that runs them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.ports import EngineError
from vivavoce.engines.serving.batch_worker import BatchWorker
from vivavoce.engines.serving.batching import BatchPlan
from vivavoce.engines.serving.worker import EngineBusyError

Job = tuple[int, int]
"""(stream, position in its stream)"""


def _plan(streams: Sequence[int], maximum_batch: int) -> BatchPlan[Job]:
    plan: BatchPlan[Job] = BatchPlan(maximum_batch)
    for position, stream in enumerate(streams):
        plan.add(stream, (stream, position))
    return plan


@pytest.mark.parametrize(
    ("streams", "maximum_batch", "batches"),
    [
        pytest.param([], 4, [], id="nothing waits, nothing runs"),
        pytest.param([1, 2, 3], 4, [[1, 2, 3]], id="jobs of different streams run together"),
        pytest.param([1, 1, 1], 4, [[1], [1], [1]], id="jobs of one stream run one after the other"),
        pytest.param([1, 1, 2], 4, [[1, 2], [1]], id="a stream's second job does not keep another stream waiting"),
        pytest.param([1, 2, 3, 4, 5], 2, [[1, 2], [3, 4], [5]], id="a full batch leaves the newest for the next one"),
        pytest.param([1, 1, 1, 2, 3], 2, [[1, 2], [3, 1], [1]], id="a stream that was served waits behind the others"),
    ],
)
def test_batches(streams: list[int], maximum_batch: int, batches: list[list[int]]) -> None:
    plan = _plan(streams, maximum_batch)
    taken = []
    while batch := plan.take():
        taken.append([stream for stream, _ in batch])
    assert taken == batches
    assert len(plan) == 0


@given(
    maximum_batch=st.integers(1, 5),
    steps=st.lists(st.one_of(st.integers(0, 5), st.just("take")), max_size=60),
)
def test_every_job_runs_once_in_the_order_of_its_stream_and_nobody_starves(
    maximum_batch: int, steps: list[int | str]
) -> None:
    plan: BatchPlan[Job] = BatchPlan(maximum_batch)
    added: list[Job] = []
    taken: list[Job] = []
    for position, step in enumerate([*steps, *["take"] * len(steps)]):
        if isinstance(step, int):
            plan.add(step, (step, position))
            added.append((step, position))
            continue
        waiting_streams = len({stream for stream, _ in added} - {stream for stream, _ in taken})
        batch = plan.take()
        assert len({stream for stream, _ in batch}) == len(batch)
        # Whoever was never served comes before whoever was, as far as the batch reaches.
        assert len(batch) >= min(maximum_batch, waiting_streams)
        taken += batch
        assert len(plan) == len(added) - len(taken)
    assert sorted(taken) == sorted(added)
    for stream in range(6):
        assert [job for job in taken if job[0] == stream] == [job for job in added if job[0] == stream]


def test_draining_empties_the_plan() -> None:
    plan = _plan([1, 1, 2], 4)
    assert sorted(plan.drain()) == [(1, 0), (1, 1), (2, 2)]
    assert plan.take() == []


def test_a_batch_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one job"):
        BatchPlan[Job](0)


class _Model:
    """Doubles numbers, remembers its batches, and stands still while the test holds `gate` closed."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.began = threading.Semaphore(0)
        self.threads: set[str] = set()

    def run(self, jobs: list[int]) -> list[int]:
        self.batches.append(jobs)
        self.threads.add(threading.current_thread().name)
        self.began.release()
        assert self.gate.wait(timeout=30)
        if any(job < 0 for job in jobs):
            raise ArithmeticError("negative")
        return [2 * job for job in jobs]


@asynccontextmanager
async def _worker(
    model: _Model, *, maximum_batch: int = 8, waiting_limit: int = 100
) -> AsyncIterator[BatchWorker[int, int]]:
    worker = BatchWorker("test", model.run, maximum_batch=maximum_batch, waiting_limit=waiting_limit)
    try:
        yield worker
    finally:
        model.gate.set()
        await worker.close()


async def test_what_is_submitted_in_the_same_turn_of_the_loop_runs_in_one_batch_off_the_loop() -> None:
    model = _Model()
    async with _worker(model) as worker:
        results = await asyncio.gather(*(worker.run(stream, stream) for stream in range(5)))
    assert results == [0, 2, 4, 6, 8]
    assert model.batches == [[0, 1, 2, 3, 4]]
    assert model.threads == {"engine-test_0"}


async def _hold(model: _Model, worker: BatchWorker[int, int], job: int = 1) -> asyncio.Task[int]:
    """Start a job of stream 'held' and give it once it stands in the model."""
    model.gate.clear()
    task = asyncio.create_task(worker.run("held", job))
    assert await asyncio.to_thread(model.began.acquire, timeout=30)
    return task


async def test_while_one_batch_runs_the_next_collects() -> None:
    model = _Model()
    async with _worker(model) as worker:
        held = await _hold(model, worker)
        later = [asyncio.create_task(worker.run(stream, stream)) for stream in (2, 3, 4)]
        await asyncio.sleep(0)
        model.gate.set()
        assert list(await asyncio.gather(held, *later)) == [2, 4, 6, 8]
    assert model.batches == [[1], [2, 3, 4]]


async def test_a_job_cancelled_while_it_waits_never_runs_and_harms_nobody() -> None:
    model = _Model()
    async with _worker(model) as worker:
        held = await _hold(model, worker)
        cancelled, kept = (asyncio.create_task(worker.run(stream, stream)) for stream in (2, 3))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        model.gate.set()
        assert list(await asyncio.gather(held, kept)) == [2, 6]
    assert cancelled.cancelled()
    assert model.batches == [[1], [3]]


async def test_when_all_that_waited_are_cancelled_the_worker_rests_and_starts_again() -> None:
    model = _Model()
    async with _worker(model) as worker:
        held = await _hold(model, worker)
        waiting = asyncio.create_task(worker.run("other", 2))
        await asyncio.sleep(0)
        waiting.cancel()
        model.gate.set()
        await asyncio.wait([held, waiting])
        assert await worker.run("other", 3) == 6
    assert model.batches == [[1], [3]]


async def test_a_whole_batch_of_cancelled_jobs_does_not_hold_up_what_waits_behind_it() -> None:
    model = _Model()
    async with _worker(model, maximum_batch=2) as worker:
        held = await _hold(model, worker)
        cancelled = [asyncio.create_task(worker.run(stream, stream)) for stream in (2, 3)]
        kept = asyncio.create_task(worker.run(4, 4))
        await asyncio.sleep(0)
        for task in cancelled:
            task.cancel()
        await asyncio.wait(cancelled)
        model.gate.set()
        assert list(await asyncio.gather(held, kept)) == [2, 8]
    assert model.batches == [[1], [4]]


async def test_a_job_cancelled_while_it_runs_harms_nobody_in_its_batch() -> None:
    model = _Model()
    model.gate.clear()
    async with _worker(model) as worker:
        first, second = (asyncio.create_task(worker.run(stream, stream)) for stream in (1, 2))
        assert await asyncio.to_thread(model.began.acquire, timeout=30)
        first.cancel()
        model.gate.set()
        assert await second == 4
    assert first.cancelled()
    assert model.batches == [[1, 2]]


async def test_what_the_model_raises_reaches_its_batch_and_only_that() -> None:
    model = _Model()
    async with _worker(model) as worker:
        outcomes = await asyncio.gather(worker.run("a", -1), worker.run("b", 1), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ArithmeticError, ArithmeticError]
        assert await worker.run("b", 1) == 2


async def test_one_job_too_many_is_refused_at_once() -> None:
    model = _Model()
    async with _worker(model, waiting_limit=2) as worker:
        held = await _hold(model, worker)
        waiting = [asyncio.create_task(worker.run(stream, stream)) for stream in (2, 3)]
        await asyncio.sleep(0)
        with pytest.raises(EngineBusyError, match="2 jobs waiting"):
            await worker.run(4, 4)
        model.gate.set()
        assert list(await asyncio.gather(held, *waiting)) == [2, 4, 6]


async def test_closing_refuses_what_waits_and_lets_the_running_batch_end() -> None:
    model = _Model()
    async with _worker(model) as worker:
        held = await _hold(model, worker)
        waiting = asyncio.create_task(worker.run("other", 2))
        await asyncio.sleep(0)
        closing = asyncio.create_task(worker.close())
        with pytest.raises(EngineError, match="test engine is closed"):
            await waiting
        model.gate.set()
        await closing
        assert await held == 2
        with pytest.raises(EngineError, match="test engine is closed"):
            await worker.run("late", 1)
    assert model.batches == [[1]]


@pytest.mark.looptime
async def test_batches_begin_an_interval_apart_and_share_what_came_meanwhile() -> None:
    batches: list[tuple[float, list[int]]] = []
    loop = asyncio.get_running_loop()

    def run_batch(jobs: list[int]) -> list[int]:
        batches.append((loop.time(), jobs))
        return jobs

    worker: BatchWorker[int, int] = BatchWorker("test", run_batch, interval_seconds=lambda: 0.5)
    assert await worker.run("one", 1) == 1
    results = await asyncio.gather(*(worker.run(stream, number) for number, stream in enumerate("abc", 2)))
    await worker.close()
    assert results == [2, 3, 4]
    assert [jobs for _, jobs in batches] == [[1], [2, 3, 4]]
    assert batches[1][0] - batches[0][0] >= 0.5
