"""Tests of the ring of the newest audio."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.media.ring import AudioRing


@given(
    capacity=st.integers(1, 40),
    pieces=st.lists(st.integers(0, 100), max_size=12),
    begin=st.integers(-20, 400),
    length=st.integers(-5, 400),
)
def test_a_slice_is_the_stream_less_what_fell_out_or_never_came(
    capacity: int, pieces: list[int], begin: int, length: int
) -> None:
    stream = np.arange(sum(pieces), dtype=np.float32)
    ring = AudioRing(capacity)
    for piece in np.split(stream, np.cumsum(pieces)[:-1]):
        ring.append(piece)
    oldest = max(0, stream.size - capacity)
    assert (ring.start_sample, ring.end_sample) == (oldest, stream.size)
    expected = stream[max(begin, oldest) : max(begin + length, 0)]
    assert np.array_equal(ring.slice(begin, begin + length), expected)


@given(capacity=st.integers(1, 40), appended=st.integers(0, 100), count=st.integers(0, 60))
def test_the_tail_is_the_newest_samples(capacity: int, appended: int, count: int) -> None:
    ring = AudioRing(capacity)
    ring.append(np.arange(appended, dtype=np.float32))
    held = min(count, capacity, appended)
    assert ring.tail(count).tolist() == list(range(appended - held, appended))


def test_a_slice_keeps_its_samples_when_the_ring_goes_on() -> None:
    ring = AudioRing(2)
    ring.append(np.array([1, 2], dtype=np.float32))
    kept = ring.tail(2)
    ring.append(np.array([3, 4], dtype=np.float32))
    assert kept.tolist() == [1, 2]


def test_a_ring_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        AudioRing(0)
