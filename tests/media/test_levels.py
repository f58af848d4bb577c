"""Tests of levels and peak limiting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.media.levels import limit_peak, peak, rms


@given(
    values=st.lists(st.floats(-4, 4, width=32), max_size=60),
    maximum_peak=st.floats(0.1, 1.0),
)
def test_a_limited_piece_never_exceeds_the_limit_and_keeps_its_shape(values: list[float], maximum_peak: float) -> None:
    samples = np.array(values, dtype=np.float32)
    limited = limit_peak(samples, maximum_peak)
    assert limited.dtype == np.float32
    assert peak(limited) <= maximum_peak
    scale = min(1.0, maximum_peak / peak(samples)) if peak(samples) else 1.0
    assert np.allclose(limited, samples * scale, atol=1e-6)


def test_a_piece_below_the_limit_is_given_back_as_it_is() -> None:
    samples = np.array([0.1, -0.7], dtype=np.float32)
    assert limit_peak(samples, 0.708) is samples


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([], 0.0, id="nothing is silent"),
        pytest.param([0.5, -0.5, 0.5], 0.5, id="a square wave is as loud as its peak"),
        pytest.param([1.0, 0.0, 0.0, 0.0], 0.5, id="one peak in four is half as loud"),
    ],
)
def test_rms(values: list[float], expected: float) -> None:
    assert rms(np.array(values, dtype=np.float32)) == pytest.approx(expected)
