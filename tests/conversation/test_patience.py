"""Tests of the small pure parts of waiting: patience by belief and eagerness, named deadlines, counted ids."""

from __future__ import annotations

import pytest
from effort import thorough
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation.deadlines import Deadline, Deadlines
from vivavoce.conversation.endpointing import Evidence, breaks_off, endpoint
from vivavoce.conversation.history import History
from vivavoce.conversation.identifiers import Identifiers, ReplyId
from vivavoce.conversation.interruptions import speech_interrupts
from vivavoce.conversation.replies import Reply, ReplyOptions
from vivavoce.conversation.settings import (
    Eagerness,
    Modality,
    SemanticTurnDetection,
    ServerVad,
    Settings,
    TurnDetection,
)

PROBABILITY = st.floats(0, 1)
MOST_EAGER_FIRST = [Eagerness.HIGH, Eagerness.AUTO, Eagerness.MEDIUM, Eagerness.LOW]
REPLY = Reply(ReplyId("r"), ReplyOptions(), Modality.AUDIO, "eve", None, History())


def patience_ms(detection: TurnDetection, probability: float | None, words: str | None = None) -> int:
    return endpoint(detection, Evidence(probability, words)).patience_ms


@pytest.mark.parametrize(
    ("eagerness", "probability", "expected_ms"),
    [
        pytest.param(Eagerness.AUTO, None, 1400, id="a detector that has not answered counts as unsure"),
        pytest.param(Eagerness.AUTO, 0.0, 1400, id="an unfinished sentence gets the longest patience"),
        pytest.param(Eagerness.AUTO, 0.15, 560, id="a perhaps begins at 0.15"),
        pytest.param(Eagerness.AUTO, 0.5, 200, id="certainty begins at 0.5"),
        pytest.param(Eagerness.AUTO, 1.0, 200, id="full certainty gets no less than certainty"),
        pytest.param(Eagerness.LOW, None, 3600, id="a reluctant agent waits for seconds"),
        pytest.param(Eagerness.HIGH, 0.9, 160, id="an eager agent answers at once"),
    ],
)
def test_patience_with_a_semantic_turn(eagerness: Eagerness, probability: float | None, expected_ms: int) -> None:
    assert patience_ms(SemanticTurnDetection(eagerness), probability) == expected_ms


@pytest.mark.parametrize(
    ("probability", "words", "expected_ms"),
    [
        pytest.param(0.02, "Hello.", 560, id="complete words shorten the wait of a doubting detector"),
        pytest.param(0.9, "Ten of.", 560, id="words that break off lengthen the wait of a sure detector"),
        pytest.param(0.1, "He might have.", 1400, id="words that break off and a doubting detector wait longest"),
        pytest.param(0.9, "Seven of clubs.", 200, id="complete words and a sure detector wait least"),
        pytest.param(None, "Hello.", 1400, id="words alone do not end a turn before the detector has answered"),
        pytest.param(0.5, "Seven of clubs.", 200, id="certainty begins at 0.5 with complete words too"),
        pytest.param(0.5, "Ten of.", 560, id="certainty begins at 0.5 with words that break off too"),
        pytest.param(0.1, "", 1400, id="no words leave it to the detector"),
    ],
)
def test_patience_with_words(probability: float | None, words: str, expected_ms: int) -> None:
    assert patience_ms(SemanticTurnDetection(), probability, words) == expected_ms


@pytest.mark.parametrize(
    ("words", "broken"),
    [
        pytest.param("I want to book a table for", True, id="a preposition is not the end"),
        pytest.param("Can you check the status of my?", True, id="a possessive is not the end, not even of a question"),
        pytest.param("I went there and", True, id="a conjunction is not the end"),
        pytest.param("Um", True, id="a filler is not the end"),
        pytest.param("I\u2019d", True, id="a pronoun with a curly apostrophe is not the end"),
        pytest.param("Who are you?", False, id="a question may end in a pronoun"),
        pytest.param("Where is it from?", False, id="a question may end in a preposition"),
        pytest.param("Yes, I am.", False, id="a short answer may end in a verb"),
        pytest.param("Thank you very much.", False, id="thanks are complete"),
        pytest.param("Order number 12345", False, id="a number may be complete"),
        pytest.param("... !", False, id="no words break nothing off"),
    ],
)
def test_words_that_break_off(words: str, broken: bool) -> None:
    assert breaks_off(words) == broken


@given(st.text())
def test_any_words_can_be_judged(words: str) -> None:
    assert breaks_off(words) in {True, False}


@thorough
@given(st.sampled_from(Eagerness), PROBABILITY, PROBABILITY)
def test_a_surer_detector_never_waits_longer(eagerness: Eagerness, one: float, other: float) -> None:
    detection = SemanticTurnDetection(eagerness)
    assert patience_ms(detection, max(one, other)) <= patience_ms(detection, min(one, other))
    assert patience_ms(detection, one) <= patience_ms(detection, None)


@thorough
@given(PROBABILITY | st.none())
def test_a_more_eager_agent_waits_less(probability: float | None) -> None:
    waits = [patience_ms(SemanticTurnDetection(eagerness), probability) for eagerness in MOST_EAGER_FIRST]
    assert waits == sorted(set(waits))


@thorough
@given(st.integers(0, 10_000), PROBABILITY | st.none())
def test_a_fixed_silence_does_not_ask_the_detector(silence_ms: int, probability: float | None) -> None:
    assert patience_ms(ServerVad(silence_duration_ms=silence_ms), probability) == silence_ms


@pytest.mark.parametrize(
    ("detection", "reply", "interrupts"),
    [
        pytest.param(ServerVad(), REPLY, True, id="speech interrupts a reply"),
        pytest.param(SemanticTurnDetection(), REPLY, True, id="speech of a semantic turn interrupts a reply"),
        pytest.param(ServerVad(), None, False, id="there is no reply to interrupt"),
        pytest.param(None, REPLY, False, id="where the client marks turns, only the client interrupts"),
        pytest.param(ServerVad(interrupt_response=False), REPLY, False, id="the session does not want interruptions"),
        pytest.param(
            SemanticTurnDetection(interrupt_response=False), REPLY, False, id="a semantic session does not want them"
        ),
    ],
)
def test_what_counts_as_barge_in(detection: TurnDetection | None, reply: Reply | None, *, interrupts: bool) -> None:
    assert speech_interrupts(Settings(turn_detection=detection), reply) is interrupts


@thorough
@given(st.lists(st.tuples(st.sampled_from(Deadline), st.floats(0, 100) | st.none())), st.floats(0, 100))
def test_deadlines_are_a_mapping_whose_earliest_is_next(
    changes: list[tuple[Deadline, float | None]], now: float
) -> None:
    deadlines, model = Deadlines(), dict[Deadline, float]()
    for deadline, at in changes:
        if at is None:
            deadlines.clear(deadline)
            model.pop(deadline, None)
        else:
            deadlines.set(deadline, at)
            model[deadline] = at
        assert deadlines.next == min(model.values(), default=None)
        assert {each for each in Deadline if deadlines.is_set(each)} == set(model)
    due = {deadline: at for deadline, at in model.items() if at <= now}
    taken = deadlines.take_due(now)
    assert set(taken) == set(due)
    assert [due[deadline] for deadline in taken] == sorted(due.values())
    assert deadlines.next == min((at for at in model.values() if at > now), default=None)


def test_a_deadline_is_due_at_its_very_moment_and_only_once() -> None:
    deadlines = Deadlines()
    deadlines.set(Deadline.TURN_END, 1.5)
    assert deadlines.take_due(1.25) == []
    assert deadlines.take_due(1.5) == [Deadline.TURN_END]
    assert deadlines.take_due(1.5) == []


@thorough
@given(st.text("abc_09", max_size=5), st.lists(st.booleans(), max_size=50))
def test_ids_are_counted_and_never_come_twice(prefix: str, draws: list[bool]) -> None:
    one, twin = Identifiers(prefix), Identifiers(prefix)
    names = [str(one.next_item() if is_item else one.next_reply()) for is_item in draws]
    assert len(set(names)) == len(names)
    assert names == [str(twin.next_item() if is_item else twin.next_reply()) for is_item in draws]
    assert all(prefix in name for name in names)


def test_ids_say_what_they_name() -> None:
    ids = Identifiers("x")
    assert (ids.next_item(), ids.next_reply(), ids.next_item()) == ("item_x00001", "resp_x00001", "item_x00002")
