"""A small language for stories about the core: who does what at which second, and the orders that must follow.

A story is a name (a sentence), the session's settings and steps. `at(2.5, fact, "line", ...)` hands in a fact and
expects exactly these orders, written as `order_wording` writes them; without lines nothing may follow; `...` at their
end allows more. `when_due(2.5, ...)` says that the conversation asked to be woken at 2.5 and wakes it. Steps
before the point of a story come from `caller_says`, `agent_says` and their like, which expect nothing in particular.

A story that passes a deadline without waking the conversation is no story that the shell could tell, and fails.
Imported by the tests of the core.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import EllipsisType

import order_wording
import pytest

from vivavoce.conversation import events
from vivavoce.conversation.events import Event
from vivavoce.conversation.identifiers import CallId, ItemId, ReplyId
from vivavoce.conversation.machine import Conversation
from vivavoce.conversation.replies import Usage
from vivavoce.conversation.settings import SemanticTurnDetection, ServerVad, Settings

VAD = Settings(turn_detection=ServerVad(silence_duration_ms=500))
"""Most stories: a turn is over after half a second of silence."""

SEMANTIC = Settings(turn_detection=SemanticTurnDetection())
MANUAL = Settings(turn_detection=None)

Expected = str | EllipsisType


@dataclass(frozen=True)
class Step:
    """One fact and what must follow. `event` None: the conversation's own deadline has come."""

    now: float
    event: Event | None
    expected: tuple[Expected, ...]

    def __iter__(self) -> Iterator[Step]:
        """A step stands where steps are wanted."""
        yield self


@dataclass(frozen=True)
class Waits:
    """Between two steps: the conversation wants to be woken at `until`, or not at all."""

    until: float | None

    def __iter__(self) -> Iterator[Waits]:
        yield self


Steps = Sequence[Step | Waits] | Step | Waits


@dataclass(frozen=True)
class Story:
    """A sentence that is true of the core, and how that shows."""

    name: str
    settings: Settings
    steps: tuple[Step | Waits, ...]

    def play(self) -> None:
        conversation = Conversation(self.settings, "")
        for number, step in enumerate(self.steps, 1):
            due = conversation.next_deadline
            if isinstance(step, Waits):
                self._expect(due == (step.until if step.until is None else pytest.approx(step.until)), number, due)
                continue
            if step.event is not None:
                self._expect(due is None or due >= step.now - 1e-9, number, due)
                ordered = conversation.handle(step.event, step.now)
            else:
                self._expect(due is not None and due == pytest.approx(step.now), number, due)
                ordered = conversation.handle(events.DeadlineReached(), due if due is not None else step.now)
            self._compare(order_wording.lines(ordered), step, number)

    def _expect(self, fulfilled: bool, number: int, due: float | None) -> None:
        if not fulfilled:
            pytest.fail(f"step {number}, {self.steps[number - 1]}: the conversation waits until {due}", pytrace=False)

    def _compare(self, found: list[str], step: Step, number: int) -> None:
        expected = [line for line in step.expected if isinstance(line, str)]
        if found[: len(expected) if ... in step.expected else None] != expected:
            differing = "\n".join(difflib.ndiff(expected, found))
            pytest.fail(f"step {number}, {step.event}:\n{differing}", pytrace=False)


def story(name: str, settings: Settings, *steps: Steps) -> Story:
    """Steps one after another, given singly or as chapters of several."""
    return Story(name, settings, tuple(step for chapter in steps for step in chapter))


def told(*stories: Story) -> Callable[[Callable[[Story], None]], Callable[[Story], None]]:
    """The table of one test; its cases are called by their sentences."""
    names = [one.name for one in stories]
    assert len(set(names)) == len(names), "two stories of one name"
    table: Callable[[Callable[[Story], None]], Callable[[Story], None]] = pytest.mark.parametrize(
        "one", [pytest.param(one, id=one.name) for one in stories]
    )
    return table


def at(now: float, event: Event, *expected: Expected) -> Step:
    return Step(now, event, expected)


def when_due(now: float, *expected: Expected) -> Step:
    return Step(now, None, expected)


# --- names ----------------------------------------------------------------------------------------------------------


def item(number: int) -> ItemId:
    """The id of the `number`-th item that the conversation counted."""
    return ItemId(f"item_{number:05d}")


def reply(number: int) -> ReplyId:
    return ReplyId(f"resp_{number:05d}")


# --- facts in short -------------------------------------------------------------------------------------------------

JOINED = events.CallerJoined()


def starts(audio_start_ms: int) -> events.SpeechStarted:
    return events.SpeechStarted(audio_start_ms)


def pauses(audio_end_ms: int, spoken_until: float) -> events.SpeechPaused:
    return events.SpeechPaused(audio_end_ms, spoken_until)


def goes_on(audio_start_ms: int) -> events.SpeechResumed:
    return events.SpeechResumed(audio_start_ms)


def assessed(number: int, pause: int, probability: float) -> events.TurnAssessed:
    return events.TurnAssessed(item(number), pause, probability)


def interim(number: int, text: str) -> events.InterimTranscribed:
    return events.InterimTranscribed(item(number), text)


def fading(number: int, text: str) -> events.InterimTranscribed:
    """An interim transcript while the voice sinks: these may be all the words."""
    return events.InterimTranscribed(item(number), text, fading=True)


def words(number: int, pause: int, text: str, seconds: float = 1.0) -> events.TurnTranscribed:
    return events.TurnTranscribed(item(number), pause, text, seconds)


def no_words(number: int, pause: int, message: str = "out of memory") -> events.TranscriptionFailed:
    return events.TranscriptionFailed(item(number), pause, message)


def writes(number: int, text: str) -> events.ReplyTextGenerated:
    return events.ReplyTextGenerated(reply(number), text)


def calls(number: int, call: str, name: str = "weather", arguments: str = "{}") -> events.ReplyToolCalled:
    return events.ReplyToolCalled(reply(number), CallId(call), name, arguments)


def written(number: int, *, cut: bool = False, usage: Usage = Usage()) -> events.ReplyGenerated:  # noqa: B008
    return events.ReplyGenerated(reply(number), cut, usage)


def fails(number: int, message: str = "the model is gone") -> events.ReplyFailed:
    return events.ReplyFailed(reply(number), message)


def queues(number: int, text: str) -> events.PieceQueued:
    return events.PieceQueued(reply(number), text)


def speaks(number: int, text: str, start_ms: int = 0) -> events.PieceStarted:
    return events.PieceStarted(reply(number), text, start_ms)


def spoke(number: int, end_ms: int) -> events.PieceEnded:
    return events.PieceEnded(reply(number), end_ms)


def played(number: int, ms: int) -> events.PlaybackProgressed:
    return events.PlaybackProgressed(reply(number), ms)


def falls_silent(number: int, end_ms: int) -> events.ReplySpoken:
    return events.ReplySpoken(reply(number), end_ms)


# --- chapters -------------------------------------------------------------------------------------------------------


def caller_says(number: int, text: str, since: float) -> tuple[Step, ...]:
    """A turn of one second under `VAD`; it is over, and answered if it may be, at `since` + 1.5."""
    ms = round(since * 1000)
    return (
        at(since, starts(ms), ...),
        at(since + 1.1, pauses(ms + 1000, since + 1), ...),
        at(since + 1.3, words(number, 1, text), ...),
        when_due(since + 1.5, ...),
    )


def agent_says(number: int, text: str, since: float, *, start_ms: int = 0, lasts_ms: int = 1000) -> tuple[Step, ...]:
    """A reply of one piece, written at once; its audio is all made, so its end is known."""
    return (
        at(since, writes(number, text), ...),
        at(since, queues(number, text), ...),
        at(since, written(number), ...),
        at(since, speaks(number, text, start_ms), ...),
        at(since, spoke(number, start_ms + lasts_ms), ...),
    )
