"""Tests of when audio goes out: no further ahead than a lead that is as small as the way to the caller allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.media.pacing import (
    CALM_SECONDS,
    LEAD_STEP_SECONDS,
    LONGEST_LEAD_SECONDS,
    SHORTEST_LEAD_SECONDS,
    Playout,
)

FRAME_SECONDS = 0.02


def send(playout: Playout, now: float, frames: int) -> float:
    """Send frames as soon as they may go; when the last went out."""
    for _ in range(frames):
        now += playout.wait_seconds(now)
        playout.send(now, FRAME_SECONDS)
    return now


def test_audio_goes_out_at_once_up_to_the_lead_and_then_in_real_time() -> None:
    playout = Playout(lead_seconds=0.06)
    assert send(playout, 5.0, 4) == pytest.approx(5.0)
    assert playout.wait_seconds(5.0) == pytest.approx(FRAME_SECONDS)
    assert send(playout, 5.0, 50) == pytest.approx(6.0)
    assert playout.buffered_seconds(6.0) == pytest.approx(0.06 + FRAME_SECONDS)


def test_the_lead_grows_when_the_player_ran_dry_and_no_longer_than_may_be() -> None:
    playout = Playout()
    now = send(playout, 1.0, 1)
    leads = []
    for _ in range(6):
        now += 0.5
        playout.send(now, FRAME_SECONDS)
        leads.append(playout.lead_seconds)
    assert leads[0] == pytest.approx(SHORTEST_LEAD_SECONDS + LEAD_STEP_SECONDS)
    assert leads == sorted(leads)
    assert leads[-1] == LONGEST_LEAD_SECONDS
    assert playout.late_frames == 6


def test_the_lead_shrinks_while_all_goes_well_and_no_shorter_than_may_be() -> None:
    playout = Playout(LONGEST_LEAD_SECONDS)
    now = send(playout, 1.0, round(CALM_SECONDS / FRAME_SECONDS) + 1)
    assert playout.lead_seconds == pytest.approx(LONGEST_LEAD_SECONDS - LEAD_STEP_SECONDS / 4)
    send(playout, now, round(30 * CALM_SECONDS / FRAME_SECONDS))
    assert playout.lead_seconds == SHORTEST_LEAD_SECONDS
    assert playout.late_frames == 0


def test_a_gap_that_was_to_be_expected_says_nothing_of_the_lead() -> None:
    playout = Playout()
    now = send(playout, 1.0, 10)
    playout.expect_gap()
    now = send(playout, now + 3.0, 10)
    playout.flush(now)
    send(playout, now + 3.0, 10)
    assert (playout.late_frames, playout.lead_seconds) == (0, SHORTEST_LEAD_SECONDS)


def test_a_gap_is_expected_only_once() -> None:
    playout = Playout()
    playout.expect_gap()
    now = send(playout, 1.0, 5)
    playout.send(now + 3.0, FRAME_SECONDS)
    assert playout.late_frames == 1


def test_what_the_player_threw_away_is_not_played() -> None:
    playout = Playout(LONGEST_LEAD_SECONDS)
    now = send(playout, 1.0, 10)
    assert playout.buffered_seconds(now) > 0.1
    playout.flush(now)
    assert (playout.buffered_seconds(now), playout.wait_seconds(now)) == (0.0, 0.0)


def test_the_player_knows_better_what_it_holds() -> None:
    playout = Playout()
    now = send(playout, 1.0, 4)
    playout.correct(now, 0.5)
    assert playout.buffered_seconds(now) == pytest.approx(0.5)
    assert playout.wait_seconds(now) == pytest.approx(0.5 - SHORTEST_LEAD_SECONDS)


@given(st.lists(st.tuples(st.sampled_from(["send", "late", "gap", "flush"]), st.floats(0.001, 0.5)), max_size=80))
def test_whatever_happens_the_lead_and_the_buffer_stay_small(happenings: list[tuple[str, float]]) -> None:
    playout, now = Playout(), 1.0
    for what, seconds in happenings:
        match what:
            case "send":
                now += playout.wait_seconds(now)
                playout.send(now, FRAME_SECONDS)
            case "late":
                now += seconds
                playout.send(now + playout.wait_seconds(now), FRAME_SECONDS)
            case "gap":
                playout.expect_gap()
            case _:
                playout.flush(now)
        assert SHORTEST_LEAD_SECONDS <= playout.lead_seconds <= LONGEST_LEAD_SECONDS
        assert playout.buffered_seconds(now) <= 2 * LONGEST_LEAD_SECONDS + FRAME_SECONDS
