"""Tests of the newest audio of a stream."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.media.recent_audio import RecentAudio

LONGEST_PIECE = 30
PIECES = st.lists(st.integers(0, LONGEST_PIECE), max_size=12)


def _numbered(begin: int, end: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Each sample's value tells its place; all are values that 16 bits hold."""
    return np.arange(begin, end, dtype=np.float32) / np.float32(1024)


def _fed(recent: RecentAudio, pieces: list[int]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    stream = _numbered(recent.end_sample, recent.end_sample + sum(pieces))
    for piece in np.split(stream, np.cumsum(pieces)[:-1]):
        recent.append(piece)
    return stream


@given(kept=st.integers(1, 40), pieces=PIECES, begin=st.integers(-20, 400), length=st.integers(-5, 400))
def test_a_slice_is_the_stream_less_what_fell_out_or_never_came(
    kept: int, pieces: list[int], begin: int, length: int
) -> None:
    recent = RecentAudio(kept, 50)
    stream = _fed(recent, pieces)
    oldest = recent.start_sample
    assert recent.end_sample == stream.size
    assert max(0, stream.size - kept - LONGEST_PIECE) <= oldest <= max(0, stream.size - kept)
    expected = stream[max(begin, oldest) : max(begin + length, 0)]
    assert np.array_equal(recent.slice(begin, begin + length), expected)
    assert np.array_equal(recent.quantized(begin, begin + length), expected * 32_768)


@given(before=PIECES, since=PIECES, kept=st.integers(1, 40), back=st.integers(0, 40))
def test_what_is_held_stays_up_to_the_longest_and_falls_out_when_it_is_let_go(
    before: list[int], since: list[int], kept: int, back: int
) -> None:
    longest = 100
    recent = RecentAudio(kept, longest)
    _fed(recent, before)
    held_from = max(recent.start_sample, recent.end_sample - back)
    recent.hold(held_from)
    _fed(recent, since)
    end = recent.end_sample
    assert recent.start_sample <= max(held_from, end - longest)
    assert end - recent.start_sample <= longest + LONGEST_PIECE
    whole = max(held_from, end - longest)
    assert np.array_equal(recent.slice(whole, end), _numbered(whole, end))
    recent.hold(None)
    assert end - recent.start_sample < kept + LONGEST_PIECE


def test_another_length_counts_from_the_next_append_on() -> None:
    recent = RecentAudio(2, 10)
    recent.keep(5)
    for number in range(8):
        recent.append(_numbered(number, number + 1))
    assert np.array_equal(recent.slice(0, 8), _numbered(3, 8))
    recent.keep(11)
    for number in range(8, 20):
        recent.append(_numbered(number, number + 1))
    assert recent.start_sample == 10


def test_a_slice_keeps_its_samples_when_the_stream_goes_on() -> None:
    recent = RecentAudio(2, 2)
    recent.append(_numbered(1, 3))
    kept = recent.slice(0, 2)
    recent.append(_numbered(3, 5))
    assert np.array_equal(kept, _numbered(1, 3))


def test_audio_beyond_full_scale_is_clipped() -> None:
    recent = RecentAudio(2, 2)
    recent.append(np.array([1.5, -1.5], dtype=np.float32))
    assert recent.slice(0, 2).tolist() == [32_767 / 32_768, -1.0]


@pytest.mark.parametrize(("kept", "longest"), [(0, 10), (11, 10)], ids=["nothing is kept", "more than the longest"])
def test_lengths_that_cannot_be_are_refused(kept: int, longest: int) -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        RecentAudio(kept, longest)
