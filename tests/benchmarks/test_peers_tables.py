"""The peer benchmark's floors follow from the order in which a framework works."""

from __future__ import annotations

import pytest
from bench.peers.rounds import Figures, Row
from bench.peers.tables import barge_in_cells, overhead_cells


def turn(voice_to_voice_ms: float | None, model_asked_ms: float, voice_asked_ms: float) -> Figures:
    return {
        "voice_to_voice_ms": voice_to_voice_ms,
        "model_asked_ms": model_asked_ms,
        "voice_asked_ms": voice_asked_ms,
    }


@pytest.mark.parametrize(
    ("row", "told", "ahead", "floor_ms"),
    [
        pytest.param(
            Row("pipecat", "matched"),
            turn(490, 305, 406),
            "nothing",
            480,
            id="who waits for the end of the turn pays for the wait, the model and the voice",
        ),
        pytest.param(
            Row("livekit", "matched"),
            turn(390, 103, 304),
            "model",
            380,
            id="who asks the model ahead pays for the wait and the voice",
        ),
        pytest.param(
            Row("vivavoce", "matched"),
            turn(304, 103, 204),
            "model, voice",
            300,
            id="who speaks ahead behind a gate pays for the wait alone",
        ),
        pytest.param(
            Row("vivavoce", "defaults"),
            turn(304, 103, 204),
            "model, voice",
            280,
            id="with defaults nobody is told to wait, so only the stubs count",
        ),
        pytest.param(
            Row("floor", "matched"),
            turn(281, 101, 201),
            "everything",
            280,
            id="without a framework the stubs alone count",
        ),
    ],
)
def test_floors(row: Row, told: Figures, ahead: str, floor_ms: float) -> None:
    cells = overhead_cells(row, [told])

    assert (cells["works ahead"], cells["floor ms"]) == (ahead, floor_ms)
    assert cells["over p50"] == told["voice_to_voice_ms"] - floor_ms


def test_a_turn_without_an_answer_and_one_answered_too_soon_are_counted() -> None:
    told = [turn(-40, 103, 204), turn(None, 103, 204), turn(310, 103, 204)]

    cells = overhead_cells(Row("vivavoce", "defaults"), told)

    assert (cells["turns"], cells["cut off"], cells["unanswered"]) == (3, 1, 1)


def test_an_interruption_that_does_not_stop_the_agent_is_counted() -> None:
    told: list[Figures] = [
        {"softer_ms": 80.0, "stopped_ms": 240.0, "resumed": False},
        {"softer_ms": 90.0, "stopped_ms": None, "resumed": False},
        {"softer_ms": 85.0, "stopped_ms": 250.0, "resumed": True},
    ]

    cells = barge_in_cells(Row("vivavoce", "defaults"), told)

    assert (cells["not stopped"], cells["resumed"], cells["silent p50 ms"]) == (1, 1, 240.0)
