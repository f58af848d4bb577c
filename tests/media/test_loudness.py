"""Loudness of the one who speaks beside the caller's usual."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.media.loudness import SILENCE_DBFS, SpeechLoudness, Suddenness, power_dbfs
from vivavoce.media.pcm import Samples

RATE_HZ = 16_000
WINDOW = 512


def _window(level_dbfs: float) -> Samples:
    return np.full(WINDOW, 10 ** (level_dbfs / 20), dtype=np.float32)


def _say(loudness: SpeechLoudness, level_dbfs: float, windows: int, *, by_caller: bool = True) -> None:
    for _ in range(windows):
        loudness.heard(_window(level_dbfs))
    loudness.ended(by_caller=by_caller)


def test_nothing_is_known_before_anybody_speaks() -> None:
    loudness = SpeechLoudness(RATE_HZ)
    assert (loudness.current_dbfs, loudness.usual_dbfs, loudness.above_usual_db) == (None, None, None)


def test_too_little_speech_says_nothing_about_the_caller() -> None:
    loudness = SpeechLoudness(RATE_HZ)
    _say(loudness, -25, 10)
    loudness.heard(_window(-25))
    assert loudness.above_usual_db is None


def test_a_voice_in_the_background_is_below_the_usual_by_its_distance() -> None:
    loudness = SpeechLoudness(RATE_HZ)
    _say(loudness, -25, 60)
    loudness.heard(_window(-43))
    assert loudness.current_dbfs == pytest.approx(-43, abs=0.01)
    assert loudness.above_usual_db == pytest.approx(-18, abs=0.01)


def test_what_others_said_does_not_count_for_the_caller() -> None:
    loudness = SpeechLoudness(RATE_HZ)
    _say(loudness, -25, 60)
    _say(loudness, -45, 600, by_caller=False)
    assert loudness.usual_dbfs == pytest.approx(-25, abs=0.01)


def test_the_first_stretches_count_by_their_length() -> None:
    loudness = SpeechLoudness(RATE_HZ)
    _say(loudness, -30, 10)
    _say(loudness, -20, 10)
    assert loudness.usual_dbfs == pytest.approx(-25, abs=0.01)


def test_a_caller_who_leans_back_is_followed() -> None:
    loudness = SpeechLoudness(RATE_HZ)
    _say(loudness, -20, 100)
    for _ in range(8):
        _say(loudness, -32, 100)
    assert loudness.usual_dbfs == pytest.approx(-32, abs=1.5)


def test_one_shout_moves_the_usual_little() -> None:
    loudness = SpeechLoudness(RATE_HZ)
    _say(loudness, -30, 300)
    _say(loudness, -8, 15)
    assert loudness.usual_dbfs == pytest.approx(-30, abs=1.5)


def test_pauses_within_a_stretch_weigh_next_to_nothing() -> None:
    loudness = SpeechLoudness(RATE_HZ)
    for level in [-25.0, -70.0, -25.0, -80.0, -25.0]:
        loudness.heard(_window(level))
    assert loudness.current_dbfs == pytest.approx(-25 + 10 * math.log10(3 / 5), abs=0.01)


def test_digital_silence_has_a_level_too() -> None:
    loudness = SpeechLoudness(RATE_HZ)
    loudness.heard(np.zeros(WINDOW, dtype=np.float32))
    assert loudness.current_dbfs == SILENCE_DBFS
    assert power_dbfs(1.0) == 0.0


@given(st.lists(st.tuples(st.floats(-60, 0), st.integers(1, 40)), min_size=1, max_size=20))
def test_the_usual_lies_between_the_quietest_and_the_loudest(stretches: list[tuple[float, int]]) -> None:
    loudness = SpeechLoudness(RATE_HZ)
    for level, windows in stretches:
        _say(loudness, level, windows)
    usual = loudness.usual_dbfs
    levels = [level for level, _ in stretches]
    assert usual is None or min(levels) - 0.01 <= usual <= max(levels) + 0.01


def fading_after(loudness: SpeechLoudness, window: Samples) -> bool:
    loudness.heard(window)
    return loudness.is_fading


def test_a_voice_fades_in_the_second_window_that_is_twenty_decibels_below_its_mean() -> None:
    loudness = SpeechLoudness(16_000)
    loud, faint = np.full(512, 0.2, np.float32), np.full(512, 0.01, np.float32)
    for _ in range(5):
        assert not fading_after(loudness, loud)
    assert [fading_after(loudness, window) for window in (faint, faint, faint, loud, faint)] == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_a_voice_that_stays_faint_goes_on_softly_and_fades_no_more() -> None:
    loudness = SpeechLoudness(16_000)
    for _ in range(20):
        loudness.heard(np.full(512, 0.2, np.float32))
    found = [fading_after(loudness, np.full(512, 0.01, np.float32)) for _ in range(8)]
    assert found == [False, True, True, True, True, False, False, False]


def test_nobody_fades_before_having_spoken() -> None:
    loudness = SpeechLoudness(16_000)
    assert not any(fading_after(loudness, np.zeros(512, np.float32)) for _ in range(3))


def _startled(levels_dbfs: list[float]) -> list[int]:
    """Which of the pieces are sudden."""
    suddenness = Suddenness()
    return [number for number, level in enumerate(levels_dbfs) if suddenness.heard(_window(level))]


@pytest.mark.parametrize(
    ("levels_dbfs", "expected"),
    [
        pytest.param([-100, -100, -30], [2], id="a voice after silence"),
        pytest.param([-60, -60, -56, -60], [], id="a little more of a quiet line"),
        pytest.param([-75, -75, -53], [], id="what is soft, however quiet it was"),
        pytest.param([*[-40] * 60, -36, -33], [61], id="what is 6 dB above the noise of the line"),
        pytest.param([-90, -30, -30], [1, 2], id="a loud sound stays sudden at first"),
    ],
)
def test_what_startles(levels_dbfs: list[float], expected: list[int]) -> None:
    assert _startled(levels_dbfs) == expected


def test_a_noise_that_stays_is_used_to_within_two_seconds() -> None:
    startled = _startled([-70.0] * 5 + [-30.0] * 200)
    assert startled[0] == 5
    assert 50 < startled[-1] < 105
