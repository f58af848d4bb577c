"""Suspected speech: told before its window of voice activity has filled, when it comes suddenly."""

from __future__ import annotations

import numpy as np
import pytest

from vivavoce.conversation.settings import ServerVad, Settings
from vivavoce.engines.scripted import ScriptedVoiceActivity
from vivavoce.media.recent_audio import RecentAudio
from vivavoce.sessions.speech_watch import GLANCE_SAMPLES, SpeechFact, SpeechWatch

PIECE_SAMPLES = 320
"""20 ms. The windows of 512 end after 1.6, 3.2, 4.8, 6.4 and 8 pieces."""

LEVELS = {"L": 0.1, ".": 0.0}


async def _hear(sound: str) -> list[tuple[int, str]]:
    """(pieces that had come, fact) as the ears of a call tell it; one letter of `sound` is a piece."""
    watch, recent = SpeechWatch(ScriptedVoiceActivity(), Settings(turn_detection=ServerVad())), RecentAudio(4096, 4096)
    told: list[tuple[int, SpeechFact]] = []
    for number, letter in enumerate(sound, 1):
        piece = np.full(PIECE_SAMPLES, LEVELS[letter], np.float32)
        recent.append(piece)
        end = recent.end_sample
        for window in watch.windows(piece):
            told += [(number, fact) for fact in await watch.judge(window, end, 0.0)]
        if watch.is_startled(piece):
            told += [(number, fact) for fact in await watch.glance(recent.slice(end - GLANCE_SAMPLES, end))]
    watch.close()
    return [(number, type(fact).__name__) for number, fact in told]


@pytest.mark.parametrize(
    ("sound", "expected"),
    [
        pytest.param("........", [], id="quiet is nothing"),
        pytest.param(".....L", [(6, "SpeechSuspected")], id="a sudden sound is suspected before its window is full"),
        pytest.param(
            ".....LLLLLLL",
            [(6, "SpeechSuspected"), (10, "SpeechStarted")],
            id="what goes on becomes speech without a second suspicion",
        ),
        pytest.param(
            ".....L....",
            [(6, "SpeechSuspected"), (8, "SuspicionCleared")],
            id="a short sound is cleared by a window that is quiet",
        ),
        pytest.param(".......L", [(8, "SpeechSuspected")], id="a window that has just filled is enough by itself"),
    ],
)
async def test_suspicion(sound: str, expected: list[tuple[int, str]]) -> None:
    assert await _hear(sound) == expected
