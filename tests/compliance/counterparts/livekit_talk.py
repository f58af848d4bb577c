"""An AgentSession of LiveKit without a room: sound comes from a queue and is played to nobody, in real time.

Used by the scripts of the two LiveKit plugins; ends with the talk.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from livekit.agents import Agent, AgentSession, function_tool
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities
from livekit.rtc import AudioFrame

from tests.compliance.counterparts.talking import NOISE, RATE_HZ, SILENCE

FRAME_SAMPLES = RATE_HZ // 20


class Microphone(AudioInput):  # type: ignore[misc, unused-ignore]
    """Gives the sound that `speak` was called with."""

    def __init__(self) -> None:
        super().__init__(label="microphone")
        self._frames: asyncio.Queue[Any] = asyncio.Queue()

    def speak(self, *sounds: bytes) -> None:
        sound = b"".join(sounds)
        for start in range(0, len(sound), 2 * FRAME_SAMPLES):
            piece = sound[start : start + 2 * FRAME_SAMPLES]
            self._frames.put_nowait(AudioFrame(piece, RATE_HZ, 1, len(piece) // 2))

    async def __anext__(self) -> Any:
        return await self._frames.get()


class Loudspeaker(AudioOutput):  # type: ignore[misc, unused-ignore]
    """Plays into the air, as long as the sound is, and tells how far it came when it is cut off."""

    def __init__(self) -> None:
        super().__init__(label="loudspeaker", capabilities=AudioOutputCapabilities(pause=False), sample_rate=RATE_HZ)
        self.heard_seconds = 0.0
        self._since: float | None = None
        self._seconds = 0.0
        self._end: asyncio.TimerHandle | None = None

    async def capture_frame(self, frame: Any) -> None:
        await super().capture_frame(frame)
        if self._since is None:
            self._since, self._seconds = time.time(), 0.0
            self.on_playback_started(created_at=self._since)
        self._seconds += frame.duration
        self.heard_seconds += frame.duration

    def flush(self) -> None:
        super().flush()
        if self._since is not None:
            left = self._since + self._seconds - time.time()
            self._end = asyncio.get_running_loop().call_later(max(left, 0), self._finish, False)  # noqa: FBT003

    def clear_buffer(self) -> None:
        if self._end is not None:
            self._end.cancel()
        if self._since is not None:
            self._finish(True)  # noqa: FBT003

    def _finish(self, interrupted: bool) -> None:
        assert self._since is not None
        played = min(time.time() - self._since, self._seconds)
        self._since = self._end = None
        self.on_playback_finished(playback_position=played, interrupted=interrupted)


class Talk:
    """One session, what it plays into and what it has told."""

    def __init__(self, model: Any, agent: Any) -> None:
        self.session: Any = AgentSession(llm=model, vad=None, aec_warmup_duration=None)
        self.agent = agent
        self.microphone, self.loudspeaker = Microphone(), Loudspeaker()
        self.errors: list[str] = []
        self.items: list[Any] = []
        self.heard: list[str] = []
        self._more = asyncio.Event()
        self.session.on("error", self._failed)
        self.session.on("conversation_item_added", self._added)
        self.session.on("user_input_transcribed", self._transcribed)
        self.session.on("function_tools_executed", lambda _: self._more.set())

    async def until(self, done: Callable[[], bool]) -> None:
        while not done():
            self._more.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._more.wait(), 0.1)

    def _failed(self, event: Any) -> None:
        self.errors.append(str(event.error))
        self._more.set()

    def _added(self, event: Any) -> None:
        self.items.append(event.item)
        self._more.set()

    def _transcribed(self, event: Any) -> None:
        if event.is_final:
            self.heard.append(event.transcript)
        self._more.set()

    def said(self) -> list[Any]:
        return [item for item in self.items if item.type == "message" and item.role == "assistant"]

    def told(self) -> dict[str, Any]:
        history = [item for item in self.session.history.items if item.type == "message"]
        return {
            "errors": self.errors,
            "heard": self.heard,
            "said": [item.text_content for item in history if item.role == "assistant"],
            "interrupted": [item.interrupted for item in history if item.role == "assistant"],
            "asked": list(self.agent.asked),
            "heard_seconds": self.loudspeaker.heard_seconds,
        }


class WeatherAgent(Agent):  # type: ignore[misc, unused-ignore]
    """Can tell the weather."""

    def __init__(self) -> None:
        super().__init__(instructions="You are friendly.")
        self.asked: list[str] = []

    @function_tool  # type: ignore[untyped-decorator, unused-ignore]
    async def weather(self, city: str) -> str:
        """Tells the weather of a city."""
        self.asked.append(city)
        return f"sunny in {city}"


@asynccontextmanager
async def talking(model: Any, *, aloud: bool = True) -> AsyncIterator[Talk]:
    talk = Talk(model, WeatherAgent())
    talk.session.input.audio = talk.microphone
    if aloud:
        talk.session.output.audio = talk.loudspeaker
    await talk.session.start(talk.agent, record=False)
    try:
        yield talk
    finally:
        await talk.session.aclose()
        await model.aclose()


async def spoken(model: Any) -> dict[str, Any]:
    async with talking(model) as talk:
        talk.microphone.speak(NOISE, SILENCE)
        await talk.until(lambda: len(talk.said()) >= 1)
        return talk.told()


async def written(model: Any, *, aloud: bool) -> dict[str, Any]:
    async with talking(model, aloud=aloud) as talk:
        talk.session.generate_reply(user_input="Is the shop open?")
        await talk.until(lambda: len(talk.said()) >= 1)
        return talk.told()


async def function(model: Any) -> dict[str, Any]:
    async with talking(model) as talk:
        talk.session.generate_reply(user_input="What is the weather in Bern?")
        await talk.until(lambda: len(talk.said()) >= 1)
        return talk.told()


async def barge_in(model: Any) -> dict[str, Any]:
    async with talking(model) as talk:
        talk.session.generate_reply(user_input="Tell me a story.")
        await talk.until(lambda: talk.loudspeaker.heard_seconds >= 3)
        talk.microphone.speak(NOISE, SILENCE)
        await talk.until(lambda: len(talk.said()) >= 2)
        return talk.told()
