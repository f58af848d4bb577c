"""Words for which there is no recording, spoken by the product's own voices, and kept in the user's cache.

Kokoro is loaded when a phrase is asked for that the cache does not hold; it lives as long as the process.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import aclosing
from functools import cache

import numpy as np

from bench.labelled_speech.sources import speech_cache
from vivavoce.engines.catalogue import model_directory, models_directory
from vivavoce.engines.ports import HEARING_RATE_HZ, VOICE_RATE_HZ, Samples, SpeechRequest
from vivavoce.engines.tts.kokoro import KokoroTextToSpeech
from vivavoce.media.resampling import resample
from vivavoce.media.wav import read_wav, write_wav

VOICES = ("af_heart", "am_michael", "bf_emma", "am_fenrir", "af_sarah", "bm_george", "af_nicole", "am_adam")
"""The callers."""

AGENT_VOICE = "af_bella"


def spoken(text: str, voice: str, speed: float = 1.0) -> Samples:
    """The phrase at 16 kHz."""
    return resample(spoken_at_24khz(text, voice, speed), VOICE_RATE_HZ, HEARING_RATE_HZ)


def spoken_at_24khz(text: str, voice: str, speed: float = 1.0) -> Samples:
    """The same as the voice gives it, rounded to 16 bits."""
    name = hashlib.sha256(f"{text}|{voice}|{speed}".encode()).hexdigest()[:24]
    file = speech_cache() / f"spoken-{name}.wav"
    if not file.is_file():
        part = file.with_suffix(".part")
        write_wav(part, asyncio.run(_render(SpeechRequest(text, voice, speed))), VOICE_RATE_HZ)
        part.replace(file)
    return read_wav(file).samples


async def _render(request: SpeechRequest) -> Samples:
    async with aclosing(_kokoro().synthesize(request)) as parts:
        return np.concatenate([part async for part in parts])


@cache
def _kokoro() -> KokoroTextToSpeech:
    folder = model_directory("kokoro-82m", models_directory())
    return KokoroTextToSpeech(folder / "kokoro-v1.0.int8.onnx", folder / "vocab.json", [folder / "voices"], threads=1)
