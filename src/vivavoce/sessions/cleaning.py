"""The sound of one caller before the ears: without the agent's own voice, and without noise where that is asked for.

Owned by the call's hearing. Engines that know no audio processing leave everything as it comes.
"""

from __future__ import annotations

import math

import numpy as np

from vivavoce.conversation.settings import NoiseReduction
from vivavoce.engines.ports import (
    HEARING_RATE_HZ,
    VOICE_RATE_HZ,
    AudioProcessing,
    AudioProcessingStream,
    NoiseField,
    Samples,
)

NOTHING: Samples = np.zeros(0, dtype=np.float32)


class Cleaning:
    """One stream of the engine; a new one when the wish for noise reduction changes."""

    def __init__(self, engine: AudioProcessing | None, noise: NoiseReduction | None) -> None:
        self._engine = engine
        self._noise = noise
        self._stream = self._open()
        self._held_samples = 0
        self._sounds_until = -math.inf

    def is_agent_sounding(self, now: float) -> bool:
        """Whether the caller's player may have sound of the agent."""
        return now < self._sounds_until

    @property
    def held_seconds(self) -> float:
        """How far what comes out is behind what went in."""
        return self._held_samples / HEARING_RATE_HZ

    def follow(self, noise: NoiseReduction | None) -> Samples:
        """Clean as is wished from here on; what was held back, (n,)."""
        if noise is self._noise:
            return NOTHING
        self._noise, held = noise, self.flush()
        self.close()
        self._stream = self._open()
        return held

    def process(self, samples: Samples, arrived_at: float) -> Samples:
        """The caller's next samples (n,) at 16 kHz; gives (m,) of them that are ready."""
        if self._stream is None:
            return samples
        ready = self._stream.process(samples, arrived_at)
        self._held_samples += len(samples) - len(ready)
        return ready

    def flush(self) -> Samples:
        """What is held back, (n,), as good as it is."""
        self._held_samples = 0
        return NOTHING if self._stream is None else self._stream.flush()

    def played(self, samples: Samples, sent_at: float) -> None:
        """The agent's next sound, at 24 kHz as it goes out."""
        self._sounds_until = max(self._sounds_until, sent_at) + len(samples) / VOICE_RATE_HZ
        if self._stream is not None:
            self._stream.played(samples, sent_at)

    def discarded(self, now: float) -> None:
        """The caller's player threw away what it had not played."""
        self._sounds_until = now
        if self._stream is not None:
            self._stream.discarded(now)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def _open(self) -> AudioProcessingStream | None:
        if self._engine is None:
            return None
        field: NoiseField | None = None if self._noise is None else self._noise.value
        return self._engine.open_stream(cancel_echo=True, suppress_noise=field)
