"""The worker threads of an engine: who comes first, who is refused, what is told of the waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.ports import EngineError
from vivavoce.engines.serving.worker import EngineBusyError, EngineWorker


@dataclass(slots=True)
class _Waits:
    """Remembers how late each job began."""

    late: list[tuple[str, float]] = field(default_factory=list)

    def began(self, engine: str, late_seconds: float) -> None:
        self.late.append((engine, late_seconds))


@dataclass(slots=True)
class _Bench:
    """A worker of one thread that stands still in its first job until `gate` opens."""

    worker: EngineWorker
    waits: _Waits
    gate: threading.Event = field(default_factory=threading.Event)
    began: threading.Event = field(default_factory=threading.Event)
    order: list[str] = field(default_factory=list)

    def job(self, name: str) -> Callable[[], str]:
        def run() -> str:
            self.order.append(name)
            return name

        return run

    def _stand(self) -> str:
        self.began.set()
        assert self.gate.wait(timeout=30)
        return "held"

    async def hold(self) -> asyncio.Task[str]:
        held = asyncio.create_task(self.worker.run(self._stand))
        assert await asyncio.to_thread(self.began.wait, 30)
        return held


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[_Bench]:
    waits = _Waits()
    bench = _Bench(EngineWorker("test", queue_limit=3, waits=waits), waits)
    yield bench
    bench.gate.set()
    await asyncio.to_thread(bench.worker.close)


@pytest.mark.parametrize(
    ("due_in", "order"),
    [
        pytest.param({"a": 0.0, "b": 0.0, "c": 0.0}, "abc", id="of jobs that are due together the first to come runs"),
        pytest.param({"a": 9.0, "b": 2.0, "c": 5.0}, "bca", id="the job with the nearest deadline runs first"),
        pytest.param({"a": 3.0, "b": None, "c": 1.0}, "bca", id="a job without a deadline is due at once"),
        pytest.param({"a": None, "b": -4.0}, "ba", id="a job that is overdue passes one that has just come"),
    ],
)
async def test_the_order_of_what_waits(bench: _Bench, due_in: dict[str, float | None], order: str) -> None:
    held = await bench.hold()
    now = asyncio.get_running_loop().time()
    tasks = []
    for name, seconds in due_in.items():
        job = bench.job(name)
        running = bench.worker.run(job) if seconds is None else bench.worker.run_by(now + seconds, job)
        tasks.append(asyncio.create_task(running))
    await asyncio.sleep(0)
    bench.gate.set()
    assert await asyncio.gather(*tasks) == list(due_in)
    assert await held == "held"
    assert "".join(bench.order) == order


@given(due_in_ms=st.lists(st.integers(-5000, 5000), min_size=1, max_size=12))
def test_every_job_runs_once_and_none_before_one_that_is_due_earlier(due_in_ms: list[int]) -> None:
    async def run() -> list[tuple[int, int]]:
        bench = _Bench(EngineWorker("test"), _Waits())
        held = await bench.hold()
        now = asyncio.get_running_loop().time()
        began: list[tuple[int, int]] = []
        tasks = [
            asyncio.create_task(bench.worker.run_by(now + due / 1000, began.append, (due, number)))
            for number, due in enumerate(due_in_ms)
        ]
        await asyncio.sleep(0)
        bench.gate.set()
        await asyncio.gather(held, *tasks)
        await asyncio.to_thread(bench.worker.close)
        return began

    assert asyncio.run(run()) == sorted((due, number) for number, due in enumerate(due_in_ms))


async def test_a_job_cancelled_while_it_waits_never_runs_and_leaves_its_place_to_another(bench: _Bench) -> None:
    held = await bench.hold()
    waiting = [asyncio.create_task(bench.worker.run(bench.job(name))) for name in "abc"]
    await asyncio.sleep(0)
    with pytest.raises(EngineBusyError, match="test engine has 3 jobs waiting"):
        await bench.worker.run(bench.job("refused"))
    waiting[1].cancel()
    await asyncio.wait([waiting[1]])
    later = asyncio.create_task(bench.worker.run(bench.job("d")))
    await asyncio.sleep(0)
    bench.gate.set()
    assert [await task for task in (held, waiting[0], waiting[2], later)] == ["held", "a", "c", "d"]
    assert bench.order == ["a", "c", "d"]


async def test_a_worker_is_crowded_only_while_somebody_waits(bench: _Bench) -> None:
    crowded = [bench.worker.is_crowded]
    held = await bench.hold()
    crowded.append(bench.worker.is_crowded)
    waiting = asyncio.create_task(bench.worker.run(bench.job("a")))
    await asyncio.sleep(0)
    crowded.append(bench.worker.is_crowded)
    waiting.cancel()
    await asyncio.wait([waiting])
    crowded.append(bench.worker.is_crowded)
    bench.gate.set()
    await held
    assert crowded == [False, False, True, False]


async def test_what_a_job_raises_reaches_who_asked_and_the_worker_goes_on(bench: _Bench) -> None:
    with pytest.raises(ZeroDivisionError):
        await bench.worker.run(lambda: 1 // 0)
    assert await bench.worker.run(bench.job("a")) == "a"


async def test_the_waiting_is_told_from_the_deadline_on_not_from_the_asking(bench: _Bench) -> None:
    held = await bench.hold()
    now = asyncio.get_running_loop().time()
    patient = asyncio.create_task(bench.worker.run_by(now + 1000, bench.job("patient")))
    urgent = asyncio.create_task(bench.worker.run(bench.job("urgent")))
    await asyncio.sleep(0)
    bench.gate.set()
    await asyncio.gather(held, urgent, patient)
    assert [engine for engine, _ in bench.waits.late] == ["test"] * 3
    late = sorted(seconds for _, seconds in bench.waits.late)
    assert late[0] < -900
    assert late[-1] >= 0


async def test_a_closed_worker_drops_what_waits_and_takes_nothing_more(bench: _Bench) -> None:
    held = await bench.hold()
    waiting = asyncio.create_task(bench.worker.run(bench.job("a")))
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(bench.worker.close))
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    bench.gate.set()
    await closing
    assert await held == "held"
    with pytest.raises(EngineError, match="test engine is closed"):
        await bench.worker.run(bench.job("b"))
    assert bench.order == []
