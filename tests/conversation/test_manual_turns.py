"""Stories of sessions without turn detection: the client commits what was said and asks for the reply."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    MANUAL,
    Story,
    Waits,
    agent_says,
    at,
    falls_silent,
    goes_on,
    no_words,
    pauses,
    starts,
    story,
    told,
    when_due,
    words,
)

from vivavoce.conversation.events import (
    AudioClearRequested,
    AudioCommitRequested,
    ItemCreateRequested,
    ResponseRequested,
)
from vivavoce.conversation.identifiers import EventId, ItemId
from vivavoce.conversation.items import Message, Part, PartKind, Role
from vivavoce.conversation.replies import ReplyOptions
from vivavoce.conversation.settings import Modality

COMMITTED = (
    "take the buffer as item 1",
    "transcribe item 1 at pause 1",
    "close turn item 1",
    "committed: item 1 first",
    "added: item 1 user input_audio ... first",
)
HEARD = (
    "transcript grew: item 1 'Good day.'",
    "transcript: item 1 'Good day.' of 1.0 s",
    "done: item 1 user input_audio 'Good day.' first",
)
TYPED = Message(ItemId(""), Role.USER, (Part(PartKind.INPUT_TEXT, "Good day."),))
ITEM_ADDED = "added: item 1 user input_text 'Good day.' first"
ITEM_DONE = "done: item 1 user input_text 'Good day.' first"


@told(
    story(
        "speech begins and ends nothing",
        MANUAL,
        at(1.1, starts(1000)),
        at(2.1, pauses(2000, 2.0)),
        at(2.2, goes_on(2200)),
        Waits(None),
    ),
    story(
        "a commit takes the buffer as the caller's turn and asks for its words",
        MANUAL,
        at(2.0, AudioCommitRequested(1000), *COMMITTED),
        Waits(None),
        at(2.4, words(1, 1, "Good day."), *HEARD),
        Waits(None),
    ),
    story(
        "a commit of less than a tenth of a second is refused",
        MANUAL,
        at(2.0, AudioCommitRequested(99, EventId("e1")), "refused: input_audio_buffer_commit_empty for e1"),
        at(2.0, AudioCommitRequested(0), "refused: input_audio_buffer_commit_empty"),
        at(2.1, AudioCommitRequested(100), *COMMITTED),
    ),
    story(
        "a response that is asked for before the words starts when they come",
        MANUAL,
        at(2.0, AudioCommitRequested(1000), ...),
        at(2.1, ResponseRequested(), "reply 1 created (audio, eve)"),
        Waits(17.1),
        at(2.4, words(1, 1, "Good day."), *HEARD, "start reply 1 (audio, eve): user: Good day."),
        Waits(None),
    ),
    story(
        "a reply that ends before the words come does not make them less waited for",
        MANUAL,
        at(1.0, ResponseRequested(), ...),
        at(2.0, AudioCommitRequested(1000), ...),
        at(2.1, falls_silent(1, 0), ...),
        at(2.2, ResponseRequested(), "reply 2 created (audio, eve)"),
        at(2.4, words(1, 1, "Good day."), *HEARD, "start reply 2 (audio, eve): user: Good day."),
    ),
    story(
        "a response that is asked for after the words starts at once",
        MANUAL,
        at(2.0, AudioCommitRequested(1000), ...),
        at(2.4, words(1, 1, "Good day."), ...),
        at(
            2.5,
            ResponseRequested(),
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): user: Good day.",
        ),
    ),
    story(
        "a response waits for the words of every turn before it",
        MANUAL,
        at(2.0, AudioCommitRequested(1000), ...),
        at(3.0, AudioCommitRequested(1000), ...),
        at(3.1, ResponseRequested(), "reply 1 created (audio, eve)"),
        at(
            3.2,
            words(2, 1, "Anyone?"),
            "transcript grew: item 2 'Anyone?'",
            "transcript: item 2 'Anyone?' of 1.0 s",
            "done: item 2 user input_audio 'Anyone?' after item 1",
        ),
        at(3.4, words(1, 1, "Good day."), *HEARD, "start reply 1 (audio, eve): user: Good day. | user: Anyone?"),
    ),
    story(
        "a response that waited fifteen seconds for words starts without them",
        MANUAL,
        at(2.0, AudioCommitRequested(1000), ...),
        at(2.5, ResponseRequested(), ...),
        when_due(17.5, "start reply 1 (audio, eve): nothing"),
        Waits(None),
        at(18.0, words(1, 1, "Good day."), *HEARD),
        Waits(None),
    ),
    story(
        "words that did not come in time are not waited for again",
        MANUAL,
        at(2.0, AudioCommitRequested(1000), ...),
        at(2.5, ResponseRequested(), ...),
        when_due(17.5, ...),
        at(18.0, falls_silent(1, 0), ...),
        at(18.5, ResponseRequested(), "reply 2 created (audio, eve)", "start reply 2 (audio, eve): nothing"),
        Waits(None),
    ),
    story(
        "a response whose words are lost starts without them",
        MANUAL,
        at(2.0, AudioCommitRequested(1000), ...),
        at(2.1, ResponseRequested(), ...),
        at(
            2.4,
            no_words(1, 1),
            "transcript failed: item 1 'out of memory'",
            "done: item 1 user input_audio ... first",
            "start reply 1 (audio, eve): nothing",
        ),
        Waits(None),
    ),
    story(
        "a response that was asked for starts even if nothing was said",
        MANUAL,
        at(2.0, AudioCommitRequested(1000), ...),
        at(2.1, ResponseRequested(), ...),
        at(
            2.4,
            words(1, 1, ""),
            "transcript: item 1 '' of 1.0 s",
            "done: item 1 user input_audio '' first",
            "start reply 1 (audio, eve): nothing",
        ),
    ),
    story(
        "throwing the buffer away is confirmed",
        MANUAL,
        at(2.0, AudioClearRequested(), "clear the input", "input cleared"),
    ),
    story(
        "a commit does not interrupt the agent, and is not answered until the client asks",
        MANUAL,
        at(1.0, ResponseRequested(), ...),
        agent_says(1, "Good day, caller.", since=1.2),
        at(
            1.5,
            AudioCommitRequested(1000),
            "take the buffer as item 2",
            "transcribe item 2 at pause 1",
            "close turn item 2",
            "committed: item 2 after item 1",
            "added: item 2 user input_audio ... after item 1",
        ),
        at(1.7, words(2, 1, "Stop."), ...),
        at(
            2.2,
            falls_silent(1, 1000),
            "reply 1 message 0 done: item 1 assistant output_audio 'Good day, caller.' first",
            "reply 1 ended (completed): item 1",
        ),
        Waits(None),
    ),
)
def test_turns_that_the_client_marks(one: Story) -> None:
    one.play()


@told(
    story(
        "a typed message is answered when the client asks",
        MANUAL,
        at(1.0, ItemCreateRequested(TYPED), ITEM_ADDED, ITEM_DONE),
        Waits(None),
        at(
            1.1,
            ResponseRequested(),
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): user: Good day.",
        ),
    ),
    story(
        "a typed message may be answered in writing",
        MANUAL,
        at(1.0, ItemCreateRequested(TYPED), ...),
        at(
            1.1,
            ResponseRequested(ReplyOptions(modality=Modality.TEXT)),
            "reply 1 created (text, eve)",
            "start reply 1 (text, eve): user: Good day.",
        ),
    ),
    story(
        "the session's instructions stand before everything that was said",
        replace(MANUAL, instructions="Be kind."),
        at(1.0, ItemCreateRequested(TYPED), ...),
        at(
            1.1,
            ResponseRequested(),
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): system: Be kind. | user: Good day.",
        ),
    ),
)
def test_turns_that_the_client_types(one: Story) -> None:
    one.play()
