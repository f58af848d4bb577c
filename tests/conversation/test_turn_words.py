"""Tests of a turn by itself: its transitions, its pauses, and the words that may be told of it."""

from __future__ import annotations

import pytest
from effort import thorough
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.interim_words import InterimWords
from vivavoce.conversation.replies import TRANSITIONS as REPLY_TRANSITIONS
from vivavoce.conversation.replies import ReplyState, ReplyStep
from vivavoce.conversation.turns import TRANSITIONS, Pause, Turn, TurnFact, TurnMarks, TurnState

WORDS = st.lists(st.sampled_from(["a", "an", "and", "bee", "be", "cat"]), max_size=6).map(" ".join)


def turn() -> Turn:
    return Turn(ItemId("t"), 500)


@thorough
@given(st.lists(WORDS, max_size=8), WORDS | st.none())
def test_the_told_words_only_grow_and_are_words_that_were_agreed_on(interims: list[str], final: str | None) -> None:
    spoken, told = InterimWords(), ""
    for former, latter in zip(["", *interims], interims, strict=False):
        spoken.grow(latter)
        delta = spoken.tell_stable()
        told += delta
        if delta:
            count = len(told.split())
            assert told.split() == former.split()[:count] == latter.split()[:count]
        assert spoken.told == told
    if final is not None:
        delta = spoken.tell(final)
        assert told + delta == final if final.startswith(told) else delta == ""


@thorough
@given(WORDS.filter(bool))
def test_two_equal_interims_tell_everything(text: str) -> None:
    spoken = InterimWords()
    spoken.grow(text)
    assert spoken.tell_stable() == ""
    spoken.grow(text)
    assert spoken.tell_stable() == text
    assert spoken.tell(text) == ""


@thorough
@given(st.lists(st.sampled_from(TurnFact), max_size=8))
def test_a_turn_accepts_exactly_what_its_table_says(facts: list[TurnFact]) -> None:
    spoken = turn()
    for fact in facts:
        accepted = (spoken.state, fact) in TRANSITIONS
        assert spoken.accepts(fact) is accepted
        if not accepted:
            continue
        expected = TRANSITIONS[spoken.state, fact]
        match fact:
            case TurnFact.PAUSED:
                spoken.pause_at(1000, 1.0, 1.1)
            case TurnFact.RESUMED:
                spoken.resume()
            case TurnFact.ENDED:
                spoken.end(2.0)
            case TurnFact.TRANSCRIBED:
                spoken.transcribe(3.0)
        assert spoken.state is expected


@pytest.mark.parametrize(
    ("state", "left_by"),
    [
        pytest.param(TurnState.SPEAKING, {TurnFact.PAUSED, TurnFact.ENDED}, id="a speaking turn may pause or end"),
        pytest.param(TurnState.PAUSED, {TurnFact.RESUMED, TurnFact.ENDED}, id="a paused turn may go on or end"),
        pytest.param(TurnState.ENDED, {TurnFact.TRANSCRIBED}, id="an ended turn waits for its words"),
        pytest.param(TurnState.TRANSCRIBED, set(), id="a turn with its words is done"),
    ],
)
def test_the_table_of_turns(state: TurnState, left_by: set[TurnFact]) -> None:
    assert {fact for former, fact in TRANSITIONS if former is state} == left_by


@pytest.mark.parametrize(
    ("state", "left_by"),
    [
        pytest.param(ReplyState.QUEUED, {ReplyStep.START, ReplyStep.END}, id="a queued reply may start or end"),
        pytest.param(ReplyState.GENERATING, {ReplyStep.SPEAK, ReplyStep.END}, id="a reply may be spoken or end"),
        pytest.param(ReplyState.SPEAKING, {ReplyStep.END}, id="a reply that is spoken may end"),
        pytest.param(ReplyState.ENDED, set(), id="a reply ends once"),
    ],
)
def test_the_table_of_replies(state: ReplyState, left_by: set[ReplyStep]) -> None:
    assert {step for former, step in REPLY_TRANSITIONS if former is state} == left_by


def test_every_pause_has_a_number_and_what_was_believed_at_it_ends_with_it() -> None:
    spoken = turn()
    spoken.pause_at(1000, 1.0, 1.1)
    spoken.pause.probability = 0.9
    spoken.pause.transcribe("Good", 1.0, 1.2)
    assert (spoken.pause.number, spoken.audio_end_ms, spoken.spoken_until) == (1, 1000, 1.0)
    spoken.resume()
    assert spoken.pause == Pause(1)
    spoken.pause_at(2000, 2.0, 2.1)
    assert (spoken.pause.number, spoken.audio_end_ms, spoken.spoken_until) == (2, 2000, 2.0)


def test_a_turn_that_ends_while_paused_ends_at_that_pause() -> None:
    spoken = turn()
    spoken.pause_at(1000, 1.0, 1.1)
    spoken.end(1.5)
    assert spoken.pause.number == 1
    assert spoken.transcribe(1.75) == TurnMarks(1000, 1.0, 1.1, 1.5, "committed", 1.75)


def test_a_turn_that_ends_while_the_caller_speaks_ends_there() -> None:
    spoken = turn()
    spoken.end(1.5)
    assert spoken.pause.number == 1
    assert spoken.transcribe(1.75) == TurnMarks(500, 1.5, None, 1.5, "committed", 1.75)


def test_a_turn_that_went_on_after_a_pause_and_ends_in_speech_was_spoken_to_its_end() -> None:
    spoken = turn()
    spoken.pause_at(1000, 1.0, 1.1)
    spoken.resume()
    spoken.end(3.5)
    assert spoken.pause.number == 2
    assert spoken.transcribe(3.75) == TurnMarks(1000, 3.5, None, 3.5, "committed", 3.75)
