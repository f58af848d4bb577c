"""The scripted voice: a soft tone as long as the text would take to say.

Owned by the composition root or the test that made it; holds nothing that must be given back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

import numpy as np

from vivavoce.engines.ports import (
    MAXIMUM_VOICE_PEAK,
    VOICE_RATE_HZ,
    Samples,
    SpeechRequest,
    UnknownVoiceError,
    Voice,
)

SCRIPTED_VOICE_PITCHES_HZ = {"eve": 198.0, "ara": 161.0, "rex": 117.0, "sal": 140.0, "leo": 87.0}
"""The pitch of each voice's tone."""

CHUNK_SAMPLES = VOICE_RATE_HZ // 10
"""100 ms a chunk."""

REMEMBERED_REQUESTS = 1000

_FEMALE = {"eve", "ara"}


class ScriptedTextToSpeech:
    """Hums instead of speaking: `seconds_per_character` of a sine per character, in chunks of 100 ms.

    The first chunk comes after `first_audio_delay_seconds`, each later one after `seconds_per_audio_second` times its
    length (0 is as fast as it is read, 1 is real time). `tone` is the peak of the sine.
    """

    def __init__(
        self,
        seconds_per_character: float = 0.06,
        first_audio_delay_seconds: float = 0.0,
        tone: float = 0.1,
        *,
        seconds_per_audio_second: float = 0.0,
    ) -> None:
        if not 0 <= tone <= MAXIMUM_VOICE_PEAK:
            raise ValueError(f"tone must lie within 0 and {MAXIMUM_VOICE_PEAK:.3f}, the loudest a voice may be")
        self._seconds_per_character = seconds_per_character
        self._first_audio_delay_seconds = first_audio_delay_seconds
        self._tone = tone
        self._seconds_per_audio_second = seconds_per_audio_second
        self._requests: deque[SpeechRequest] = deque(maxlen=REMEMBERED_REQUESTS)
        self.active = 0
        self.closed = False

    @property
    def voices(self) -> tuple[Voice, ...]:
        return tuple(
            Voice(name, "en-US", "female" if name in _FEMALE else "male", "scripted")
            for name in SCRIPTED_VOICE_PITCHES_HZ
        )

    @property
    def requests(self) -> list[SpeechRequest]:
        """What was asked to be spoken, oldest first."""
        return list(self._requests)

    def audio_samples(self, request: SpeechRequest) -> int:
        """How many 24 kHz samples this request gives."""
        text = request.text.strip()
        if not any(character.isalnum() for character in text):
            return 0
        return round(len(text) * self._seconds_per_character / request.speed * VOICE_RATE_HZ)

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Samples]:
        pitch_hz = SCRIPTED_VOICE_PITCHES_HZ.get(request.voice)
        if pitch_hz is None:
            known = ", ".join(SCRIPTED_VOICE_PITCHES_HZ)
            raise UnknownVoiceError(f"there is no voice {request.voice!r}; the scripted voices are {known}")
        self._requests.append(request)
        total = self.audio_samples(request)
        self.active += 1
        try:
            for start in range(0, total, CHUNK_SAMPLES):
                count = min(CHUNK_SAMPLES, total - start)
                pace = self._seconds_per_audio_second * count / VOICE_RATE_HZ
                await asyncio.sleep(pace if start else self._first_audio_delay_seconds)
                phase = np.arange(start, start + count) * (2 * np.pi * pitch_hz / VOICE_RATE_HZ)
                yield (self._tone * np.sin(phase)).astype(np.float32)
        finally:
            self.active -= 1

    async def close(self) -> None:
        self.closed = True
