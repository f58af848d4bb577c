"""Where a recording is loud, and what can be done to sound: cut, join, stretch a pause, add noise, send by telephone.

Pure functions on (n,) float32 samples at 16 kHz; whatever is random is drawn from the seed that is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vivavoce.engines.ports import HEARING_RATE_HZ, Samples
from vivavoce.media.g711 import mu_law_from_samples, samples_from_mu_law
from vivavoce.media.resampling import resample

FRAME_SAMPLES = HEARING_RATE_HZ // 100
"""10 ms: how finely loudness is judged."""

LOUD_SHARE = 0.06
"""A frame is loud above this share of the loud ones' level ..."""

FLOOR_FACTOR = 2.5
"""... and this far above the quietest ones'."""

SHORTEST_PAUSE_MS = 150
SHORTEST_SOUND_MS = 40
"""A click between two silences is no speech."""

SPEECH_RMS = 10 ** (-24 / 20)
"""The level that every voice is brought to before it is varied."""

LINE_NOISE_RMS = 10 ** (-72 / 20)
"""No line is digitally silent."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `start_ms` up to `end_ms`."""

    start_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms

    def moved(self, by_ms: int) -> Span:
        return Span(self.start_ms + by_ms, self.end_ms + by_ms)


def samples_of(milliseconds: float) -> int:
    return round(milliseconds * HEARING_RATE_HZ / 1000)


def milliseconds_of(samples: Samples) -> int:
    return len(samples) * 1000 // HEARING_RATE_HZ


def frame_levels(samples: Samples) -> Samples:
    """The RMS of every whole 10 ms."""
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    levels: Samples = np.sqrt((frames**2).mean(axis=1))
    return levels


def speech_spans(samples: Samples, shortest_pause_ms: int = SHORTEST_PAUSE_MS) -> list[Span]:
    """What is loud, apart from what lies `shortest_pause_ms` or more from it. Empty for silence."""
    levels = frame_levels(samples)
    if not levels.size or levels.max() <= 0:
        return []
    threshold = max(float(np.percentile(levels, 99)) * LOUD_SHARE, float(np.percentile(levels, 5)) * FLOOR_FACTOR)
    spans: list[Span] = []
    for frame in np.flatnonzero(levels > threshold):
        start_ms = int(frame) * 10
        if spans and start_ms - spans[-1].end_ms < shortest_pause_ms:
            spans[-1] = Span(spans[-1].start_ms, start_ms + 10)
        else:
            spans.append(Span(start_ms, start_ms + 10))
    return [span for span in spans if span.length_ms >= SHORTEST_SOUND_MS]


def pauses_between(spans: list[Span]) -> list[Span]:
    return [Span(before.end_ms, after.start_ms) for before, after in pairwise(spans)]


def part(samples: Samples, span: Span, margin_ms: int = 0) -> Samples:
    """The sound of a span, with a margin at both ends where there is one."""
    return samples[samples_of(max(0, span.start_ms - margin_ms)) : samples_of(span.end_ms + margin_ms)]


def trimmed(samples: Samples) -> Samples:
    """Without the silence before and after."""
    spans = speech_spans(samples)
    return part(samples, Span(spans[0].start_ms, spans[-1].end_ms)) if spans else samples


def quietest_middle(samples: Samples) -> int:
    """The sample in the middle third at which 60 ms are quietest: between two words, most likely."""
    levels = frame_levels(samples)
    smooth = np.convolve(levels, np.ones(6) / 6, mode="same")
    third = len(levels) // 3
    return (third + int(np.argmin(smooth[third : 2 * third]))) * FRAME_SAMPLES


def silence(milliseconds: float, seed: int) -> Samples:
    """What a line sounds like when nobody speaks."""
    return white_noise(samples_of(milliseconds), LINE_NOISE_RMS, seed)


def white_noise(count: int, rms: float, seed: int) -> Samples:
    return np.random.default_rng(seed).normal(0, rms, count).astype(np.float32)


def active_rms(samples: Samples) -> float:
    """The level of what is loud in it."""
    loud = [part(samples, span) for span in speech_spans(samples)]
    sound = np.concatenate(loud) if loud else samples
    return float(np.sqrt((sound**2).mean()))


def levelled(samples: Samples, rms: float = SPEECH_RMS) -> Samples:
    """Brought to a level, measured where it is loud; peaks stay within full scale."""
    level = active_rms(samples)
    if level <= 0:
        return samples
    gain = min(rms / level, 0.99 / float(np.abs(samples).max()))
    return (samples * np.float32(gain)).astype(np.float32)


def attenuated(samples: Samples, decibels: float) -> Samples:
    return (samples * np.float32(10 ** (-decibels / 20))).astype(np.float32)


def faded(samples: Samples, milliseconds: float = 8) -> Samples:
    """Without a click at either end."""
    count = min(samples_of(milliseconds), len(samples) // 2)
    ramp = np.linspace(0, 1, count, dtype=np.float32)
    soft = samples.copy()
    soft[:count] *= ramp
    soft[len(soft) - count :] *= ramp[::-1]
    return soft


def telephone(samples: Samples) -> Samples:
    """Through a telephone: 8 kHz, mu-law."""
    narrow = resample(samples, HEARING_RATE_HZ, 8_000)
    return resample(samples_from_mu_law(mu_law_from_samples(narrow)), 8_000, HEARING_RATE_HZ)[: len(samples)]
