"""The stub language model and the stub voice that every framework is given, as plain generators.

Standard library only: imported in the peers' environments too. Owned by the driver that iterates them.
"""

from __future__ import annotations

import asyncio
import math
from array import array
from collections.abc import AsyncGenerator
from functools import cache

from bench.peers.caller import Line
from bench.peers.plan import (
    FIRST_WORDS,
    LLM_SECONDS,
    MORE_WORDS,
    SOUND_SECONDS,
    TTS_SECONDS,
    VOICE_HZ,
    VOICE_PEAK,
    VOICE_SPEED,
    VOICE_TONE_HZ,
    WORD_SECONDS,
)


async def words_of_reply(line: Line) -> AsyncGenerator[str]:
    """The reply: its first sentence after `LLM_SECONDS`, then word by word."""
    line.model_asked_at.append(line.now)
    await asyncio.sleep(LLM_SECONDS)
    yield FIRST_WORDS
    for word in MORE_WORDS.split():
        await asyncio.sleep(WORD_SECONDS)
        yield f"{word} "


async def sounds(line: Line, text: str) -> AsyncGenerator[bytes]:
    """A tone as long as the text takes, 16-bit at `VOICE_HZ`: the first piece after `TTS_SECONDS`, then fast."""
    line.voice_asked_at.append(line.now)
    await asyncio.sleep(TTS_SECONDS)
    left = sound_seconds(line, text)
    while left > 0:
        piece = min(left, SOUND_SECONDS)
        yield tone(round(piece * VOICE_HZ))
        left -= piece
        await asyncio.sleep(piece / VOICE_SPEED)


def sound_seconds(line: Line, text: str) -> float:
    return len(text.split()) * line.plan.seconds_a_word


@cache
def tone(samples: int) -> bytes:
    step = 2 * math.pi * VOICE_TONE_HZ / VOICE_HZ
    return array("h", (round(VOICE_PEAK * math.sin(step * at)) for at in range(samples))).tobytes()
