"""The scripted ears: voice activity by energy, turn detection and transcripts from a list.

Owned by the composition root or the test that made them; each stream is owned by a call or a turn and ends with
`close`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

import numpy as np

from vivavoce.engines.ports import (
    HEARING_RATE_HZ,
    VAD_WINDOW_SAMPLES,
    Samples,
    Transcript,
    TranscriptionHints,
    TranscriptionStream,
    VoiceActivityStream,
)

QUIETEST_SPEECH_RMS = 0.01
"""-40 dBFS: far above a quiet line's noise, well below a caller's voice (about -25 dBFS)."""


class ScriptedVoiceActivity:
    """Calls a window speech (1.0) when its RMS is at least `threshold_rms` of full scale, else silence (0.0)."""

    def __init__(self, threshold_rms: float = QUIETEST_SPEECH_RMS) -> None:
        self.threshold_rms = threshold_rms
        self.open_streams = 0
        self.closed = False

    def open_stream(self) -> VoiceActivityStream:
        self.open_streams += 1
        return _EnergyStream(self)

    async def close(self) -> None:
        self.closed = True


class _EnergyStream:
    def __init__(self, engine: ScriptedVoiceActivity) -> None:
        self._engine = engine
        self._open = True

    async def glance(self, newest: Samples) -> float:
        return await self.speech_probability(newest[-VAD_WINDOW_SAMPLES:])

    async def speech_probability(self, window: Samples) -> float:
        if window.shape != (VAD_WINDOW_SAMPLES,):
            raise ValueError(f"a voice-activity window has {VAD_WINDOW_SAMPLES} samples, not {window.shape}")
        rms = math.sqrt(float(np.dot(window, window)) / VAD_WINDOW_SAMPLES)
        return 1.0 if rms >= self._engine.threshold_rms else 0.0

    def reset(self) -> None:
        """Nothing to forget: each window is judged alone."""

    def close(self) -> None:
        if self._open:
            self._open = False
            self._engine.open_streams -= 1


class ScriptedTurnDetector:
    """Answers with `probability`: always the same, or the next of a sequence, which starts over at its end."""

    def __init__(self, probability: float | Sequence[float] = 0.9, delay_seconds: float = 0.0) -> None:
        self._probabilities = (probability,) if isinstance(probability, int | float) else tuple(probability)
        if not self._probabilities:
            raise ValueError("a scripted turn detector needs at least one probability")
        self._delay_seconds = delay_seconds
        self.asked = 0
        self.active = 0
        self.closed = False

    async def end_of_turn_probability(self, audio: Samples) -> float:  # noqa: ARG002 - the script does not listen
        answer = self._probabilities[self.asked % len(self._probabilities)]
        self.asked += 1
        self.active += 1
        try:
            await asyncio.sleep(self._delay_seconds)
        finally:
            self.active -= 1
        return answer

    async def close(self) -> None:
        self.closed = True


class ScriptedSpeechToText:
    """The n-th stream opened hears `texts[n % len(texts)]`, whatever audio it is given.

    `final` gives the whole text once any audio was pushed, `delay_seconds` after it was asked for. `interim` shows as
    many of its words as `seconds_per_word` fits into the audio pushed so far.
    """

    def __init__(
        self,
        texts: Sequence[str] = ("Hello, can you hear me?",),
        delay_seconds: float = 0.0,
        *,
        interim_delay_seconds: float = 0.0,
        seconds_per_word: float = 0.3,
        language: str = "en",
    ) -> None:
        if not texts:
            raise ValueError("a scripted speech-to-text needs at least one text")
        self.texts = tuple(texts)
        self.delay_seconds = delay_seconds
        self.interim_delay_seconds = interim_delay_seconds
        self.seconds_per_word = seconds_per_word
        self.language = language
        self.opened: list[TranscriptionHints] = []
        self.open_streams = 0
        self.active = 0
        self.closed = False

    @property
    def languages(self) -> frozenset[str]:
        return frozenset({self.language})

    def open_stream(self, hints: TranscriptionHints) -> TranscriptionStream:
        text = self.texts[len(self.opened) % len(self.texts)]
        self.opened.append(hints)
        self.open_streams += 1
        return _ScriptedTranscription(self, text)

    async def close(self) -> None:
        self.closed = True


class _ScriptedTranscription:
    def __init__(self, engine: ScriptedSpeechToText, text: str) -> None:
        self._engine = engine
        self._text = text
        self._pushed_samples = 0
        self._open = True

    def push(self, samples: Samples) -> None:
        self._pushed_samples += len(samples)

    async def interim(self) -> Transcript:
        words = self._text.split()
        heard = int(self._pushed_samples / HEARING_RATE_HZ / self._engine.seconds_per_word)
        return await self._answer(" ".join(words[:heard]), self._engine.interim_delay_seconds)

    async def final(self) -> Transcript:
        return await self._answer(self._text if self._pushed_samples else "", self._engine.delay_seconds)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._engine.open_streams -= 1

    async def _answer(self, text: str, delay_seconds: float) -> Transcript:
        audio_seconds = self._pushed_samples / HEARING_RATE_HZ
        self._engine.active += 1
        try:
            await asyncio.sleep(delay_seconds)
        finally:
            self._engine.active -= 1
        return Transcript(text=text, language=self._engine.language, audio_seconds=audio_seconds)
