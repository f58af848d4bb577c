"""Tests of how long a pause may last: what the words say, what the detector says, and how this caller speaks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from effort import thorough
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation.endpointing import EndpointReason, Evidence, endpoint
from vivavoce.conversation.settings import Eagerness, SemanticTurnDetection, ServerVad

AUTO = SemanticTurnDetection()
PROBABILITY = st.floats(0, 1)
MOST_EAGER_FIRST = [Eagerness.HIGH, Eagerness.AUTO, Eagerness.MEDIUM, Eagerness.LOW]
ANY_EVIDENCE = st.builds(
    Evidence,
    probability=PROBABILITY | st.none(),
    words=st.text(alphabet="yes nouh my number is 0123 @ dot com, k. a t?…'-", max_size=40) | st.none(),
    agent_said=st.sampled_from(
        ["", "Is that right?", "What is your e-mail address?", "What is your number? Take your time."]
    ),
    pauses_ms=st.lists(st.integers(0, 3000), max_size=12).map(tuple),
    language=st.sampled_from([None, "en-GB", "de"]),
)


@pytest.mark.parametrize(
    ("evidence", "patience_ms", "reason"),
    [
        pytest.param(Evidence(), 1400, EndpointReason.UNASSESSED, id="nobody knows anything yet"),
        pytest.param(
            Evidence(None, "A table for two."), 1400, EndpointReason.UNASSESSED, id="words alone do not end it"
        ),
        pytest.param(
            Evidence(0.99),
            520,
            EndpointReason.UNTRANSCRIBED,
            id="the answer needs the words, so a sure detector waits for them",
        ),
        pytest.param(
            Evidence(0.1), 1400, EndpointReason.UNTRANSCRIBED, id="without words a doubting detector waits longest"
        ),
        pytest.param(Evidence(0.5, "A table for two."), 280, EndpointReason.SURE, id="certainty begins at 0.5"),
        pytest.param(Evidence(0.49, "A table for two."), 520, EndpointReason.PERHAPS, id="below it is a perhaps"),
        pytest.param(Evidence(0.15, "A table for two."), 520, EndpointReason.PERHAPS, id="a perhaps begins at 0.15"),
        pytest.param(
            Evidence(0.14, "A table for two."),
            700,
            EndpointReason.DOUBTFUL,
            id="words that could be whole shorten a doubt",
        ),
        pytest.param(
            Evidence(0.14, ""), 1400, EndpointReason.DOUBTFUL, id="a doubt about no words at all lasts longest"
        ),
        pytest.param(
            Evidence(0.9, ""), 280, EndpointReason.SURE, id="a sound without words is over when it sounds over"
        ),
        pytest.param(
            Evidence(0.95, "I need a table for."),
            700,
            EndpointReason.UNFINISHED_WORDS,
            id="words that break off outweigh a falling voice",
        ),
        pytest.param(
            Evidence(0.1, "I need a table for."),
            1400,
            EndpointReason.UNFINISHED_WORDS,
            id="words that break off and a doubt wait longest",
        ),
        pytest.param(
            Evidence(0.99, "Let me see."), 1400, EndpointReason.HESITATION, id="who says let me see is waited for"
        ),
        pytest.param(
            Evidence(0.02, "Hello."), 200, EndpointReason.CLOSED_PHRASE, id="a greeting never sounds finished"
        ),
        pytest.param(Evidence(None, "Goodbye."), 200, EndpointReason.CLOSED_PHRASE, id="a goodbye needs no detector"),
        pytest.param(
            Evidence(0.05, "Yes.", "Shall I book it?"),
            200,
            EndpointReason.SHORT_ANSWER,
            id="a yes is the whole answer to a question for it",
        ),
        pytest.param(
            Evidence(0.05, "Yes.", "What is your name?"),
            700,
            EndpointReason.DOUBTFUL,
            id="a yes to another question may only begin the answer",
        ),
        pytest.param(
            Evidence(0.99, "My number is 555."),
            1000,
            EndpointReason.DICTATION,
            id="a falling voice in mid-number is waited for",
        ),
        pytest.param(
            Evidence(0.4, "Can you check my order number 12345?"),
            520,
            EndpointReason.DICTATION,
            id="a question about a number may be over with it",
        ),
        pytest.param(
            Evidence(0.99, "Four four.", "What is your order number?"),
            1000,
            EndpointReason.DICTATION,
            id="digits are a part of the number that was asked for",
        ),
        pytest.param(
            Evidence(0.05, "My card ends in nine, three, one, seven."),
            280,
            EndpointReason.DICTATED,
            id="a number whose length is known is over with its last digit",
        ),
    ],
)
def test_what_a_pause_is_judged_by(evidence: Evidence, patience_ms: int, reason: EndpointReason) -> None:
    judged = endpoint(AUTO, evidence)
    assert (judged.patience_ms, judged.reason) == (patience_ms, reason)


@pytest.mark.parametrize(
    ("pauses_ms", "patience_ms"),
    [
        pytest.param((), 520, id="a caller who has not paused yet"),
        pytest.param((600, 600), 520, id="two pauses say nothing yet"),
        pytest.param((600, 600, 600), 750, id="a caller who pauses long gets a quarter more than the usual pause"),
        pytest.param((100, 200, 300, 150), 520, id="a brisk caller gets no less than anybody"),
        pytest.param((200, 200, 200, 2500), 520, id="one long pause is no habit"),
        pytest.param((2500, 2500, 2500), 832, id="nobody gets more than 1.6 times as much"),
    ],
)
def test_the_callers_own_pauses(pauses_ms: tuple[int, ...], patience_ms: int) -> None:
    assert endpoint(AUTO, Evidence(0.3, "A table for two.", pauses_ms=pauses_ms)).patience_ms == patience_ms


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(Evidence(0.9, "A table for two."), id="the detector is sure"),
        pytest.param(Evidence(0.9, "Hello."), id="the words are a greeting"),
        pytest.param(Evidence(0.9, "It is anna@example.org."), id="the address is complete"),
    ],
)
def test_a_slow_caller_is_answered_as_quickly_as_anybody_when(evidence: Evidence) -> None:
    slow = replace(evidence, pauses_ms=(1500,) * 12)
    assert endpoint(AUTO, slow) == endpoint(AUTO, evidence)


def test_words_of_other_languages_are_not_taken_for_english_ones() -> None:
    assert endpoint(AUTO, Evidence(0.9, "Ich komme an", language="de")).reason is EndpointReason.SURE
    assert endpoint(AUTO, Evidence(0.9, "Ich komme an", language="en-US")).reason is EndpointReason.UNFINISHED_WORDS


@pytest.mark.parametrize("words", ["0171 555-12", "anna@example"])
def test_numbers_and_addresses_are_heard_out_in_every_language(words: str) -> None:
    assert endpoint(AUTO, Evidence(0.9, words, language="fr")).reason is EndpointReason.DICTATION


@thorough
@given(st.sampled_from(Eagerness), ANY_EVIDENCE, PROBABILITY)
def test_a_surer_detector_never_waits_longer(eagerness: Eagerness, evidence: Evidence, surer: float) -> None:
    detection = SemanticTurnDetection(eagerness)
    doubting = replace(evidence, probability=min(surer, evidence.probability or 0.0))
    assert (
        endpoint(detection, replace(evidence, probability=surer)).patience_ms
        <= endpoint(detection, doubting).patience_ms
    )


@thorough
@given(ANY_EVIDENCE)
def test_a_more_eager_agent_waits_less(evidence: Evidence) -> None:
    unhurried = replace(evidence, pauses_ms=())
    waits = [endpoint(SemanticTurnDetection(eagerness), unhurried).patience_ms for eagerness in MOST_EAGER_FIRST]
    assert waits == sorted(set(waits))


@thorough
@given(st.integers(0, 10_000), ANY_EVIDENCE)
def test_a_fixed_silence_asks_nobody(silence_ms: int, evidence: Evidence) -> None:
    judged = endpoint(ServerVad(silence_duration_ms=silence_ms), evidence)
    assert (judged.patience_ms, judged.reason) == (silence_ms, EndpointReason.SILENCE)


@thorough
@given(st.sampled_from(Eagerness), ANY_EVIDENCE, st.integers(0, 4000), st.integers(0, 4000))
def test_an_agents_own_limits_hold_for_every_pause(
    eagerness: Eagerness, evidence: Evidence, one_ms: int, other_ms: int
) -> None:
    shortest_ms, longest_ms = sorted((one_ms, other_ms))
    limited = SemanticTurnDetection(eagerness, shortest_pause_ms=shortest_ms, longest_pause_ms=longest_ms)
    free = endpoint(SemanticTurnDetection(eagerness), evidence)
    judged = endpoint(limited, evidence)
    assert judged.patience_ms == min(max(free.patience_ms, shortest_ms), longest_ms)
    assert judged.reason is free.reason
