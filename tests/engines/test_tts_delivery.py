"""How raw audio is finished: silence trimmed, pauses set, levels equal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vivavoce.engines.ports import MAXIMUM_VOICE_PEAK, VOICE_RATE_HZ, Samples
from vivavoce.engines.tts.delivery import (
    CLAUSE_PAUSE_SECONDS,
    LEADING_SILENCE_SECONDS,
    SENTENCE_PAUSE_SECONDS,
    SPEECH_RMS,
    WORD_PAUSE_SECONDS,
    clamped_speed,
    delivered,
    pause_seconds,
)


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * VOICE_RATE_HZ), np.float32)


def _hum(seconds: float, peak: float = 0.2) -> Samples:
    time = np.arange(round(seconds * VOICE_RATE_HZ), dtype=np.float32) / VOICE_RATE_HZ
    return (peak * np.sin(2 * np.pi * 200 * time)).astype(np.float32)


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        pytest.param("Yes.", SENTENCE_PAUSE_SECONDS, id="a sentence"),
        pytest.param('"Really?"', SENTENCE_PAUSE_SECONDS, id="a quoted question"),
        pytest.param("Well, then,", CLAUSE_PAUSE_SECONDS, id="a clause"),
        pytest.param("one moment —", CLAUSE_PAUSE_SECONDS, id="a dash"),
        pytest.param("I would be happy", WORD_PAUSE_SECONDS, id="words"),
        pytest.param("", WORD_PAUSE_SECONDS, id="nothing"),
    ],
)
def test_the_pause_depends_on_the_last_mark(text: str, pause: float) -> None:
    assert pause_seconds(text) == pause


def test_long_silence_around_speech_is_trimmed() -> None:
    raw = np.concatenate([_silence(0.4), _hum(1.0), _silence(0.6)])
    audio = delivered(raw, "Yes.")
    expected = LEADING_SILENCE_SECONDS + 1.0 + SENTENCE_PAUSE_SECONDS
    assert audio.size / VOICE_RATE_HZ == pytest.approx(expected, abs=0.011)
    sounding = np.flatnonzero(np.abs(audio) > 0.001)
    assert sounding[0] / VOICE_RATE_HZ == pytest.approx(LEADING_SILENCE_SECONDS, abs=0.011)


def test_missing_silence_after_speech_is_added() -> None:
    audio = delivered(_hum(1.0), "Yes.")
    assert audio.size / VOICE_RATE_HZ == pytest.approx(1.0 + SENTENCE_PAUSE_SECONDS)
    assert not audio[-round(0.9 * SENTENCE_PAUSE_SECONDS * VOICE_RATE_HZ) :].any()


def test_a_fast_voice_pauses_for_less_time() -> None:
    assert delivered(_hum(1.0), "Yes.", 1.5).size == pytest.approx(
        (1.0 + SENTENCE_PAUSE_SECONDS / 1.5) * VOICE_RATE_HZ, abs=1
    )


@pytest.mark.parametrize("peak", [0.05, 0.2, 0.9])
def test_every_level_becomes_the_same(peak: float) -> None:
    audio = delivered(_hum(1.0, peak), "well")
    middle = audio[VOICE_RATE_HZ // 4 : VOICE_RATE_HZ // 2]
    assert np.sqrt(np.mean(np.square(middle))) == pytest.approx(SPEECH_RMS, rel=0.01)


def test_silence_alone_is_not_blown_up() -> None:
    assert delivered(_silence(1.0), "Yes.").size == 0
    assert delivered(_hum(1.0, 1e-6), "Yes.").max() < 1e-4


@given(arrays.arrays(np.float32, st.integers(0, 3000), elements=st.floats(-4, 4, width=32)), st.floats(0.7, 1.5))
@settings(max_examples=100, deadline=None)
def test_no_audio_exceeds_the_peak(raw: Samples, speed: float) -> None:
    audio = delivered(raw, "Yes.", speed)
    assert audio.dtype == np.float32
    assert np.isfinite(audio).all()
    assert np.abs(audio).max(initial=0) <= MAXIMUM_VOICE_PEAK


@pytest.mark.parametrize(("asked", "given_speed"), [(0.1, 0.7), (0.7, 0.7), (1.1, 1.1), (1.5, 1.5), (4.0, 1.5)])
def test_speeds_are_clamped(asked: float, given_speed: float) -> None:
    assert clamped_speed(asked) == given_speed
