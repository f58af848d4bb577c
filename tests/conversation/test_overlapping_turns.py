"""Stories of turns in quick succession: words that come late, out of order, or while the next turn is spoken."""

from __future__ import annotations

from conversation_stories import (
    MANUAL,
    VAD,
    Story,
    Waits,
    at,
    falls_silent,
    no_words,
    pauses,
    speaks,
    starts,
    story,
    told,
    when_due,
    words,
)

from vivavoce.conversation.events import AudioClearRequested, AudioCommitRequested, ResponseRequested

FIRST_OVER = (at(1.1, starts(1000), ...), at(2.1, pauses(2000, 2.0), ...), when_due(2.5, ...))
SECOND_OPEN = (*FIRST_OVER, at(2.6, starts(2600), ...))
SECOND_OVER = (*SECOND_OPEN, at(3.6, pauses(3500, 3.5), ...), when_due(4.0, ...))


def heard(number: int, text: str, place: str) -> tuple[str, ...]:
    return (
        f"transcript grew: item {number} {text!r}",
        f"transcript: item {number} {text!r} of 1.0 s",
        f"done: item {number} user input_audio {text!r} {place}",
    )


FIRST_HEARD = heard(1, "One coffee.", "first")
SECOND_HEARD = heard(2, "And cake.", "after item 1")
BOTH = "start reply 1 (audio, eve): user: One coffee. | user: And cake."


@told(
    story(
        "words that come while the next turn is spoken are answered together with that turn",
        VAD,
        SECOND_OPEN,
        at(2.8, words(1, 1, "One coffee."), *FIRST_HEARD),
        Waits(None),
        at(3.6, pauses(3500, 3.5), ...),
        at(3.8, words(2, 1, "And cake."), "warm: user: One coffee. | user: And cake."),
        when_due(
            4.0,
            "speech stopped: item 2 at 3500 ms",
            "close turn item 2",
            "committed: item 2 after item 1",
            "added: item 2 user input_audio ... after item 1",
            *SECOND_HEARD,
            "reply 1 created (audio, eve)",
            BOTH,
        ),
        at(6.0, falls_silent(1, 0), "reply 1 ended (completed): nothing"),
    ),
    story(
        "words that come when the next turn is over too are answered together with it, once",
        VAD,
        SECOND_OVER,
        at(4.2, words(1, 1, "One coffee."), *FIRST_HEARD, "reply 1 created (audio, eve)"),
        Waits(19.2),
        at(4.4, words(2, 1, "And cake."), *SECOND_HEARD, BOTH),
        Waits(None),
        at(
            5.0,
            speaks(1, "Gladly."),
            "reply 1 message 0 added: item 3 assistant output_audio '' in_progress after item 2",
            "reply 1 timed from the end of item 2: 500, 900, -, -, 1500 ms",
            "reply 1 message 0 grew: item 3 output_audio 'Gladly.'",
        ),
        at(
            6.0,
            falls_silent(1, 1000),
            "reply 1 message 0 done: item 3 assistant output_audio 'Gladly.' after item 2",
            "reply 1 ended (completed): item 3",
        ),
    ),
    story(
        "words that come in the wrong order are put in the right one",
        VAD,
        SECOND_OVER,
        at(4.2, words(2, 1, "And cake."), *SECOND_HEARD, "reply 1 created (audio, eve)"),
        at(4.4, words(1, 1, "One coffee."), *FIRST_HEARD, BOTH),
        at(
            5.0,
            speaks(1, "Gladly."),
            "reply 1 message 0 added: item 3 assistant output_audio '' in_progress after item 2",
            "reply 1 timed from the end of item 2: 500, 700, -, -, 1500 ms",
            "reply 1 message 0 grew: item 3 output_audio 'Gladly.'",
        ),
        at(
            6.0,
            falls_silent(1, 1000),
            "reply 1 message 0 done: item 3 assistant output_audio 'Gladly.' after item 2",
            "reply 1 ended (completed): item 3",
        ),
    ),
    story(
        "a noise after a turn lets its answer begin when it has turned out to be none",
        VAD,
        SECOND_OPEN,
        at(2.8, words(1, 1, "One coffee."), *FIRST_HEARD),
        at(3.6, pauses(3500, 3.5), ...),
        when_due(4.0, ...),
        at(
            4.2,
            words(2, 1, ""),
            "transcript: item 2 '' of 1.0 s",
            "done: item 2 user input_audio '' after item 1",
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): user: One coffee.",
        ),
    ),
    story(
        "a turn whose words are lost lets the answer to the one before begin",
        VAD,
        SECOND_OPEN,
        at(2.8, words(1, 1, "One coffee."), *FIRST_HEARD),
        at(3.6, pauses(3500, 3.5), ...),
        when_due(4.0, ...),
        at(
            4.2,
            no_words(2, 1),
            "transcript failed: item 2 'out of memory'",
            "done: item 2 user input_audio ... after item 1",
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): user: One coffee.",
        ),
    ),
    story(
        "a turn that is thrown away lets the answer to the one before begin",
        VAD,
        SECOND_OPEN,
        at(2.8, words(1, 1, "One coffee."), *FIRST_HEARD),
        at(
            3.0,
            AudioClearRequested(),
            "clear the input",
            "input cleared",
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): user: One coffee.",
        ),
    ),
    story(
        "words that are lost while the next turn is spoken change nothing for it",
        VAD,
        SECOND_OPEN,
        at(2.8, no_words(1, 1), ...),
        Waits(None),
        at(3.6, pauses(3500, 3.5), ...),
        when_due(4.0, ...),
        at(
            4.2,
            words(2, 1, "And cake."),
            *SECOND_HEARD,
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): user: And cake.",
        ),
    ),
    story(
        "a response that the client asked for before the words came is the turn's only answer",
        VAD,
        FIRST_OVER,
        at(2.6, ResponseRequested(), "reply 1 created (audio, eve)"),
        at(2.8, words(1, 1, "One coffee."), *FIRST_HEARD, "start reply 1 (audio, eve): user: One coffee."),
        at(
            3.0,
            speaks(1, "Gladly."),
            "reply 1 message 0 added: item 2 assistant output_audio '' in_progress after item 1",
            "reply 1 timed from the end of item 1: 500, 800, -, -, 1000 ms",
            "reply 1 message 0 grew: item 2 output_audio 'Gladly.'",
        ),
        at(
            4.0,
            falls_silent(1, 1000),
            "reply 1 message 0 done: item 2 assistant output_audio 'Gladly.' after item 1",
            "reply 1 ended (completed): item 2",
        ),
    ),
    story(
        "a response that the client asks for while an answer waits for the floor takes its place",
        VAD,
        SECOND_OPEN,
        at(2.8, words(1, 1, "One coffee."), *FIRST_HEARD),
        at(
            3.0,
            ResponseRequested(),
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): user: One coffee.",
        ),
        at(3.1, AudioClearRequested(), "clear the input", "input cleared"),
        at(4.0, falls_silent(1, 0), "reply 1 ended (completed): nothing"),
    ),
    story(
        "words that come after the answer started without them are answered when it has ended",
        VAD,
        FIRST_OVER,
        at(2.6, ResponseRequested(), ...),
        when_due(17.6, "start reply 1 (audio, eve): nothing"),
        at(18.0, words(1, 1, "One coffee."), *FIRST_HEARD),
        at(
            19.0,
            falls_silent(1, 0),
            "reply 1 ended (completed): nothing",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: One coffee.",
        ),
    ),
    story(
        "a reply that ended while it waited leaves the next one its own time to wait",
        MANUAL,
        at(1.0, AudioCommitRequested(500), ...),
        at(1.1, ResponseRequested(), ...),
        Waits(16.1),
        at(2.0, AudioCommitRequested(500), ...),
        Waits(16.1),
        at(2.2, words(1, 1, "One coffee."), *FIRST_HEARD),
        Waits(16.1),
        at(2.4, words(2, 1, "And cake."), *SECOND_HEARD, BOTH),
        Waits(None),
    ),
)
def test_turns_in_quick_succession(one: Story) -> None:
    one.play()
