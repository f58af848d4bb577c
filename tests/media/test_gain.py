"""Tests of the loudness that changes without a click."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vivavoce.media.gain import RAMP_SAMPLES, Gain

STEP = 1 / RAMP_SAMPLES
"""From silence to full loudness in one ramp: no sample may jump further."""


def ones(length: int) -> NDArray[np.float32]:
    return np.ones(length, dtype=np.float32)


def test_where_nothing_changes_the_very_samples_pass() -> None:
    gain, samples = Gain(), ones(480)
    assert gain.apply(samples) is samples
    gain.target = 0.2
    gain.apply(ones(480))
    gain.target = 1.0
    gain.apply(ones(480))
    assert gain.apply(samples) is samples


def test_a_new_target_is_reached_within_one_ramp_and_kept() -> None:
    gain = Gain()
    gain.target = 0.2
    ducked = gain.apply(ones(480))
    assert ducked[-1] == pytest.approx(0.2)
    assert gain.apply(ones(10)) == pytest.approx(0.2)


def test_a_restart_comes_up_from_silence() -> None:
    gain = Gain()
    gain.restart()
    rising = gain.apply(ones(480))
    assert 0 <= rising[0] <= STEP + 1e-6
    assert rising[RAMP_SAMPLES:] == pytest.approx(1.0)


def test_a_ramp_does_not_depend_on_how_the_sound_is_cut() -> None:
    whole, cut = Gain(), Gain()
    whole.target = cut.target = 0.2
    pieces = [cut.apply(ones(length)) for length in (1, 37, 0, 80, 240, 122)]
    assert np.concatenate(pieces) == pytest.approx(whole.apply(ones(480)), abs=1e-5)
    cut.target = 1.0
    for _ in range(RAMP_SAMPLES // 8):
        cut.apply(ones(8))
    samples = ones(8)
    assert cut.apply(samples) is samples


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.2, 1.0]), st.integers(0, 500)), min_size=1, max_size=12))
def test_the_loudness_never_jumps(changes: list[tuple[float, int]]) -> None:
    gain, heard = Gain(), [ones(1)]
    for target, length in changes:
        gain.target = target
        heard.append(gain.apply(ones(length)))
    factors = np.concatenate(heard)
    assert np.abs(np.diff(factors)).max(initial=0.0) <= STEP + 1e-5
    assert factors.min() >= 0.0
    assert factors.max() <= 1.0
    assert factors.dtype == np.float32
