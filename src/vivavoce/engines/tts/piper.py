"""Piper: a fast male voice, 'joe', 22.05 kHz resampled to 24 kHz.

Owned by the composition root, closed when the process ends. Model: a VITS voice of rhasspy/piper-voices (en_US-joe,
MIT, data set CC0), driven without piper's own GPL code: the phonemes come from hibari and are written in the
International Phonetic Alphabet that the voice was trained on.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np

from vivavoce.engines.ports import VOICE_RATE_HZ, EngineError, Samples, SpeechRequest, Voice
from vivavoce.engines.serving.onnx import open_onnx_session
from vivavoce.engines.serving.worker import EngineWorker
from vivavoce.engines.tts.synthesis import PartLengths, require_files, require_voice, speak
from vivavoce.media.resampling import resample
from vivavoce.telemetry.load import WaitLog

JOE = Voice("joe", "en-US", "male", "piper")
_LENGTHS = PartLengths(first=150, others=300, longest=400, crowded=100, head_start_seconds=0.3)
_BEGIN, _END, _BETWEEN = "^", "$", "_"

# misaki writes each diphthong and affricate as one letter; the voice knows them as espeak-ng's sequences.
_IPA = str.maketrans(
    {
        "A": "eɪ",
        "I": "aɪ",
        "O": "oʊ",
        "W": "aʊ",
        "Y": "ɔɪ",
        "Q": "əʊ",
        "T": "ɾ",
        "ʤ": "dʒ",
        "ʧ": "tʃ",
        "ᵊ": "ə",
        "i": "iː",
        "u": "uː",
        "ɑ": "ɑː",
        "ɔ": "ɔː",
        "ɜ": "ɜː",
        "—": ",",
        "–": ",",
        "…": ".",
        "“": None,
        "”": None,
    }
)


class PiperTextToSpeech:
    """`TextToSpeech` by one Piper voice. Loads it (63 MB) on construction. Speeds outside 0.7-1.5 are clamped."""

    def __init__(self, model: Path, config: Path, *, waits: WaitLog | None = None) -> None:
        require_files("piper-joe", model, config)
        settings: dict[str, Any] = json.loads(config.read_text())
        if settings.get("num_speakers", 1) != 1:
            raise EngineError(f"{model.name} has several speakers; only Piper voices with one are supported")
        self._ids: dict[str, list[int]] = settings["phoneme_id_map"]
        self._rate_hz: int = settings["audio"]["sample_rate"]
        inference = settings["inference"]
        self._noise: tuple[float, float, float] = (
            inference["noise_scale"],
            inference["length_scale"],
            inference["noise_w"],
        )
        self._session = open_onnx_session(model)
        self._worker = EngineWorker("piper", waits=waits)

    @property
    def voices(self) -> tuple[Voice, ...]:
        return (JOE,)

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Samples]:
        require_voice(request.voice, self.voices)
        async with aclosing(speak(request, "american", _LENGTHS, self._worker, self._render)) as parts:
            async for audio in parts:
                yield audio

    async def close(self) -> None:
        await asyncio.to_thread(self._worker.close)

    def _render(self, phonemes: str, speed: float) -> Samples:
        ids = [*self._ids[_BEGIN], *self._ids[_BETWEEN]]
        for symbol in espeak_ipa(phonemes):
            if symbol in self._ids:
                ids += [*self._ids[symbol], *self._ids[_BETWEEN]]
        ids += self._ids[_END]
        noise, length, length_noise = self._noise
        feed = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([noise, length / speed, length_noise], np.float32),
        }
        audio: Samples = self._session.run(None, feed)[0].ravel()
        return resample(audio, self._rate_hz, VOICE_RATE_HZ)


def espeak_ipa(phonemes: str) -> str:
    """misaki's phonemes as espeak-ng would write them."""
    return phonemes.replace("ɜɹ", "ɜː").replace("əɹ", "ɚ").replace("ɜːː", "ɜː").translate(_IPA).replace("ːː", "ː")
