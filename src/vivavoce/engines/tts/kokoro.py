"""Kokoro-82M: many voices, 24 kHz at some 6 times real time on two cores.

Owned by the composition root, closed when the process ends. Model: Kokoro-82M v1.0 (Apache-2.0, hexgrad; the int8
export MIT, thewh1teagle). A voice is a table of 510 style vectors of 256 numbers, one for each length of text in
tokens; at most 510 tokens go in at once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vivavoce.engines.ports import EngineError, Samples, SpeechRequest, Voice
from vivavoce.engines.serving.onnx import open_onnx_session
from vivavoce.engines.serving.worker import EngineWorker
from vivavoce.engines.tts.phonemes import Accent
from vivavoce.engines.tts.synthesis import PartLengths, require_files, require_voice, speak
from vivavoce.telemetry.load import WaitLog

STYLE_SIZE = 256
LONGEST_TEXT_TOKENS = 510
_PAD = 0

_LENGTHS = PartLengths(first=60, others=120, longest=400, crowded=60, head_start_seconds=0.7)
"""A first part of some 4 s of speech is ready in well under one."""

_REGIONS = {
    "a": "en-US",
    "b": "en-GB",
    "e": "en-ES",
    "f": "en-FR",
    "h": "en-IN",
    "i": "en-IT",
    "j": "en-JP",
    "p": "en-BR",
    "z": "en-CN",
}
"""What the first letter of a voice's name says of its accent. All read English here: the pronunciation is English."""

_GENDERS: dict[str, Literal["female", "male"]] = {"f": "female", "m": "male"}


class KokoroTextToSpeech:
    """`TextToSpeech` by Kokoro, in every voice found in `voice_directories`. Loads the model (92 MB) on construction.

    A style table (0.5 MB) is read when its voice is first heard. Speeds outside 0.7-1.5 are clamped.
    """

    def __init__(
        self,
        model: Path,
        vocabulary: Path,
        voice_directories: Sequence[Path],
        *,
        threads: int = 2,
        waits: WaitLog | None = None,
    ) -> None:
        require_files("kokoro-82m", model, vocabulary)
        self._files = _voice_files(voice_directories)
        self._voices = tuple(_voice(name) for name in sorted(self._files))
        if not self._voices:
            places = ", ".join(map(str, voice_directories))
            raise EngineError(f"no Kokoro voices in {places}: run `vivavoce models pull kokoro-82m`")
        self._styles: dict[str, NDArray[np.float32]] = {}
        self._ids: dict[str, int] = json.loads(vocabulary.read_text())["vocab"]
        self._session = open_onnx_session(model, threads=threads)
        self._worker = EngineWorker("kokoro", waits=waits)

    @property
    def voices(self) -> tuple[Voice, ...]:
        return self._voices

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Samples]:
        voice = require_voice(request.voice, self._voices)
        accent: Accent = "british" if voice.language == "en-GB" else "american"
        render = partial(self._render, voice.name)
        async with aclosing(speak(request, accent, _LENGTHS, self._worker, render)) as parts:
            async for audio in parts:
                yield audio

    async def close(self) -> None:
        await asyncio.to_thread(self._worker.close)

    def _render(self, voice: str, phonemes: str, speed: float) -> Samples:
        ids = [self._ids[symbol] for symbol in phonemes if symbol in self._ids][:LONGEST_TEXT_TOKENS]
        style = self._style(voice)[len(ids) - 1]
        feed = {
            "tokens": np.array([[_PAD, *ids, _PAD]], np.int64),
            "style": style.reshape(1, STYLE_SIZE),
            "speed": np.array([speed], np.float32),
        }
        audio: Samples = self._session.run(None, feed)[0].ravel()
        return audio

    def _style(self, voice: str) -> NDArray[np.float32]:
        table = self._styles.get(voice)
        if table is None:
            file = self._files[voice]
            numbers = np.fromfile(file, dtype="<f4")
            if numbers.size != LONGEST_TEXT_TOKENS * STYLE_SIZE:
                raise EngineError(
                    f"the voice file {file} is damaged: delete it and run `vivavoce models pull kokoro-82m`"
                )
            table = self._styles[voice] = numbers.reshape(LONGEST_TEXT_TOKENS, STYLE_SIZE)
        return table


def _voice_files(directories: Sequence[Path]) -> dict[str, Path]:
    """Voice files by name; of two with the same name the one of the earlier directory."""
    files: dict[str, Path] = {}
    for directory in directories:
        for file in sorted(directory.glob("*.bin")):
            if file.stem[:1] in _REGIONS and file.stem[1:2] in _GENDERS and file.stem[2:3] == "_":
                files.setdefault(file.stem, file)
    return files


def _voice(name: str) -> Voice:
    return Voice(name, _REGIONS[name[0]], _GENDERS[name[1]], "kokoro")
