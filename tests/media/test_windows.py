"""Tests of cutting a stream into windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.media.windows import Windows


@given(size=st.integers(1, 50), pieces=st.lists(st.integers(0, 170), max_size=20))
def test_windows_join_to_the_stream_and_only_the_unfinished_one_is_missing(size: int, pieces: list[int]) -> None:
    stream = np.arange(sum(pieces), dtype=np.float32)
    windows = Windows(size)
    full = [window for piece in np.split(stream, np.cumsum(pieces)[:-1]) for window in windows.push(piece)]
    assert all(window.shape == (size,) for window in full)
    assert len(full) == stream.size // size
    assert windows.pending_samples == stream.size % size
    assert np.array_equal(np.concatenate([*full, stream[len(full) * size :]]), stream)


def test_a_window_keeps_its_samples_when_the_source_is_written_over() -> None:
    windows = Windows(2)
    source = np.array([1, 2], dtype=np.float32)
    (window,) = windows.push(source)
    source[:] = 9
    windows.push(source)
    assert window.tolist() == [1, 2]


def test_clearing_forgets_the_window_that_is_not_full() -> None:
    windows = Windows(3)
    windows.push(np.array([1, 2], dtype=np.float32))
    windows.clear()
    (window,) = windows.push(np.array([5, 6, 7], dtype=np.float32))
    assert window.tolist() == [5, 6, 7]


def test_a_window_without_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        Windows(0)
