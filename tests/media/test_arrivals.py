"""When samples were there: packets on time, late, early, after a pause, and a clock that drifts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.media.arrivals import EARLIER_SECONDS, LATER_SECONDS, ArrivalClock

RATE_HZ = 16_000
PACKET = 320
PACKET_SECONDS = 0.02


def _placed(clock: ArrivalClock, lateness: list[float], begins_at: float = 100.0) -> list[float]:
    """When each packet is said to have begun; each arrives so late after its end."""
    return [
        clock.arrived(PACKET, begins_at + (number + 1) * PACKET_SECONDS + late) for number, late in enumerate(lateness)
    ]


def test_packets_that_arrive_on_time_begin_where_the_last_ended() -> None:
    placed = _placed(ArrivalClock(RATE_HZ), [0.0] * 200)
    assert placed == pytest.approx([100 + number * PACKET_SECONDS for number in range(200)])


def test_the_packet_that_is_least_late_places_all() -> None:
    placed = _placed(ArrivalClock(RATE_HZ), [0.04, 0.0] + [0.03, 0.05, 0.008] * 300)
    assert placed[1:] == pytest.approx([100 + (number + 1) * PACKET_SECONDS for number in range(901)])


def test_a_path_that_became_longer_is_followed_within_two_seconds_and_a_bit() -> None:
    placed = _placed(ArrivalClock(RATE_HZ), [0.0] * 100 + [0.1] * 150)
    assert placed[100] == pytest.approx(102.0)
    assert placed[249] == pytest.approx(100.1 + 249 * PACKET_SECONDS)


def test_a_path_that_became_shorter_is_followed_at_once() -> None:
    placed = _placed(ArrivalClock(RATE_HZ), [0.1] * 100 + [0.0] * 2)
    assert placed[100] == pytest.approx(102.0)


def test_a_sender_that_paused_goes_on_from_where_it_is() -> None:
    placed = _placed(ArrivalClock(RATE_HZ), [0.0] * 10 + [3.0] * 2)
    assert placed[10:] == pytest.approx([103.2, 103.22])


@pytest.mark.parametrize("drift", [-0.001, 0.001])
def test_a_drifting_clock_is_followed(drift: float) -> None:
    lateness = [drift * number * PACKET_SECONDS for number in range(3000)]
    placed = _placed(ArrivalClock(RATE_HZ), lateness)
    errors = [
        place - (100 + number * PACKET_SECONDS + late)
        for number, (place, late) in enumerate(zip(placed, lateness, strict=True))
    ]
    assert max(map(abs, errors)) <= LATER_SECONDS + 0.003


@given(st.lists(st.floats(0, 0.4), min_size=1, max_size=200))
def test_no_packet_is_placed_later_than_it_arrived(lateness: list[float]) -> None:
    placed = _placed(ArrivalClock(RATE_HZ), lateness)
    for number, (place, late) in enumerate(zip(placed, lateness, strict=True)):
        assert place <= 100 + number * PACKET_SECONDS + late + EARLIER_SECONDS + 1e-6
