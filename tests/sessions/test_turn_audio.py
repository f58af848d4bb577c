"""What is asked about one turn: words begun while the voice fades, and a detector that doubts. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest

from vivavoce.conversation.events import (
    Event,
    InterimTranscribed,
    TranscriptionFailed,
    TurnAssessed,
    TurnTranscribed,
)
from vivavoce.conversation.identifiers import ItemId
from vivavoce.engines.ports import HEARING_RATE_HZ, EngineError, Samples, Transcript
from vivavoce.engines.scripted.ears import ScriptedTurnDetector
from vivavoce.media.recent_audio import RecentAudio
from vivavoce.sessions.turn_audio import LONGER_SILENCE_SECONDS, Asking, TurnAudio

pytestmark = pytest.mark.looptime

TURN = ItemId("item_turn")
LOOK_SECONDS = 0.05


@dataclass(slots=True)
class CountingStream:
    """Its n-th look for the final words finds "look n", after `LOOK_SECONDS`; the looks in `failing` fail."""

    failing: frozenset[int] = frozenset()
    looks: int = 0
    given_up: int = 0
    closed: bool = False

    def push(self, samples: Samples) -> None:
        """It listens to nothing."""

    async def interim(self) -> Transcript:
        return Transcript("interim", "en", 1.0)

    async def final(self) -> Transcript:
        self.looks += 1
        look = self.looks
        try:
            await asyncio.sleep(LOOK_SECONDS)
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        if look in self.failing:
            raise EngineError("the ears are away; try again")
        return Transcript(f"look {look}", "en", 1.0)

    def close(self) -> None:
        self.closed = True


@dataclass(slots=True)
class HeardTurn:
    turn: TurnAudio
    stream: CountingStream
    detector: ScriptedTurnDetector
    facts: list[Event] = field(default_factory=list)
    told: list[ItemId] = field(default_factory=list)

    @property
    def words(self) -> list[tuple[int, str]]:
        return [(fact.pause, fact.text) for fact in self.facts if isinstance(fact, TurnTranscribed)]

    @property
    def assessed(self) -> list[tuple[int, float]]:
        return [(fact.pause, fact.probability) for fact in self.facts if isinstance(fact, TurnAssessed)]

    @property
    def early(self) -> list[str]:
        return [fact.text for fact in self.facts if isinstance(fact, InterimTranscribed) and fact.fading]


@asynccontextmanager
async def heard_turn(*, failing: Sequence[int] = (), sure: float | Sequence[float] = 0.9) -> AsyncIterator[HeardTurn]:
    """An open turn of one second; leaves no task behind."""
    recent = RecentAudio(HEARING_RATE_HZ, 30 * HEARING_RATE_HZ)
    recent.append(np.zeros(HEARING_RATE_HZ, dtype=np.float32))
    facts: list[Event] = []
    told: list[ItemId] = []
    stream, detector = CountingStream(frozenset(failing)), ScriptedTurnDetector(sure)
    async with asyncio.TaskGroup() as group:
        asking = Asking(
            detector,
            recent,
            facts.append,
            lambda work, name: group.create_task(work, name=name),
            lambda: False,
            told.append,
        )
        turn = TurnAudio(TURN, stream, 0, asking, is_open=True)
        yield HeardTurn(turn, stream, detector, facts, told)
        turn.end()
    assert stream.closed


async def test_the_words_begun_while_the_voice_fades_are_those_of_the_pause_and_come_no_later_than_they_would() -> None:
    async with heard_turn() as heard:
        heard.turn.anticipate()
        await asyncio.sleep(LOOK_SECONDS * 0.6)
        heard.turn.anticipate()
        heard.turn.transcribe(1)
        await asyncio.sleep(LOOK_SECONDS * 0.6)
        assert heard.words == [(1, "look 1")]
    assert (heard.stream.looks, heard.early) == (1, [])


async def test_words_that_are_there_before_the_pause_are_told_as_those_of_a_fading_voice() -> None:
    async with heard_turn() as heard:
        heard.turn.anticipate()
        await asyncio.sleep(LOOK_SECONDS * 2)
        assert heard.early == ["look 1"]
        heard.turn.transcribe(1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert heard.words == [(1, "look 1")]


async def test_the_caller_going_on_throws_away_the_words_that_were_begun() -> None:
    async with heard_turn() as heard:
        heard.turn.anticipate()
        await asyncio.sleep(LOOK_SECONDS * 0.6)
        heard.turn.go_on()
        await asyncio.sleep(LOOK_SECONDS * 2)
        assert (heard.early, heard.stream.given_up) == ([], 1)
        heard.turn.transcribe(1)
        await asyncio.sleep(LOOK_SECONDS * 2)
        assert heard.words == [(1, "look 2")]


async def test_words_that_were_found_before_the_caller_went_on_are_not_those_of_the_next_pause() -> None:
    async with heard_turn() as heard:
        heard.turn.anticipate()
        await asyncio.sleep(LOOK_SECONDS * 2)
        heard.turn.transcribe(1)
        await asyncio.sleep(LOOK_SECONDS)
        heard.turn.go_on()
        heard.turn.transcribe(2)
        await asyncio.sleep(LOOK_SECONDS * 2)
        assert heard.words == [(1, "look 1"), (2, "look 2")]


async def test_words_that_failed_before_the_pause_are_asked_for_again() -> None:
    async with heard_turn(failing=[1]) as heard:
        heard.turn.anticipate()
        await asyncio.sleep(LOOK_SECONDS * 2)
        heard.turn.transcribe(1)
        await asyncio.sleep(LOOK_SECONDS * 2)
        assert (heard.words, heard.early) == ([(1, "look 2")], [])


async def test_words_that_fail_after_the_pause_are_told_to_have_failed() -> None:
    async with heard_turn(failing=[1]) as heard:
        heard.turn.anticipate()
        heard.turn.transcribe(1)
        await asyncio.sleep(LOOK_SECONDS * 2)
        assert heard.facts == [TranscriptionFailed(TURN, 1, "the ears are away; try again")]


async def test_words_that_are_asked_for_twice_come_once_with_the_later_pause() -> None:
    async with heard_turn() as heard:
        heard.turn.anticipate()
        heard.turn.transcribe(1)
        await asyncio.sleep(LOOK_SECONDS / 2)
        heard.turn.transcribe(2)
        await asyncio.sleep(LOOK_SECONDS * 2)
        assert (heard.words, heard.stream.looks) == ([(2, "look 1")], 1)


@pytest.mark.parametrize("anticipated", [True, False], ids=["begun in advance", "asked for at the pause"])
async def test_a_turn_that_is_closed_before_its_words_are_there_gets_them_and_is_then_done_with(
    anticipated: bool,
) -> None:
    async with heard_turn() as heard:
        if anticipated:
            heard.turn.anticipate()
        heard.turn.transcribe(1)
        await asyncio.sleep(LOOK_SECONDS / 2)
        heard.turn.close()
        assert (heard.words, heard.told) == ([], [])
        await asyncio.sleep(LOOK_SECONDS * 2)
        assert (heard.words, heard.told) == ([(1, "look 1")], [TURN])


async def test_a_turn_that_is_closed_without_asking_for_its_words_gives_up_those_that_were_begun() -> None:
    async with heard_turn() as heard:
        heard.turn.anticipate()
        await asyncio.sleep(LOOK_SECONDS / 2)
        heard.turn.close()
        await asyncio.sleep(LOOK_SECONDS * 2)
        assert (heard.facts, heard.stream.given_up) == ([], 1)


async def test_a_doubting_detector_is_asked_again_after_a_longer_silence() -> None:
    async with heard_turn(sure=[0.2, 0.7]) as heard:
        heard.turn.assess(1)
        await asyncio.sleep(LONGER_SILENCE_SECONDS * 0.9)
        assert heard.assessed == [(1, 0.2)]
        await asyncio.sleep(LONGER_SILENCE_SECONDS * 0.2)
        assert heard.assessed == [(1, 0.2), (1, 0.7)]


async def test_a_detector_that_doubts_twice_is_asked_no_third_time() -> None:
    async with heard_turn(sure=[0.2, 0.3, 0.9]) as heard:
        heard.turn.assess(1)
        await asyncio.sleep(LONGER_SILENCE_SECONDS * 10)
        assert heard.assessed == [(1, 0.2), (1, 0.3)]


async def test_a_detector_that_is_sure_is_asked_once() -> None:
    async with heard_turn(sure=[0.5, 0.1]) as heard:
        heard.turn.assess(1)
        await asyncio.sleep(LONGER_SILENCE_SECONDS * 2)
        assert (heard.assessed, heard.detector.asked) == ([(1, 0.5)], 1)


@pytest.mark.parametrize(
    "happens",
    [
        pytest.param(TurnAudio.go_on, id="the caller goes on"),
        pytest.param(TurnAudio.close, id="the turn is over"),
        pytest.param(TurnAudio.end, id="the turn is thrown away"),
    ],
)
async def test_a_doubting_detector_is_not_asked_again_when(happens: Callable[[TurnAudio], None]) -> None:
    async with heard_turn(sure=[0.2, 0.7]) as heard:
        heard.turn.assess(1)
        await asyncio.sleep(LONGER_SILENCE_SECONDS / 2)
        happens(heard.turn)
        await asyncio.sleep(LONGER_SILENCE_SECONDS)
        assert (heard.assessed, heard.detector.asked) == ([(1, 0.2)], 1)
