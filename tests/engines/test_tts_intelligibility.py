"""What the five voices say is understood: their speech through the speech-to-text of the product."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import jiwer
import numpy as np
import pytest

from vivavoce.engines.ports import (
    HEARING_RATE_HZ,
    VOICE_RATE_HZ,
    Samples,
    SpeechRequest,
    SpeechToText,
    TextToSpeech,
    TranscriptionHints,
)
from vivavoce.engines.spoken_text import SentenceStream, SpokenForm, normalise
from vivavoce.engines.stt.moonshine import MoonshineSpeechToText
from vivavoce.engines.tts.hibari import HibariTextToSpeech
from vivavoce.engines.tts.kokoro import KokoroTextToSpeech
from vivavoce.engines.tts.piper import PiperTextToSpeech
from vivavoce.engines.voices import FIRST_PIECE_WORDS, VoiceRouter
from vivavoce.media.resampling import resample

pytestmark = pytest.mark.models

REPLY = "**Sure!** A cleaning costs $95 and takes 45 minutes. Would you like to come on Friday, at 10:30 am?"
HIGHEST_WORD_ERROR_RATE = 0.1


@pytest.fixture(scope="module")
def voice(models_directory: Path) -> Iterator[TextToSpeech]:
    kokoro, joe = models_directory / "kokoro-82m", models_directory / "piper-joe"
    router = VoiceRouter(
        hibari=HibariTextToSpeech(models_directory / "hibari-heart" / "hibari.onnx"),
        kokoro=KokoroTextToSpeech(kokoro / "kokoro-v1.0.int8.onnx", kokoro / "vocab.json", [kokoro / "voices"]),
        piper=PiperTextToSpeech(joe / "en_US-joe-medium.onnx", joe / "en_US-joe-medium.onnx.json"),
    )
    yield router
    asyncio.run(router.close())


@pytest.fixture(scope="module")
def ear(models_directory: Path) -> Iterator[SpeechToText]:
    moonshine = MoonshineSpeechToText(models_directory / "moonshine-tiny-en")
    yield moonshine
    asyncio.run(moonshine.close())


async def _spoken(voice: TextToSpeech, name: str) -> Samples:
    """The reply as a call would speak it: cut in pieces, each piece by itself."""
    stream, form = SentenceStream(first_piece_words=FIRST_PIECE_WORDS), SpokenForm()
    chunks = [
        chunk
        for piece in [*stream.push(REPLY), *stream.flush()]
        async for chunk in voice.synthesize(SpeechRequest(form.of(piece), name))
    ]
    return np.concatenate(chunks)


def _words(text: str) -> str:
    spoken = normalise(text).lower().replace("*", "").replace("-", " ")
    return " ".join(word.strip(".,!?") for word in spoken.split())


@pytest.mark.parametrize("name", ["eve", "ara", "rex", "sal", "leo", "joe"])
async def test_a_voice_is_understood(voice: TextToSpeech, ear: SpeechToText, name: str) -> None:
    audio = await _spoken(voice, name)
    stream = ear.open_stream(TranscriptionHints("en"))
    stream.push(resample(audio, VOICE_RATE_HZ, HEARING_RATE_HZ))
    heard = (await stream.final()).text
    stream.close()
    assert jiwer.wer(_words(REPLY), _words(heard)) <= HIGHEST_WORD_ERROR_RATE, heard
