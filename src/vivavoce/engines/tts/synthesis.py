"""The way from a request to audio that the three voice engines share: sentence by sentence, off the event loop.

Owns nothing: an engine lends its worker threads and its `render`. Cancelling takes effect between two parts of a
sentence; the part that is being rendered ends unheard.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path

from vivavoce.engines.ports import EngineError, Samples, SpeechRequest, UnknownVoiceError, Voice
from vivavoce.engines.serving.worker import EngineWorker
from vivavoce.engines.spoken_text import sentences_of
from vivavoce.engines.tts.delivery import clamped_speed, delivered
from vivavoce.engines.tts.phonemes import Accent, parts_of, phonemes_of


@dataclass(frozen=True, slots=True)
class PartLengths:
    """Phonemes that a model is given at once: wanted in the first part of a sentence, in the others, and at most."""

    first: int
    others: int
    longest: int


Render = Callable[[str, float], Samples]
"""Phonemes and a speed within the range of the voices -> raw audio at 24 kHz. Blocks."""


async def speak(
    request: SpeechRequest, accent: Accent, lengths: PartLengths, worker: EngineWorker, render: Render
) -> AsyncGenerator[Samples]:
    """Audio of `request`, one array for each part of a sentence, as soon as it is there."""
    if not math.isfinite(request.speed):
        raise EngineError(f"a voice cannot speak at speed {request.speed}; ask for a number such as 1.0")
    speed = clamped_speed(request.speed)
    for sentence in await worker.run(sentences_of, request.text):
        for part in await worker.run(_phoneme_parts, sentence, accent, lengths):
            audio = await worker.run(_render_part, part, speed, render)
            if audio.size:
                yield audio


def _phoneme_parts(sentence: str, accent: Accent, lengths: PartLengths) -> list[str]:
    phonemes = phonemes_of(sentence, accent)
    return parts_of(phonemes, first_length=lengths.first, length=lengths.others, longest=lengths.longest)


def _render_part(phonemes: str, speed: float, render: Render) -> Samples:
    return delivered(render(phonemes, speed), phonemes, speed)


def require_voice(name: str, voices: tuple[Voice, ...]) -> Voice:
    """The voice called `name`. Raises `UnknownVoiceError`."""
    for voice in voices:
        if voice.name == name:
            return voice
    some = ", ".join(voice.name for voice in voices[:8])
    raise UnknownVoiceError(f"there is no voice '{name}'; some that there are: {some}")


def require_files(model: str, *files: Path) -> None:
    """Raises `EngineError` for a file of the weights that is not there."""
    for file in files:
        if not file.is_file():
            raise EngineError(
                f"{file.name} of the voice model {model} is not at {file}: run `vivavoce models pull {model}`"
            )
