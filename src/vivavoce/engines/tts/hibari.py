"""hibari: the fastest voice, 'heart', 24 kHz at some 100 times real time on one core.

Owned by the composition root, closed when the process ends. Model: hibari-tts (Apache-2.0), a small student of
Kokoro's af_heart: the network gives a spectrum for each 12.5 ms, hibari's own signal code makes a waveform of it.
"""

from __future__ import annotations

import asyncio
import importlib.resources
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import numpy as np
from hibari import dsp

from vivavoce.engines.ports import Samples, SpeechRequest, Voice
from vivavoce.engines.serving.onnx import open_onnx_session
from vivavoce.engines.serving.worker import EngineWorker
from vivavoce.engines.tts.synthesis import PartLengths, require_files, require_voice, speak
from vivavoce.telemetry.load import WaitLog

HEART = Voice("heart", "en-US", "female", "hibari")
_LENGTHS = PartLengths(first=400, others=400, longest=400, crowded=200, head_start_seconds=0.1)
_VOCABULARY = importlib.resources.files("hibari") / "assets" / "vocab.json"
_PAD = 0
_NOISE_SEED = 1


class HibariTextToSpeech:
    """`TextToSpeech` by hibari, in the one voice of the weights. Loads them (8 MB) on construction.

    The breath in the voice is noise; its seed is fixed, so a text always gives the same audio. Speeds outside
    0.7-1.5 are clamped.
    """

    def __init__(self, model: Path, *, waits: WaitLog | None = None) -> None:
        require_files("hibari-heart", model)
        self._session = open_onnx_session(model)
        self._waveform = dsp.synth
        self._ids: dict[str, int] = json.loads(_VOCABULARY.read_text())
        self._worker = EngineWorker("hibari", waits=waits)

    @property
    def voices(self) -> tuple[Voice, ...]:
        return (HEART,)

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Samples]:
        require_voice(request.voice, self.voices)
        async with aclosing(speak(request, "american", _LENGTHS, self._worker, self._render)) as parts:
            async for audio in parts:
                yield audio

    async def close(self) -> None:
        await asyncio.to_thread(self._worker.close)

    def _render(self, phonemes: str, speed: float) -> Samples:
        ids = [_PAD, *(self._ids[symbol] for symbol in phonemes if symbol in self._ids), _PAD]
        outputs = self._session.run(None, {"ids": np.array([ids], np.int64), "speed": np.array([speed], np.float32)})
        spectrum = (output[0] for output in outputs)
        samples: Samples = self._waveform(*spectrum, np.random.default_rng(_NOISE_SEED))
        return samples
