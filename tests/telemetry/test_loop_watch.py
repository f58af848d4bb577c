"""The event loop under watch: how late it is, who made it late, and what of that gets into the log."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from vivavoce.telemetry.loop_stalls import Stall, places_of
from vivavoce.telemetry.loop_watch import HEARTBEAT_SECONDS, LINES_APART_SECONDS, LoopWatch

SECRET = "my card number is 4111"


@dataclass(slots=True)
class _Clock:
    """The loop's virtual time, and what a busy callback took of it."""

    busy_seconds: float = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self.busy_seconds

    def work(self, seconds: float) -> None:
        self.busy_seconds += seconds


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("stalls_seconds", "p50_ms", "p95_ms", "p99_ms", "stalls"),
    [
        pytest.param([], 0, 0, 0, 0, id="an idle loop is never late"),
        pytest.param([0.03], 0, 0, 0, 0, id="one callback of 30 ms is neither a stall nor half of the time"),
        pytest.param([0.4], 0, 0, 330, 1, id="one stall counts with all the heartbeats that it swallowed"),
        pytest.param([0.4, 0.4, 0.4], 0, 250, 350, 3, id="stalls are counted one by one"),
    ],
)
async def test_the_lag_of_the_last_seconds(
    stalls_seconds: list[float], p50_ms: float, p95_ms: float, p99_ms: float, stalls: int
) -> None:
    clock = _Clock()
    watch = LoopWatch(clock=clock, look=lambda _: (), tell=lambda _: None, thread=False)
    watch.start()
    for seconds in stalls_seconds:
        await asyncio.sleep(1)
        clock.work(seconds)
    await asyncio.sleep(9.5 - len(stalls_seconds))
    lag = watch.lag()
    watch.stop()
    assert lag.stalls == stalls
    assert lag.p50_ms == pytest.approx(p50_ms)
    assert lag.p95_ms == pytest.approx(p95_ms, abs=HEARTBEAT_SECONDS * 1000)
    assert lag.p99_ms == pytest.approx(p99_ms, abs=HEARTBEAT_SECONDS * 1000)


@pytest.mark.looptime
async def test_an_old_stall_is_counted_but_no_longer_felt() -> None:
    clock = _Clock()
    watch = LoopWatch(clock=clock, thread=False)
    watch.start()
    clock.work(3.0)
    await asyncio.sleep(0.1)
    assert watch.lag().p95_ms > 1000
    await asyncio.sleep(11)
    assert watch.lag().p99_ms == pytest.approx(0)
    assert watch.lag().stalls == 1
    watch.stop()


@pytest.mark.looptime
async def test_a_stopped_watch_has_no_heartbeat() -> None:
    watch = LoopWatch()
    watch.start()
    watch.stop()
    watch.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "loop-watch"]
    assert watch.lag().stalls == 0


@dataclass(slots=True)
class _Watched:
    """A watch with its thread; `seen` is set when the stack of the loop was read."""

    lines: list[str] = field(default_factory=list)
    seen: threading.Event = field(default_factory=threading.Event)
    told: threading.Event = field(default_factory=threading.Event)

    def look(self, thread_id: int) -> tuple[str, ...]:
        places = places_of(thread_id)
        if places:
            self.seen.set()
        return places

    def tell(self, line: str) -> None:
        self.lines.append(line)
        self.told.set()

    def block(self, _caller_said: str) -> None:
        assert self.seen.wait(timeout=30)


@asynccontextmanager
async def _watched() -> AsyncIterator[_Watched]:
    watched = _Watched()
    watch = LoopWatch(stall_seconds=0.02, look=watched.look, tell=watched.tell)
    watch.start()
    try:
        yield watched
    finally:
        watch.stop()


async def test_the_log_names_the_place_that_blocked_the_loop_and_nothing_that_was_said() -> None:
    async with _watched() as watched:
        watched.block(SECRET)
        assert await asyncio.to_thread(watched.told.wait, 30)
    assert "telemetry/test_loop_watch.py" in watched.lines[0]
    assert "_Watched.block" in watched.lines[0]
    assert SECRET not in watched.lines[0]


def _standing(run: Callable[[threading.Event], None]) -> tuple[str, ...]:
    """Where a thread is told to be that stands in `run`."""
    go = threading.Event()
    thread = threading.Thread(target=run, args=(go,))
    thread.start()
    assert thread.ident is not None
    try:
        while not (places := [place for place in places_of(thread.ident) if "test_loop_watch" in place]):
            pass
        return tuple(places)
    finally:
        go.set()
        thread.join()


def test_a_place_is_a_file_a_line_and_a_function() -> None:
    def stand(go: threading.Event) -> None:
        go.wait()

    place = next(each for each in _standing(stand) if "stand" in each)
    file, _, function = place.partition(" ")
    assert file.startswith("telemetry/test_loop_watch.py:")
    assert function.endswith("stand")


def test_a_thread_that_has_ended_is_nowhere() -> None:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    assert thread.ident is not None
    assert places_of(thread.ident) == ()


async def test_a_loop_that_waits_for_its_next_event_is_not_blamed() -> None:
    places: list[tuple[str, ...]] = []
    own = threading.get_ident()
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look() -> None:
        # The loop may still be on its way to sleep.
        while places_of(own):
            pass
        places.append(places_of(own))
        loop.call_soon_threadsafe(done.set)

    threading.Thread(target=look).start()
    await done.wait()
    assert places == [()]


@pytest.mark.parametrize(
    ("stall", "text"),
    [
        pytest.param(
            Stall(0.132, ("json/decoder.py:353 decode", "vivavoce/api/x.py:3 f")),
            "the event loop stood still for 132 ms in json/decoder.py:353 decode < vivavoce/api/x.py:3 f",
            id="who did it and who had asked for it",
        ),
        pytest.param(
            Stall(0.06, ()),
            "the event loop was 60 ms late though nothing ran on it: the processor was busy elsewhere",
            id="nobody on the loop",
        ),
    ],
)
def test_the_words_of_a_stall(stall: Stall, text: str) -> None:
    assert str(stall) == text


def test_one_line_in_a_while_tells_of_many_stalls() -> None:
    now, lines = [100.0], list[str]()
    watch = LoopWatch(clock=lambda: now[0], tell=lines.append)
    for _ in range(4):
        watch.report(Stall(0.1, ()))
    now[0] += LINES_APART_SECONDS
    watch.report(Stall(0.1, ()))
    assert len(lines) == 2
    assert lines[1].endswith("(and 3 stalls more since the last line)")
