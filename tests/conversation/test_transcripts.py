"""Stories of a turn's words: final, interim, empty, failed, late, and of an item that is gone when they come."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    VAD,
    Story,
    Waits,
    at,
    goes_on,
    interim,
    item,
    no_words,
    pauses,
    starts,
    story,
    told,
    when_due,
    words,
)

from vivavoce.conversation.events import ItemCreateRequested, ItemDeleteRequested, ResponseRequested
from vivavoce.conversation.identifiers import CallId
from vivavoce.conversation.items import FunctionCallOutput, Message, Part, PartKind, Role
from vivavoce.conversation.settings import ServerVad

SILENT = replace(VAD, turn_detection=ServerVad(create_response=False))
PAUSED = (at(1.1, starts(1000), ...), at(2.1, pauses(2000, 2.0), ...))
OVER = (*PAUSED, when_due(2.5, ...))
ANSWERED = ("reply 1 created (audio, eve)", "start reply 1 (audio, eve): user: Good day.")


def heard(text: str) -> tuple[str, ...]:
    return (f"transcript: item 1 {text!r} of 1.0 s", f"done: item 1 user input_audio {text!r} first")


@told(
    story(
        "a turn without words gets no reply",
        VAD,
        OVER,
        at(2.6, words(1, 1, ""), *heard("")),
        Waits(None),
    ),
    story(
        "a turn without words leaves no trace in the prompt",
        VAD,
        OVER,
        at(2.6, words(1, 1, ""), ...),
        at(3.0, ResponseRequested(), "reply 1 created (audio, eve)", "start reply 1 (audio, eve): nothing"),
    ),
    story(
        "a session that does not want responses is told the words and no more",
        SILENT,
        OVER,
        at(2.6, words(1, 1, "Good day."), "transcript grew: item 1 'Good day.'", *heard("Good day.")),
        Waits(None),
        at(
            3.0,
            ResponseRequested(),
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): user: Good day.",
        ),
    ),
    story(
        "a turn whose transcription failed is told, is complete, and gets no reply",
        VAD,
        OVER,
        at(
            2.6,
            no_words(1, 1, "out of memory"),
            "transcript failed: item 1 'out of memory'",
            "done: item 1 user input_audio ... first",
        ),
        Waits(None),
        at(2.7, words(1, 1, "Good day.")),
    ),
    story(
        "the failure of an older pause is not the turn's",
        VAD,
        PAUSED,
        at(2.2, goes_on(2200)),
        at(2.3, no_words(1, 1)),
        at(3.1, pauses(3000, 3.0), "transcribe item 1 at pause 2"),
        when_due(3.5, ...),
        at(3.6, no_words(1, 1)),
        at(3.7, words(1, 2, "Good day."), "transcript grew: item 1 'Good day.'", *heard("Good day."), *ANSWERED),
    ),
    story(
        "a transcription that failed while the caller paused is tried again when the turn ends",
        VAD,
        PAUSED,
        at(2.2, no_words(1, 1)),
        when_due(
            2.5,
            "speech stopped: item 1 at 2000 ms",
            "transcribe item 1 at pause 1",
            "close turn item 1",
            "committed: item 1 first",
            "added: item 1 user input_audio ... first",
        ),
        at(2.7, words(1, 1, "Good day."), "transcript grew: item 1 'Good day.'", *heard("Good day."), *ANSWERED),
    ),
    story(
        "a transcription that failed at an older pause is not tried twice at a newer one",
        VAD,
        PAUSED,
        at(2.2, no_words(1, 1)),
        at(2.3, goes_on(2300)),
        at(3.1, pauses(3000, 3.0), "transcribe item 1 at pause 2"),
        when_due(
            3.5,
            "speech stopped: item 1 at 3000 ms",
            "close turn item 1",
            "committed: item 1 first",
            "added: item 1 user input_audio ... first",
        ),
    ),
    story(
        "words for a turn that never was are dropped",
        VAD,
        at(1.0, words(9, 1, "Good day.")),
        at(1.0, no_words(9, 1)),
        OVER,
        at(2.6, words(9, 1, "Good day.")),
        at(2.6, no_words(9, 1)),
        at(2.6, words(1, 2, "Good day.")),
        at(2.6, no_words(1, 2)),
    ),
)
def test_the_words_of_a_turn(one: Story) -> None:
    one.play()


@told(
    story(
        "interim words are told when two interims in a row agree on them",
        VAD,
        at(1.1, starts(1000), ...),
        at(1.5, interim(1, "I one"), "warm: user: I"),
        at(1.9, interim(1, "I want to"), "transcript grew: item 1 'I'", "warm: user: I want"),
        at(2.3, interim(1, "I want two tickets"), "transcript grew: item 1 ' want'", "warm: user: I want two"),
        at(2.7, interim(1, "I want two tickets"), "transcript grew: item 1 ' two tickets'"),
        at(2.8, interim(1, "I want two tickets")),
    ),
    story(
        "interim words that were told are never taken back",
        VAD,
        at(1.1, starts(1000), ...),
        at(1.5, interim(1, "I want"), "warm: user: I"),
        at(1.9, interim(1, "I want"), "transcript grew: item 1 'I want'"),
        at(2.3, interim(1, "He wants two"), "warm: user: He wants"),
        at(2.7, interim(1, "He wants two")),
        at(3.1, interim(1, "I want two"), "warm: user: I want"),
        at(3.5, interim(1, "I want two"), "transcript grew: item 1 ' two'"),
        at(3.9, interim(1, "")),
    ),
    story(
        "the final words add what the interims had not told",
        VAD,
        at(1.1, starts(1000), ...),
        at(1.5, interim(1, "Good")),
        at(1.9, interim(1, "Good day"), "transcript grew: item 1 'Good'", "warm: user: Good"),
        at(2.1, pauses(2000, 2.0), ...),
        when_due(2.5, ...),
        at(2.6, words(1, 1, "Good day."), "transcript grew: item 1 ' day.'", *heard("Good day."), *ANSWERED),
    ),
    story(
        "final words that differ from those told are told whole and only once",
        VAD,
        at(1.1, starts(1000), ...),
        at(1.5, interim(1, "Could")),
        at(1.9, interim(1, "Could day"), "transcript grew: item 1 'Could'", "warm: user: Could"),
        at(2.1, pauses(2000, 2.0), ...),
        when_due(2.5, ...),
        at(2.6, words(1, 1, "Good day."), *heard("Good day."), *ANSWERED),
    ),
    story(
        "interims go on through a pause and stop with the turn",
        VAD,
        at(1.1, starts(1000), ...),
        at(1.5, interim(1, "Good")),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.3, interim(1, "Good day"), "transcript grew: item 1 'Good'", "warm: user: Good"),
        when_due(2.5, ...),
        at(2.6, interim(1, "Good day")),
    ),
    story(
        "an interim of another turn is dropped",
        VAD,
        at(1.1, starts(1000), ...),
        at(1.5, interim(7, "Good")),
        at(1.6, interim(7, "Good")),
    ),
)
def test_interim_words(one: Story) -> None:
    one.play()


@told(
    story(
        "words that come for a deleted item are told, but the item stays away and is not answered",
        VAD,
        OVER,
        at(2.6, ItemDeleteRequested(item(1)), "deleted: item 1"),
        at(
            2.9,
            words(1, 1, "Good day."),
            "transcript grew: item 1 'Good day.'",
            "transcript: item 1 'Good day.' of 1.0 s",
        ),
        Waits(None),
        at(3.0, ResponseRequested(), "reply 1 created (audio, eve)", "start reply 1 (audio, eve): nothing"),
    ),
    story(
        "a failure that comes for a deleted item is told",
        VAD,
        OVER,
        at(2.6, ItemDeleteRequested(item(1)), ...),
        at(2.9, no_words(1, 1), "transcript failed: item 1 'out of memory'"),
    ),
    story(
        "words that come for a deleted item do not change a message that took its id",
        VAD,
        OVER,
        at(2.6, ItemDeleteRequested(item(1)), ...),
        at(2.7, ItemCreateRequested(Message(item(1), Role.USER, (Part(PartKind.INPUT_TEXT, "Hi"),))), ...),
        at(
            2.9,
            words(1, 1, "Good day."),
            "transcript grew: item 1 'Good day.'",
            "transcript: item 1 'Good day.' of 1.0 s",
        ),
        at(3.0, ResponseRequested(), "reply 1 created (audio, eve)", "start reply 1 (audio, eve): user: Hi"),
    ),
    story(
        "words that come for a deleted item do not change a tool's answer that took its id",
        VAD,
        OVER,
        at(2.6, ItemDeleteRequested(item(1)), ...),
        at(2.7, ItemCreateRequested(FunctionCallOutput(item(1), CallId("c1"), "sunny")), ...),
        at(
            2.9,
            words(1, 1, "Good day."),
            "transcript grew: item 1 'Good day.'",
            "transcript: item 1 'Good day.' of 1.0 s",
        ),
    ),
)
def test_words_for_an_item_that_is_gone(one: Story) -> None:
    one.play()
