"""The contract of the port `SpeechToText`: what every adapter, and the scripted one, must do.

To put another adapter under the contract, add a line to `ADAPTERS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from recorded_speech import sentence, word_error_rate

from vivavoce.engines.ports import Samples, SpeechToText, TranscriptionHints, TranscriptionStream
from vivavoce.engines.scripted import ScriptedSpeechToText
from vivavoce.engines.stt.faster_whisper import FasterWhisperSpeechToText
from vivavoce.engines.stt.moonshine import MoonshineSpeechToText

pytestmark = pytest.mark.corpus

Adapter = Callable[[Path], SpeechToText]

ADAPTERS = [
    pytest.param(lambda _: ScriptedSpeechToText(["He might even have been made amiable himself."]), id="scripted"),
    pytest.param(
        lambda models: MoonshineSpeechToText(models / "moonshine-tiny-en"), id="moonshine", marks=pytest.mark.models
    ),
    pytest.param(
        lambda models: FasterWhisperSpeechToText(models / "faster-whisper-base"),
        id="faster-whisper",
        marks=pytest.mark.models,
    ),
]
ENGLISH = TranscriptionHints(language="en")


@pytest.fixture(scope="module", params=ADAPTERS)
def engine(request: pytest.FixtureRequest, models_directory: Path) -> Iterator[SpeechToText]:
    """One engine for the whole contract: it outlives the event loop of each test."""
    adapter: Adapter = request.param
    opened = adapter(models_directory)
    yield opened
    asyncio.run(opened.close())


def _said() -> Samples:
    return sentence("0930").samples


def _stream(engine: SpeechToText, *pieces: Samples) -> TranscriptionStream:
    stream = engine.open_stream(ENGLISH)
    for piece in pieces:
        stream.push(piece)
    return stream


async def test_a_sentence_is_understood_whatever_pieces_it_comes_in(engine: SpeechToText) -> None:
    stream = _stream(engine, *np.split(_said(), [0, 100, 16_000, 16_160]))
    transcript = await stream.final()
    stream.close()
    assert word_error_rate(sentence("0930").text, transcript.text) <= 0.25
    assert transcript.language == "en"
    assert transcript.audio_seconds == pytest.approx(_said().size / 16_000)


async def test_without_audio_there_are_no_words(engine: SpeechToText) -> None:
    stream = _stream(engine)
    transcripts = [await stream.interim(), await stream.final()]
    assert [(transcript.text, transcript.audio_seconds) for transcript in transcripts] == [("", 0.0), ("", 0.0)]


async def test_the_final_text_of_the_same_audio_stays_the_same(engine: SpeechToText) -> None:
    stream = _stream(engine, _said())
    await stream.interim()
    assert await stream.final() == await stream.final()


async def test_interim_and_final_looks_follow_the_audio(engine: SpeechToText) -> None:
    stream = engine.open_stream(ENGLISH)
    lengths = []
    for piece in np.split(_said(), [16_000, 32_000]):
        stream.push(piece)
        lengths.append((await stream.interim()).audio_seconds)
    lengths.append((await stream.final()).audio_seconds)
    stream.push(np.zeros(8_000, dtype=np.float32))
    lengths.append((await stream.final()).audio_seconds)
    whole = _said().size / 16_000
    assert lengths == pytest.approx([1.0, 2.0, whole, whole, whole + 0.5])


async def test_callers_at_the_same_time_are_understood_as_if_alone(engine: SpeechToText) -> None:
    alone = (await _stream(engine, _said()).final()).text
    together = await asyncio.gather(*(_stream(engine, _said()).final() for _ in range(3)))
    assert [transcript.text for transcript in together] == [alone] * 3


async def test_a_cancelled_look_leaves_stream_and_engine_usable(engine: SpeechToText) -> None:
    expected = (await _stream(engine, _said()).final()).text
    stream, other = _stream(engine, _said()), _stream(engine, _said())
    looking = [asyncio.ensure_future(stream.interim()), asyncio.ensure_future(other.final())]
    await asyncio.sleep(0)
    for task in looking:
        task.cancel()
    await asyncio.wait(looking)
    assert (await stream.final()).text == expected
    other.close()


async def test_a_stream_may_be_closed_twice_and_unheard(engine: SpeechToText) -> None:
    stream = _stream(engine, _said())
    stream.close()
    stream.close()


def test_an_engine_tells_its_languages(engine: SpeechToText) -> None:
    assert "en" in engine.languages
    assert all(tag == tag.lower() and 2 <= len(tag) <= 3 for tag in engine.languages)
