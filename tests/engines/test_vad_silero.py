"""Tests of what only the Silero adapter does: batches, and forgetting in noise. They use the real weights."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from recorded_speech import sentence, sentences

from vivavoce.engines.ports import VAD_WINDOW_SAMPLES, EngineError, Samples, VoiceActivityStream
from vivavoce.engines.vad.silero import SileroVoiceActivity
from vivavoce.media.segmenter import Segmenter, SpeechBegan, SpeechPaused, SpeechSuspected, SuspicionCleared
from vivavoce.media.windows import Windows

pytestmark = pytest.mark.models


@pytest.fixture
def model(models_directory: Path) -> Path:
    return models_directory / "silero-vad" / "silero_vad.onnx"


@pytest_asyncio.fixture
async def engine(model: Path) -> AsyncIterator[SileroVoiceActivity]:
    opened = SileroVoiceActivity(model)
    yield opened
    await opened.close()


async def _hear(stream: VoiceActivityStream, samples: Samples) -> list[float]:
    return [await stream.speech_probability(window) for window in Windows(VAD_WINDOW_SAMPLES).push(samples)]


@pytest.mark.corpus
async def test_a_batch_of_speech_gives_what_each_stream_gives_alone(engine: SileroVoiceActivity) -> None:
    clips = [recording.samples[:16_000] for recording in sentences()]
    alone = [await _hear(engine.open_stream(), clip) for clip in clips]
    together = await asyncio.gather(*(_hear(engine.open_stream(), clip) for clip in clips))
    assert len(alone) == 10
    for one, other in zip(alone, together, strict=True):
        assert np.allclose(one, other, atol=1e-4)


@pytest.mark.corpus
@pytest.mark.parametrize("maximum_batch", [1, 3])
async def test_a_small_batch_limit_changes_nothing_but_the_batches(model: Path, maximum_batch: int) -> None:
    limited = SileroVoiceActivity(model, maximum_batch=maximum_batch)
    clip = sentence("0880").samples[:8_000]
    heard = await asyncio.gather(*(_hear(limited.open_stream(), clip) for _ in range(4)))
    await limited.close()
    assert all(np.allclose(one, heard[0], atol=1e-4) for one in heard)


def _steady_tone(seconds: float) -> Samples:
    """An engine's drone: a low tone and its overtones, which makes the model deaf for what follows."""
    time = np.arange(int(16_000 * seconds)) / 16_000
    overtones = np.arange(1, 12)[:, None]
    wave: Samples = np.sum(np.sin(2 * np.pi * 90 * overtones * time) / overtones, axis=0, dtype=np.float32)
    return 0.2 * wave


@pytest.mark.corpus
async def test_speech_after_a_long_noise_is_heard_as_if_there_had_been_none(engine: SileroVoiceActivity) -> None:
    card = sentence("001").samples
    fresh = await _hear(engine.open_stream(), card)
    stream = engine.open_stream()
    noise = await _hear(stream, _steady_tone(20))
    after = await _hear(stream, card)
    assert max(noise) < 0.5
    assert sum(p > 0.5 for p in after) >= 0.9 * sum(p > 0.5 for p in fresh)


@pytest.mark.corpus
async def test_the_segmenter_finds_one_utterance_in_a_sentence_between_silences(engine: SileroVoiceActivity) -> None:
    silence = np.zeros(16_000, dtype=np.float32)
    said = sentence("0880").samples
    segmenter = Segmenter()
    boundaries = []
    for probability in await _hear(engine.open_stream(), np.concatenate([silence, said, silence])):
        boundaries += segmenter.push(probability)
    assert isinstance(boundaries[0], SpeechSuspected)
    certain = [found for found in boundaries if not isinstance(found, SpeechSuspected | SuspicionCleared)]
    first, last = certain[0], certain[-1]
    assert isinstance(first, SpeechBegan)
    assert isinstance(last, SpeechPaused)
    assert 16_000 <= first.at_sample < 24_000
    assert last.at_sample <= 16_000 + said.size + 2 * VAD_WINDOW_SAMPLES
    assert last.at_sample - first.at_sample > said.size * 0.6


async def test_a_closed_stream_says_so(engine: SileroVoiceActivity) -> None:
    stream = engine.open_stream()
    stream.close()
    with pytest.raises(EngineError, match="stream is closed"):
        await stream.speech_probability(np.zeros(VAD_WINDOW_SAMPLES, dtype=np.float32))


def test_a_missing_model_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="vivavoce models pull"):
        SileroVoiceActivity(tmp_path / "nowhere.onnx")
