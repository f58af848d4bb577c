"""How stories of sound over the agent's voice begin and end. Imported by the tests of the core."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    VAD,
    agent_says,
    at,
    caller_says,
    starts,
)

from vivavoce.conversation.events import (
    SpeechMeasured,
    SpeechSuspected,
    SuspicionCleared,
)
from vivavoce.conversation.settings import Interruption

CAREFUL = replace(VAD, interruption=Interruption.CONFIRMED)
COUNTING = "One two three four."
"""Of 1900 ms in these stories: 100 ms a character."""

SUSPECTED, CLEARED = SpeechSuspected(), SuspicionCleared()


def lasts(ms: int, level_db: float | None = None) -> SpeechMeasured:
    return SpeechMeasured(ms, level_db)


SPEAKING = (*caller_says(1, "Count!", since=1.0), *agent_says(1, COUNTING, since=3.0, lasts_ms=1900))
ASKING = (*caller_says(1, "Hello!", since=1.0), *agent_says(1, "Two tickets, is that right?", since=3.0, lasts_ms=2700))

TOUCHED = (
    *SPEAKING,
    at(3.8, SUSPECTED, "duck reply 1"),
    at(3.9, starts(3800), "open turn item 3 from 3500 ms"),
)
"""There is speech over the agent's, and nobody is told."""

HELD = (*TOUCHED, at(3.95, lasts(150), "hold reply 1"), at(4.0, lasts(300)))

DONE = "reply 1 message 0 done: item 2 assistant output_audio 'One two three four.' after item 1"


def stops(kept: str, number: int = 3) -> tuple[str, ...]:
    return (
        f"speech started: item {number} at 3500 ms",
        "cancel reply 1",
        f"reply 1 message 0 done: item 2 assistant output_audio {kept!r} incomplete after item 1",
        "reply 1 ended (turn_detected): item 2",
    )


def over(number: int, text: str, audio_end_ms: int, after: str) -> tuple[str, ...]:
    return (
        f"speech stopped: item {number} at {audio_end_ms} ms",
        f"close turn item {number}",
        f"committed: item {number} after {after}",
        f"added: item {number} user input_audio ... after {after}",
        f"transcript grew: item {number} {text!r}",
        f"transcript: item {number} {text!r} of 1.0 s",
        f"done: item {number} user input_audio {text!r} after {after}",
    )


def ignored(verdict: str, text: str, start_ms: int = 3500, end_ms: int = 4100) -> tuple[str, ...]:
    return (
        f"ignored as {verdict}: {text!r} from {start_ms} to {end_ms} ms",
        "discard turn item 3",
        "resume reply 1",
    )
