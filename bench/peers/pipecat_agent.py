"""Pipecat behind the benchmark's caller: the pipeline of its examples with stubs as services. A driver.

Runs in Pipecat's environment: `python -m bench.peers.pipecat_agent < plan`. Its ears are its own bundled Silero. Its
output transport writes as its websocket transports do: a chunk, then a wait until the next one is due.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

from bench.peers.caller import Line, hold
from bench.peers.plan import HEARING_HZ, STT_SECONDS, VOICE_HZ, WAIT_SECONDS, Plan
from bench.peers.stubs import sounds, words_of_reply


class StubSTT(STTService):  # type: ignore[misc, unused-ignore]
    """Gives one final transcript a turn, and before it the words so far where the plan says so."""

    def __init__(self, line: Line) -> None:
        super().__init__(ttfs_p99_latency=STT_SECONDS, settings=STTSettings(model="stub", language=None))
        self._line = line
        self._telling: asyncio.Task[None] | None = None

    async def start(self, frame: Any) -> None:
        await super().start(frame)
        self._telling = asyncio.create_task(self._tell())

    async def cancel(self, frame: Any) -> None:
        await super().cancel(frame)
        if self._telling is not None:
            self._telling.cancel()

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Any]:  # noqa: ARG002
        yield None

    async def _tell(self) -> None:
        while True:
            text, final = await self._line.transcripts.get()
            if final:
                await self.push_frame(TranscriptionFrame(text, "caller", time_now_iso8601(), finalized=True))
            else:
                await self.push_frame(InterimTranscriptionFrame(text, "caller", time_now_iso8601()))


class StubLLM(LLMService):  # type: ignore[misc, unused-ignore]
    """Writes the same answer to everything."""

    def __init__(self, line: Line) -> None:
        nothing: dict[str, Any] = dict.fromkeys(
            (
                "temperature",
                "max_tokens",
                "top_p",
                "top_k",
                "frequency_penalty",
                "presence_penalty",
                "seed",
                "system_instruction",
            )
        )
        super().__init__(settings=LLMSettings(model="stub", **nothing))
        self._line = line

    async def process_frame(self, frame: Any, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        async for text in words_of_reply(self._line):
            await self.push_frame(LLMTextFrame(text))
        await self.push_frame(LLMFullResponseEndFrame())


class StubTTS(TTSService):  # type: ignore[misc, unused-ignore]
    """Sounds a tone, a sentence at a time; the framework cuts the sentences."""

    def __init__(self, line: Line) -> None:
        settings = TTSSettings(model="stub", voice="tone", language=None)
        super().__init__(push_start_frame=True, push_stop_frames=True, sample_rate=VOICE_HZ, settings=settings)
        self._line = line

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Any]:
        async for sound in sounds(self._line, text):
            yield TTSAudioRawFrame(sound, VOICE_HZ, 1, context_id=context_id)


class Microphone(BaseInputTransport):  # type: ignore[misc, unused-ignore]
    async def start(self, frame: Any) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def hear(self, frame: bytes) -> None:
        await self.push_audio_frame(InputAudioRawFrame(frame, HEARING_HZ, 1))


class Speaker(BaseOutputTransport):  # type: ignore[misc, unused-ignore]
    def __init__(self, params: TransportParams, line: Line) -> None:
        super().__init__(params)
        self._line = line
        self._due = 0.0

    async def start(self, frame: Any) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def process_frame(self, frame: Any, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            self._due = 0.0

    async def write_audio_frame(self, frame: Any) -> bool:
        self._line.play(frame.audio)
        lasts = len(frame.audio) / 2 / VOICE_HZ
        wait = max(0.0, self._due - self._line.now)
        await asyncio.sleep(wait)
        self._due = self._due + lasts if wait else self._line.now + lasts
        return True


def user_params(settings: str) -> LLMUserAggregatorParams:
    """`matched`: 300 ms of silence end a turn. `defaults`: as it comes, with smart-turn."""
    if settings == "defaults":
        return LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    return LLMUserAggregatorParams(
        vad_analyzer=SileroVADAnalyzer(params=VADParams(stop_secs=WAIT_SECONDS)),
        user_turn_strategies=UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.0)]),
    )


@asynccontextmanager
async def connect(plan: Plan, line: Line) -> AsyncIterator[Microphone]:
    aggregators = LLMContextAggregatorPair(
        LLMContext([{"role": "system", "content": "You are friendly."}]), user_params=user_params(plan.settings)
    )
    params = TransportParams(audio_in_enabled=True, audio_out_enabled=True)
    microphone, speaker = Microphone(params), Speaker(params, line)
    pipeline = Pipeline(
        [
            microphone,
            StubSTT(line),
            aggregators.user(),
            StubLLM(line),
            StubTTS(line),
            speaker,
            aggregators.assistant(),
        ]
    )
    rates = PipelineParams(audio_in_sample_rate=HEARING_HZ, audio_out_sample_rate=VOICE_HZ)
    worker = PipelineWorker(pipeline, params=rates, cancel_on_idle_timeout=False)
    started = asyncio.Event()

    async def start(*_: Any) -> None:
        started.set()

    worker.add_event_handler("on_pipeline_started", start)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        await started.wait()
        yield microphone
    finally:
        await worker.cancel()
        await asyncio.gather(running, return_exceptions=True)


if __name__ == "__main__":
    logger.remove()
    hold(connect, asyncio.run)
