"""The caller of every driver, and what it measures: speaks a clip in real time, listens, prints figures as JSON lines.

A driver module connects lines to its framework and calls `hold`. Everything is measured on the event loop's clock of
the driver's process. Standard library and psutil only: it runs in the peers' environments. Ends with the process.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

import psutil  # type: ignore[import-untyped, unused-ignore]

from bench.peers.loudspeaker import Loudspeaker
from bench.peers.plan import (
    FRAME_SECONDS,
    HEARING_HZ,
    SILENCE_BETWEEN_TURNS_SECONDS,
    STT_SECONDS,
    VOICE_HZ,
    WAIT_SECONDS,
    Plan,
)

ANSWER_PATIENCE_SECONDS = 8.0
STOP_PATIENCE_SECONDS = 4.0
QUIET_SECONDS = 0.5
SPOKEN_BEFORE_INTERRUPTION_SECONDS = (1.2, 1.8)
SILENCE = bytes(round(HEARING_HZ * FRAME_SECONDS) * 2)
POLL_SECONDS = 0.02


class Line:
    """One call as its framework sees it: where sound goes, and what the stubs must know. Lives as long as the call."""

    def __init__(self, number: int, plan: Plan) -> None:
        self.number = number
        self.plan = plan
        self.loudspeaker = Loudspeaker()
        self.transcripts: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
        self.words_so_far = ""
        self.transcript_at = 0.0
        self.speaking = False
        self.model_asked_at: list[float] = []
        self.voice_asked_at: list[float] = []
        self._sounded = asyncio.Event()
        self._spoken = asyncio.Event()

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    # --- for the driver and its stubs -------------------------------------------------------------------------------

    def play(self, sound: bytes) -> None:
        """Sound of the agent has come out, at `VOICE_HZ`."""
        self.loudspeaker.play(sound, VOICE_HZ, self.now)
        self._sounded.set()

    async def words(self) -> str:
        """The final transcript, for an engine that is asked for it: there `STT_SECONDS` after the speech."""
        while self.speaking:
            self._spoken.clear()
            await self._spoken.wait()
        await asyncio.sleep(max(0.0, self.transcript_at - self.now))
        return self.plan.clip_words

    # --- for the caller ---------------------------------------------------------------------------------------------

    def begin_speech(self) -> None:
        self.speaking = True
        self.words_so_far = ""
        for seconds, words in self.plan.words_at():
            asyncio.get_running_loop().call_later(seconds, self._tell, words)

    def _tell(self, words: str) -> None:
        if self.speaking:
            self.words_so_far = words
            self.transcripts.put_nowait((words, False))

    def end_speech(self) -> None:
        self.speaking = False
        self.transcript_at = self.now + STT_SECONDS
        asyncio.get_running_loop().call_at(
            self.transcript_at, self.transcripts.put_nowait, (self.plan.clip_words, True)
        )
        self._spoken.set()

    async def sound_from(self, since: float, patience_seconds: float) -> float | None:
        try:
            async with asyncio.timeout(patience_seconds):
                while (at := self.loudspeaker.sound_from(since)) is None:
                    self._sounded.clear()
                    await self._sounded.wait()
                return at
        except TimeoutError:
            return None


class Agent(Protocol):
    """A connected framework."""

    async def hear(self, frame: bytes) -> None:
        """20 ms of the caller, 16 kHz 16-bit mono, now."""
        ...


Connect = Callable[[Plan, Line], AbstractAsyncContextManager[Agent]]


@dataclass(frozen=True, slots=True)
class Spoken:
    """When the frames with the first and the last speech sample had been given to the agent."""

    began_at: float
    ended_at: float


class Caller:
    """Feeds one line with frames on an absolute clock; silence where nothing is said."""

    def __init__(self, plan: Plan, line: Line, agent: Agent) -> None:
        self.line = line
        self.late_ms: list[float] = []
        self._agent = agent
        self._clip = plan.frames()
        self._first, self._last = plan.speech_frames
        self._said: asyncio.Future[Spoken] | None = None
        self._saying: asyncio.Task[Spoken] | None = None
        self._at = 0
        self._began_at = 0.0
        self._begun = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + random.random() * FRAME_SECONDS
        while True:
            await asyncio.sleep(due - loop.time())
            self.late_ms.append((loop.time() - due) * 1000)
            due += FRAME_SECONDS
            if self._said is None:
                await self._agent.hear(SILENCE)
            else:
                await self._speak(self._said)

    async def say(self) -> Spoken:
        """Say the clip; returns as soon as its last speech sample has been given to the agent."""
        self._said, self._at = asyncio.get_running_loop().create_future(), 0
        return await self._said

    async def until_begun(self) -> float:
        """Begin the clip; returns when its first speech sample has been given. `finish` waits for the rest."""
        self._begun.clear()
        self._saying = asyncio.create_task(self.say(), name="saying")
        await self._begun.wait()
        return self._began_at

    async def finish(self) -> Spoken:
        assert self._saying is not None, "until_begun comes first"
        return await self._saying

    async def _speak(self, said: asyncio.Future[Spoken]) -> None:
        at = self._at
        if at == self._first:
            self.line.begin_speech()
        await self._agent.hear(self._clip[at])
        self._at += 1
        if at == self._first:
            self._began_at = self.line.now
            self._begun.set()
        if at == self._last:
            self.line.end_speech()
            said.set_result(Spoken(self._began_at, self.line.now))
        if self._at == len(self._clip):
            self._said = None


# --- what is measured -----------------------------------------------------------------------------------------------


async def overhead(plan: Plan, caller: Caller) -> None:
    """Turn after turn: the caller speaks, the agent answers and is heard out. The first turn warms and is not told."""
    for turn in range(plan.turns + 1):
        answered = await _turn(caller)
        if turn:
            tell(answered)


async def _turn(caller: Caller) -> dict[str, object]:
    line = caller.line
    await _quiet(line)
    spoken = await caller.say()
    began = spoken.began_at
    heard = await line.sound_from(began, ANSWER_PATIENCE_SECONDS)
    ended = spoken.ended_at
    return {
        "voice_to_voice_ms": None if heard is None else (heard - ended) * 1000,
        "model_asked_ms": _first_after(line.model_asked_at, began, ended),
        "voice_asked_ms": _first_after(line.voice_asked_at, began, ended),
    }


async def barge_in(plan: Plan, caller: Caller) -> None:
    """The caller asks, is answered, and interrupts each answer. The first interruption warms and is not told."""
    line = caller.line
    await _quiet(line)
    ended = (await caller.say()).ended_at
    for turn in range(plan.turns + 1):
        heard = await line.sound_from(ended, ANSWER_PATIENCE_SECONDS)
        if heard is None:
            tell({"stopped_ms": None, "softer_ms": None, "resumed": False, "unanswered": True})
            ended = (await caller.say()).ended_at
            continue
        await asyncio.sleep(random.uniform(*SPOKEN_BEFORE_INTERRUPTION_SECONDS))
        began = await caller.until_begun()
        stopped = await _stopped(line, began)
        softer = line.loudspeaker.softer_from(began, line.now)
        ended = (await caller.finish()).ended_at
        resumed = stopped is not None and line.loudspeaker.sound_from(stopped + POLL_SECONDS) is not None
        if turn:
            tell({"stopped_ms": _since(stopped, began), "softer_ms": _since(softer, began), "resumed": resumed})


async def _stopped(line: Line, began: float) -> float | None:
    while line.now < began + STOP_PATIENCE_SECONDS:
        await asyncio.sleep(POLL_SECONDS)
        if (stopped := line.loudspeaker.silent_from(began, line.now)) is not None:
            return stopped
    return None


async def sessions(plan: Plan, connect: Connect) -> None:
    """One caller, then `plan.sessions` at once: processor time, memory, tasks and threads of the whole process."""
    async with AsyncExitStack() as calls:
        callers = [await _join(plan, connect, calls, 0)]
        await _turn(callers[0])
        alone = _Footprint.now()
        cpu_alone, _, _ = await _busy(plan, callers)
        for number in range(1, plan.sessions):
            await asyncio.sleep(random.random() * 0.2)
            callers.append(await _join(plan, connect, calls, number))
        await asyncio.gather(*(_turn(caller) for caller in callers))
        together = _Footprint.now()
        cpu, answers, late_ms = await _busy(plan, callers)
        more = max(plan.sessions - 1, 1)
        tell(
            {
                "cpu_alone": cpu_alone,
                "cpu_a_session": cpu / plan.sessions,
                "mb_alone": alone.mb,
                "mb_a_session": (together.mb - alone.mb) / more,
                "tasks_a_session": (together.tasks - alone.tasks) / more - 1,
                "threads_a_session": (together.threads - alone.threads) / more,
                "voice_to_voice_ms": [answer["voice_to_voice_ms"] for answer in answers],
                "late_ms": late_ms,
            }
        )


async def _busy(plan: Plan, callers: list[Caller]) -> tuple[float, list[dict[str, object]], list[float]]:
    """Turns for `window_seconds`: share of a core, answers, and how late each 20 ms of the callers was."""
    answers: list[dict[str, object]] = []
    end = asyncio.get_running_loop().time() + plan.window_seconds

    async def talk(caller: Caller) -> None:
        await asyncio.sleep(random.random())
        while caller.line.now < end:
            answers.append(await _turn(caller))

    for caller in callers:
        caller.late_ms.clear()
    begun, cpu = asyncio.get_running_loop().time(), _cpu_seconds()
    await asyncio.gather(*(talk(caller) for caller in callers))
    share = (_cpu_seconds() - cpu) / (asyncio.get_running_loop().time() - begun)
    return share, answers, [late for caller in callers for late in caller.late_ms]


@dataclass(frozen=True, slots=True)
class _Footprint:
    mb: float
    tasks: int
    threads: int

    @classmethod
    def now(cls) -> _Footprint:
        gc.collect()
        process = psutil.Process()
        return cls(process.memory_info().rss / 1e6, len(asyncio.all_tasks()), process.num_threads())


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system


# --- running --------------------------------------------------------------------------------------------------------


def hold(connect: Connect, run: Callable[[Coroutine[Any, Any, None]], None]) -> None:
    """Read the plan from standard input, measure what it says, print a JSON line for each result."""
    plan = Plan.from_json(sys.stdin.read())
    run(_hold(plan, connect))


async def _hold(plan: Plan, connect: Connect) -> None:
    if plan.measure == "sessions":
        await sessions(plan, connect)
        return
    async with AsyncExitStack() as calls:
        caller = await _join(plan, connect, calls, 0)
        await (overhead if plan.measure == "overhead" else barge_in)(plan, caller)


async def _join(plan: Plan, connect: Connect, calls: AsyncExitStack, number: int) -> Caller:
    line = Line(number, plan)
    agent = await calls.enter_async_context(connect(plan, line))
    caller = Caller(plan, line, agent)
    feeding = asyncio.create_task(caller.run(), name=f"caller {number}")
    calls.callback(feeding.cancel)
    return caller


def tell(figures: dict[str, object]) -> None:
    sys.stdout.write(json.dumps({"figures": figures}) + "\n")
    sys.stdout.flush()


async def _quiet(line: Line) -> None:
    """Wait until the agent has been silent for a while; a random while, so that windows fall differently each time."""
    while line.loudspeaker.sound_from(line.now - QUIET_SECONDS) is not None:
        left = line.loudspeaker.buffered_seconds(line.now)
        await asyncio.sleep(left + QUIET_SECONDS / 5)
    line.loudspeaker.forget(line.now)
    line.model_asked_at.clear()
    line.voice_asked_at.clear()
    await asyncio.sleep(SILENCE_BETWEEN_TURNS_SECONDS - QUIET_SECONDS + random.random() * WAIT_SECONDS)


def _first_after(times: list[float], since: float, zero: float) -> float | None:
    found = [at for at in times if at >= since]
    return (found[0] - zero) * 1000 if found else None


def _since(at: float | None, zero: float) -> float | None:
    return None if at is None else (at - zero) * 1000
