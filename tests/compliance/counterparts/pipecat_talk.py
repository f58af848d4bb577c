"""A pipeline of Pipecat around one of its realtime services: sound is put in at its head and counted at its end.

Used by the scripts of the two services; ends with the talk.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from loguru import logger
from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    ErrorFrame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMRunFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from tests.compliance.counterparts.talking import HEARD, NOISE, RATE_HZ, SILENCE

WEATHER = FunctionSchema(
    name="weather",
    description="Tells the weather of a city.",
    properties={"city": {"type": "string"}},
    required=["city"],
)


class Watcher(FrameProcessor):  # type: ignore[misc, unused-ignore]
    """Sees what passes, both ways, and lets it pass."""

    def __init__(self, talk: Talk) -> None:
        super().__init__()
        self._talk = talk

    async def process_frame(self, frame: Any, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self._talk.see(frame)
        await self.push_frame(frame, direction)


class Talk:
    """One pipeline and what it has told."""

    def __init__(self, service: Any, question: str | None) -> None:
        self.asked: list[str] = []
        self.errors: list[str] = []
        self.heard: list[str] = []
        self.written = ""
        self.interruptions = 0
        self.replies = 0
        self.audio_bytes = 0
        asked = [{"role": "user", "content": question}] if question else []
        messages = [{"role": "system", "content": "You are friendly."}, *asked]
        self.context = LLMContext(messages, ToolsSchema([WEATHER]))
        service.register_function("weather", self._weather)
        aggregators = LLMContextAggregatorPair(self.context)
        ahead, behind = Watcher(self), Watcher(self)
        pipeline = Pipeline([ahead, aggregators.user(), service, behind, aggregators.assistant()])
        params = PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=RATE_HZ)
        self.worker = PipelineWorker(pipeline, cancel_on_idle_timeout=False, params=params)
        self.started, self._more = asyncio.Event(), asyncio.Event()
        self.worker.add_event_handler("on_pipeline_started", self._start)

    async def _start(self, *_: Any) -> None:
        self.started.set()

    async def _weather(self, call: Any) -> None:
        self.asked.append(call.arguments["city"])
        await call.result_callback(f"sunny in {call.arguments['city']}")

    def see(self, frame: Any) -> None:
        self._more.set()
        match frame:
            case ErrorFrame():
                self.errors.append(frame.error)
            case TranscriptionFrame():
                self.heard.append(frame.text)
            case TTSAudioRawFrame():
                self.audio_bytes += len(frame.audio)
            case LLMTextFrame():
                self.written += frame.text
            case LLMFullResponseEndFrame():
                self.replies += 1
            case InterruptionFrame():
                self.interruptions += 1
            case _:
                pass

    async def speak(self, *sounds: bytes) -> None:
        sound = b"".join(sounds)
        step = RATE_HZ // 10
        for start in range(0, len(sound), step):
            await self.worker.queue_frame(InputAudioRawFrame(sound[start : start + step], RATE_HZ, 1))

    async def until(self, done: Callable[[], bool]) -> None:
        while not done():
            self._more.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._more.wait(), 0.1)  # the context grows without a frame

    def said(self) -> list[str]:
        mine = [message for message in self.context.messages if message.get("role") == "assistant"]
        return [str(message["content"]) for message in mine if message.get("content")]

    def told(self) -> dict[str, Any]:
        return {
            "errors": self.errors,
            "heard": self.heard,
            "asked": self.asked,
            "written": self.written,
            "said": self.said(),
            "interruptions": self.interruptions,
            "audio_bytes": self.audio_bytes,
            "messages": [str(message) for message in self.context.messages],
        }


@asynccontextmanager
async def talking(service: Any, question: str | None = None) -> AsyncIterator[Talk]:
    """A running pipeline. The agent answers the question; without one it speaks first, as in Pipecat's examples."""
    logger.remove()
    talk = Talk(service, question)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(talk.worker)
    running = asyncio.create_task(runner.run())
    try:
        await talk.started.wait()
        await talk.worker.queue_frame(LLMRunFrame())
        yield talk
    finally:
        await talk.worker.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def spoken(service: Any) -> dict[str, Any]:
    async with talking(service) as talk:
        await talk.until(lambda: talk.replies >= 1)
        await talk.speak(NOISE, SILENCE)
        await talk.until(lambda: len(talk.said()) >= 2)
        return talk.told()


async def written(service: Any) -> dict[str, Any]:
    async with talking(service, "Is the shop open?") as talk:
        await talk.until(lambda: len(talk.said()) >= 1)
        return talk.told()


async def function(service: Any) -> dict[str, Any]:
    async with talking(service, "What is the weather in Bern?") as talk:
        await talk.until(lambda: any("weather is" in said for said in talk.said()))
        return talk.told()


async def barge_in(service: Any) -> dict[str, Any]:
    async with talking(service, "Tell me a story.") as talk:
        await talk.until(lambda: talk.audio_bytes >= 3 * 2 * RATE_HZ)
        await talk.speak(NOISE, SILENCE)
        await talk.until(lambda: any(HEARD in said for said in talk.said()))
        return talk.told()
