"""The way from a request to audio that the three voice engines share: sentence by sentence, off the event loop.

Owns nothing: an engine lends its worker threads and its `render`. Cancelling takes effect between two parts of a
sentence; the part that is being rendered ends unheard.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vivavoce.engines.ports import VOICE_RATE_HZ, EngineError, Samples, SpeechRequest, UnknownVoiceError, Voice
from vivavoce.engines.serving.worker import EngineWorker
from vivavoce.engines.spoken_text import sentences_of
from vivavoce.engines.tts.delivery import clamped_speed, delivered
from vivavoce.engines.tts.phonemes import Accent, parts_of, phonemes_of

FIRST_SOUND_SECONDS = 0.15
"""Who has heard nothing yet is served within this time; a gap between words that are being spoken is worse."""


@dataclass(frozen=True, slots=True)
class PartLengths:
    """Phonemes that a model is given at once: wanted in the first part of a sentence, in the others, and at most.

    `crowded`: wanted in every part while other callers wait for this voice; a part of this length takes about
    `head_start_seconds` to render on a small machine.
    """

    first: int
    others: int
    longest: int
    crowded: int
    head_start_seconds: float


Render = Callable[[str, float], Samples]
"""Phonemes and a speed within the range of the voices -> raw audio at 24 kHz. Blocks."""


async def speak(
    request: SpeechRequest, accent: Accent, lengths: PartLengths, worker: EngineWorker, render: Render
) -> AsyncGenerator[Samples]:
    """Audio of `request`, one array for each part of a sentence, as soon as it is there.

    Each part is due when the player has played what came before it; of the parts that wait for the worker, the one
    whose player runs dry first comes first.
    """
    if not math.isfinite(request.speed):
        raise EngineError(f"a voice cannot speak at speed {request.speed}; ask for a number such as 1.0")
    speed = clamped_speed(request.speed)
    clock = asyncio.get_running_loop()
    parts = _Parts(request.text, accent, lengths, worker)
    runs_dry_at = request.due_at
    over = False
    while not over:
        if runs_dry_at is None:
            begin_by = clock.time() + FIRST_SOUND_SECONDS
        else:
            begin_by = runs_dry_at - lengths.head_start_seconds
        audio, over = await worker.run_by(begin_by, _render_next, parts, speed, render)
        if audio.size:
            runs_dry_at = (clock.time() if runs_dry_at is None else runs_dry_at) + audio.size / VOICE_RATE_HZ
            yield audio


class _Parts:
    """A text cut into parts as they are needed. Belongs to one request; used by one job of the worker at a time."""

    def __init__(self, text: str, accent: Accent, lengths: PartLengths, worker: EngineWorker) -> None:
        self._lengths = lengths
        self._worker = worker
        self._cut: deque[str] = deque()
        self._sentences = (_phoneme_parts(sentence, accent, lengths) for sentence in sentences_of(text))

    def take(self) -> str | None:
        """The phonemes to render next, fewer while others wait; None when nothing is left."""
        if self.are_over:
            return None
        part, wanted = self._cut.popleft(), self._lengths.crowded
        if len(part) > wanted and self._worker.is_crowded:
            shorter = parts_of(part, first_length=wanted, length=wanted, longest=wanted + wanted // 2)
            part = shorter[0]
            self._cut.extendleft(reversed(shorter[1:]))
        return part

    @property
    def are_over(self) -> bool:
        while not self._cut:
            sentence = next(self._sentences, None)
            if sentence is None:
                return True
            self._cut.extend(sentence)
        return False


def _render_next(parts: _Parts, speed: float, render: Render) -> tuple[Samples, bool]:
    """The next sound and whether it is the last: all in one job, for a second one would have to wait for others."""
    while (part := parts.take()) is not None:
        audio = _render_part(part, speed, render)
        if audio.size:
            return audio, parts.are_over
    return np.zeros(0, np.float32), True


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
