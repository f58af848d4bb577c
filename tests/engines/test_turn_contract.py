"""The contract of the port `TurnDetector`: what every adapter, and the scripted one, must do.

To put another adapter under the contract, add a line to `ADAPTERS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from vivavoce.engines.ports import HEARING_RATE_HZ, Samples, TurnDetector
from vivavoce.engines.scripted import ScriptedTurnDetector
from vivavoce.engines.turn.smart_turn import SmartTurnDetector

Adapter = Callable[[Path], TurnDetector]

ADAPTERS = [
    pytest.param(lambda _: ScriptedTurnDetector(0.7), id="scripted"),
    pytest.param(
        lambda models: SmartTurnDetector(models / "smart-turn-v3.2" / "smart-turn-v3.2-cpu.onnx"),
        id="smart-turn",
        marks=pytest.mark.models,
    ),
]


@pytest_asyncio.fixture(params=ADAPTERS)
async def engine(request: pytest.FixtureRequest, models_directory: Path) -> AsyncIterator[TurnDetector]:
    adapter: Adapter = request.param
    opened = adapter(models_directory)
    yield opened
    await opened.close()


def _hum(seconds: float, frequency_hz: float = 150) -> Samples:
    time = np.arange(int(seconds * HEARING_RATE_HZ)) / HEARING_RATE_HZ
    return (0.2 * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


@pytest.mark.parametrize(
    "audio",
    [
        pytest.param(_hum(0), id="no audio"),
        pytest.param(np.zeros(16_000, dtype=np.float32), id="digital silence"),
        pytest.param(_hum(0.01), id="a hundredth of a second"),
        pytest.param(_hum(2), id="two seconds"),
        pytest.param(_hum(8), id="eight seconds"),
        pytest.param(_hum(20), id="twenty seconds"),
        pytest.param(10 * _hum(1), id="a sound beyond full scale"),
    ],
)
async def test_any_audio_has_a_probability(engine: TurnDetector, audio: Samples) -> None:
    assert 0 <= await engine.end_of_turn_probability(audio) <= 1


async def test_only_the_last_eight_seconds_count(engine: TurnDetector) -> None:
    last = _hum(8)
    long_ago = _hum(5, frequency_hz=700)
    alone = await engine.end_of_turn_probability(last)
    assert await engine.end_of_turn_probability(np.concatenate([long_ago, last])) == pytest.approx(alone, abs=1e-4)


async def test_callers_at_the_same_time_get_their_own_answers(engine: TurnDetector) -> None:
    sounds = [_hum(1, frequency_hz=100 + 60 * caller) for caller in range(4)]
    alone = [await engine.end_of_turn_probability(sound) for sound in sounds]
    together = await asyncio.gather(*(engine.end_of_turn_probability(sound) for sound in sounds))
    assert together == pytest.approx(alone, abs=1e-4)


async def test_the_audio_may_be_written_over_while_it_is_judged(engine: TurnDetector) -> None:
    expected = await engine.end_of_turn_probability(_hum(1))
    audio = _hum(1)
    before = asyncio.ensure_future(engine.end_of_turn_probability(_hum(8)))
    judging = asyncio.ensure_future(engine.end_of_turn_probability(audio))
    await asyncio.sleep(0)
    audio[:] = 1
    await before
    assert await judging == pytest.approx(expected, abs=1e-4)


async def test_a_cancelled_judgement_leaves_the_engine_usable(engine: TurnDetector) -> None:
    expected = await engine.end_of_turn_probability(_hum(1))
    judging = [asyncio.ensure_future(engine.end_of_turn_probability(_hum(2))) for _ in range(3)]
    await asyncio.sleep(0)
    for task in judging:
        task.cancel()
    await asyncio.wait(judging)
    assert await engine.end_of_turn_probability(_hum(1)) == pytest.approx(expected, abs=1e-4)
