"""The waterfall of a turn: what is told of its stages, and that it is true."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conversation_stories import (
    VAD,
    Step,
    Steps,
    agent_says,
    assessed,
    at,
    falls_silent,
    goes_on,
    interim,
    item,
    no_words,
    pauses,
    played,
    queues,
    reply,
    speaks,
    starts,
    when_due,
    words,
    writes,
)

from vivavoce.conversation.endpointing import Evidence, endpoint
from vivavoce.conversation.events import (
    AudioCommitRequested,
    DeadlineReached,
    PlaybackAcknowledged,
    ReplyFailed,
    VoiceBegan,
)
from vivavoce.conversation.machine import Conversation
from vivavoce.conversation.notices import TurnTimed
from vivavoce.conversation.orders import Tell
from vivavoce.conversation.settings import Interruption, SemanticTurnDetection, Settings, Speculation

EARLY = replace(VAD, speculation=Speculation())

CALLER = (at(1.0, starts(1000)), at(2.1, pauses(2000, 2.0)), at(2.3, words(1, 1, "Count!")), when_due(2.5))
AGENT = (
    at(2.6, writes(1, "One two")),
    at(2.7, queues(1, "One two")),
    at(2.8, VoiceBegan(reply(1))),
    at(2.9, speaks(1, "One two")),
)
PLAIN = TurnTimed(reply(1), item(1), 2000, 100, 500, "silence", 300, 600, 700, 800, 900)


def told(settings: Settings, *chapters: Steps) -> list[TurnTimed]:
    """Every waterfall that is told."""
    conversation = Conversation(settings, "")
    found: list[TurnTimed] = []
    for step in (step for chapter in chapters for step in chapter):
        assert isinstance(step, Step)
        due = conversation.next_deadline
        if step.event is not None:
            ordered = conversation.handle(step.event, step.now)
        else:
            assert due == pytest.approx(step.now)
            ordered = conversation.handle(DeadlineReached(), step.now if due is None else due)
        found += [order.notice for order in ordered if isinstance(order, Tell) and isinstance(order.notice, TurnTimed)]
    return found


def test_a_turn_is_timed_when_its_answer_is_first_heard_and_again_when_the_answer_ends() -> None:
    first, last = told(VAD, CALLER, AGENT, at(4.0, falls_silent(1, 700)))
    assert first == PLAIN
    assert last == replace(PLAIN, heard_ms=700, complete=True)


def test_what_the_client_says_it_has_played_is_told_at_the_end_by_its_first_sound() -> None:
    _, last = told(
        VAD,
        CALLER,
        AGENT,
        at(2.95, PlaybackAcknowledged(reply(1), 0)),
        at(3.0, PlaybackAcknowledged(reply(1), 40)),
        at(3.2, PlaybackAcknowledged(reply(1), 240)),
        at(4.0, falls_silent(1, 700)),
    )
    assert (last.first_played_ms, last.heard_ms) == (1000, 700)


def test_an_interrupted_answer_tells_when_and_how_much_of_it_was_heard() -> None:
    _, last = told(VAD, CALLER, AGENT, at(3.2, played(1, 300)), at(3.2, starts(3100)))
    assert last == replace(PLAIN, interrupted_ms=1200, heard_ms=300, complete=True)


def test_an_answer_that_was_confirmed_as_interrupted_was_interrupted_then() -> None:
    careful = replace(VAD, interruption=Interruption.CONFIRMED)
    _, last = told(careful, CALLER, AGENT, at(3.2, starts(3100)), at(3.5, played(1, 200)), at(3.5, interim(3, "stop")))
    assert (last.interrupted_ms, last.heard_ms) == (1500, 200)


def test_an_answer_that_fails_before_its_first_sound_is_timed_once() -> None:
    (only,) = told(VAD, CALLER, AGENT[:1], at(2.7, ReplyFailed(reply(1), "gone")))
    assert only == TurnTimed(
        reply(1), item(1), 2000, 100, 500, "silence", 300, 600, None, None, None, heard_ms=0, complete=True
    )


def test_an_answer_begun_behind_the_gate_has_its_true_times() -> None:
    first, last = told(
        EARLY,
        CALLER[:2],
        at(2.2, words(1, 1, "Count!")),
        at(2.3, writes(1, "One two")),
        at(2.35, queues(1, "One two")),
        at(2.4, VoiceBegan(reply(1))),
        when_due(2.5),
        at(2.51, speaks(1, "One two")),
        at(4.0, falls_silent(1, 700)),
    )
    assert first == TurnTimed(reply(1), item(1), 2000, 100, 500, "silence", 200, 300, 350, 400, 510, speculated=True)
    assert last == replace(first, heard_ms=700, complete=True)


def test_what_was_thrown_away_is_told_with_the_turn_it_was_generated_for() -> None:
    first, _, second = told(
        EARLY,
        CALLER[:2],
        at(2.2, words(1, 1, "Count!")),
        at(2.3, writes(1, "One two three four")),  # 18 characters: four tokens, halves to even
        at(2.35, goes_on(2350)),
        at(2.6, pauses(2550, 2.55)),
        at(2.7, words(1, 2, "Count to two!")),
        when_due(3.05),
        at(3.1, speaks(2, "One two")),
        at(4.0, falls_silent(2, 700)),
        at(5.0, starts(5000)),
        at(6.1, pauses(6000, 6.0)),
        when_due(6.5),
        at(6.6, words(3, 1, "Again!")),
        at(6.9, speaks(4, "One two")),
    )
    assert (first.reply_id, first.speculated, first.wasted_tokens) == (reply(2), True, 4)
    assert (second.reply_id, second.speculated, second.wasted_tokens) == (reply(4), False, 0)


def test_what_a_failing_answer_had_written_counts_as_thrown_away() -> None:
    (first,) = told(
        EARLY,
        CALLER[:2],
        at(2.2, words(1, 1, "Count!")),
        at(2.3, writes(1, "One two three four")),
        at(2.4, ReplyFailed(reply(1), "gone")),
        when_due(2.5),
        at(2.9, speaks(2, "One two")),
    )
    assert (first.speculated, first.wasted_tokens) == (False, 4)


@pytest.mark.parametrize("probability", [pytest.param(0.9, id="sure"), pytest.param(0.05, id="doubting")])
def test_the_reason_why_a_turn_was_judged_over_is_told(probability: float) -> None:
    judged = endpoint(SemanticTurnDetection(), Evidence(probability, "Count to ten."))
    (first,) = told(
        Settings(turn_detection=SemanticTurnDetection()),
        at(1.0, starts(1000)),
        at(2.1, pauses(2000, 2.0)),
        at(2.12, assessed(1, 1, probability)),
        at(2.15, words(1, 1, "Count to ten.")),
        when_due(2.0 + judged.patience_ms / 1000),
        at(9.0, speaks(1, "One two")),
    )
    assert (first.endpoint_reason, first.endpoint_ms) == (judged.reason, judged.patience_ms)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param((at(2.1, pauses(2000, 2.0)),), id="at a pause"),
        pytest.param((at(2.1, pauses(2000, 2.0)), at(2.2, goes_on(2150))), id="while the caller goes on after a pause"),
        pytest.param((at(2.1, no_words(1, 9)),), id="while the caller speaks"),
    ],
)
def test_a_turn_that_the_client_ends_was_judged_over_by_nobody(before: Steps) -> None:
    pause = 2 if len(tuple(before)) == 2 else 1
    (first,) = told(
        VAD,
        at(1.0, starts(1000)),
        before,
        at(2.3, AudioCommitRequested()),
        at(2.4, words(1, pause, "Count!")),
        at(2.9, speaks(1, "One two")),
    )
    assert first.endpoint_reason == "committed"
    assert first.endpoint_ms == (300 if pause == 1 and first.soft_end_ms is not None else 0)


def test_a_reply_that_answers_no_turn_is_not_timed() -> None:
    greeting = replace(VAD, greeting="Hello!")
    assert told(greeting, agent_says(1, "Hello!", since=1.0), at(2.0, falls_silent(1, 700))) == []
