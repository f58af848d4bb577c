"""How many conversations one core carries, what each further one costs, and how long the event loop is held.

The server is this process, held to one core; the callers are another process, on the other cores. Scripted words and
voice at once, the real voice-activity model, the journal on: what is measured is the framework. Every caller says a
recorded sentence, hears the answer out and speaks again. Callers are added step by step, until the p95 of last speech
sample -> first audio has risen by 50 ms over the first step, or the loop's lag (how much later than asked a 5 ms sleep
ends) has a p99 above 10 ms, or more than 1 % of the agent's frames come after the caller's player ran dry.

    python -m bench.sessions [--step 25] [--most 300] [--seconds 12] [--profile FILE] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import uvloop
from rich.console import Console
from rich.table import Table

from bench.figures import percentile
from bench.server import KEY
from vivavoce.app.http import http_server, listen
from vivavoce.app.server import running
from vivavoce.config import EngineSet, PlatformSettings, ServerSettings, VoiceActivityChoice
from vivavoce.services.sessions import SessionLimits
from vivavoce.telemetry.load import LoadLimits

PROBE_SECONDS = 0.005
SERVER_CORE = 0
SETTLING_SECONDS = 10.0
"""After callers have joined: each has been answered at least once."""

FROZEN_SECONDS = 2.0
"""A machine that is suspended meanwhile has not been working for longer than that."""

MORE_MS = 50.0
LAG_P99_MS = 10.0
LATE_SHARE = 0.01
WINDOWS = 3
"""A limit counts when it is passed so often in a row: other programs on the machine pass it for us now and then."""


@dataclass(frozen=True, slots=True)
class Step:
    """So many callers at once, for some seconds. Memory is resident, in MB; `cpu_share` of one core, all callers."""

    callers: int
    cpu_share: float
    resident_mb: float
    lag_p50_ms: float
    lag_p99_ms: float
    voice_to_voice_p50_ms: float
    voice_to_voice_p95_ms: float
    late_share: float
    answers: int
    unanswered: int
    callers_late_p99_ms: float

    def broken(self, first: Step) -> str | None:
        """Which limit is passed."""
        if self.lag_p99_ms > LAG_P99_MS:
            return f"loop lag p99 above {LAG_P99_MS:.0f} ms"
        if self.voice_to_voice_p95_ms > first.voice_to_voice_p95_ms + MORE_MS:
            return f"voice-to-voice p95 {MORE_MS:.0f} ms above the first step's"
        if self.late_share > LATE_SHARE:
            return f"more than {LATE_SHARE:.0%} late frames"
        return None


class Callers:
    """The other process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, **order: float) -> dict[str, object]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write((json.dumps(order) + "\n").encode())
        line = await self._process.stdout.readline()
        if not line:
            raise SystemExit("the callers broke; their messages are above")
        told: dict[str, object] = json.loads(line)
        return told

    async def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


@asynccontextmanager
async def serving(most: int) -> AsyncIterator[str]:
    """A server in this process that lets everybody in; gives its address."""
    with tempfile.TemporaryDirectory() as data:
        settings = ServerSettings(
            data=Path(data),
            engines=EngineSet.SCRIPTED,
            voice_activity=VoiceActivityChoice.SILERO,
            api_key=KEY,
            maximum_sessions=most,
            platform=PlatformSettings(limits=SessionLimits(open_maximum=most), requests_per_minute=100 * most),
            load=LoadLimits(loop_lag_ms=0, engine_wait_ms=0),
        )
        async with running(settings) as server:
            listening = listen("127.0.0.1", 0)
            http = http_server(server)
            served = asyncio.create_task(http.serve([listening]))
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            http.should_exit = True
            await served


@asynccontextmanager
async def calling(url: str) -> AsyncIterator[Callers]:
    others = sorted(set(range(os.cpu_count() or 1)) - {SERVER_CORE}) or [SERVER_CORE]
    process = await asyncio.create_subprocess_exec(
        "taskset",
        "-c",
        ",".join(map(str, others)),
        sys.executable,
        "-m",
        "bench.session_callers",
        url,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=1 << 24,
    )
    callers = Callers(process)
    try:
        yield callers
    finally:
        await callers.end()


async def step(callers: Callers, count: int, seconds: float) -> Step:
    """What the next seconds are like."""
    gc.collect()
    asked = asyncio.create_task(callers.ask(measure=seconds))
    cpu = time.process_time()
    lags = await _lags(seconds)
    share = (time.process_time() - cpu) / sum(PROBE_SECONDS + min(lag / 1000, FROZEN_SECONDS) for lag in lags)
    told = await asked
    answers = told["voice_to_voice_ms"]
    frames, late, unanswered, behind = (
        told[name] for name in ("frames", "late_frames", "unanswered", "callers_late_p99_ms")
    )
    assert isinstance(answers, list)
    assert isinstance(frames, int)
    assert isinstance(late, int)
    assert isinstance(unanswered, int)
    assert isinstance(behind, float)
    gc.collect()
    return Step(
        count,
        share,
        psutil.Process().memory_info().rss / 1e6,
        percentile(lags, 50),
        percentile(lags, 99),
        percentile(answers, 50),
        percentile(answers, 95),
        late / max(frames, 1),
        len(answers),
        unanswered,
        behind,
    )


async def _lags(seconds: float) -> list[float]:
    lags: list[float] = []
    now = time.monotonic()  # the loop's own clock stands still while the loop is busy, and has whole milliseconds
    end = now + seconds
    while now < end:
        before = now
        await asyncio.sleep(PROBE_SECONDS)
        now = time.monotonic()
        lags.append(max(0.0, now - before - PROBE_SECONDS) * 1000)
    return lags


async def ramp(each: int, most: int, seconds: float, profile: Path | None) -> tuple[list[Step], str | None]:
    """Steps of `each` callers more, up to `most` or to a limit; which limit that was."""
    steps: list[Step] = []
    limit: str | None = None
    profiler = cProfile.Profile() if profile is not None else None
    async with serving(most) as url, calling(url) as callers:
        for count in range(each, most + 1, each):
            await callers.ask(join=each)
            await asyncio.sleep(SETTLING_SECONDS)
            if profiler is not None:
                profiler.enable()
            one = await step(callers, count, seconds)
            for _ in range(WINDOWS - 1):
                if one.broken(steps[0] if steps else one) is not None:
                    one = await step(callers, count, seconds)
            steps.append(one)
            if profiler is not None:
                profiler.disable()
            sys.stderr.write(f"{steps[-1]}\n")
            if (limit := steps[-1].broken(steps[0])) is not None:
                break
    if profiler is not None:
        profiler.dump_stats(str(profile))
    return steps, limit


def report(steps: list[Step], limit: str | None) -> None:
    table = Table(title="Conversations on one core, scripted engines, Silero", title_justify="left")
    headings = ("callers", "CPU %", "a caller", "RSS MB", "lag p50", "p99 ms", "v2v p50", "p95 ms", "late %", "answers")
    for heading in headings:
        table.add_column(heading, justify="right")
    for one in steps:
        table.add_row(
            str(one.callers),
            f"{one.cpu_share:.0%}",
            f"{one.cpu_share / one.callers:.2%}",
            f"{one.resident_mb:.0f}",
            f"{one.lag_p50_ms:.1f}",
            f"{one.lag_p99_ms:.1f}",
            f"{one.voice_to_voice_p50_ms:.0f}",
            f"{one.voice_to_voice_p95_ms:.0f}",
            f"{one.late_share:.1%}",
            f"{one.answers}/{one.answers + one.unanswered}",
        )
    Console().print(table)
    held = [one for one in steps if one.broken(steps[0]) is None]
    print(f"sessions per core: {held[-1].callers if held else 0}" + (f"; beyond: {limit}" if limit else " and more"))
    print(f"processor: {min(one.cpu_share / one.callers for one in steps):.2%} of the core for each session")
    if len(steps) > 1:
        more = steps[-1].callers - steps[0].callers
        print(f"memory: {(steps[-1].resident_mb - steps[0].resident_mb) / more:.2f} MB for each further session")
    behind = max(one.callers_late_p99_ms for one in steps)
    print(f"the callers themselves spoke late by {behind:.1f} ms (p99 of the worst step)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=int, default=25, help="callers that join at each step")
    parser.add_argument("--most", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=12.0, help="how long each step is measured")
    parser.add_argument("--profile", type=Path, help="write what cProfile found on the server's loop")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    os.sched_setaffinity(0, {SERVER_CORE})
    steps, limit = uvloop.run(ramp(chosen.step, chosen.most, chosen.seconds, chosen.profile))
    if chosen.json:
        rows = [{name: getattr(one, name) for name in Step.__slots__} for one in steps]
        print(json.dumps({"steps": rows, "limit": limit}))
    else:
        report(steps, limit)


if __name__ == "__main__":
    main()
