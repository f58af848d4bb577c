"""Sound by time: against a long array that holds everything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.media.pcm import Samples
from vivavoce.media.timeline import SoundTimeline

CAPACITY = 50
LENGTH = 400

Write = tuple[int, int]


def _ones(count: int, value: float = 1.0) -> Samples:
    return np.full(count, value, dtype=np.float32)


def test_what_was_never_written_is_silence() -> None:
    timeline = SoundTimeline(CAPACITY)
    assert not timeline.read(1_000_000, 10).any()
    timeline.write(_ones(5), 1_000_000)
    assert timeline.read(999_998, 10).tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0, 0]


def test_silence_begins_where_it_is_said_to() -> None:
    timeline = SoundTimeline(CAPACITY)
    timeline.write(_ones(40), 100)
    timeline.silence(110)
    assert timeline.read(100, 40).tolist() == [1] * 10 + [0] * 30


def test_sound_after_silence_is_heard() -> None:
    timeline = SoundTimeline(CAPACITY)
    timeline.write(_ones(40), 100)
    timeline.silence(110)
    timeline.write(_ones(5, 2.0), 120)
    assert timeline.read(118, 10).tolist() == [0, 0, 2, 2, 2, 2, 2, 0, 0, 0]


def test_sound_is_heard_where_later_sound_was_silenced() -> None:
    timeline = SoundTimeline(CAPACITY)
    timeline.write(_ones(5), 100)
    timeline.write(_ones(200, 2.0), 110)
    timeline.silence(108)
    timeline.write(_ones(4, 3.0), 108)
    assert timeline.read(106, 8).tolist() == [0, 0, 3, 3, 3, 3, 0, 0]


def test_a_timeline_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        SoundTimeline(0)


@given(
    st.lists(st.tuples(st.integers(0, LENGTH - 130), st.integers(0, 120)), max_size=12),
    st.integers(0, LENGTH - 1),
    st.integers(1, 120),
)
def test_every_sample_within_reach_reads_as_it_was_last_written(writes: list[Write], at: int, count: int) -> None:
    timeline, everything, end = SoundTimeline(CAPACITY), np.zeros(LENGTH + 200, dtype=np.float32), 0
    for number, (begin, length) in enumerate(writes, start=1):
        timeline.write(_ones(length, number), begin)
        end = max(end, begin + length) if length else end
        kept = max(begin, end - CAPACITY)
        everything[kept : begin + length] = number
    everything[: max(0, end - CAPACITY)] = 0.0
    assert timeline.read(at, count).tolist() == everything[at : at + count].tolist()
