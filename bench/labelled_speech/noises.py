"""Sounds without words: recorded noises; coughs, slamming doors and typing made of bursts of noise; hums of assent.

A cough is two or three bursts of noise between 200 Hz and 4 kHz, a door one low thump with a rattle behind it, typing
clicks at uneven distances, a hum ("mm-hmm", lips closed) two short tones of a voice, the second one higher.
Deterministic by seed.
"""

from __future__ import annotations

import numpy as np

from bench.labelled_speech.cutting import samples_of
from vivavoce.engines.ports import HEARING_RATE_HZ, Samples

RECORDED = ("dog_bark", "car_horn", "ringing_phone", "engine_idling")


def _band_noise(milliseconds: float, low_hz: float, high_hz: float, seed: int) -> Samples:
    count = samples_of(milliseconds)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0, 1, count))
    frequencies = np.fft.rfftfreq(count, 1 / HEARING_RATE_HZ)
    spectrum[(frequencies < low_hz) | (frequencies > high_hz)] = 0
    noise = np.fft.irfft(spectrum, count)
    normal: Samples = (noise / np.abs(noise).max()).astype(np.float32)
    return normal


def _burst(sound: Samples, rise_ms: float, decay_ms: float) -> Samples:
    """Rises quickly, dies away exponentially."""
    at_ms = np.arange(len(sound)) * 1000 / HEARING_RATE_HZ
    envelope = np.minimum(at_ms / rise_ms, 1) * np.exp(-np.maximum(at_ms - rise_ms, 0) / decay_ms)
    shaped: Samples = (sound * envelope).astype(np.float32)
    return shaped


def cough(seed: int) -> Samples:
    """Two or three bursts 150 to 300 ms apart, each hoarser than the one before."""
    generator = np.random.default_rng(seed)
    parts: list[Samples] = []
    for number in range(int(generator.integers(2, 4))):
        length_ms = float(generator.uniform(180, 300))
        burst = _burst(_band_noise(length_ms, 200, 4_000, seed * 10 + number), 12, 55)
        parts += [burst * np.float32(0.5 * 0.8**number), np.zeros(samples_of(generator.uniform(60, 160)), np.float32)]
    return np.concatenate(parts)


def door_slam(seed: int) -> Samples:
    """A thump below 250 Hz and the rattle of the latch."""
    thump = _burst(_band_noise(450, 40, 250, seed), 4, 90)
    rattle = _burst(_band_noise(450, 800, 5_000, seed + 1), 2, 30) * np.float32(0.35)
    return ((thump + rattle) * np.float32(0.7)).astype(np.float32)


def typing(seed: int) -> Samples:
    """Two seconds of keys."""
    generator = np.random.default_rng(seed)
    sound = np.zeros(samples_of(2_000), np.float32)
    at_ms, number = 0.0, 0
    while at_ms < 1_950:
        click = _burst(_band_noise(40, 1_500, 7_000, seed * 100 + number), 1, 6) * np.float32(0.2)
        start = samples_of(at_ms)
        sound[start : start + len(click)] += click[: len(sound) - start]
        at_ms += float(generator.uniform(70, 260))
        number += 1
    return sound


def hum(seed: int) -> Samples:
    """A voice of 90 to 220 Hz through the nose: harmonics that fall by 12 dB an octave above 300 Hz."""
    generator = np.random.default_rng(seed)
    pitch_hz = float(generator.uniform(90, 220))
    parts: list[Samples] = []
    for rise, length_ms in ((0.95, generator.uniform(140, 200)), (1.2, generator.uniform(220, 320))):
        at_seconds = np.arange(samples_of(length_ms)) / HEARING_RATE_HZ
        glide_hz = pitch_hz * (rise + 0.12 * at_seconds / at_seconds[-1])
        phase = 2 * np.pi * np.cumsum(glide_hz) / HEARING_RATE_HZ
        voice = np.zeros_like(phase)
        for harmonic in range(1, 16):
            voice += np.sin(phase * harmonic) / (1 + (harmonic * pitch_hz / 300) ** 2)
        envelope = np.sin(np.pi * np.linspace(0, 1, len(phase))) ** 0.5
        parts += [(0.2 * voice * envelope).astype(np.float32), np.zeros(samples_of(60), np.float32)]
    return np.concatenate(parts)
