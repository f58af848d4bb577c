"""Both sides of a call on one clock: who sounded when, to the sample, whatever the network did on the way."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.media.pcm import Samples
from vivavoce.media.stereo_tape import (
    AHEAD_SECONDS,
    PAUSE_SECONDS,
    REACH_SECONDS,
    TAKEN_AT_ONCE_SECONDS,
    Place,
    Stereo,
    StereoTape,
)

RATE_HZ = 24_000
FRAME = RATE_HZ // 50


def _tone(seconds: float, level: float = 0.5) -> Samples:
    return np.full(round(seconds * RATE_HZ), level, np.float32)


def _hear(tape: StereoTape, arrived_at: float, count: int, delays: dict[int, float] | None = None) -> float:
    """`count` frames of 20 ms that arrive one after the other, the delayed ones in a burst; when the last has."""
    latest = 0.0
    for index in range(count):
        latest = max(latest, arrived_at + index * 0.02 + (delays or {}).get(index, 0.0))
        tape.hear(latest, _tone(0.02), RATE_HZ)
    return latest


def _whole(pieces: Iterable[Stereo]) -> Stereo:
    return np.concatenate([np.zeros((0, 2), np.float32), *pieces])


def _sounding(channel: Samples) -> list[tuple[int, int]]:
    """Where there is sound: (first sample, behind the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (channel != 0).astype(int), [0]])))
    return [(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def test_each_side_is_on_its_channel_at_its_time() -> None:
    tape = StereoTape(RATE_HZ)
    _hear(tape, 1.02, 50)
    for index in range(100):
        tape.say(2.5 + index * 0.02, _tone(0.02))
    sound = _whole(tape.finish(6.0))
    assert sound.shape == (6 * RATE_HZ, 2)
    assert _sounding(sound[:, 0]) == [(RATE_HZ, 2 * RATE_HZ)]
    assert _sounding(sound[:, 1]) == [(round(2.5 * RATE_HZ), round(4.5 * RATE_HZ))]


def test_what_was_sent_and_not_played_is_not_on_the_tape() -> None:
    tape = StereoTape(RATE_HZ)
    for index in range(20):
        tape.say(1.0 + index * 0.02, _tone(0.02))
    tape.silence_agent(1.23)
    tape.say(2.0, _tone(0.02))
    assert _sounding(_whole(tape.finish(3.0))[:, 1]) == [
        (RATE_HZ, round(1.23 * RATE_HZ)),
        (2 * RATE_HZ, 2 * RATE_HZ + FRAME),
    ]


def test_the_agent_is_not_heard_after_the_call() -> None:
    tape = StereoTape(RATE_HZ)
    tape.say(1.0, _tone(0.5))
    assert _sounding(_whole(tape.finish(1.2))[:, 1]) == [(RATE_HZ, round(1.2 * RATE_HZ))]


def test_sound_that_stalled_and_came_in_a_burst_has_no_hole() -> None:
    tape = StereoTape(RATE_HZ)
    _hear(tape, 0.02, 100, {30: 0.6})
    sound = _whole(tape.finish(3.0))
    assert _sounding(sound[:, 0]) == [(0, 2 * RATE_HZ)]
    assert tape.places == (Place(0, 0),)


def test_a_caller_who_sends_nothing_for_a_while_leaves_silence_and_is_found_again() -> None:
    tape = StereoTape(RATE_HZ)
    _hear(tape, 0.02, 50)
    _hear(tape, 3.52, 100)
    sound = _whole(tape.finish(6.0))
    assert _sounding(sound[:, 0]) == [(0, RATE_HZ), (round(3.5 * RATE_HZ), round(5.5 * RATE_HZ))]
    assert tape.places == (Place(0, 0), Place(3500, 1000))


def test_another_rate_of_the_caller_goes_on_where_the_former_ended() -> None:
    tape = StereoTape(RATE_HZ)
    for index in range(50):
        tape.hear(0.02 * (index + 1), _tone(0.02), RATE_HZ)
    for index in range(50):
        tape.hear(1.0 + 0.02 * (index + 1), np.full(160, 0.5, np.float32), 8_000)
    left = _whole(tape.finish(2.0))[:, 0]
    assert len(left) == 2 * RATE_HZ
    assert np.abs(left[: RATE_HZ - 1]).min() > 0.4
    assert np.abs(left[RATE_HZ + FRAME : -FRAME] - 0.5).max() < 0.05


def test_a_client_that_sends_faster_than_one_speaks_is_not_kept_in_memory() -> None:
    tape = StereoTape(RATE_HZ)
    taken = 0
    for _ in range(600):
        tape.hear(0.1, _tone(0.1), RATE_HZ)
        taken += len(_whole(tape.take(0.1)))
    assert taken == round((60 - AHEAD_SECONDS) * RATE_HZ)
    assert taken + len(_whole(tape.finish(1.0))) == 60 * RATE_HZ


@given(
    takes=st.lists(st.floats(0.0, 20.0), max_size=8).map(sorted),
    words=st.lists(st.tuples(st.floats(0.0, 19.0), st.integers(1, 40)), max_size=6),
)
def test_taking_it_piece_by_piece_gives_the_same_as_taking_it_whole(
    takes: list[float], words: list[tuple[float, int]]
) -> None:
    def recorded(moments: list[float]) -> Stereo:
        tape = StereoTape(RATE_HZ)
        happenings = sorted(
            [(at, frames) for at, frames in words] + [(moment, 0) for moment in moments], key=lambda each: each[0]
        )
        pieces = []
        for at, frames in happenings:
            if frames:
                tape.say(at, _tone(frames * 0.02, 0.25))
            else:
                pieces.append(_whole(tape.take(at)))
        return np.concatenate([*pieces, *tape.finish(20.0)])

    assert np.array_equal(recorded(takes), recorded([]))


@pytest.mark.parametrize("now", [0.0, 1.0, REACH_SECONDS])
def test_what_may_still_change_is_not_taken(now: float) -> None:
    tape = StereoTape(RATE_HZ)
    tape.say(0.0, _tone(1.0))
    assert not list(tape.take(now))


def test_hours_that_a_machine_slept_come_in_small_pieces() -> None:
    tape = StereoTape(RATE_HZ)
    tape.say(0.0, _tone(1.0))
    assert max(len(piece) for piece in tape.finish(300.0)) <= TAKEN_AT_ONCE_SECONDS * RATE_HZ
    assert tape.taken_samples == 300 * RATE_HZ


@pytest.mark.parametrize("slow_parts_in_a_million", [0, 300, 1_000])
def test_a_caller_whose_clock_is_slow_stays_within_a_tenth_of_a_second(slow_parts_in_a_million: int) -> None:
    """A mark of the caller every minute, and one of the agent at the same moment, for ten minutes."""
    rate_hz, packet_seconds = 8_000, 0.2
    tape, packet = StereoTape(rate_hz), round(packet_seconds * rate_hz)
    heard_seconds = packet_seconds * (1 + slow_parts_in_a_million / 1_000_000)
    pieces: list[Stereo] = []
    for index in range(3_000):
        arrived_at = (index + 1) * heard_seconds
        is_marked = index % 300 == 150
        tape.hear(arrived_at, np.full(packet, 0.5 if is_marked else 0.0, np.float32), rate_hz)
        if is_marked:
            tape.say(arrived_at - heard_seconds, np.full(packet, 0.5, np.float32))
        if index % 50 == 0:
            pieces += tape.take(arrived_at)
    sound = _whole([*pieces, *tape.finish(3_000 * heard_seconds)])
    caller, agent = _sounding(sound[:, 0]), _sounding(sound[:, 1])
    assert len(caller) == len(agent) == 10
    apart = [(there - here) / rate_hz for (there, _), (here, _) in zip(agent, caller, strict=True)]
    assert min(apart) >= -0.001
    assert max(apart) <= PAUSE_SECONDS + 0.01
