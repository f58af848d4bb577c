"""Tests of what is told of a message besides what was heard of it: all that was written. No model sees it again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from conversation_stories import (
    JOINED,
    VAD,
    Step,
    agent_says,
    at,
    caller_says,
    fails,
    falls_silent,
    played,
    queues,
    speaks,
    spoke,
    starts,
    when_due,
    writes,
    written,
)

from vivavoce.conversation import events
from vivavoce.conversation.items import Message
from vivavoce.conversation.machine import Conversation
from vivavoce.conversation.notices import ReplyMessageDone
from vivavoce.conversation.orders import Order, StartReply, Tell
from vivavoce.conversation.settings import Fillers, Modality, Settings

LINE = "One two three four."
"""Of 1900 ms: 100 ms a character."""

REST = " Five six seven."
ASKED = (at(0.0, JOINED), *caller_says(1, "Count!", since=1.0))
SPEAKING = (*ASKED, *agent_says(1, LINE, since=3.0, lasts_ms=1900))
FILLING = replace(VAD, fillers=Fillers(late_reply_ms=700, reply_words=("Hmm.",)))
FILLED = (
    *ASKED,
    when_due(3.2),
    at(3.3, speaks(1, "Hmm.")),
    at(3.3, spoke(1, 400)),
    at(3.5, writes(1, LINE)),
    at(3.5, queues(1, LINE)),
    at(3.5, written(1)),
    at(3.7, speaks(1, LINE, 400)),
    at(3.7, spoke(1, 2300)),
)
TOO_LATE = (
    *ASKED,
    when_due(3.2),
    at(3.5, writes(1, "Hmm. One.")),
    at(3.5, queues(1, "Hmm.")),
    at(3.6, speaks(1, "Hmm.")),
    at(3.6, spoke(1, 400)),
)


@dataclass(frozen=True)
class Both:
    """A call, what the first reply's message holds at its end, and what is told besides."""

    sentence: str
    settings: Settings
    steps: tuple[Step, ...]
    heard: str
    generated: str


CALLS = (
    Both(
        "a reply that was heard whole was generated so",
        VAD,
        (*SPEAKING, at(5.0, falls_silent(1, 1900))),
        LINE,
        LINE,
    ),
    Both(
        "of a reply that the caller interrupts what was not heard is told too",
        VAD,
        (*SPEAKING, at(4.0, played(1, 1000)), at(4.0, starts(4000))),
        "One two",
        LINE,
    ),
    Both(
        "what was written and never handed to the voice was generated",
        VAD,
        (*SPEAKING[:-3], at(3.1, writes(1, REST)), *SPEAKING[-2:], at(4.0, played(1, 1000)), at(4.0, starts(4000))),
        "One two",
        LINE + REST,
    ),
    Both(
        "a reply of which nothing was heard was generated all the same",
        VAD,
        (*SPEAKING, at(3.1, starts(3100))),
        "",
        LINE,
    ),
    Both(
        "a reply that fails was generated as far as it came",
        VAD,
        (*SPEAKING, at(4.0, played(1, 1000)), at(4.0, fails(1))),
        "One two",
        LINE,
    ),
    Both(
        "a reply in writing is read as it was generated",
        replace(VAD, modality=Modality.TEXT),
        (*ASKED, at(3.0, writes(1, LINE)), at(3.1, starts(3100))),
        LINE,
        LINE,
    ),
    Both(
        "words for the wait are part of what was generated once they were heard",
        FILLING,
        (*FILLED, at(6.0, falls_silent(1, 2300))),
        f"Hmm. {LINE}",
        f"Hmm. {LINE}",
    ),
    Both(
        "words for the wait that come too late are not generated twice",
        FILLING,
        (*TOO_LATE, at(4.1, played(1, 400)), at(4.1, starts(4100))),
        "Hmm.",
        "Hmm. One.",
    ),
)


def _played(settings: Settings, steps: tuple[Step, ...]) -> list[Order]:
    conversation = Conversation(settings, "")
    ordered: list[Order] = []
    for step in steps:
        ordered += conversation.handle(step.event or events.DeadlineReached(), step.now)
    return ordered


@pytest.mark.parametrize("call", [pytest.param(call, id=call.sentence) for call in CALLS])
def test_what_was_heard_and_what_was_generated(call: Both) -> None:
    (done,) = [
        order.notice
        for order in _played(call.settings, call.steps)
        if isinstance(order, Tell) and isinstance(order.notice, ReplyMessageDone)
    ]
    assert isinstance(done.item, Message)
    assert (done.item.text, done.generated_text) == (call.heard, call.generated)


def test_the_model_sees_what_was_heard_and_nothing_of_the_rest() -> None:
    interrupted = (*SPEAKING, at(4.0, played(1, 1000)))
    ordered = _played(VAD, (*interrupted, *caller_says(3, "Stop!", since=4.0)))
    prompt = [order.prompt for order in ordered if isinstance(order, StartReply)][-1]
    assert "One two" in str(prompt)
    assert "three" not in str(prompt)


def test_what_was_generated_decides_nothing() -> None:
    ordered = _played(VAD, CALLS[0].steps)
    (told,) = [order for order in ordered if isinstance(order, Tell) and isinstance(order.notice, ReplyMessageDone)]
    assert isinstance(told.notice, ReplyMessageDone)
    assert replace(told.notice, generated_text="") == told.notice
