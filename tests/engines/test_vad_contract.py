"""The contract of the port `VoiceActivity`: what every adapter, and the scripted one, must do.

To put another adapter under the contract, add a line to `ADAPTERS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from recorded_speech import SILENCE, sentence

from vivavoce.engines.ports import VAD_WINDOW_SAMPLES, Samples, VoiceActivity, VoiceActivityStream
from vivavoce.engines.scripted import ScriptedVoiceActivity
from vivavoce.engines.vad.silero import SileroVoiceActivity
from vivavoce.media.windows import Windows

Adapter = Callable[[Path], VoiceActivity]

ADAPTERS = [
    pytest.param(lambda _: ScriptedVoiceActivity(), id="scripted"),
    pytest.param(
        lambda models: SileroVoiceActivity(models / "silero-vad" / "silero_vad.onnx"),
        id="silero",
        marks=pytest.mark.models,
    ),
]


@pytest_asyncio.fixture(params=ADAPTERS)
async def engine(request: pytest.FixtureRequest, models_directory: Path) -> AsyncIterator[VoiceActivity]:
    adapter: Adapter = request.param
    opened = adapter(models_directory)
    yield opened
    await opened.close()


def _noise(seed: int, windows: int = 6) -> list[Samples]:
    generator = np.random.default_rng(seed)
    return [generator.normal(0, 0.1, VAD_WINDOW_SAMPLES).astype(np.float32) for _ in range(windows)]


async def _hear(stream: VoiceActivityStream, windows: list[Samples]) -> list[float]:
    return [await stream.speech_probability(window) for window in windows]


@pytest.mark.parametrize(
    "window",
    [
        pytest.param(np.zeros(VAD_WINDOW_SAMPLES, dtype=np.float32), id="digital silence"),
        pytest.param(np.ones(VAD_WINDOW_SAMPLES, dtype=np.float32), id="full scale"),
        pytest.param(np.full(VAD_WINDOW_SAMPLES, -3.0, dtype=np.float32), id="beyond full scale"),
        pytest.param(_noise(1)[0], id="noise"),
    ],
)
async def test_any_sound_has_a_probability(engine: VoiceActivity, window: Samples) -> None:
    assert 0 <= await engine.open_stream().speech_probability(window) <= 1


@pytest.mark.corpus
async def test_speech_is_told_from_silence(engine: VoiceActivity) -> None:
    stream = engine.open_stream()
    silence = await _hear(stream, Windows(VAD_WINDOW_SAMPLES).push(SILENCE))
    speech = await _hear(stream, Windows(VAD_WINDOW_SAMPLES).push(sentence("0870").samples))
    assert max(silence) < 0.1
    assert sum(probability > 0.5 for probability in speech) > len(speech) * 0.6


@pytest.mark.parametrize("size", [0, 511, 513, 1024])
async def test_a_window_of_another_size_is_refused(engine: VoiceActivity, size: int) -> None:
    with pytest.raises(ValueError, match="512"):
        await engine.open_stream().speech_probability(np.zeros(size, dtype=np.float32))
    with pytest.raises(ValueError, match="512"):
        await engine.open_stream().glance(np.zeros(min(size, 511), dtype=np.float32))


async def test_a_glance_judges_the_newest_sound_and_learns_nothing(engine: VoiceActivity) -> None:
    windows = _noise(7)
    expected = await _hear(engine.open_stream(), windows)
    stream = engine.open_stream()
    await _hear(stream, windows[:-1])
    glances = [await stream.glance(np.concatenate(windows[-2:])) for _ in range(3)]
    assert np.allclose([*glances, *await _hear(stream, windows[-1:])], expected[-1], atol=1e-4)


async def test_a_glance_at_the_first_sound_of_a_call_needs_no_more_than_a_window(engine: VoiceActivity) -> None:
    stream = engine.open_stream()
    assert np.allclose(await stream.glance(_noise(1)[0]), await _hear(stream, _noise(1)[:1]), atol=1e-4)


async def test_streams_do_not_hear_each_other(engine: VoiceActivity) -> None:
    alone = [await _hear(engine.open_stream(), _noise(seed)) for seed in range(5)]
    together = await asyncio.gather(*(_hear(engine.open_stream(), _noise(seed)) for seed in range(5)))
    assert np.allclose(alone, together, atol=1e-4)


async def test_windows_submitted_together_are_heard_in_order(engine: VoiceActivity) -> None:
    one_by_one = await _hear(engine.open_stream(), _noise(3))
    stream = engine.open_stream()
    at_once = await asyncio.gather(*(stream.speech_probability(window) for window in _noise(3)))
    assert np.allclose(one_by_one, at_once, atol=1e-4)


async def test_after_a_reset_the_stream_is_as_new(engine: VoiceActivity) -> None:
    stream = engine.open_stream()
    fresh = await _hear(stream, _noise(4))
    await _hear(stream, _noise(5))
    stream.reset()
    assert np.allclose(await _hear(stream, _noise(4)), fresh, atol=1e-4)


async def test_a_stream_that_is_cancelled_or_closed_harms_nobody(engine: VoiceActivity) -> None:
    expected = await _hear(engine.open_stream(), _noise(6))
    cancelled, closed, kept = engine.open_stream(), engine.open_stream(), engine.open_stream()
    heard: list[float] = []
    for window in _noise(6):
        given_up = asyncio.ensure_future(cancelled.speech_probability(window))
        left_behind = asyncio.ensure_future(engine.open_stream().speech_probability(window))
        judged = asyncio.ensure_future(kept.speech_probability(window))
        await asyncio.sleep(0)
        given_up.cancel()
        closed.close()
        heard.append(await judged)
        await asyncio.wait([given_up, left_behind])
    assert np.allclose(heard, expected, atol=1e-4)


async def test_a_stream_may_be_closed_twice(engine: VoiceActivity) -> None:
    stream = engine.open_stream()
    stream.close()
    stream.close()
