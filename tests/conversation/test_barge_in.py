"""Stories of interruption: the caller's speech, and what the client says was played."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    MANUAL,
    SEMANTIC,
    VAD,
    Story,
    Waits,
    agent_says,
    at,
    caller_says,
    calls,
    falls_silent,
    item,
    pauses,
    played,
    queues,
    speaks,
    spoke,
    starts,
    story,
    told,
    when_due,
    words,
    writes,
    written,
)

from vivavoce.conversation.events import (
    AudioCommitRequested,
    ItemCreateRequested,
    ItemTruncateRequested,
    ResponseRequested,
    SessionConfigured,
)
from vivavoce.conversation.identifiers import CallId, EventId, ItemId
from vivavoce.conversation.items import FunctionCallOutput, Message, Part, PartKind, Role
from vivavoce.conversation.settings import Modality, ServerVad

POLITE = replace(VAD, turn_detection=ServerVad(interrupt_response=False))
QUIET = replace(VAD, turn_detection=ServerVad(create_response=False))
COUNTING = "One two three four."
"""Of 1900 ms in these stories: 100 ms a character."""

ANSWERED = caller_says(1, "Count!", since=1.0)
SPEAKING = (*ANSWERED, *agent_says(1, COUNTING, since=3.0, lasts_ms=1900))


def stops(number: int, kept: str) -> tuple[str, ...]:
    return (
        f"cancel reply {number}",
        f"reply {number} message 0 done: item 2 assistant output_audio {kept!r} incomplete after item 1",
        f"reply {number} ended (turn_detected): item 2",
    )


def opens(number: int, audio_start_ms: int, *what_it_stops: str) -> tuple[str, ...]:
    """The client is told first of the speech, so that its player falls silent at once."""
    return (
        f"speech started: item {number} at {audio_start_ms} ms",
        *what_it_stops,
        f"open turn item {number} from {audio_start_ms} ms",
    )


@told(
    story(
        "a barge-in stops the voice and keeps only the words that were heard",
        VAD,
        SPEAKING,
        at(4.0, played(1, 1000)),
        at(4.0, starts(4000), *opens(3, 3700, *stops(1, "One two"))),
    ),
    story(
        "the next prompt holds what was heard and not what was written",
        VAD,
        SPEAKING,
        at(4.0, played(1, 1000)),
        at(4.0, starts(4000), ...),
        at(5.1, pauses(5000, 5.0), ...),
        at(5.3, words(3, 1, "Stop!"), ...),
        when_due(
            5.5,
            "speech stopped: item 3 at 5000 ms",
            "close turn item 3",
            "committed: item 3 after item 2",
            "added: item 3 user input_audio ... after item 2",
            "transcript grew: item 3 'Stop!'",
            "transcript: item 3 'Stop!' of 1.0 s",
            "done: item 3 user input_audio 'Stop!' after item 2",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: Count! | assistant: One two — | user: Stop!",
        ),
    ),
    story(
        "a barge-in before the first audio leaves nothing that was said",
        VAD,
        ANSWERED,
        at(2.7, writes(1, COUNTING), ...),
        at(2.8, queues(1, COUNTING)),
        at(2.9, starts(2900), *opens(3, 2600, *stops(1, ""))),
        at(4.0, ResponseRequested(), "reply 2 created (audio, eve)", "start reply 2 (audio, eve): user: Count!"),
    ),
    story(
        "a barge-in before the first word leaves no message",
        VAD,
        ANSWERED,
        at(2.6, starts(2600), *opens(2, 2300, "cancel reply 1", "reply 1 ended (turn_detected): nothing")),
    ),
    story(
        "a barge-in on a reply that has not started has nothing to cancel",
        VAD,
        at(1.1, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        when_due(2.5, ...),
        at(2.6, ResponseRequested(), "reply 1 created (audio, eve)"),
        at(2.7, starts(2700), *opens(2, 2400, "reply 1 ended (turn_detected): nothing")),
        Waits(None),
    ),
    story(
        "speech after the agent has finished interrupts nothing",
        VAD,
        SPEAKING,
        at(4.9, falls_silent(1, 1900), ...),
        at(5.0, starts(5000), *opens(3, 4700)),
    ),
    story(
        "speech in silence interrupts nothing",
        VAD,
        at(1.0, starts(1000), *opens(1, 700)),
    ),
    story(
        "a barge-in between two sentences keeps the first whole",
        VAD,
        ANSWERED,
        at(3.0, writes(1, "Good day. Who is it?"), ...),
        at(3.0, speaks(1, "Good day.", 0), ...),
        at(3.9, spoke(1, 900)),
        at(3.9, speaks(1, "Who is it?", 900), ...),
        at(4.0, played(1, 900)),
        at(4.0, starts(4000), *opens(3, 3700, *stops(1, "Good day."))),
    ),
    story(
        "a barge-in into a sentence whose end is not made yet reckons with the usual pace",
        VAD,
        ANSWERED,
        at(3.0, writes(1, COUNTING), ...),
        at(3.0, speaks(1, COUNTING, 0), ...),
        at(3.5, played(1, 500)),  # at 62 ms a character: 'One two '
        at(3.5, starts(3500), *opens(3, 3200, *stops(1, "One two"))),
    ),
    story(
        "a semantic turn interrupts too",
        SEMANTIC,
        at(0.5, ResponseRequested(), ...),
        agent_says(1, COUNTING, since=1.0, lasts_ms=1900),
        at(2.0, played(1, 1000)),
        at(
            2.0,
            starts(2000),
            *opens(
                2,
                1700,
                "cancel reply 1",
                "reply 1 message 0 done: item 1 assistant output_audio 'One two' incomplete first",
                "reply 1 ended (turn_detected): item 1",
            ),
        ),
    ),
    story(
        "a written reply is interrupted like a spoken one and keeps what was told",
        replace(VAD, modality=Modality.TEXT),
        ANSWERED,
        at(2.7, writes(1, "One two"), ...),
        at(
            2.9,
            starts(2900),
            *opens(
                3,
                2600,
                "cancel reply 1",
                "reply 1 message 0 done: item 2 assistant output_text 'One two' incomplete after item 1",
                "reply 1 ended (turn_detected): item 2",
            ),
        ),
    ),
    story(
        "a session that does not answer by itself is still interrupted",
        QUIET,
        ANSWERED,
        at(2.6, ResponseRequested(), ...),
        agent_says(1, COUNTING, since=3.0, lasts_ms=1900),
        at(4.0, played(1, 1000)),
        at(4.0, starts(4000), *opens(3, 3700, *stops(1, "One two"))),
    ),
)
def test_barge_in(one: Story) -> None:
    one.play()


@told(
    story(
        "where the agent may not be interrupted it speaks on, and answers when it has finished",
        POLITE,
        SPEAKING,
        at(4.0, played(1, 1000)),
        at(4.0, starts(4000), *opens(3, 3700)),
        at(4.5, pauses(4400, 4.4), ...),
        at(4.6, words(3, 1, "Stop!")),
        at(4.7, spoke(1, 1900)),
        when_due(
            4.9,
            "speech stopped: item 3 at 4400 ms",
            "close turn item 3",
            "committed: item 3 after item 2",
            "added: item 3 user input_audio ... after item 2",
            "transcript grew: item 3 'Stop!'",
            "transcript: item 3 'Stop!' of 1.0 s",
            "done: item 3 user input_audio 'Stop!' after item 2",
        ),
        at(
            5.0,
            falls_silent(1, 1900),
            "reply 1 message 0 done: item 2 assistant output_audio 'One two three four.' after item 1",
            "reply 1 ended (completed): item 2",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: Count! | assistant: One two three four. | user: Stop!",
        ),
    ),
    story(
        "where the agent may not be interrupted and ends while the caller speaks, the caller finishes first",
        POLITE,
        SPEAKING,
        at(4.0, starts(4000), ...),
        at(4.5, pauses(4400, 4.4), ...),
        at(4.6, words(3, 1, "Stop!")),
        when_due(4.9, ...),
        at(4.95, starts(4950), *opens(4, 4650)),
        at(
            5.0,
            falls_silent(1, 1900),
            "reply 1 message 0 done: item 2 assistant output_audio 'One two three four.' after item 1",
            "reply 1 ended (completed): item 2",
        ),
        at(5.5, pauses(5400, 5.4), ...),
        at(
            5.6,
            words(4, 1, "Please!"),
            "warm: user: Count! | assistant: One two three four. | user: Stop! | user: Please!",
        ),
        when_due(
            5.9,
            "speech stopped: item 4 at 5400 ms",
            "close turn item 4",
            "committed: item 4 after item 3",
            "added: item 4 user input_audio ... after item 3",
            "transcript grew: item 4 'Please!'",
            "transcript: item 4 'Please!' of 1.0 s",
            "done: item 4 user input_audio 'Please!' after item 3",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: Count! | assistant: One two three four. | user: Stop! | user: Please!",
        ),
        at(6.0, falls_silent(2, 0), "reply 2 ended (completed): nothing"),
    ),
    story(
        "where the agent may not be interrupted and ends before the words are there, the answer waits for them",
        POLITE,
        SPEAKING,
        at(4.0, starts(4000), ...),
        at(4.5, pauses(4400, 4.4), ...),
        when_due(4.9, ...),
        at(
            5.0,
            falls_silent(1, 1900),
            "reply 1 message 0 done: item 2 assistant output_audio 'One two three four.' after item 1",
            "reply 1 ended (completed): item 2",
        ),
        at(
            5.1,
            words(3, 1, "Stop!"),
            "transcript grew: item 3 'Stop!'",
            "transcript: item 3 'Stop!' of 1.0 s",
            "done: item 3 user input_audio 'Stop!' after item 2",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: Count! | assistant: One two three four. | user: Stop!",
        ),
    ),
    story(
        "a session that learns to be interrupted is interrupted from the next speech on",
        POLITE,
        SPEAKING,
        at(3.5, SessionConfigured(VAD), ...),
        at(4.0, played(1, 1000)),
        at(4.0, starts(4000), *opens(3, 3700, *stops(1, "One two"))),
    ),
    story(
        "a barge-in on a reply that another waits for gives the floor to the caller, not to the waiting one",
        VAD,
        at(0.5, ResponseRequested(), ...),
        at(1.0, writes(1, COUNTING), ...),
        at(1.0, calls(1, "c1"), ...),
        at(1.0, written(1)),
        at(1.0, speaks(1, COUNTING), ...),
        at(1.1, ItemCreateRequested(FunctionCallOutput(ItemId("out1"), CallId("c1"), "sunny")), ...),
        at(1.2, ResponseRequested()),
        at(1.3, played(1, 250)),
        at(
            1.3,
            starts(1300),
            *opens(
                3,
                1000,
                "cancel reply 1",
                "reply 1 message 0 done: item 1 assistant output_audio 'One' incomplete first",
                "reply 1 ended (turn_detected): item 1, item 2",
            ),
        ),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.3, words(3, 1, "Wait."), ...),
        when_due(
            2.5,
            "speech stopped: item 3 at 2000 ms",
            "close turn item 3",
            "committed: item 3 after out1",
            "added: item 3 user input_audio ... after out1",
            "transcript grew: item 3 'Wait.'",
            "transcript: item 3 'Wait.' of 1.0 s",
            "done: item 3 user input_audio 'Wait.' after out1",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): "
            "assistant: One — | assistant: weather({}) as c1 | tool c1: sunny | user: Wait.",
        ),
        at(2.6, falls_silent(2, 0), "reply 2 ended (completed): nothing"),
    ),
    story(
        "a barge-in that was only a noise lets the waiting reply begin",
        VAD,
        at(0.5, ResponseRequested(), ...),
        at(1.0, calls(1, "c1"), ...),
        at(1.0, written(1)),
        at(1.1, ResponseRequested()),
        at(1.3, starts(1300), *opens(2, 1000, "cancel reply 1", "reply 1 ended (turn_detected): item 1")),
        at(2.1, pauses(2000, 2.0), ...),
        when_due(2.5, ...),
        at(
            2.6,
            words(2, 1, ""),
            "transcript: item 2 '' of 1.0 s",
            "done: item 2 user input_audio '' after item 1",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): assistant: weather({}) as c1",
        ),
    ),
)
def test_who_speaks_next(one: Story) -> None:
    one.play()


FINISHED = (*SPEAKING, at(4.9, falls_silent(1, 1900), ...))


@told(
    story(
        "a client that played less tells how much, and the message is cut to it",
        VAD,
        FINISHED,
        at(5.0, ItemTruncateRequested(item(2), 0, 1300), "truncated: item 2 at 1300 ms to 'One two three'"),
        at(
            5.1,
            ResponseRequested(),
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: Count! | assistant: One two three",
        ),
    ),
    story(
        "a client that played nothing leaves nothing that was said",
        VAD,
        FINISHED,
        at(5.0, ItemTruncateRequested(item(2), 0, 0), "truncated: item 2 at 0 ms to ''"),
        at(5.1, ResponseRequested(), "reply 2 created (audio, eve)", "start reply 2 (audio, eve): user: Count!"),
    ),
    story(
        "a client that claims more than there was has heard everything",
        VAD,
        FINISHED,
        at(5.0, ItemTruncateRequested(item(2), 0, 99_000), "truncated: item 2 at 1900 ms to 'One two three four.'"),
    ),
    story(
        "a message that a barge-in cut may be cut further by what the client really played",
        VAD,
        SPEAKING,
        at(4.0, played(1, 1000)),
        at(4.0, starts(4000), *opens(3, 3700, *stops(1, "One two"))),
        at(4.1, ItemTruncateRequested(item(2), 0, 400), "truncated: item 2 at 400 ms to 'One'"),
    ),
    story(
        "truncating the reply that is being spoken stops it where the client says",
        VAD,
        SPEAKING,
        at(4.0, played(1, 1000)),
        at(
            4.0,
            ItemTruncateRequested(item(2), 0, 400),
            "cancel reply 1",
            "reply 1 message 0 done: item 2 assistant output_audio 'One' incomplete after item 1",
            "reply 1 ended (client_cancelled): item 2",
            "truncated: item 2 at 400 ms to 'One'",
        ),
    ),
    story(
        "a reply that waits for the truncated one is asked with what the client played",
        VAD,
        at(0.5, ResponseRequested(), ...),
        at(1.0, writes(1, COUNTING), ...),
        at(1.0, calls(1, "c1"), ...),
        at(1.0, written(1)),
        at(1.0, speaks(1, COUNTING), ...),
        at(1.2, ResponseRequested()),
        at(1.5, played(1, 500)),
        at(
            1.5,
            ItemTruncateRequested(item(1), 0, 250),
            "cancel reply 1",
            "reply 1 message 0 done: item 1 assistant output_audio 'One' incomplete first",
            "reply 1 ended (client_cancelled): item 1, item 2",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): assistant: One — | assistant: weather({}) as c1",
            "truncated: item 1 at 250 ms to 'One'",
        ),
    ),
    story(
        "a negative position, another part, and items that carry no audio of the agent are refused",
        VAD,
        FINISHED,
        at(5.0, ItemTruncateRequested(item(2), 0, -1, EventId("e1")), "refused: invalid_value (audio_end_ms) for e1"),
        at(5.0, ItemTruncateRequested(item(2), 1, 100), "refused: invalid_value (content_index)"),
        at(
            5.0,
            ItemTruncateRequested(item(1), 0, 100, EventId("e2")),
            "refused: item_truncate_invalid_item_id (item_id) for e2",
        ),
        at(5.0, ItemTruncateRequested(item(9), 0, 100), "refused: item_truncate_invalid_item_id (item_id)"),
        at(
            5.1,
            ResponseRequested(),
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: Count! | assistant: One two three four.",
        ),
    ),
    story(
        "a refused truncation does not stop the reply",
        VAD,
        SPEAKING,
        at(4.0, ItemTruncateRequested(item(2), 1, 100), "refused: invalid_value (content_index)"),
        at(4.0, ItemTruncateRequested(item(2), 0, -5), "refused: invalid_value (audio_end_ms)"),
        at(
            4.9,
            falls_silent(1, 1900),
            "reply 1 message 0 done: item 2 assistant output_audio 'One two three four.' after item 1",
            "reply 1 ended (completed): item 2",
        ),
    ),
    story(
        "a written message has no audio to truncate",
        replace(MANUAL, modality=Modality.TEXT),
        at(1.0, ResponseRequested(), ...),
        at(1.1, writes(1, "Good day."), ...),
        at(1.2, written(1), ...),
        at(1.3, ItemTruncateRequested(item(1), 0, 100), "refused: item_truncate_invalid_item_id (item_id)"),
    ),
    story(
        "a message that the client wrote has no audio to truncate",
        MANUAL,
        at(
            1.0,
            ItemCreateRequested(Message(ItemId("m1"), Role.ASSISTANT, (Part(PartKind.OUTPUT_TEXT, "Good day."),))),
            ...,
        ),
        at(1.1, ItemTruncateRequested(ItemId("m1"), 0, 100), "refused: item_truncate_invalid_item_id (item_id)"),
    ),
    story(
        "a truncation while the caller's turn waits for its words changes the answer's prompt",
        MANUAL,
        at(0.5, ResponseRequested(), ...),
        agent_says(1, COUNTING, since=1.0, lasts_ms=1900),
        at(2.9, falls_silent(1, 1900), ...),
        at(3.0, AudioCommitRequested(1000), ...),
        at(3.1, ResponseRequested(), ...),
        at(3.2, ItemTruncateRequested(item(1), 0, 400), "truncated: item 1 at 400 ms to 'One'"),
        at(
            3.4,
            words(2, 1, "Stop!"),
            "transcript grew: item 2 'Stop!'",
            "transcript: item 2 'Stop!' of 1.0 s",
            "done: item 2 user input_audio 'Stop!' after item 1",
            "start reply 2 (audio, eve): assistant: One | user: Stop!",
        ),
    ),
)
def test_truncation_by_the_client(one: Story) -> None:
    one.play()
