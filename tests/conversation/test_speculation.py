"""Stories of answers that are begun behind a gate, at a pause that may be the end of the turn."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conversation_stories import (
    VAD,
    Step,
    Story,
    Waits,
    at,
    calls,
    fails,
    goes_on,
    interim,
    no_words,
    pauses,
    queues,
    speaks,
    starts,
    story,
    told,
    when_due,
    words,
    writes,
    written,
)

from vivavoce.conversation.ending import LAST_ANSWER
from vivavoce.conversation.events import (
    AudioClearRequested,
    AudioCommitRequested,
    CallEndRequested,
    ForceMessageRequested,
    ItemCreateRequested,
    ResponseCancelRequested,
    ResponseRequested,
    SessionConfigured,
)
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import Message, Part, PartKind, Role
from vivavoce.conversation.replies import ReplyOptions
from vivavoce.conversation.settings import Modality, ServerVad, Settings, Speculation
from vivavoce.conversation.speculating import normalised

EARLY = replace(VAD, speculation=Speculation())
LAST = f"system: {LAST_ANSWER.text}"
BEGUN = "start reply 1 (audio, eve, gated): user: Two please"

PAUSED = (at(1.0, starts(1000), ...), at(2.1, pauses(2000, 2.0), ...))
"""The caller may have finished; the fixed silence ends at 2.5."""

BEHIND = (*PAUSED, at(2.2, words(1, 1, "Two please"), BEGUN))
"""The words are there, and an answer to them is begun."""


def over(number: int, text: str, audio_end_ms: int = 2000, *, grown: bool = True) -> tuple[str, ...]:
    """What the client is told when a turn is over whose words are known."""
    return (
        f"speech stopped: item {number} at {audio_end_ms} ms",
        f"close turn item {number}",
        f"committed: item {number} first",
        f"added: item {number} user input_audio ... first",
        *([f"transcript grew: item {number} {text!r}"] if grown else []),
        f"transcript: item {number} {text!r} of 1.0 s",
        f"done: item {number} user input_audio {text!r} first",
    )


def goes_on_saying(text: str, *what_follows: str) -> tuple[Step, ...]:
    """The caller goes on after the first pause, and pauses again; the silence then ends at 3.5."""
    return (
        at(2.3, goes_on(2250)),
        at(3.1, pauses(3000, 3.0), "transcribe item 1 at pause 2"),
        at(3.2, words(1, 2, text), *what_follows),
    )


ADOPTED = (*over(1, "Two please"), "reply 1 created (audio, eve)", "open the gate of reply 1")


@told(
    story("an answer is begun as soon as the words of a pause are there, and nobody is told", EARLY, BEHIND),
    story(
        "an answer that was begun is taken as it stands when the turn ends in the same words",
        EARLY,
        BEHIND,
        when_due(2.5, *ADOPTED),
        at(
            2.6,
            writes(1, "Gladly."),
            "reply 1 message 0 added: item 2 assistant output_audio '' in_progress after item 1",
        ),
    ),
    story(
        "what has become of it so far is told in its order when the gate opens, and not before",
        EARLY,
        BEHIND,
        at(2.3, writes(1, "Gladly. ")),
        at(2.3, queues(1, "Gladly.")),
        at(2.4, calls(1, "c1")),
        at(2.4, written(1)),
        when_due(
            2.5,
            *ADOPTED,
            "reply 1 message 0 added: item 2 assistant output_audio '' in_progress after item 1",
            "reply 1 call 1: item 3 calls weather({}) as c1 after item 2",
        ),
    ),
    story(
        "a written answer may be complete when the gate opens",
        replace(EARLY, modality=Modality.TEXT),
        PAUSED,
        at(2.2, words(1, 1, "Two please"), "start reply 1 (text, eve, gated): user: Two please"),
        at(2.3, writes(1, "Gladly.")),
        at(2.3, written(1)),
        when_due(
            2.5,
            *over(1, "Two please"),
            "reply 1 created (text, eve)",
            "open the gate of reply 1",
            "reply 1 message 0 added: item 2 assistant output_text '' in_progress after item 1",
            "reply 1 message 0 grew: item 2 output_text 'Gladly.'",
            "reply 1 message 0 done: item 2 assistant output_text 'Gladly.' after item 1",
            "reply 1 ended (completed): item 2",
        ),
        Waits(None),
    ),
    story(
        "a caller who goes on without new words finds the answer under way",
        EARLY,
        BEHIND,
        goes_on_saying("Two, PLEASE."),
        when_due(3.5, *over(1, "Two, PLEASE.", 3000), "reply 1 created (audio, eve)", "open the gate of reply 1"),
    ),
    story(
        "an interim transcript of the same words leaves the answer alone",
        EARLY,
        BEHIND,
        at(2.3, goes_on(2250)),
        at(2.4, interim(1, "two please")),
    ),
    story(
        "a client that ends the turn while the caller goes on without new words gets the answer that was begun",
        EARLY,
        BEHIND,
        at(2.3, goes_on(2250)),
        at(2.4, AudioCommitRequested(), *over(1, "Two please")[:1], "transcribe item 1 at pause 2", ...),
        at(
            2.6,
            words(1, 2, "Two please."),
            "transcript grew: item 1 'Two please.'",
            "transcript: item 1 'Two please.' of 1.0 s",
            "done: item 1 user input_audio 'Two please.' first",
            "reply 1 created (audio, eve)",
            "open the gate of reply 1",
        ),
    ),
    story(
        "words that come only when the turn is over find nothing begun",
        EARLY,
        PAUSED,
        when_due(2.5, *over(1, "")[:4]),
        at(
            2.7,
            words(1, 1, "Two please"),
            *over(1, "Two please")[4:],
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): user: Two please",
        ),
    ),
    story(
        "nothing is begun for a sound without words",
        EARLY,
        PAUSED,
        at(2.2, words(1, 1, "")),
    ),
    story(
        "nothing is begun for words that break off; the model reads them ahead",
        EARLY,
        PAUSED,
        at(2.2, words(1, 1, "I would like two and"), "warm: user: I would like two and"),
    ),
    story(
        "without speculation the model only reads ahead",
        VAD,
        PAUSED,
        at(2.2, words(1, 1, "Two please"), "warm: user: Two please"),
    ),
    story(
        "nothing is begun in a session that does not answer by itself",
        replace(EARLY, turn_detection=ServerVad(create_response=False)),
        PAUSED,
        at(2.2, words(1, 1, "Two please")),
    ),
    story(
        "nothing is begun while the agent speaks on",
        replace(EARLY, turn_detection=ServerVad(interrupt_response=False)),
        at(0.5, ResponseRequested(), ...),
        at(0.9, speaks(1, "One two three."), ...),
        PAUSED[0],
        at(2.1, pauses(2000, 2.0), ...),
        at(2.2, words(2, 1, "Two please")),
    ),
)
def test_answers_behind_the_gate(one: Story) -> None:
    one.play()


MINE = Message(ItemId("mine"), Role.USER, (Part(PartKind.INPUT_TEXT, "I have a dog."),))


@told(
    story(
        "other words throw the answer away and begin another",
        EARLY,
        BEHIND,
        goes_on_saying(
            "Two please, and a coffee.",
            "cancel reply 1",
            "start reply 2 (audio, eve, gated): user: Two please, and a coffee.",
        ),
        at(3.25, writes(1, "Gladly.")),
        when_due(
            3.5,
            *over(1, "Two please, and a coffee.", 3000),
            "reply 2 created (audio, eve)",
            "open the gate of reply 2",
        ),
    ),
    story(
        "words that the caller adds throw the answer away as soon as an interim transcript has them",
        EARLY,
        BEHIND,
        at(2.3, goes_on(2250)),
        at(2.6, interim(1, "Two please and"), "cancel reply 1", "warm: user: Two please"),
        at(2.7, writes(1, "Gladly.")),
        at(2.8, interim(1, "Two please and a"), "transcript grew: item 1 'Two please and'", ...),
    ),
    story(
        "words that break off throw the answer away, and the model reads them ahead",
        EARLY,
        BEHIND,
        goes_on_saying("Two please and", "cancel reply 1", "warm: user: Two please and"),
    ),
    story(
        "a response that the client asks for takes the place of the answer that was begun",
        EARLY,
        BEHIND,
        at(
            2.3,
            ResponseRequested(ReplyOptions(instructions="Sing.")),
            "cancel reply 1",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): system: Sing.",
        ),
    ),
    story(
        "words that the client wants said take the place of the answer that was begun",
        EARLY,
        BEHIND,
        at(
            2.3,
            ForceMessageRequested("One moment."),
            "cancel reply 1",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): script 'One moment.'",
        ),
    ),
    story(
        "a response beside the conversation leaves the answer that was begun alone",
        EARLY,
        BEHIND,
        at(
            2.3,
            ResponseRequested(ReplyOptions(instructions="Sum up.", in_conversation=False)),
            "reply 2 created (audio, eve, beside)",
            "start reply 2 (audio, eve, beside): system: Sum up.",
        ),
        when_due(2.5, *ADOPTED),
    ),
    story(
        "an item that the client adds makes the answer that was begun worthless",
        EARLY,
        BEHIND,
        at(2.3, ItemCreateRequested(MINE), ...),
        when_due(
            2.5,
            *(line.replace("first", "after mine") for line in over(1, "Two please")),
            "cancel reply 1",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: I have a dog. | user: Two please",
        ),
    ),
    story(
        "settings that change make the answer that was begun worthless",
        EARLY,
        BEHIND,
        at(2.3, SessionConfigured(replace(EARLY, voice="rex")), ...),
        when_due(
            2.5,
            *over(1, "Two please"),
            "cancel reply 1",
            "reply 2 created (audio, rex)",
            "start reply 2 (audio, rex): user: Two please",
        ),
    ),
    story(
        "a session that stops answering by itself throws the answer away when the turn is over",
        EARLY,
        BEHIND,
        at(2.3, SessionConfigured(replace(EARLY, turn_detection=ServerVad(create_response=False))), ...),
        when_due(2.5, *over(1, "Two please"), "cancel reply 1"),
    ),
    story(
        "clearing the input throws the answer away",
        EARLY,
        BEHIND,
        at(2.3, AudioClearRequested(), "cancel reply 1", "clear the input", "input cleared"),
        at(2.4, writes(1, "Gladly.")),
        Waits(None),
    ),
    story(
        "the end of the call throws the answer away, and nobody hears that there was one",
        EARLY,
        BEHIND,
        at(2.3, CallEndRequested("expired"), "cancel reply 1", "call ended: expired", "end the call: expired"),
    ),
    story(
        "a session that only transcribes from now on throws the answer away",
        EARLY,
        BEHIND,
        at(
            2.3,
            SessionConfigured(replace(EARLY, only_transcribes=True)),
            ...,
        ),
        at(2.35, writes(1, "Gladly.")),
        when_due(2.5, *over(1, "Two please")),
    ),
    story(
        "a turn whose last words are lost throws the answer away",
        EARLY,
        BEHIND,
        at(2.3, goes_on(2250)),
        at(2.4, AudioCommitRequested(), ...),
        at(
            2.6,
            no_words(1, 2),
            "transcript failed: item 1 'out of memory'",
            "done: item 1 user input_audio ... first",
            "cancel reply 1",
        ),
    ),
    story(
        "an answer that cannot be given behind the gate fails without a word, and is begun anew when it is due",
        EARLY,
        BEHIND,
        at(2.3, writes(1, "Gl")),
        at(2.4, fails(1)),
        when_due(
            2.5,
            *over(1, "Two please"),
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: Two please",
        ),
    ),
    story(
        "an answer that was begun cannot be cancelled by a client that does not know of it",
        EARLY,
        BEHIND,
        at(2.3, ResponseCancelRequested(), "refused: response_cancel_not_active"),
        when_due(2.5, *ADOPTED),
    ),
    story(
        "an answer is begun only so often in one turn, and again in the next",
        replace(EARLY, speculation=Speculation(tries_per_turn=1)),
        BEHIND,
        goes_on_saying("Three please", "cancel reply 1", "warm: user: Three please"),
        when_due(
            3.5,
            *over(1, "Three please", 3000),
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: Three please",
        ),
        at(3.6, starts(3600), ...),
        at(4.1, pauses(4000, 4.0), ...),
        at(4.2, words(2, 1, "No"), "start reply 3 (audio, eve, gated): user: Three please | user: No"),
    ),
    story(
        "no answer is begun once too much was thrown away in this turn",
        replace(EARLY, speculation=Speculation(wasted_tokens_per_turn=5)),
        BEHIND,
        at(2.25, writes(1, "Two tickets it shall be.")),  # six tokens at four characters
        goes_on_saying("Three please", "cancel reply 1", "warm: user: Three please"),
    ),
    story(
        "what a failing answer had written counts as thrown away",
        replace(EARLY, speculation=Speculation(wasted_tokens_per_turn=5)),
        BEHIND,
        at(2.25, writes(1, "Two tickets it shall be.")),
        at(2.26, fails(1)),
        goes_on_saying("Three please", "warm: user: Three please"),
    ),
    story(
        "nothing is begun while the words of an earlier turn are still to come",
        EARLY,
        at(1.0, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        when_due(2.5, ...),
        at(2.6, starts(2600), ...),
        at(3.1, pauses(3000, 3.0), ...),
        at(3.2, words(2, 1, "Please."), "warm: user: Please."),
        at(3.3, words(1, 1, "Two."), *over(1, "Two.")[4:]),
        when_due(
            3.5,
            "speech stopped: item 2 at 3000 ms",
            "close turn item 2",
            "committed: item 2 after item 1",
            "added: item 2 user input_audio ... after item 1",
            "transcript grew: item 2 'Please.'",
            "transcript: item 2 'Please.' of 1.0 s",
            "done: item 2 user input_audio 'Please.' after item 1",
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): user: Two. | user: Please.",
        ),
    ),
    story(
        "the last answer of a call is begun as such",
        replace(EARLY, max_turns=1),
        PAUSED,
        at(2.2, words(1, 1, "Two please"), f"{BEGUN} | {LAST}"),
        when_due(2.5, *ADOPTED),
    ),
    story(
        "an answer that was begun as one of many and turns out to be the last is thrown away",
        EARLY,
        BEHIND,
        at(2.3, SessionConfigured(replace(EARLY, max_turns=1)), ...),
        when_due(
            2.5,
            *over(1, "Two please"),
            "cancel reply 1",
            "reply 2 created (audio, eve)",
            f"start reply 2 (audio, eve): user: Two please | {LAST}",
        ),
    ),
)
def test_what_becomes_of_an_answer_that_was_begun(one: Story) -> None:
    one.play()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("Two, PLEASE!", "two please", True, id="case and punctuation do not sound"),
        pytest.param("It’s fine", "it's  fine.", True, id="an apostrophe is an apostrophe"),
        pytest.param("uh-huh", "uh huh", True, id="a hyphen does not sound"),
        pytest.param("50 %", "50", False, id="a percent sign sounds"),
        pytest.param("$5", "5", False, id="a currency sounds"),
        pytest.param("2.5", "2, 5", False, id="a point within a number sounds"),
        pytest.param("की", "का", False, id="a vowel that is written as a mark sounds"),
        pytest.param("two", "too", False, id="other letters are other words"),
        pytest.param("won't", "wont", False, id="an apostrophe tells words apart"),
    ],
)
def test_words_that_sound_alike(one: str, other: str, same: bool) -> None:
    assert (normalised(one) == normalised(other)) is same


def test_settings_of_the_plain_protocol_begin_nothing_early() -> None:
    assert Settings().speculation is None
