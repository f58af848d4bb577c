"""The scripted voice: length, level and pitch of the tone, and what is counted."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from vivavoce.engines.ports import (
    MAXIMUM_VOICE_PEAK,
    VOICE_RATE_HZ,
    Samples,
    SpeechRequest,
    TextToSpeech,
    UnknownVoiceError,
)
from vivavoce.engines.scripted import SCRIPTED_VOICE_PITCHES_HZ, ScriptedTextToSpeech


async def _chunks(engine: TextToSpeech, request: SpeechRequest) -> list[Samples]:
    return [chunk async for chunk in engine.synthesize(request)]


@pytest.mark.parametrize(
    ("text", "speed", "seconds"),
    [
        pytest.param("ten chars!", 1.0, 1.0, id="each character takes its time"),
        pytest.param("ten chars!", 1.25, 0.8, id="a faster voice is shorter"),
        pytest.param("  hello  ", 1.0, 0.5, id="space around the text is not spoken"),
        pytest.param("", 1.0, 0.0, id="no text gives no audio"),
        pytest.param("?! ...", 1.0, 0.0, id="punctuation alone gives no audio"),
    ],
)
async def test_the_length_follows_from_the_text(text: str, speed: float, seconds: float) -> None:
    engine = ScriptedTextToSpeech(seconds_per_character=0.1)
    request = SpeechRequest(text, "eve", speed)
    chunks = await _chunks(engine, request)
    assert sum(map(len, chunks)) == round(seconds * VOICE_RATE_HZ) == engine.audio_samples(request)
    assert all(len(chunk) == VOICE_RATE_HZ // 10 for chunk in chunks[:-1])


@pytest.mark.parametrize("name", SCRIPTED_VOICE_PITCHES_HZ)
async def test_every_voice_hums_at_its_own_pitch(name: str) -> None:
    audio = np.concatenate(await _chunks(ScriptedTextToSpeech(), SpeechRequest("a sentence to hum", name)))
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), n=VOICE_RATE_HZ * 2))
    assert np.argmax(spectrum) / 2 == pytest.approx(SCRIPTED_VOICE_PITCHES_HZ[name], abs=1)
    assert audio.dtype == np.float32
    assert np.abs(audio).max() == pytest.approx(0.1, rel=0.01)


async def test_chunks_join_without_a_jump() -> None:
    audio = np.concatenate(await _chunks(ScriptedTextToSpeech(), SpeechRequest("x" * 20, "rex")))
    steepest = 0.1 * 2 * np.pi * SCRIPTED_VOICE_PITCHES_HZ["rex"] / VOICE_RATE_HZ
    assert np.abs(np.diff(audio)).max() <= steepest * 1.01


def test_the_five_house_voices_are_there() -> None:
    assert [voice.name for voice in ScriptedTextToSpeech().voices] == ["eve", "ara", "rex", "sal", "leo"]


async def test_an_unknown_voice_is_refused_by_name() -> None:
    with pytest.raises(UnknownVoiceError, match="nobody"):
        await _chunks(ScriptedTextToSpeech(), SpeechRequest("hello", "nobody"))


def test_a_tone_louder_than_a_voice_may_be_is_refused() -> None:
    with pytest.raises(ValueError, match="tone"):
        ScriptedTextToSpeech(tone=MAXIMUM_VOICE_PEAK * 1.01)


@pytest.mark.looptime
async def test_audio_comes_after_its_delays() -> None:
    engine = ScriptedTextToSpeech(0.1, first_audio_delay_seconds=2, seconds_per_audio_second=0.5)
    loop = asyncio.get_running_loop()
    began = loop.time()
    arrived = [loop.time() - began async for _ in engine.synthesize(SpeechRequest("abc", "leo"))]
    assert arrived == pytest.approx([2, 2.05, 2.1])


async def test_speech_given_up_is_no_longer_active() -> None:
    engine = ScriptedTextToSpeech()
    request = SpeechRequest("a long sentence", "sal")
    stream = engine.synthesize(request)
    await anext(stream)
    assert engine.active == 1
    await stream.aclose()
    assert engine.active == 0
    assert engine.requests == [request]
    await engine.close()
    assert engine.closed
