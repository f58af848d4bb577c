"""WebRTC's echo canceller (AEC3) and noise suppressor, as they run in browsers, by the package pywebrtc-audio.

The engine is owned by the composition root; it holds nothing but the library. A stream is owned by a call: 0.4 MB from
the agent's first sound on, next to nothing before. Both work on 10 ms at 16 kHz: 65 µs the canceller, 8 µs the
suppressor.

AEC3 finds the delay of the echo by itself, from 0 to some 500 ms after the reference, and follows when it changes. So
the reference is laid out by the earliest time that it can be played at, and the caller's audio by the time at which it
arrives when nothing holds it up; what the network and the player add is left to AEC3.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vivavoce.engines.ports import (
    HEARING_RATE_HZ,
    VOICE_RATE_HZ,
    AudioProcessingStream,
    NoiseField,
    Samples,
)
from vivavoce.media.aligned_frames import AlignedFrames
from vivavoce.media.arrivals import ArrivalClock
from vivavoce.media.echo_presence import EchoPresence
from vivavoce.media.resampling import StreamResampler
from vivavoce.media.timeline import SoundTimeline

if TYPE_CHECKING:
    from pywebrtc_audio import EchoCanceller, NoiseSuppressor

FRAME_SAMPLES = HEARING_RATE_HZ // 100
ECHO_LAG_SAMPLES = 128
NOISE_LAG_SAMPLES = 96
"""What comes out of the library is so many samples late."""

ECHO_SECONDS = 1.0
"""An echo is over that long after the sound: 500 ms of delay that AEC3 can bridge, and as much of room."""

JOINING_SECONDS = 0.005
"""Sound that goes out this soon after the last was over goes on from there, without a seam."""

TIMELINE_SECONDS = 2
"""The pacing's lead, the packets that are late, and room for either to change."""

NOISE_LEVELS: dict[NoiseField, int] = {"near_field": 1, "far_field": 2}
"""At most 12 dB, and 18 dB. More costs more words than noise does."""


class WebRtcAudioProcessing:
    """`AudioProcessing` by WebRTC."""

    def __init__(self) -> None:
        import pywebrtc_audio

        self._library = pywebrtc_audio

    def open_stream(self, *, cancel_echo: bool, suppress_noise: NoiseField | None) -> AudioProcessingStream:
        library = self._library
        return _WebRtcStream(
            _EchoStage(library.EchoCanceller) if cancel_echo else None,
            _NoiseStage(library.NoiseSuppressor, NOISE_LEVELS[suppress_noise]) if suppress_noise else None,
        )

    async def close(self) -> None:
        """Nothing is held here; streams end with their calls."""


class _WebRtcStream:
    """Echo first, then noise: the canceller needs the sound as it came."""

    def __init__(self, echo: _EchoStage | None, noise: _NoiseStage | None) -> None:
        self._echo = echo
        self._noise = noise

    def played(self, samples: Samples, sent_at_seconds: float) -> None:
        if self._echo is not None:
            self._echo.played(samples, sent_at_seconds)

    def discarded(self, from_seconds: float) -> None:
        if self._echo is not None:
            self._echo.discarded(from_seconds)

    def process(self, samples: Samples, arrived_at_seconds: float) -> Samples:
        if not samples.size:
            return samples
        if self._echo is not None:
            samples = self._echo.push(samples, arrived_at_seconds)
        return samples if self._noise is None else self._noise.push(samples)

    def flush(self) -> Samples:
        held = np.zeros(0, dtype=np.float32) if self._echo is None else self._echo.flush()
        return held if self._noise is None else np.concatenate((self._noise.push(held), self._noise.flush()))

    def close(self) -> None:
        self._echo = None
        self._noise = None


class _EchoStage:
    """Runs while the agent's sound may come back, else lets everything through as it is."""

    def __init__(self, library: type[EchoCanceller]) -> None:
        self._library = library
        self._canceller: EchoCanceller | None = None
        self._playback = _Playback()
        self._arrivals = ArrivalClock(HEARING_RATE_HZ)
        self._presence = EchoPresence(HEARING_RATE_HZ)
        self._frames = AlignedFrames(FRAME_SAMPLES, ECHO_LAG_SAMPLES)

    def played(self, samples: Samples, sent_at_seconds: float) -> None:
        self._playback.add(samples, sent_at_seconds)

    def discarded(self, from_seconds: float) -> None:
        self._playback.discard(from_seconds)

    def push(self, samples: Samples, arrived_at_seconds: float) -> Samples:
        began_at_seconds = self._arrivals.arrived(samples.size, arrived_at_seconds)
        if began_at_seconds >= self._playback.sounds_until_seconds + ECHO_SECONDS:
            return self._passed(samples)
        began_at_sample = round(began_at_seconds * HEARING_RATE_HZ)
        self._presence.push(samples, self._playback.read(began_at_sample, samples.size))
        if not self._presence.possible:
            return self._passed(samples)
        canceller = self._canceller = self._canceller or self._library(HEARING_RATE_HZ)

        def cancel(heard: Samples, samples_before: int) -> Samples:
            return canceller.process(heard, self._playback.read(began_at_sample - samples_before, heard.size))

        return self._frames.push(samples, cancel)

    def _passed(self, samples: Samples) -> Samples:
        held = self._frames.release()
        return np.concatenate((held, samples)) if held.size else samples

    def flush(self) -> Samples:
        return self._frames.release()


class _NoiseStage:
    """Runs all the time."""

    def __init__(self, library: type[NoiseSuppressor], level: int) -> None:
        self._suppressor = library(HEARING_RATE_HZ, level=level)
        self._frames = AlignedFrames(FRAME_SAMPLES, NOISE_LAG_SAMPLES)

    def push(self, samples: Samples) -> Samples:
        return self._frames.push(samples, lambda heard, _: self._suppressor.process(heard))

    def flush(self) -> Samples:
        return self._frames.release()


class _Playback:
    """What the caller's player plays, at 16 kHz and by time: each sound after the one before, or when it went out."""

    def __init__(self) -> None:
        self.sounds_until_seconds = -math.inf
        self._timeline: SoundTimeline | None = None
        self._resampler = StreamResampler(VOICE_RATE_HZ, HEARING_RATE_HZ)
        self._next_sample = 0

    def add(self, samples: Samples, sent_at_seconds: float) -> None:
        if self._timeline is None:
            self._timeline = SoundTimeline(TIMELINE_SECONDS * HEARING_RATE_HZ)
        if sent_at_seconds > self.sounds_until_seconds + JOINING_SECONDS:
            self._timeline.write(self._resampler.flush(), self._next_sample)
            self._next_sample = round(sent_at_seconds * HEARING_RATE_HZ)
            self.sounds_until_seconds = sent_at_seconds
        self.sounds_until_seconds += samples.size / VOICE_RATE_HZ
        converted = self._resampler.push(samples)
        self._timeline.write(converted, self._next_sample)
        self._next_sample += converted.size

    def discard(self, from_seconds: float) -> None:
        if self._timeline is None or from_seconds >= self.sounds_until_seconds:
            return
        self._resampler.flush()
        self._next_sample = round(from_seconds * HEARING_RATE_HZ)
        self._timeline.silence(self._next_sample)
        self.sounds_until_seconds = from_seconds

    def read(self, at_sample: int, count: int) -> Samples:
        if self._timeline is None:
            return np.zeros(count, dtype=np.float32)
        return self._timeline.read(at_sample, count)
