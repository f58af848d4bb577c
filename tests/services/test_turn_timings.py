"""From what a call tells of its turns to what is kept of them, and what many of them come to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation.identifiers import ItemId, ReplyId
from vivavoce.conversation.notices import TurnTimed
from vivavoce.services.turn_timings import StageSummary, TurnSummary, summarised, timing_of
from vivavoce.store.records import TurnStages, TurnTiming


def _turn(endpoint: int | None = None, **changes: int | bool) -> TurnTiming:
    stages = TurnStages(endpoint=endpoint, interrupted=900 if changes.pop("interrupted", False) else None)
    return TurnTiming("r", "i", 0, "words", stages, **changes)  # type: ignore[arg-type]


def test_every_stage_is_kept_and_moved_to_where_its_call_lies_in_the_session() -> None:
    notice = TurnTimed(
        ReplyId("r"), ItemId("i"), 4200, 1, 2, "words", 3, 4, 5, 6, 7, 8, 9, 10,
        speculated=True, wasted_tokens=11, filler=True, complete=True,
    )  # fmt: skip
    assert timing_of(notice, 60_000) == TurnTiming(
        "r",
        "i",
        64_200,
        "words",
        TurnStages(1, 2, 3, 4, 5, 6, 7, 8, 9),
        10,
        speculated=True,
        wasted_tokens=11,
        filler=True,
    )


SUMMARIES = [
    pytest.param([], TurnSummary(0, 0, 0, 0, 0, {}), id="nothing of no turns"),
    pytest.param(
        [_turn(300)],
        TurnSummary(1, 0, 0, 0, 0, {"endpoint": StageSummary(1, 300, 300)}),
        id="one turn is its own median",
    ),
    pytest.param(
        [_turn(value) for value in range(1, 101)],
        TurnSummary(100, 0, 0, 0, 0, {"endpoint": StageSummary(100, 50, 95)}),
        id="half and 95 of a hundred",
    ),
    pytest.param(
        [
            _turn(300, interrupted=True, wasted_tokens=5),
            _turn(None, speculated=True, wasted_tokens=2),
            _turn(filler=True),
        ],
        TurnSummary(3, 1, 1, 1, 7, {"endpoint": StageSummary(1, 300, 300), "interrupted": StageSummary(1, 900, 900)}),
        id="a stage counts the turns that had it",
    ),
]


@pytest.mark.parametrize(("turns", "summary"), SUMMARIES)
def test_what_turns_come_to(turns: list[TurnTiming], summary: TurnSummary) -> None:
    assert summarised(turns) == summary


@given(st.lists(st.integers(-1000, 100_000), min_size=1, max_size=50))
def test_at_least_so_many_turns_are_not_slower_and_it_is_one_of_them(moments: list[int]) -> None:
    found = summarised([_turn(moment) for moment in moments]).stages["endpoint"]
    for percent, value in ((50, found.p50_ms), (95, found.p95_ms)):
        assert value in moments
        assert sum(moment <= value for moment in moments) * 100 >= percent * len(moments)
        assert sum(moment < value for moment in moments) * 100 < percent * len(moments)
