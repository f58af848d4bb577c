"""The asyncio shell of one call of `vivavoce talk`: hears the server, plays, gives way, and lets a driver speak.

A `Call` belongs to the command that placed it and ends with its connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vivavoce.cli.talk_happenings import AgentCutOff, AgentVoiced, CallerBegan, CallerEnded, Happening
from vivavoce.cli.talk_listening import OUR_NOTES, VOICE_RATE_HZ, Listener
from vivavoce.cli.talk_speaker import Cut
from vivavoce.client.errors import ClientError
from vivavoce.client.realtime import RealtimeClient

Report = Callable[[Happening], None]


class TalkError(Exception):
    """A call that could not go on although the connection was fine."""


class NoAnswerError(TalkError):
    """The server went silent where it should have answered."""


class HungUpError(TalkError):
    """The server ended the call, in good order, before it was over."""


class Speaker(Protocol):
    """Plays the agent's voice: 24 kHz mono 16-bit PCM."""

    def play(self, item_id: str, audio: bytes, now: float) -> None: ...

    def is_silent(self, now: float) -> bool: ...

    def cut_off(self, now: float) -> Cut | None: ...

    def recording(self) -> bytes: ...


class Clock(Protocol):
    """Seconds that only grow, and the waiting for them."""

    def now(self) -> float: ...

    async def sleep_until(self, moment: float) -> None: ...


class LoopClock:
    """The clock of the running event loop."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep_until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - self.now()))


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: for the session, for a greeting to begin, after the last word, for an answer."""

    session_seconds: float = 15.0
    greeting_seconds: float = 1.0
    settling_seconds: float = 1.0
    answer_seconds: float = 60.0


def session_settings(*, timings: bool, text_only: bool) -> dict[str, Any]:
    """What `talk` asks of every session."""
    pcm = {"type": "audio/pcm", "rate": VOICE_RATE_HZ}
    settings: dict[str, Any] = {
        "audio": {"input": {"format": pcm, "transcription": {"model": "whisper-1"}}, "output": {"format": pcm}},
        "vivavoce": {"timings": timings},
    }
    return settings | ({"output_modalities": ["text"]} if text_only else {})


class Call:
    """One call. `report` is told everything that happens, in order."""

    def __init__(self, client: RealtimeClient, speaker: Speaker, report: Report, clock: Clock) -> None:
        self.client = client
        self.speaker = speaker
        self.report = report
        self.clock = clock
        self.listener = Listener()
        self._changed = asyncio.Event()
        self._notes = 0

    async def carry(self, driver: Callable[[Call], Awaitable[None]], settings: Mapping[str, Any], wait: float) -> None:
        """Configure the session within `wait` seconds, then let `driver` speak; over when it returns.

        Raises `ClientError` or `TalkError`, the first that came from either side.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                hearing = tasks.create_task(self._hear(), name="hearing the server")
                await self.until(lambda: self.listener.session.opened, wait, "it did not open a session")
                await self.client.update_session(settings)
                await self.until(self._is_configured, wait, "it did not confirm the session's settings")
                await driver(self)
                hearing.cancel()
        except ExceptionGroup as group:
            ours, strange = group.split((ClientError, TalkError))
            if ours is None or strange is not None:
                raise
            raise _first(ours) from group

    async def until(self, condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
        """Wait for what the server's events bring about. Raises `NoAnswerError` after `seconds` without any event."""
        while not condition():
            self._changed.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            except TimeoutError as error:
                raise NoAnswerError(f"no answer from the server for {seconds:g} s: {otherwise}") from error

    def is_quiet(self, now: float) -> bool:
        """Nobody speaks and nothing is due."""
        return self.listener.server_owes_nothing and self.speaker.is_silent(now)

    async def ask_for_answer(self) -> None:
        self.listener.expect_answer()
        await self.client.create_response()

    def _is_configured(self) -> bool:
        # A server that refuses the settings has said so; the call goes on with its own.
        return self.listener.session.configured or self.listener.failed

    async def _hear(self) -> None:
        async for event in self.client:
            for happening in self.listener.handle(event, self.clock.now()):
                await self._perform(happening)
            self._changed.set()
        raise HungUpError("the server ended the call")

    async def _perform(self, happening: Happening) -> None:
        match happening:
            case AgentVoiced(item_id=item_id, audio=audio):
                self.speaker.play(item_id, audio, self.clock.now())
                return
            case CallerBegan() if self.listener.session.gives_way:
                self.report(happening)
                await self._give_way()
                return
            case CallerEnded() if not self.listener.session.answers_by_itself:
                await self.ask_for_answer()
        self.report(happening)

    async def _give_way(self) -> None:
        cut = self.speaker.cut_off(self.clock.now())
        if cut is None:
            return
        self._notes += 1
        await self.client.truncate_item(cut.item_id, cut.heard_ms, f"{OUR_NOTES}{self._notes}")
        self.report(AgentCutOff(cut.item_id, cut.heard_ms))


def _first(group: ExceptionGroup[Exception]) -> Exception:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error
