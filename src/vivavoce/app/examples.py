"""A spoken question to try a fresh server with, said by one of its own voices."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import numpy as np

from vivavoce.engines.ports import VOICE_RATE_HZ, SpeechRequest
from vivavoce.media.wav import write_wav
from vivavoce.sessions.ports import Engines

ASKING_VOICE = "rex"
"""Another voice than the demo agent's."""


async def write_question(engines: Engines, data: Path, text: str) -> Path:
    """`DATA/examples/question.wav`, made if it is not there. Raises `EngineError`, `OSError`."""
    path = data / "examples" / "question.wav"
    if path.exists():
        return path
    silence = np.zeros(VOICE_RATE_HZ // 4, np.float32)
    chunks = [silence]
    async with aclosing(engines.text_to_speech.synthesize(SpeechRequest(text, ASKING_VOICE))) as spoken:
        chunks += [chunk async for chunk in spoken]
    path.parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(write_wav, path, np.concatenate([*chunks, silence]), VOICE_RATE_HZ)
    return path
