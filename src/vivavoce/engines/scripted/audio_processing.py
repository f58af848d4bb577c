"""The scripted audio processing: the caller is silenced while the agent's sound may come back, or nothing is done.

Owned by the composition root or the test that made it; each stream is owned by a call and ends with `close`.
"""

from __future__ import annotations

import math

import numpy as np

from vivavoce.engines.ports import (
    HEARING_RATE_HZ,
    VOICE_RATE_HZ,
    AudioProcessingStream,
    NoiseField,
    Samples,
)


class ScriptedAudioProcessing:
    """Gives the audio as it came, or silence while something is played and for `echo_seconds` after it.

    With `echo_seconds` None, the default, nothing is ever silenced. Never holds anything back, knows nothing of noise.
    """

    def __init__(self, echo_seconds: float | None = None) -> None:
        self.echo_seconds = echo_seconds
        self.opened: list[tuple[bool, NoiseField | None]] = []
        self.played_samples = 0
        self.discards_at_seconds: list[float] = []
        self.open_streams = 0
        self.closed = False

    def open_stream(self, *, cancel_echo: bool, suppress_noise: NoiseField | None) -> AudioProcessingStream:
        self.opened.append((cancel_echo, suppress_noise))
        self.open_streams += 1
        return _HalfDuplexStream(self, self.echo_seconds if cancel_echo else None)

    async def close(self) -> None:
        self.closed = True


class _HalfDuplexStream:
    def __init__(self, engine: ScriptedAudioProcessing, echo_seconds: float | None) -> None:
        self._engine = engine
        self._echo_seconds = echo_seconds
        self._sounds_until_seconds = -math.inf
        self._open = True

    def played(self, samples: Samples, sent_at_seconds: float) -> None:
        self._engine.played_samples += samples.size
        begins_at_seconds = max(self._sounds_until_seconds, sent_at_seconds)
        self._sounds_until_seconds = begins_at_seconds + samples.size / VOICE_RATE_HZ

    def discarded(self, from_seconds: float) -> None:
        self._engine.discards_at_seconds.append(from_seconds)
        self._sounds_until_seconds = min(self._sounds_until_seconds, from_seconds)

    def process(self, samples: Samples, arrived_at_seconds: float) -> Samples:
        if self._echo_seconds is None:
            return samples
        audible_seconds = arrived_at_seconds - self._sounds_until_seconds - self._echo_seconds
        if audible_seconds * HEARING_RATE_HZ >= samples.size:
            return samples
        kept = round(max(0.0, audible_seconds) * HEARING_RATE_HZ)
        return np.concatenate((np.zeros(samples.size - kept, dtype=np.float32), samples[samples.size - kept :]))

    def flush(self) -> Samples:
        return np.zeros(0, dtype=np.float32)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._engine.open_streams -= 1
