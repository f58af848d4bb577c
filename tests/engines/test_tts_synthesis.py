"""How a voice serves several callers: whose part is rendered next, and how long a part may be."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np
import pytest
import pytest_asyncio

from vivavoce.engines.ports import VOICE_RATE_HZ, EngineError, Samples, SpeechRequest
from vivavoce.engines.serving.worker import EngineWorker
from vivavoce.engines.tts.synthesis import PartLengths, speak

LENGTHS = PartLengths(first=60, others=120, longest=400, crowded=20, head_start_seconds=0.5)
LONG = "The quick brown fox jumps over the lazy dog and then it runs home through the wide green forest"


@dataclass(slots=True)
class _Voice:
    """Renders a second of sound for anything, remembers what, and stands still while `gate` is closed."""

    worker: EngineWorker = field(default_factory=lambda: EngineWorker("test"))
    gate: threading.Event = field(default_factory=threading.Event)
    began: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    rendered: list[str] = field(default_factory=list)

    def render(self, phonemes: str, speed: float) -> Samples:
        self.rendered.append(phonemes)
        self.began.release()
        assert self.gate.wait(timeout=30)
        return np.sin(np.arange(VOICE_RATE_HZ, dtype=np.float32) / 10)

    async def say(self, text: str, due_in: float | None = None) -> int:
        """How many parts the sound came in."""
        now = asyncio.get_running_loop().time()
        request = SpeechRequest(text, "any", due_at=None if due_in is None else now + due_in)
        parts = [part async for part in speak(request, "american", LENGTHS, self.worker, self.render)]
        assert all(part.size for part in parts)
        return len(parts)

    async def hold(self) -> asyncio.Task[int]:
        held = asyncio.create_task(self.say("Hold."))
        assert await asyncio.to_thread(self.began.acquire, timeout=30)
        return held


@pytest_asyncio.fixture
async def voice() -> AsyncIterator[_Voice]:
    voice = _Voice()
    yield voice
    voice.gate.set()
    await asyncio.to_thread(voice.worker.close)


def _first_sounds(voice: _Voice) -> str:
    """The first letters of what was rendered after the word that held the voice."""
    return "".join(phonemes.lstrip("ˈˌ")[0] for phonemes in voice.rendered[1:])


@pytest.mark.parametrize(
    ("due_in", "order"),
    [
        pytest.param({"Bees.": None, "Dogs.": None}, "bd", id="of two who have heard nothing the first to ask"),
        pytest.param({"Bees.": 9.0, "Dogs.": None}, "db", id="a first word before one for a player that is full"),
        pytest.param({"Bees.": None, "Dogs.": 0.3}, "db", id="a player that runs dry before a first word"),
        pytest.param({"Bees.": 8.0, "Dogs.": 6.0, "Geese.": 7.0}, "dɡb", id="the player that runs dry first"),
    ],
)
async def test_whose_words_are_rendered_next(voice: _Voice, due_in: dict[str, float | None], order: str) -> None:
    held = await voice.hold()
    tasks = [asyncio.create_task(voice.say(text, seconds)) for text, seconds in due_in.items()]
    await asyncio.sleep(0)
    voice.gate.set()
    await asyncio.gather(held, *tasks)
    assert _first_sounds(voice) == order


async def test_the_long_text_of_one_caller_lets_the_first_word_of_another_in_between(voice: _Voice) -> None:
    text = "Bees fly. Bees sing. Bees sleep. Bees dream."
    long = asyncio.create_task(voice.say(text))
    assert await asyncio.to_thread(voice.began.acquire, timeout=30)
    short = asyncio.create_task(voice.say("Dogs."))
    await asyncio.sleep(0)
    voice.gate.set()
    assert await long == 4
    assert await short == 1
    assert "".join(phonemes.lstrip("ˈˌ")[0] for phonemes in voice.rendered) == "bdbbb"


async def test_a_text_is_cut_shorter_while_others_wait(voice: _Voice) -> None:
    voice.gate.set()
    assert await voice.say(LONG) == 1
    voice.gate.clear()
    voice.rendered.clear()
    while voice.began.acquire(blocking=False):
        pass
    held = await voice.hold()
    crowd = [asyncio.create_task(voice.say(LONG)) for _ in range(2)]
    await asyncio.sleep(0)
    voice.gate.set()
    await held
    parts = await asyncio.gather(*crowd)
    assert parts[0] > 1
    assert len(voice.rendered[1]) <= 1.5 * LENGTHS.crowded


async def test_what_has_no_sound_gives_no_audio(voice: _Voice) -> None:
    voice.gate.set()
    assert await voice.say("... — !") == 0
    assert voice.rendered == []


async def test_a_speed_that_is_no_number_is_refused(voice: _Voice) -> None:
    request = SpeechRequest("Hello.", "any", float("nan"))
    with pytest.raises(EngineError, match="cannot speak at speed nan"):
        await anext(speak(request, "american", LENGTHS, voice.worker, voice.render))
