"""Stories of how a call ends: the last turn, its goodbye, the server's own wish; and of calls that follow others."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import (
    JOINED,
    MANUAL,
    SEMANTIC,
    VAD,
    Story,
    Waits,
    agent_says,
    at,
    caller_says,
    calls,
    fails,
    falls_silent,
    item,
    no_words,
    pauses,
    played,
    speaks,
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
    CallEndRequested,
    HistoryRestored,
    ItemCreateRequested,
    ItemTruncateRequested,
    ResponseCancelRequested,
    ResponseRequested,
    SessionConfigured,
)
from vivavoce.conversation.identifiers import CallId, EventId, ItemId
from vivavoce.conversation.items import FunctionCallOutput, Message, Part, PartKind, Role
from vivavoce.conversation.settings import Modality, ServerVad

ONE_TURN = replace(VAD, max_turns=1)
TWO_TURNS = replace(VAD, max_turns=2)
POLITE = replace(ONE_TURN, turn_detection=ServerVad(interrupt_response=False))
TYPED = replace(MANUAL, modality=Modality.TEXT, max_turns=1)
LAST = "system: The call ends after this answer: answer briefly, then say goodbye."
OVER = ("call ended: max_turns", "end the call: max_turns")
ASKED = caller_says(1, "What time is it?", since=1.0)
SAYING_GOODBYE = (*ASKED, *agent_says(1, "Noon. Goodbye!", since=3.0, lasts_ms=1400))
REFUSED = "refused: call_ending"


def types(text: str, *, item_id: str = "", role: Role = Role.USER) -> ItemCreateRequested:
    return ItemCreateRequested(Message(ItemId(item_id), role, (Part(PartKind.INPUT_TEXT, text),)))


def answers(call: str, output: str = "12:00") -> ItemCreateRequested:
    return ItemCreateRequested(FunctionCallOutput(ItemId(""), CallId(call), output))


@told(
    story(
        "the last answer is told to say goodbye, behind everything that the model has read before",
        replace(ONE_TURN, instructions="Be kind."),
        ASKED[:3],
        when_due(
            2.5,
            "speech stopped: item 1 at 2000 ms",
            "close turn item 1",
            "committed: item 1 first",
            "added: item 1 user input_audio ... first",
            "transcript grew: item 1 'What time is it?'",
            "transcript: item 1 'What time is it?' of 1.0 s",
            "done: item 1 user input_audio 'What time is it?' first",
            "reply 1 created (audio, eve)",
            f"start reply 1 (audio, eve): system: Be kind. | user: What time is it? | {LAST}",
        ),
    ),
    story(
        "an answer before the last one knows of no end",
        TWO_TURNS,
        ASKED,
        agent_says(1, "Noon.", since=3.0),
        at(4.1, falls_silent(1, 1000), ...),
        Waits(None),
        caller_says(3, "And now?", since=5.0)[:3],
        when_due(
            6.5,
            "speech stopped: item 3 at 6000 ms",
            "close turn item 3",
            "committed: item 3 after item 2",
            "added: item 3 user input_audio ... after item 2",
            "transcript grew: item 3 'And now?'",
            "transcript: item 3 'And now?' of 1.0 s",
            "done: item 3 user input_audio 'And now?' after item 2",
            "reply 2 created (audio, eve)",
            f"start reply 2 (audio, eve): user: What time is it? | assistant: Noon. | user: And now? | {LAST}",
        ),
    ),
    story(
        "without a limit nothing ends",
        VAD,
        SAYING_GOODBYE,
        at(4.5, falls_silent(1, 1400), ...),
        Waits(None),
    ),
)
def test_the_last_answer(one: Story) -> None:
    one.play()


@told(
    story(
        "the call ends when the goodbye has been heard: half a second after its last sound went out",
        ONE_TURN,
        SAYING_GOODBYE,
        at(
            4.5,
            falls_silent(1, 1400),
            "reply 1 message 0 done: item 2 assistant output_audio 'Noon. Goodbye!' after item 1",
            "reply 1 ended (completed): item 2",
        ),
        when_due(5.0, *OVER),
        Waits(None),
    ),
    story(
        "a goodbye that is only written needs no time to be heard",
        TYPED,
        at(1.0, types("What time is it?"), ...),
        at(
            1.1,
            ResponseRequested(),
            "reply 1 created (text, eve)",
            f"start reply 1 (text, eve): user: What time is it? | {LAST}",
        ),
        at(1.2, writes(1, "Noon. Goodbye!"), ...),
        at(
            1.3,
            written(1),
            "reply 1 message 0 done: item 2 assistant output_text 'Noon. Goodbye!' after item 1",
            "reply 1 ended (completed): item 2",
            *OVER,
        ),
        Waits(None),
    ),
    story(
        "a caller who interrupts the goodbye ends the call, and no turn begins",
        ONE_TURN,
        SAYING_GOODBYE,
        at(3.6, played(1, 600)),
        at(
            3.6,
            starts(3600),
            "cancel reply 1",
            "reply 1 message 0 done: item 2 assistant output_audio 'Noon.' incomplete after item 1",
            "reply 1 ended (turn_detected): item 2",
            *OVER,
        ),
        Waits(None),
    ),
    story(
        "what a caller says over a goodbye that may not be interrupted is no turn",
        POLITE,
        SAYING_GOODBYE,
        at(3.6, starts(3600)),
        at(4.0, pauses(3900, 3.9)),
        at(4.5, falls_silent(1, 1400), ...),
        when_due(5.0, *OVER),
    ),
    story(
        "what a caller says while the last sound of the goodbye is on its way is no turn",
        ONE_TURN,
        SAYING_GOODBYE,
        at(4.5, falls_silent(1, 1400), ...),
        at(4.7, starts(4700)),
        when_due(5.0, *OVER),
    ),
    story(
        "a goodbye that fails ends the call",
        ONE_TURN,
        ASKED,
        at(3.0, fails(1), "cancel reply 1", "reply 1 ended (failed 'the model is gone'): nothing", *OVER),
    ),
    story(
        "a goodbye that the client cancels ends the call",
        ONE_TURN,
        ASKED,
        at(3.0, ResponseCancelRequested(), "cancel reply 1", "reply 1 ended (client_cancelled): nothing", *OVER),
    ),
    story(
        "a goodbye that the client truncates ends the call, and the client is told what was kept first",
        ONE_TURN,
        SAYING_GOODBYE,
        at(
            3.6,
            ItemTruncateRequested(item(2), 0, 600),
            "cancel reply 1",
            "reply 1 message 0 done: item 2 assistant output_audio 'Noon.' incomplete after item 1",
            "reply 1 ended (client_cancelled): item 2",
            "truncated: item 2 at 600 ms to 'Noon.'",
            *OVER,
        ),
    ),
    story(
        "a goodbye that hits its limit of tokens is a goodbye",
        replace(TYPED, max_turns=1),
        at(1.0, types("What time is it?"), ...),
        at(1.1, ResponseRequested(), ...),
        at(1.2, written(1, cut=True), "reply 1 ended (max_output_tokens): nothing", *OVER),
    ),
)
def test_the_goodbye(one: Story) -> None:
    one.play()


@told(
    story(
        "the client gets no other answer while the goodbye is on its way",
        ONE_TURN,
        SAYING_GOODBYE,
        at(4.5, falls_silent(1, 1400), ...),
        at(4.6, ResponseRequested(event_id=EventId("e1")), f"{REFUSED} for e1"),
        when_due(5.0, *OVER),
    ),
    story(
        "the client can mark no other turn once the last answer has begun",
        replace(MANUAL, max_turns=1),
        at(1.0, AudioCommitRequested(900), ...),
        at(1.1, words(1, 1, "What time is it?"), ...),
        at(1.2, ResponseRequested(), ...),
        at(1.3, AudioCommitRequested(900, EventId("e1")), f"{REFUSED} for e1"),
        at(1.4, ResponseRequested(), "refused: conversation_already_has_active_response"),
    ),
    story(
        "a turn that was open already when the last answer began gets its words and no answer",
        POLITE,
        at(1.0, types("What time is it?"), ...),
        at(1.1, starts(1100), ...),
        at(
            1.2,
            ResponseRequested(),
            "reply 1 created (audio, eve)",
            f"start reply 1 (audio, eve): user: What time is it? | {LAST}",
        ),
        at(2.1, pauses(2000, 2.0), ...),
        at(2.3, words(2, 1, "Hello?")),
        when_due(
            2.5,
            "speech stopped: item 2 at 2000 ms",
            "close turn item 2",
            "committed: item 2 after item 1",
            "added: item 2 user input_audio ... after item 1",
            "transcript grew: item 2 'Hello?'",
            "transcript: item 2 'Hello?' of 1.0 s",
            "done: item 2 user input_audio 'Hello?' after item 1",
        ),
        agent_says(1, "Noon. Goodbye!", since=3.0, lasts_ms=1400),
        at(4.5, falls_silent(1, 1400), ...),
        when_due(5.0, *OVER),
    ),
)
def test_no_turn_follows_the_last_one(one: Story) -> None:
    one.play()


CALLED = (
    *ASKED,
    at(2.7, calls(1, "c1", "clock"), ...),
    at(2.8, written(1), ...),
)


@told(
    story(
        "a last answer that calls a function goes on when its output is there, and says goodbye then",
        ONE_TURN,
        CALLED,
        at(2.9, falls_silent(1, 0), "reply 1 ended (completed): item 2"),
        Waits(32.9),
        at(3.0, answers("c1"), ...),
        at(
            3.1,
            ResponseRequested(),
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: What time is it? | assistant: clock({}) as c1 | tool c1: 12:00 "
            f"| {LAST}",
        ),
        Waits(None),
        agent_says(2, "Noon. Goodbye!", since=3.5),
        at(4.6, falls_silent(2, 1000), ...),
        when_due(5.1, *OVER),
    ),
    story(
        "a last answer that calls a function while it speaks goes on after its words",
        ONE_TURN,
        ASKED,
        agent_says(1, "One moment.", since=2.7),
        at(2.8, calls(1, "c1", "clock"), ...),
        at(2.9, answers("c1"), ...),
        at(3.0, ResponseRequested()),
        at(
            3.7,
            falls_silent(1, 1000),
            "reply 1 message 0 done: item 2 assistant output_audio 'One moment.' after item 1",
            "reply 1 ended (completed): item 2, item 3",
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: What time is it? | assistant: One moment. | "
            f"assistant: clock({{}}) as c1 | tool c1: 12:00 | {LAST}",
        ),
        Waits(None),
    ),
    story(
        "a client that never goes on with a last answer does not keep the call for ever",
        ONE_TURN,
        CALLED,
        at(2.9, falls_silent(1, 0), ...),
        at(5.0, starts(5000)),
        when_due(32.9, *OVER),
    ),
    story(
        "an answer that waits for a function of an interrupted goodbye does not come",
        ONE_TURN,
        ASKED,
        agent_says(1, "One moment.", since=2.7),
        at(2.8, calls(1, "c1", "clock"), ...),
        at(2.9, answers("c1"), ...),
        at(3.0, ResponseRequested()),
        at(
            3.1,
            starts(3100),
            "cancel reply 1",
            "reply 1 message 0 done: item 2 assistant output_audio '' incomplete after item 1",
            "reply 1 ended (turn_detected): item 2, item 3",
            *OVER,
        ),
    ),
)
def test_a_last_answer_with_functions(one: Story) -> None:
    one.play()


@told(
    story(
        "the greeting is no turn",
        replace(ONE_TURN, greeting="Hello!"),
        at(0.0, JOINED, ...),
        when_due(0.25, "reply 1 created (audio, eve)", "start reply 1 (audio, eve): script 'Hello!'"),
        agent_says(1, "Hello!", since=0.3),
        at(1.3, falls_silent(1, 1000), ...),
        Waits(None),
    ),
    story(
        "an answer to no words of the caller is no turn",
        replace(TYPED, max_turns=1),
        at(1.0, types("The caller is new.", role=Role.SYSTEM), ...),
        at(
            1.1,
            ResponseRequested(),
            "reply 1 created (text, eve)",
            "start reply 1 (text, eve): system: The caller is new.",
        ),
        at(1.2, written(1), "reply 1 ended (completed): nothing"),
        Waits(None),
    ),
    story(
        "a cough is no turn",
        ONE_TURN,
        caller_says(1, "", since=1.0),
        Waits(None),
        caller_says(2, "What time is it?", since=4.0)[:3],
        when_due(5.5, ...),
        at(6.0, fails(1), "cancel reply 1", "reply 1 ended (failed 'the model is gone'): nothing", *OVER),
    ),
    story(
        "an answer that goes on after a function belongs to the turn that it answers",
        TWO_TURNS,
        ASKED,
        at(2.7, calls(1, "c1", "clock"), ...),
        at(2.8, written(1), ...),
        at(2.9, falls_silent(1, 0), ...),
        Waits(None),
        at(3.0, answers("c1"), ...),
        at(
            3.1,
            ResponseRequested(),
            "reply 2 created (audio, eve)",
            "start reply 2 (audio, eve): user: What time is it? | assistant: clock({}) as c1 | tool c1: 12:00",
        ),
    ),
    story(
        "two turns that one reply answers are one",
        TWO_TURNS,
        at(1.0, starts(1000), ...),
        at(2.1, pauses(2000, 2.0), ...),
        when_due(2.5, ...),
        at(2.6, starts(2600), ...),
        at(3.1, words(1, 1, "Hello."), ...),
        at(3.7, pauses(3600, 3.6), ...),
        when_due(4.1, ...),
        at(
            4.3,
            words(2, 1, "What time is it?"),
            "transcript grew: item 2 'What time is it?'",
            "transcript: item 2 'What time is it?' of 1.0 s",
            "done: item 2 user input_audio 'What time is it?' after item 1",
            "reply 1 created (audio, eve)",
            "start reply 1 (audio, eve): user: Hello. | user: What time is it?",
        ),
    ),
    story(
        "a limit that is lowered during the call holds from the next answer on",
        VAD,
        ASKED,
        agent_says(1, "Noon.", since=3.0),
        at(4.1, falls_silent(1, 1000), ...),
        at(4.2, SessionConfigured(ONE_TURN), ...),
        at(
            4.3,
            ResponseRequested(),
            "reply 2 created (audio, eve)",
            f"start reply 2 (audio, eve): user: What time is it? | assistant: Noon. | {LAST}",
        ),
    ),
    story(
        "a turn whose words are lost is no turn",
        TWO_TURNS,
        caller_says(1, "x", since=1.0)[:2],
        when_due(2.5, ...),
        at(2.6, no_words(1, 1), ...),
        caller_says(2, "What time is it?", since=4.0)[:3],
        when_due(5.5, ...),
        at(6.0, fails(1), "cancel reply 1", "reply 1 ended (failed 'the model is gone'): nothing"),
        Waits(None),
    ),
)
def test_what_counts_as_a_turn(one: Story) -> None:
    one.play()


@told(
    story(
        "a call that the server ends stops the voice and tells why",
        VAD,
        ASKED,
        agent_says(1, "Noon. Or so.", since=3.0, lasts_ms=1200),
        at(3.6, played(1, 600)),
        at(
            3.6,
            CallEndRequested("expired"),
            "cancel reply 1",
            "reply 1 message 0 done: item 2 assistant output_audio 'Noon.' incomplete after item 1",
            "reply 1 ended (client_cancelled): item 2",
            "call ended: expired",
            "end the call: expired",
        ),
        Waits(None),
    ),
    story(
        "nothing follows from anything once the call has ended",
        VAD,
        at(0.0, JOINED, ...),
        at(1.0, CallEndRequested("agent_deleted"), "call ended: agent_deleted", "end the call: agent_deleted"),
        at(1.1, CallEndRequested("expired")),
        at(1.2, starts(1200)),
        at(1.3, ResponseRequested()),
        at(1.4, types("Hello?")),
        Waits(None),
    ),
    story(
        "a call that the server ends is not greeted any more",
        replace(VAD, greeting="Hello!"),
        at(0.0, JOINED, ...),
        at(0.1, CallEndRequested("ended"), "call ended: ended", "end the call: ended"),
        Waits(None),
    ),
    story(
        "an answer that waits for the floor does not come when the server ends the call",
        replace(VAD, turn_detection=ServerVad(interrupt_response=False)),
        ASKED,
        agent_says(1, "Noon.", since=2.6, lasts_ms=9000),
        caller_says(3, "Hello?", since=4.0),
        at(
            6.0,
            CallEndRequested("expired"),
            "cancel reply 1",
            "reply 1 message 0 done: item 2 assistant output_audio '' incomplete after item 1",
            "reply 1 ended (client_cancelled): item 2",
            "call ended: expired",
            "end the call: expired",
        ),
    ),
    story(
        "a goodbye that the server cuts ends for the server's reason",
        ONE_TURN,
        ASKED,
        at(
            3.0,
            CallEndRequested("expired"),
            "cancel reply 1",
            "reply 1 ended (client_cancelled): nothing",
            "call ended: expired",
            "end the call: expired",
        ),
    ),
)
def test_the_server_ends_the_call(one: Story) -> None:
    one.play()


PAST = (
    Message(ItemId("msg_1"), Role.USER, (Part(PartKind.INPUT_TEXT, "I am Ada."),)),
    Message(ItemId(""), Role.ASSISTANT, (Part(PartKind.OUTPUT_TEXT, "Hello, Ada."),)),
    Message(ItemId("item_00001"), Role.SYSTEM, (Part(PartKind.INPUT_TEXT, "She called again."),)),
)
REMEMBERED = "user: I am Ada. | assistant: Hello, Ada. | system: She called again."


@told(
    story(
        "the model sees what was said in earlier calls, and the client is not told of it",
        replace(SEMANTIC, instructions="Be kind."),
        at(0.0, HistoryRestored(PAST)),
        at(0.0, JOINED, "session opened: instructions='Be kind.'", f"warm: system: Be kind. | {REMEMBERED}"),
    ),
    story(
        "no item of this call takes an id of the past, and the first one is the first",
        MANUAL,
        at(0.0, HistoryRestored(PAST)),
        at(1.0, AudioCommitRequested(900), "take the buffer as item 2", ...),
        at(1.1, words(2, 1, "Who am I?"), "transcript grew: item 2 'Who am I?'", ...),
        at(
            1.2,
            ResponseRequested(),
            "reply 1 created (audio, eve)",
            f"start reply 1 (audio, eve): {REMEMBERED} | user: Who am I?",
        ),
    ),
    story(
        "an item that bears an id of the past is refused",
        MANUAL,
        at(0.0, HistoryRestored(PAST)),
        at(1.0, types("Hello?", item_id="msg_1"), "refused: item_create_duplicate_item_id (item.id)"),
        at(1.1, types("Hello?"), "added: item 2 user input_text 'Hello?' first", ...),
    ),
    story(
        "a caller who comes back is greeted if the agent greets",
        replace(VAD, greeting="Hello again!"),
        at(0.0, HistoryRestored(PAST)),
        at(0.0, JOINED, ...),
        when_due(0.25, "reply 1 created (audio, eve)", "start reply 1 (audio, eve): script 'Hello again!'"),
        at(
            0.5,
            speaks(1, "Hello again!"),
            "reply 1 message 0 added: item 2 assistant output_audio '' in_progress first",
            ...,
        ),
    ),
    story(
        "turns of earlier calls do not count",
        TYPED,
        at(0.0, HistoryRestored(PAST)),
        at(1.1, ResponseRequested(), "reply 1 created (text, eve)", f"start reply 1 (text, eve): {REMEMBERED}"),
    ),
)
def test_earlier_calls(one: Story) -> None:
    one.play()
