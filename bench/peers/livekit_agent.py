"""LiveKit Agents behind the benchmark's caller: an AgentSession without a room, stubs as its models. A driver.

Runs in LiveKit's environment: `python -m bench.peers.livekit_agent < plan`. Its ears are its own bundled Silero. The
sound's way out behaves as its room output does: it takes 50 ms pieces and holds 200 ms; pausing silences it at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from livekit.agents import Agent, AgentSession, inference, llm, stt, tts, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities
from livekit.rtc import AudioFrame

from bench.peers.caller import Line, hold
from bench.peers.plan import HEARING_HZ, VOICE_HZ, WAIT_SECONDS, Plan
from bench.peers.stubs import sounds, words_of_reply

QUEUE_SECONDS = 0.2
PIECE_SAMPLES = VOICE_HZ // 20
INTERRUPTION_SECONDS = 0.2


class StubSTT(stt.STT):  # type: ignore[misc, unused-ignore]
    """Gives one final transcript a turn, and before it the words so far where the plan says so."""

    def __init__(self, line: Line) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=line.plan.interim))
        self._line = line

    async def _recognize_impl(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    def stream(self, *, language: Any = None, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS) -> Any:  # noqa: ARG002
        return _Recognition(self, self._line, conn_options)


class _Recognition(stt.RecognizeStream):  # type: ignore[misc, unused-ignore]
    def __init__(self, engine: StubSTT, line: Line, conn_options: Any) -> None:
        super().__init__(stt=engine, conn_options=conn_options)
        self._line = line

    async def _run(self) -> None:
        hearing = asyncio.create_task(self._hear())
        try:
            while True:
                text, final = await self._line.transcripts.get()
                said = stt.SpeechData(language="en", text=text)
                kind = stt.SpeechEventType.FINAL_TRANSCRIPT if final else stt.SpeechEventType.INTERIM_TRANSCRIPT
                event = stt.SpeechEvent(type=kind, alternatives=[said])
                self._event_ch.send_nowait(event)
        finally:
            hearing.cancel()

    async def _hear(self) -> None:
        async for _ in self._input_ch:
            pass


class StubLLM(llm.LLM):  # type: ignore[misc, unused-ignore]
    """Writes the same answer to everything."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def chat(
        self, *, chat_ctx: Any, tools: Any = None, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS, **_: Any
    ) -> Any:
        return _Writing(self, self._line, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Writing(llm.LLMStream):  # type: ignore[misc, unused-ignore]
    def __init__(self, engine: StubLLM, line: Line, **told: Any) -> None:
        super().__init__(engine, **told)
        self._line = line

    async def _run(self) -> None:
        async for text in words_of_reply(self._line):
            chunk = llm.ChatChunk(id="reply", delta=llm.ChoiceDelta(role="assistant", content=text))
            self._event_ch.send_nowait(chunk)


class StubTTS(tts.TTS):  # type: ignore[misc, unused-ignore]
    """Sounds a tone, a piece of text at a time; the framework cuts the sentences."""

    def __init__(self, line: Line) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=VOICE_HZ, num_channels=1)
        self._line = line

    def synthesize(self, text: str, *, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS) -> Any:
        return _Sounding(self, self._line, text, conn_options)


class _Sounding(tts.ChunkedStream):  # type: ignore[misc, unused-ignore]
    def __init__(self, engine: StubTTS, line: Line, text: str, conn_options: Any) -> None:
        super().__init__(tts=engine, input_text=text, conn_options=conn_options)
        self._line = line

    async def _run(self, output_emitter: Any) -> None:
        output_emitter.initialize(request_id="speech", sample_rate=VOICE_HZ, num_channels=1, mime_type="audio/pcm")
        async for sound in sounds(self._line, self.input_text):
            output_emitter.push(sound)
        output_emitter.flush()


class Microphone(AudioInput):  # type: ignore[misc, unused-ignore]
    def __init__(self) -> None:
        super().__init__(label="microphone")
        self._frames: asyncio.Queue[Any] = asyncio.Queue()

    async def hear(self, frame: bytes) -> None:
        self._frames.put_nowait(AudioFrame(frame, HEARING_HZ, 1, len(frame) // 2))

    async def __anext__(self) -> Any:
        return await self._frames.get()


class Speaker(AudioOutput):  # type: ignore[misc, unused-ignore]
    """Plays into the line's loudspeaker; what the 200 ms there cannot hold waits."""

    def __init__(self, line: Line) -> None:
        super().__init__(label="line", capabilities=AudioOutputCapabilities(pause=True), sample_rate=VOICE_HZ)
        self._line = line
        self._cutter = utils.audio.AudioByteStream(VOICE_HZ, 1, samples_per_channel=PIECE_SAMPLES)
        self._waiting: asyncio.Queue[Any] = asyncio.Queue()
        self._enabled = asyncio.Event()
        self._enabled.set()
        self._queued_seconds = 0.0
        self._given_seconds = 0.0
        self._segment = 0
        self._ending: asyncio.Task[None] | None = None
        self._forwarding = asyncio.create_task(self._forward())

    async def capture_frame(self, frame: Any) -> None:
        await super().capture_frame(frame)
        self._queue(self._cutter.push(frame.data))

    def flush(self) -> None:
        super().flush()
        self._queue(self._cutter.flush())
        if self._queued_seconds:
            self._ending = asyncio.create_task(self._end())

    def clear_buffer(self) -> None:
        self._cutter.clear()
        if not self._queued_seconds:
            return
        while not self._waiting.empty():
            self._waiting.get_nowait()
            self._waiting.task_done()
        left = self._line.loudspeaker.buffered_seconds(self._line.now)
        self._line.loudspeaker.stop(self._line.now)
        if self._ending is not None:
            self._ending.cancel()
        self._finish(max(self._given_seconds - left, 0.0), interrupted=True)

    def pause(self) -> None:
        super().pause()
        self._enabled.clear()
        self._line.loudspeaker.pause(self._line.now)

    def resume(self) -> None:
        super().resume()
        self._line.loudspeaker.resume(self._line.now)
        self._enabled.set()

    async def close(self) -> None:
        self._forwarding.cancel()

    def _queue(self, pieces: list[Any]) -> None:
        for piece in pieces:
            self._queued_seconds += piece.duration
            self._waiting.put_nowait(piece)

    async def _forward(self) -> None:
        while True:
            piece = await self._waiting.get()
            segment = self._segment
            await self._enabled.wait()
            self._waiting.task_done()
            if segment != self._segment:
                continue
            if not self._given_seconds:
                self.on_playback_started(created_at=time.time())
            self._given_seconds += piece.duration
            self._line.play(bytes(piece.data))
            over = self._line.loudspeaker.buffered_seconds(self._line.now) - QUEUE_SECONDS
            if over > 0:
                await asyncio.sleep(over)

    async def _end(self) -> None:
        await self._waiting.join()
        await asyncio.sleep(self._line.loudspeaker.buffered_seconds(self._line.now))
        self._finish(self._given_seconds, interrupted=False)

    def _finish(self, played_seconds: float, *, interrupted: bool) -> None:
        self._segment += 1
        self._queued_seconds, self._given_seconds, self._ending = 0.0, 0.0, None
        self.on_playback_finished(playback_position=played_seconds, interrupted=interrupted)


def turn_handling(settings: str) -> dict[str, Any]:
    """`matched`: 300 ms of silence end a turn, 200 ms of speech interrupt. `matched-no-preemption`: nothing ahead."""
    if settings == "defaults":
        return {}
    chosen: dict[str, Any] = {
        "turn_detection": "vad",
        "endpointing": {"min_delay": WAIT_SECONDS, "max_delay": WAIT_SECONDS},
        "interruption": {"mode": "vad", "min_duration": INTERRUPTION_SECONDS},
    }
    match settings:
        case "matched-no-preemption":
            chosen["preemptive_generation"] = {"enabled": False}
        case "matched-preemptive-voice":
            chosen["preemptive_generation"] = {"enabled": True, "preemptive_tts": True}
        case _:
            pass
    return chosen


@asynccontextmanager
async def connect(plan: Plan, line: Line) -> AsyncIterator[Microphone]:
    handling = turn_handling(plan.settings)
    # aec_warmup_duration: for the first seconds of a call LiveKit hears no interruption; that is not what is measured
    session: Any = AgentSession(
        stt=StubSTT(line),
        llm=StubLLM(line),
        tts=StubTTS(line),
        vad=_vad(),
        aec_warmup_duration=None,
        user_away_timeout=None,
        **({"turn_handling": handling} if handling else {}),
    )
    microphone, speaker = Microphone(), Speaker(line)
    session.input.audio = microphone
    session.output.audio = speaker
    await session.start(Agent(instructions="You are friendly."), record=False)
    try:
        yield microphone
    finally:
        await speaker.close()
        await session.aclose()


_shared_vad: list[Any] = []


def _vad() -> Any:
    if not _shared_vad:
        _shared_vad.append(inference.VAD(model="silero"))
    return _shared_vad[0]


if __name__ == "__main__":
    logging.getLogger("livekit").setLevel(logging.ERROR)
    hold(connect, asyncio.run)
