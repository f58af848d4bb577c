"""The contract of the port `TextToSpeech`: what every adapter, and the scripted one, must do.

To put another adapter under the contract, add a line to `ADAPTERS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path

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
from vivavoce.engines.scripted import ScriptedTextToSpeech
from vivavoce.engines.tts.hibari import HibariTextToSpeech
from vivavoce.engines.tts.kokoro import KokoroTextToSpeech
from vivavoce.engines.tts.piper import PiperTextToSpeech
from vivavoce.engines.voices import VoiceRouter

Adapter = Callable[[Path], TextToSpeech]


def _hibari(models: Path) -> TextToSpeech:
    return HibariTextToSpeech(models / "hibari-heart" / "hibari.onnx")


def _kokoro(models: Path) -> TextToSpeech:
    kokoro = models / "kokoro-82m"
    return KokoroTextToSpeech(kokoro / "kokoro-v1.0.int8.onnx", kokoro / "vocab.json", [kokoro / "voices"])


def _piper(models: Path) -> TextToSpeech:
    joe = models / "piper-joe"
    return PiperTextToSpeech(joe / "en_US-joe-medium.onnx", joe / "en_US-joe-medium.onnx.json")


def _router(models: Path) -> TextToSpeech:
    return VoiceRouter(hibari=_hibari(models), piper=_piper(models))


ADAPTERS = [
    pytest.param(lambda _: ScriptedTextToSpeech(), id="scripted"),
    pytest.param(_hibari, id="hibari", marks=pytest.mark.models),
    pytest.param(_kokoro, id="kokoro", marks=pytest.mark.models),
    pytest.param(_piper, id="piper", marks=pytest.mark.models),
    pytest.param(_router, id="router", marks=pytest.mark.models),
]


@pytest.fixture(scope="module", params=ADAPTERS)
def engine(request: pytest.FixtureRequest, models_directory: Path) -> Iterator[TextToSpeech]:
    """One engine for the whole contract: it outlives the event loop of each test."""
    adapter: Adapter = request.param
    opened = adapter(models_directory)
    yield opened
    asyncio.run(opened.close())


async def _spoken(engine: TextToSpeech, text: str, speed: float = 1.0) -> Samples:
    request = SpeechRequest(text, engine.voices[0].name, speed)
    chunks = [chunk async for chunk in engine.synthesize(request)]
    return np.concatenate([np.zeros(0, np.float32), *chunks])


async def test_every_voice_has_a_name_of_its_own(engine: TextToSpeech) -> None:
    names = [voice.name for voice in engine.voices]
    assert names
    assert len(set(names)) == len(names)
    assert all(voice.language.startswith("en") for voice in engine.voices)


async def test_speech_is_float_audio_of_a_sensible_length_within_the_peak(engine: TextToSpeech) -> None:
    chunks = [c async for c in engine.synthesize(SpeechRequest("Hello, how are you?", engine.voices[0].name))]
    assert all(chunk.dtype == np.float32 and chunk.ndim == 1 and chunk.size for chunk in chunks)
    audio = np.concatenate(chunks)
    assert 0.5 * VOICE_RATE_HZ < audio.size < 3 * VOICE_RATE_HZ
    assert 0.05 < np.abs(audio).max() <= MAXIMUM_VOICE_PEAK


async def test_the_same_text_takes_about_the_same_time(engine: TextToSpeech) -> None:
    first, second = await _spoken(engine, "Good morning."), await _spoken(engine, "Good morning.")
    assert second.size == pytest.approx(first.size, rel=0.15)


async def test_a_faster_voice_is_shorter(engine: TextToSpeech) -> None:
    slow, fast = await _spoken(engine, "Good morning.", 0.7), await _spoken(engine, "Good morning.", 1.5)
    assert fast.size < 0.7 * slow.size


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="no text"),
        pytest.param(" \n\t", id="white space"),
        pytest.param("...", id="stops"),
        pytest.param("***", id="asterisks"),
        pytest.param("— ! ?", id="other marks"),
        pytest.param("😀", id="an emoji"),
        pytest.param("\x00\x07", id="control characters"),
    ],
)
async def test_text_without_anything_to_say_gives_no_audio(engine: TextToSpeech, text: str) -> None:
    assert (await _spoken(engine, text)).size == 0


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Hi 😀 there", id="an emoji among words"),
        pytest.param("Say 你好 now", id="Chinese among words"),
        pytest.param("A \x00 and \u202e b", id="control characters among words"),
        pytest.param("aeiou" * 30, id="a word of 150 letters"),
        pytest.param("at 3:30 pm for $4", id="text that was not normalised"),
        pytest.param("[x](/y/) (((", id="brackets"),
    ],
)
async def test_odd_text_is_spoken_as_well_as_it_goes(engine: TextToSpeech, text: str) -> None:
    assert (await _spoken(engine, text)).size > 0


async def test_a_voice_that_is_not_there_is_named_in_the_error(engine: TextToSpeech) -> None:
    with pytest.raises(UnknownVoiceError, match="nobody"):
        await anext(engine.synthesize(SpeechRequest("Hello.", "nobody")))


async def test_long_text_comes_in_chunks_that_can_be_abandoned(engine: TextToSpeech) -> None:
    text = "This is one of very many sentences. " * 500
    async with aclosing(engine.synthesize(SpeechRequest(text, engine.voices[0].name))) as chunks:
        first = await anext(chunks)
    assert 0 < first.size < 10 * VOICE_RATE_HZ
    assert (await _spoken(engine, "Good morning.")).size > 0


async def test_a_cancelled_request_leaves_the_voice_usable(engine: TextToSpeech) -> None:
    tasks = [asyncio.create_task(_spoken(engine, f"Request number {n} of some, which goes on.")) for n in range(3)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    assert (await _spoken(engine, "Good morning.")).size > 0


async def test_four_requests_at_once_are_all_spoken(engine: TextToSpeech) -> None:
    texts = ["One.", "Two words.", "Now three words.", "And here come some more."]
    audios = await asyncio.gather(*(_spoken(engine, text) for text in texts))
    assert [audio.size for audio in audios] == sorted(audio.size for audio in audios)
    assert all(audio.size for audio in audios)
