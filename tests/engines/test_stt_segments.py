"""Tests of cutting, of what is no speech, and of models that repeat themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.ports import Samples
from vivavoce.engines.stt.segments import is_speechless, loop_at_end, quietest_cut


def _tone(seconds: float, level: float = 0.1) -> Samples:
    return (level * np.sin(np.arange(int(16_000 * seconds)) / 8)).astype(np.float32)


@pytest.mark.parametrize(
    ("audio", "speechless"),
    [
        pytest.param(_tone(0), True, id="no audio"),
        pytest.param(_tone(0.29), True, id="a sound shorter than any word"),
        pytest.param(_tone(0.31), False, id="a sound as long as a short word"),
        pytest.param(np.zeros(32_000, dtype=np.float32), True, id="digital silence"),
        pytest.param(_tone(2, level=0.001), True, id="the hum of a silent line"),
        pytest.param(_tone(2, level=0.01), False, id="a caller far from the microphone"),
        pytest.param(
            np.concatenate([np.zeros(32_000, dtype=np.float32), _tone(0.2)]), False, id="a word after a silence"
        ),
    ],
)
def test_what_is_no_speech(audio: Samples, speechless: bool) -> None:
    assert is_speechless(audio) is speechless


def test_speech_is_cut_in_the_middle_of_its_quietest_place() -> None:
    audio = np.concatenate([_tone(2), _tone(0.3, level=0.05), _tone(2), np.zeros(4_800, dtype=np.float32), _tone(2)])
    # The silence lies at 4.3-4.6 s, the quieter tone at 2.0-2.3 s.
    assert 4.35 * 16_000 <= quietest_cut(audio, 16_000, 96_000) <= 4.55 * 16_000
    assert 2.05 * 16_000 <= quietest_cut(audio, 16_000, 60_000) <= 2.25 * 16_000


def test_a_span_too_short_to_look_for_quiet_is_cut_at_its_end() -> None:
    assert quietest_cut(_tone(2), 16_000, 17_000) == 17_000


@given(size=st.integers(0, 60_000), earliest=st.integers(0, 40_000), length=st.integers(1, 30_000))
def test_a_cut_lies_where_it_was_asked_for(size: int, earliest: int, length: int) -> None:
    cut = quietest_cut(_tone(4)[:size], earliest, earliest + length)
    assert cut <= max(earliest + length, size)
    assert cut >= min(earliest, size)


@pytest.mark.parametrize(
    ("tokens", "repeated"),
    [
        pytest.param([], 0, id="no tokens"),
        pytest.param([7] * 11, 0, id="a digit said eleven times is no loop"),
        pytest.param([7] * 12, 11, id="a token said twelve times is one too often"),
        pytest.param([1, 2, 3, *[8, 9] * 5], 0, id="'no, no, no, no, no' is no loop"),
        pytest.param([1, 2, 3, *[8, 9] * 6], 10, id="a pair six times is a loop, of which the first pair counts"),
        pytest.param([*[4, 5, 6, 7] * 3], 0, id="a phrase said three times is no loop"),
        pytest.param([*[4, 5, 6, 7] * 4], 12, id="a phrase said four times is a loop"),
        pytest.param([*[4, 5, 6, 7] * 4, 1], 0, id="a loop that has ended is left alone"),
        pytest.param([*range(17)] * 4, 0, id="a long phrase may be said as often as one likes"),
    ],
)
def test_loops(tokens: list[int], repeated: int) -> None:
    assert loop_at_end(tokens) == repeated


@given(st.lists(st.integers(0, 3), max_size=40))
def test_what_a_loop_repeats_stands_before_it(tokens: list[int]) -> None:
    repeated = loop_at_end(tokens)
    kept = tokens[: len(tokens) - repeated]
    if repeated:
        assert any(
            repeated % period == 0 and tokens[-repeated:] == kept[-period:] * (repeated // period)
            for period in range(1, len(kept) + 1)
        )
