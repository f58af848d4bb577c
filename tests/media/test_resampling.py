"""Tests of sample rate conversion."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.media.pcm import Samples
from vivavoce.media.resampling import StreamResampler, resample

RATES_HZ = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000]


def _tone(frequency_hz: float, rate_hz: int, seconds: float = 0.5) -> Samples:
    return np.sin(2 * np.pi * frequency_hz * np.arange(int(rate_hz * seconds)) / rate_hz).astype(np.float32)


@pytest.mark.parametrize("to_hz", RATES_HZ)
@pytest.mark.parametrize("from_hz", RATES_HZ)
def test_a_tone_stays_the_tone_it_was_and_where_it_was(from_hz: int, to_hz: int) -> None:
    converted = resample(_tone(1000, from_hz), from_hz, to_hz)
    expected = _tone(1000, to_hz)
    edge = to_hz // 100
    length = min(converted.size, expected.size)
    assert np.abs(converted - expected[:length])[edge:-edge].max() < 1e-3


def test_what_the_lower_rate_cannot_carry_is_removed_and_not_folded_back() -> None:
    converted = resample(_tone(6000, 24_000), 24_000, 8_000)
    assert np.abs(converted[100:-100]).max() < 1e-3


@settings(max_examples=40, deadline=None)
@given(
    rates=st.tuples(st.sampled_from(RATES_HZ), st.sampled_from(RATES_HZ)),
    sizes=st.lists(st.integers(0, 3000), min_size=1, max_size=12),
)
def test_the_sizes_of_the_pieces_do_not_show_in_the_stream(rates: tuple[int, int], sizes: list[int]) -> None:
    from_hz, to_hz = rates
    whole = np.random.default_rng(7).uniform(-0.5, 0.5, sum(sizes)).astype(np.float32)
    resampler = StreamResampler(from_hz, to_hz)
    pieces = np.split(whole, np.cumsum(sizes)[:-1])
    joined = np.concatenate([*(resampler.push(piece) for piece in pieces), resampler.flush()])
    assert joined.size == math.ceil(whole.size * to_hz / from_hz)
    assert np.allclose(joined, resample(whole, from_hz, to_hz), atol=1e-5)


@pytest.mark.parametrize(
    ("from_hz", "to_hz"),
    [(24_000, 16_000), (8_000, 16_000), (24_000, 8_000), (48_000, 16_000), (44_100, 16_000), (24_000, 48_000)],
)
def test_a_stream_of_20_ms_frames_comes_out_in_20_ms_frames(from_hz: int, to_hz: int) -> None:
    resampler = StreamResampler(from_hz, to_hz)
    frame = np.zeros(from_hz // 50, dtype=np.float32)
    sizes = [resampler.push(frame).size for _ in range(50)]
    assert set(sizes[2:]) == {to_hz // 50}
    assert to_hz // 50 - sizes[0] <= to_hz * 5 // 1000, "the filter holds back at most 5 ms"


@pytest.mark.parametrize(("from_hz", "to_hz"), [(24_000, 16_000), (16_000, 24_000), (48_000, 16_000), (8_000, 16_000)])
def test_a_voice_up_to_four_fifths_of_the_band_stays_as_loud_as_it_was(from_hz: int, to_hz: int) -> None:
    highest = 0.8 * min(from_hz, to_hz) / 2
    converted = resample(_tone(highest, from_hz), from_hz, to_hz)
    assert np.abs(converted - _tone(highest, to_hz)[: converted.size])[500:-500].max() < 2e-3


def test_a_recording_of_minutes_is_the_same_at_once_and_in_frames() -> None:
    whole = np.random.default_rng(9).uniform(-0.5, 0.5, 24_000 * 61).astype(np.float32)
    resampler = StreamResampler(24_000, 16_000)
    pieces = [resampler.push(whole[at : at + 24_000]) for at in range(0, whole.size, 24_000)]
    assert np.allclose(np.concatenate([*pieces, resampler.flush()]), resample(whole, 24_000, 16_000), atol=1e-5)


def test_equal_rates_pass_through_untouched() -> None:
    resampler = StreamResampler(16_000, 16_000)
    samples = _tone(440, 16_000)
    assert resampler.push(samples) is samples
    assert resampler.flush().size == 0


def test_after_a_flush_a_new_stream_begins() -> None:
    resampler = StreamResampler(24_000, 16_000)
    first = np.concatenate([resampler.push(_tone(440, 24_000)), resampler.flush()])
    second = np.concatenate([resampler.push(_tone(440, 24_000)), resampler.flush()])
    assert np.array_equal(first, second)


@pytest.mark.parametrize(("from_hz", "to_hz"), [(0, 16_000), (16_000, -1)])
def test_a_rate_that_is_not_above_zero_is_refused(from_hz: int, to_hz: int) -> None:
    with pytest.raises(ValueError, match="above 0 Hz"):
        StreamResampler(from_hz, to_hz)
