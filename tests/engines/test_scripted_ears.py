"""The scripted ears: energy, lists of answers, and delays in virtual time."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from vivavoce.engines.ports import (
    VAD_WINDOW_SAMPLES,
    Samples,
    SpeechToText,
    TranscriptionHints,
    TurnDetector,
    VoiceActivity,
)
from vivavoce.engines.scripted import ScriptedSpeechToText, ScriptedTurnDetector, ScriptedVoiceActivity


def _window(level: float) -> Samples:
    return np.full(VAD_WINDOW_SAMPLES, level, dtype=np.float32)


@pytest.mark.parametrize(
    ("window", "probability"),
    [
        pytest.param(_window(0.0), 0.0, id="digital silence is silence"),
        pytest.param(_window(0.049), 0.0, id="a level under the threshold is silence"),
        pytest.param(_window(0.051), 1.0, id="a level over the threshold is speech"),
        pytest.param(_window(-0.5), 1.0, id="the sign of the samples does not matter"),
    ],
)
async def test_voice_activity_judges_by_energy(window: Samples, probability: float) -> None:
    engine: VoiceActivity = ScriptedVoiceActivity(threshold_rms=0.05)
    stream = engine.open_stream()
    assert await stream.speech_probability(window) == probability


async def test_a_voice_activity_window_of_the_wrong_size_is_refused() -> None:
    stream = ScriptedVoiceActivity().open_stream()
    with pytest.raises(ValueError, match="512"):
        await stream.speech_probability(np.zeros(100, dtype=np.float32))


async def test_voice_activity_counts_its_open_streams_once_each() -> None:
    engine = ScriptedVoiceActivity()
    first, second = engine.open_stream(), engine.open_stream()
    first.close()
    first.close()
    assert engine.open_streams == 1
    second.reset()
    second.close()
    assert engine.open_streams == 0


@pytest.mark.parametrize(
    ("script", "answers"),
    [
        pytest.param(0.4, [0.4, 0.4, 0.4], id="one probability is given every time"),
        pytest.param([0.1, 0.9], [0.1, 0.9, 0.1], id="a sequence is gone through and starts over"),
    ],
)
async def test_the_turn_detector_follows_its_script(script: float | list[float], answers: list[float]) -> None:
    engine: TurnDetector = ScriptedTurnDetector(script)
    assert [await engine.end_of_turn_probability(_window(0)) for _ in answers] == answers


@pytest.mark.looptime
async def test_a_cancelled_turn_detection_is_no_longer_active() -> None:
    engine = ScriptedTurnDetector(delay_seconds=10)
    task = asyncio.create_task(engine.end_of_turn_probability(_window(0)))
    await asyncio.sleep(1)
    assert engine.active == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.active == 0


async def test_each_stream_hears_the_next_text() -> None:
    engine: SpeechToText = ScriptedSpeechToText(["one", "two"])
    heard = []
    for _ in range(3):
        stream = engine.open_stream(TranscriptionHints())
        stream.push(_window(0.1))
        heard.append((await stream.final()).text)
        stream.close()
    assert heard == ["one", "two", "one"]


async def test_interim_text_grows_with_the_audio_into_the_final_text() -> None:
    engine = ScriptedSpeechToText(["what time is it"], seconds_per_word=0.5)
    stream = engine.open_stream(TranscriptionHints())
    seen = [(await stream.interim()).text]
    for _ in range(5):
        stream.push(np.zeros(8_000, dtype=np.float32))
        seen.append((await stream.interim()).text)
    assert seen == ["", "what", "what time", "what time is", "what time is it", "what time is it"]
    final = await stream.final()
    assert (final.text, final.language, final.audio_seconds) == ("what time is it", "en", 2.5)


async def test_nothing_is_heard_where_nothing_was_pushed() -> None:
    stream = ScriptedSpeechToText(["words"]).open_stream(TranscriptionHints())
    assert (await stream.final()).text == ""


@pytest.mark.looptime
async def test_transcription_takes_its_delay_and_gives_up_when_cancelled() -> None:
    engine = ScriptedSpeechToText(["words"], delay_seconds=2, interim_delay_seconds=1)
    stream = engine.open_stream(TranscriptionHints(language="en"))
    stream.push(_window(0.1))
    began = asyncio.get_running_loop().time()
    await stream.interim()
    await stream.final()
    assert asyncio.get_running_loop().time() - began == pytest.approx(3)
    task = asyncio.create_task(stream.final())
    await asyncio.sleep(0.5)
    assert engine.active == 1
    task.cancel()
    await asyncio.wait([task])
    assert engine.active == 0
    stream.close()
    stream.close()
    assert engine.open_streams == 0
    assert engine.opened == [TranscriptionHints(language="en")]
    assert engine.languages == {"en"}


@pytest.mark.parametrize(
    "empty",
    [
        pytest.param(lambda: ScriptedTurnDetector([]), id="a turn detector without probabilities"),
        pytest.param(lambda: ScriptedSpeechToText([]), id="a speech-to-text without texts"),
    ],
)
def test_an_empty_script_is_refused(empty: object) -> None:
    assert callable(empty)
    with pytest.raises(ValueError, match="at least one"):
        empty()
