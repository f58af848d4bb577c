"""Tests of the wire's audio formats."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from vivavoce.media.formats import PCM16_24KHZ, PCMA_8KHZ, PCMU_8KHZ, AudioEncoding, AudioFormat
from vivavoce.media.pcm import AudioDataError


@pytest.mark.parametrize(
    ("audio_format", "bytes_per_ms", "one_second"),
    [
        pytest.param(PCM16_24KHZ, 48, 48_000, id="24 kHz PCM has 48 bytes a millisecond"),
        pytest.param(PCMU_8KHZ, 8, 8_000, id="mu-law has 8 bytes a millisecond"),
        pytest.param(PCMA_8KHZ, 8, 8_000, id="A-law has 8 bytes a millisecond"),
        pytest.param(AudioFormat("pcm16", 44_100), 88.2, 88_200, id="44.1 kHz PCM has a broken number"),
    ],
)
def test_bytes_and_time(audio_format: AudioFormat, bytes_per_ms: float, one_second: int) -> None:
    assert audio_format.bytes_per_ms == bytes_per_ms
    assert audio_format.duration_ms(one_second) == 1000
    assert audio_format.duration_ms(0) == 0


@pytest.mark.parametrize(
    ("audio_format", "tolerance"),
    [
        pytest.param(PCM16_24KHZ, 1 / 65536, id="PCM to half a step"),
        pytest.param(PCMU_8KHZ, 0.02, id="mu-law to its coarsest step"),
        pytest.param(PCMA_8KHZ, 0.02, id="A-law to its coarsest step"),
    ],
)
def test_samples_survive_the_wire(audio_format: AudioFormat, tolerance: float) -> None:
    samples = np.linspace(-0.95, 0.95, 777, dtype=np.float32)
    data = audio_format.encode(samples)
    assert len(data) == samples.size * audio_format.bytes_per_sample
    assert np.abs(audio_format.decode(data) - samples).max() <= tolerance


@pytest.mark.parametrize("audio_format", [PCM16_24KHZ, PCMU_8KHZ, PCMA_8KHZ], ids=lambda value: value.encoding)
def test_no_bytes_are_no_samples(audio_format: AudioFormat) -> None:
    assert audio_format.decode(b"").size == 0
    assert audio_format.encode(np.zeros(0, dtype=np.float32)) == b""


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(AudioDataError):
        PCM16_24KHZ.decode(b"\x00\x00\x00")


def test_an_unknown_encoding_is_refused_naming_the_known_ones() -> None:
    with pytest.raises(ValueError, match="choose one of pcm16, pcmu, pcma"):
        AudioFormat(cast("AudioEncoding", "opus"), 48_000)


def test_a_rate_that_is_not_above_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0 Hz"):
        AudioFormat("pcm16", 0)
