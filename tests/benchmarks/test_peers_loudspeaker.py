"""The benchmark's loudspeaker tells when an agent was heard, softened and fell silent. Pure: times are passed in."""

from __future__ import annotations

from array import array

import pytest
from bench.peers.loudspeaker import Loudspeaker

RATE_HZ = 1000
LOUD, DUCKED, SILENT = 8000, 2000, 0


def sound(seconds: float, peak: int) -> bytes:
    return array("h", [peak, -peak] * round(seconds * RATE_HZ / 2)).tobytes()


def playing(*pieces: tuple[float, float, int]) -> Loudspeaker:
    """Pieces of (when they came, seconds, peak)."""
    loudspeaker = Loudspeaker()
    for at, seconds, peak in pieces:
        loudspeaker.play(sound(seconds, peak), RATE_HZ, at)
    return loudspeaker


def test_sound_that_comes_ahead_of_time_is_heard_behind_what_came_before() -> None:
    loudspeaker = playing((10.0, 0.2, LOUD), (10.05, 0.2, LOUD))

    assert loudspeaker.buffered_seconds(10.1) == pytest.approx(0.3)
    assert loudspeaker.silent_from(10.1, 11.0) == pytest.approx(10.4)


def test_the_answer_begins_with_its_first_sample_that_is_not_silence() -> None:
    assert playing((1.0, 0.1, SILENT), (1.0, 0.1, LOUD)).sound_from(0.5) == pytest.approx(1.1)


def test_nothing_is_told_of_sound_that_was_over_before() -> None:
    assert playing((1.0, 0.1, LOUD)).sound_from(1.2) is None


def test_a_flushed_player_is_silent_at_once() -> None:
    loudspeaker = playing((0.0, 2.0, LOUD))
    loudspeaker.stop(0.7)

    assert loudspeaker.silent_from(0.5, 1.0) == pytest.approx(0.7)
    assert loudspeaker.buffered_seconds(0.7) == 0


def test_silence_is_not_told_before_it_has_lasted() -> None:
    loudspeaker = playing((0.0, 2.0, LOUD))
    loudspeaker.stop(0.7)

    assert loudspeaker.silent_from(0.5, 0.8) is None


def test_a_short_gap_of_the_player_is_no_silence() -> None:
    assert playing((0.0, 0.5, LOUD), (0.6, 0.5, LOUD)).silent_from(0.2, 2.0) == pytest.approx(1.1)


def test_ducked_sound_is_softer_and_not_silent() -> None:
    loudspeaker = playing((0.0, 0.5, LOUD), (0.5, 1.0, DUCKED))

    assert loudspeaker.softer_from(0.2, 1.0) == pytest.approx(0.5)
    assert loudspeaker.silent_from(0.2, 1.4) is None


def test_sound_that_stops_is_softer_from_then_on() -> None:
    loudspeaker = playing((0.0, 2.0, LOUD))
    loudspeaker.stop(0.7)

    assert loudspeaker.softer_from(0.5, 1.0) == pytest.approx(0.7)


def test_a_pause_is_silent_and_what_it_cut_is_heard_after_it() -> None:
    loudspeaker = playing((0.0, 1.0, LOUD))
    loudspeaker.pause(0.4)
    loudspeaker.resume(0.9)

    assert loudspeaker.silent_from(0.2, 1.0) == pytest.approx(0.4)
    assert loudspeaker.sound_from(0.5) == pytest.approx(0.9)
    assert loudspeaker.buffered_seconds(0.9) == pytest.approx(0.6)


def test_a_flush_during_a_pause_leaves_nothing_to_resume() -> None:
    loudspeaker = playing((0.0, 1.0, LOUD))
    loudspeaker.pause(0.4)
    loudspeaker.stop(0.5)
    loudspeaker.resume(0.9)

    assert loudspeaker.sound_from(0.5) is None
