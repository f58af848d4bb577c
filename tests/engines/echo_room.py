"""A room in which the agent's voice comes back to the caller's microphone, for the tests of echo cancellation.

Made by the test that uses it. The agent's sound goes out paced; the microphone sends packets that arrive as the test
says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vivavoce.engines.ports import HEARING_RATE_HZ, VOICE_RATE_HZ, AudioProcessingStream, Samples
from vivavoce.media.resampling import resample

STARTS_AT_SECONDS = 1000.0
LEAD_SECONDS = 0.2
PACKET_SECONDS = 0.02


def decibels(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12))


def at_level(samples: Samples, level_dbfs: float) -> Samples:
    return (samples * 10 ** ((level_dbfs - decibels(samples)) / 20)).astype(np.float32)


def babble(seconds: float, seed: int = 1) -> Samples:
    """Noise at 24 kHz that swells and fades like syllables, about -25 dBFS."""
    generator = np.random.default_rng(seed)
    count = round(seconds * VOICE_RATE_HZ)
    syllables = np.repeat(generator.uniform(0, 1, count // 3000 + 1) ** 2, 3000)[:count]
    smooth = np.convolve(generator.normal(0, 0.15, count), np.ones(6) / 6, mode="same")
    return (smooth * syllables).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Room:
    """`delay_seconds`: from the earliest time that a sound can be played at to its echo, by the time of the call."""

    delay_seconds: Callable[[float], float] = lambda _: 0.12
    attenuation_db: float = 12.0
    seed: int = 1

    def echo(self, agent: Samples) -> Samples:
        """What the microphone hears of the agent (24 kHz in, 16 kHz out), with 0.3 s of reverberation."""
        played = resample(agent, VOICE_RATE_HZ, HEARING_RATE_HZ)
        taps = np.random.default_rng(self.seed).normal(0, 0.25, 4000) * np.exp(-np.arange(4000) / 700)
        taps[0] = 4.0
        taps *= 10 ** (-self.attenuation_db / 20) / np.sqrt(np.sum(taps**2))
        echoing = np.convolve(played, taps)[: played.size]
        at = np.arange(played.size) / HEARING_RATE_HZ
        delays = np.array([self.delay_seconds(float(second)) for second in at[::160]]).repeat(160)[: at.size]
        echo: Samples = np.interp(at - delays, at, echoing, left=0.0).astype(np.float32)
        return echo


def cleaned(
    stream: AudioProcessingStream,
    agent: Samples,
    microphone: Samples,
    *,
    late_seconds: Callable[[int], float] = lambda _: 0.0,
) -> Samples:
    """What the stream gives for what the microphone heard (16 kHz) while the agent (24 kHz) spoke from the start on.

    `late_seconds`: how long after its end the n-th packet of 20 ms arrives.
    """
    frame, packet = round(VOICE_RATE_HZ * PACKET_SECONDS), round(HEARING_RATE_HZ * PACKET_SECONDS)
    sent = 0
    ready: list[Samples] = []
    arrived_at = 0.0
    for number in range(-(-microphone.size // packet)):
        arrived_at = max(arrived_at, (number + 1) * PACKET_SECONDS + late_seconds(number))
        while sent * PACKET_SECONDS < arrived_at + LEAD_SECONDS and sent * frame < agent.size:
            sent_at = STARTS_AT_SECONDS + max(0.0, sent * PACKET_SECONDS - LEAD_SECONDS)
            stream.played(agent[sent * frame : (sent + 1) * frame], sent_at)
            sent += 1
        heard = microphone[number * packet : (number + 1) * packet]
        ready.append(stream.process(heard, STARTS_AT_SECONDS + arrived_at))
    ready.append(stream.flush())
    return np.concatenate(ready)
