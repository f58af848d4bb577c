"""The real ears in virtual time: the product's own adapters judge, and what that takes is told instead of measured.

The adapters run on an event loop of their own in a thread; the simulated call stands still meanwhile, then its clock
goes on by `EngineTimes`. What was judged once is remembered by the sound, in the user's cache, so that a second run of
the same clips with other settings takes seconds. Owned by the bench's process; `close` keeps the memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

import msgspec
import numpy as np

from bench.labelled_speech.sources import speech_cache
from vivavoce.engines.catalogue import model_directory, models_directory
from vivavoce.engines.ports import (
    HEARING_RATE_HZ,
    VAD_WINDOW_SAMPLES,
    Samples,
    Transcript,
    TranscriptionHints,
    TranscriptionStream,
    VoiceActivityStream,
)
from vivavoce.engines.stt import growing_buffer, moonshine, segments
from vivavoce.engines.stt.moonshine import MoonshineSpeechToText
from vivavoce.engines.turn import log_mel, smart_turn
from vivavoce.engines.turn.smart_turn import SmartTurnDetector
from vivavoce.engines.vad import silero
from vivavoce.engines.vad.silero import SileroVoiceActivity

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EngineTimes:
    """What each judgement takes in the simulation: the product's engines on two cores, measured alone."""

    voice_activity_ms: float = 0.5
    turn_detector_ms: float = 30.0
    transcript_ms: float = 20.0
    transcript_ms_per_second: float = 15.0
    first_token_ms: float = 100.0
    first_sound_ms: float = 80.0


class Remembered(msgspec.Struct):
    """Judgements by the hash of the sound that they are about."""

    activity: dict[str, float] = {}
    turn: dict[str, float] = {}
    words: dict[str, str] = {}


class RealEars:
    """The loaded adapters. Loading waits until something is asked that nobody remembers."""

    def __init__(self) -> None:
        self._file = speech_cache() / f"judgements-{_version()}.msgpack"
        self.remembered = self._read()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._activity: SileroVoiceActivity | None = None
        self._turn: SmartTurnDetector | None = None
        self._words: MoonshineSpeechToText | None = None

    @property
    def activity(self) -> SileroVoiceActivity:
        if self._activity is None:
            self._activity = SileroVoiceActivity(_folder("silero-vad") / "silero_vad.onnx")
        return self._activity

    @property
    def turn(self) -> SmartTurnDetector:
        if self._turn is None:
            self._turn = SmartTurnDetector(_folder("smart-turn-v3.2") / "smart-turn-v3.2-cpu.onnx")
        return self._turn

    @property
    def words(self) -> MoonshineSpeechToText:
        if self._words is None:
            self._words = MoonshineSpeechToText(_folder("moonshine-tiny-en"))
        return self._words

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Let the adapters work, while the caller of this stands still."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="ears", daemon=True)
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Keep what was judged, beside what other processes have kept meanwhile.

        The adapters end with the process: closing them takes a thread, and a process that ends gives none any more.
        """
        others = self._read()
        for name in ("activity", "turn", "words"):
            getattr(self.remembered, name).update(getattr(others, name))
        part = self._file.with_suffix(f".{threading.get_native_id()}.part")
        part.write_bytes(msgspec.msgpack.encode(self.remembered))
        part.replace(self._file)
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _read(self) -> Remembered:
        if not self._file.is_file():
            return Remembered()
        return msgspec.msgpack.decode(self._file.read_bytes(), type=Remembered)


class SimulatedVoiceActivity:
    """`VoiceActivity` that asks the real one, or remembers."""

    def __init__(self, ears: RealEars, times: EngineTimes) -> None:
        self.ears = ears
        self.times = times

    def open_stream(self) -> VoiceActivityStream:
        return _RememberedActivity(self)

    async def close(self) -> None:
        """The ears outlive the call."""


class _RememberedActivity:
    """What a window gives depends on all windows before it, so each is known by the hash of them all."""

    def __init__(self, engine: SimulatedVoiceActivity) -> None:
        self._engine = engine
        self._heard = hashlib.blake2b(digest_size=12)
        self._unasked: list[Samples] = []
        self._memory = silero._Memory()

    async def speech_probability(self, window: Samples) -> float:
        remembered = self._engine.ears.remembered.activity
        self._heard.update(window.tobytes())
        self._unasked.append(window.copy())
        key = self._heard.hexdigest()
        if key not in remembered:
            remembered[key] = self._catch_up()
        await asyncio.sleep(self._engine.times.voice_activity_ms / 1000)
        return remembered[key]

    async def glance(self, newest: Samples) -> float:
        remembered, heard = self._engine.ears.remembered.activity, self._heard.copy()
        heard.update(b"glance" + newest.tobytes())
        key = heard.hexdigest()
        if key not in remembered:
            self._catch_up()
            before, window = np.split(newest, [-VAD_WINDOW_SAMPLES])
            job = silero._Job(self._memory, window, before[-silero.CONTEXT_SAMPLES :])
            (remembered[key],) = self._engine.ears.activity._run_batch([job])
        await asyncio.sleep(self._engine.times.voice_activity_ms / 1000)
        return remembered[key]

    def reset(self) -> None:
        self._heard = hashlib.blake2b(digest_size=12)
        self._unasked.clear()
        self._memory = silero._Memory()

    def close(self) -> None:
        self._unasked.clear()

    def _catch_up(self) -> float:
        """By the adapter's own batch of one: handing every window to its thread would take longer than judging it."""
        probability = 0.0
        for window in self._unasked:
            (probability,) = self._engine.ears.activity._run_batch([silero._Job(self._memory, window)])
        self._unasked.clear()
        return probability


class SimulatedTurnDetector:
    """`TurnDetector` that asks the real one, or remembers."""

    def __init__(self, ears: RealEars, times: EngineTimes) -> None:
        self._ears = ears
        self._times = times

    async def end_of_turn_probability(self, audio: Samples) -> float:
        key = _hash(audio)
        if key not in self._ears.remembered.turn:
            self._ears.remembered.turn[key] = self._ears.wait_for(self._ears.turn.end_of_turn_probability(audio))
        await asyncio.sleep(self._times.turn_detector_ms / 1000)
        return self._ears.remembered.turn[key]

    async def close(self) -> None:
        """The ears outlive the call."""


class SimulatedSpeechToText:
    """`SpeechToText` that asks the real one, or remembers. Each look transcribes the whole turn anew."""

    def __init__(self, ears: RealEars, times: EngineTimes) -> None:
        self.ears = ears
        self.times = times

    @property
    def languages(self) -> frozenset[str]:
        return frozenset({"en"})

    def open_stream(self, hints: TranscriptionHints) -> TranscriptionStream:
        return _RememberedWords(self, hints)

    async def close(self) -> None:
        """The ears outlive the call."""


class _RememberedWords:
    """One utterance. What is known of the same sound takes no time, what is being looked at only the rest of it."""

    def __init__(self, engine: SimulatedSpeechToText, hints: TranscriptionHints) -> None:
        self._engine = engine
        self._hints = hints
        self._pushed: list[Samples] = []
        self._known_at: dict[int, float] = {}

    def push(self, samples: Samples) -> None:
        self._pushed.append(samples.copy())

    async def interim(self) -> Transcript:
        return await self._look()

    async def final(self) -> Transcript:
        return await self._look()

    def close(self) -> None:
        self._pushed.clear()

    async def _look(self) -> Transcript:
        heard = np.concatenate([np.zeros(0, np.float32), *self._pushed])
        ears, times, clock = self._engine.ears, self._engine.times, asyncio.get_running_loop()
        key = _hash(heard)
        if key not in ears.remembered.words:
            ears.remembered.words[key] = ears.wait_for(self._transcribe(heard))
        seconds = len(heard) / HEARING_RATE_HZ
        takes_seconds = (times.transcript_ms + times.transcript_ms_per_second * seconds) / 1000
        known_at = self._known_at.setdefault(len(heard), clock.time() + takes_seconds)
        await asyncio.sleep(max(0.0, known_at - clock.time()))
        return Transcript(ears.remembered.words[key], "en", seconds)

    async def _transcribe(self, heard: Samples) -> str:
        stream = self._engine.ears.words.open_stream(self._hints)
        stream.push(heard)
        transcript = await stream.final()
        stream.close()
        return transcript.text


def _hash(samples: Samples) -> str:
    return hashlib.blake2b(samples.tobytes(), digest_size=12).hexdigest()


def _folder(model: str) -> Any:
    return model_directory(model, models_directory())


def _version() -> str:
    """Of the adapters' code: what an older one judged is forgotten."""
    modules: tuple[ModuleType, ...] = (silero, smart_turn, log_mel, moonshine, growing_buffer, segments)
    return hashlib.blake2b("".join(inspect.getsource(each) for each in modules).encode(), digest_size=6).hexdigest()
