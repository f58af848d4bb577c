"""Tests of 16-bit PCM decoding and encoding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.media.pcm import AudioDataError, pcm16_from_samples, samples_from_pcm16


@given(st.binary(max_size=400).filter(lambda data: len(data) % 2 == 0))
def test_bytes_survive_decoding_and_encoding_exactly(data: bytes) -> None:
    assert pcm16_from_samples(samples_from_pcm16(data)) == data


@given(st.binary(min_size=1, max_size=99).filter(lambda data: len(data) % 2 == 1))
def test_half_a_sample_is_refused(data: bytes) -> None:
    with pytest.raises(AudioDataError, match="even number of bytes"):
        samples_from_pcm16(data)


@pytest.mark.parametrize(
    ("sample", "encoded"),
    [
        pytest.param(0.0, b"\x00\x00", id="silence is zero"),
        pytest.param(0.5, b"\x00\x40", id="half scale is 16384, low byte first"),
        pytest.param(-1.0, b"\x00\x80", id="minus one is the most negative value"),
        pytest.param(1.0, b"\xff\x7f", id="plus one clips to the most positive value"),
        pytest.param(7.5, b"\xff\x7f", id="far above full scale clips"),
        pytest.param(-7.5, b"\x00\x80", id="far below full scale clips"),
        pytest.param(0.6 / 32768, b"\x01\x00", id="the nearest value is taken"),
    ],
)
def test_a_sample_is_encoded(sample: float, encoded: bytes) -> None:
    assert pcm16_from_samples(np.array([sample], dtype=np.float32)) == encoded


def test_decoded_samples_are_float32_of_their_own_memory() -> None:
    samples = samples_from_pcm16(b"\x00\x40\x00\xc0")
    assert samples.dtype == np.float32
    assert samples.flags.writeable
    assert samples.tolist() == [0.5, -0.5]
