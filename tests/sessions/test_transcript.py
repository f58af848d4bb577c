"""What a transcript holds of calls that are played through the core: entries follow from notices alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from vivavoce.conversation import events
from vivavoce.conversation.events import Event
from vivavoce.conversation.identifiers import CallId, ItemId, ReplyId
from vivavoce.conversation.items import FunctionCall, FunctionCallOutput, Item, Message, Part, PartKind, Role
from vivavoce.conversation.machine import Conversation
from vivavoce.conversation.orders import Tell
from vivavoce.conversation.replies import Usage
from vivavoce.conversation.settings import Modality, ServerVad, Settings
from vivavoce.sessions.transcript import TranscriptBuilder, TranscriptEntry, TranscriptToolCall

VAD = Settings(turn_detection=ServerVad(prefix_padding_ms=200))
MANUAL = Settings(turn_detection=None)
TYPED = replace(MANUAL, modality=Modality.TEXT)
LINE = "One two three four."
"""Of 1900 ms: 100 ms a character."""

R1 = ReplyId("resp_00001")
ITEM_1, ITEM_2, ITEM_3 = ItemId("item_00001"), ItemId("item_00002"), ItemId("item_00003")
C1 = CallId("c1")
WEATHER = TranscriptToolCall(C1, "weather", '{"place":"Ulm"}')

Step = tuple[float, Event]


def _types(text: str, role: Role = Role.USER, item_id: str = "") -> Event:
    return _puts(Message(ItemId(item_id), role, (Part(PartKind.INPUT_TEXT, text),)))


def _puts(item: Item) -> Event:
    return events.ItemCreateRequested(item)


def _caller_says(text: str) -> tuple[Step, ...]:
    """A turn from 1000 to 2000 ms that is over at 2.5 s."""
    return (
        (1.0, events.SpeechStarted(1000)),
        (2.1, events.SpeechPaused(2000, 2.0)),
        (2.3, events.TurnTranscribed(ITEM_1, 1, text, 1.0)),
        (2.5, events.DeadlineReached()),
    )


def _agent_says(text: str = LINE) -> tuple[Step, ...]:
    return (
        (3.0, events.ReplyTextGenerated(R1, text)),
        (3.0, events.ReplyGenerated(R1, cut_at_limit=False, usage=Usage())),
        (3.0, events.PieceStarted(R1, text, 0)),
        (3.0, events.PieceEnded(R1, 100 * len(text))),
    )


QUESTION = TranscriptEntry(ITEM_1, "user", "Count!", 800, 2000)
ASKED_AND_SPEAKING = (*_caller_says("Count!"), *_agent_says())
HEARD = TranscriptEntry(ITEM_2, "assistant", LINE)
HEARD_HALF = TranscriptEntry(ITEM_2, "assistant", "One two", interrupted=True, generated_text=LINE)


@dataclass(frozen=True)
class Told:
    """A call, and the entries that come of it."""

    sentence: str
    settings: Settings
    steps: tuple[Step, ...]
    entries: tuple[TranscriptEntry, ...]


CALLS = (
    Told(
        "a turn has the times of its sound, and a reply its words, once all of it was heard",
        VAD,
        (*ASKED_AND_SPEAKING, (5.0, events.ReplySpoken(R1, 1900))),
        (QUESTION, HEARD),
    ),
    Told(
        "a reply that the caller interrupts keeps what was heard",
        VAD,
        (*ASKED_AND_SPEAKING, (4.0, events.PlaybackProgressed(R1, 1000)), (4.0, events.SpeechStarted(4000))),
        (QUESTION, HEARD_HALF),
    ),
    Told(
        "a reply of which nothing was heard is in no transcript",
        VAD,
        (*ASKED_AND_SPEAKING, (3.0, events.SpeechStarted(3000))),
        (QUESTION,),
    ),
    Told(
        "a reply that failed in the middle was not interrupted",
        VAD,
        (*ASKED_AND_SPEAKING, (4.0, events.PlaybackProgressed(R1, 1000)), (4.0, events.ReplyFailed(R1, "gone"))),
        (QUESTION, replace(HEARD_HALF, interrupted=False)),
    ),
    Told(
        "what was written and never came to the voice is what was generated",
        VAD,
        (
            *ASKED_AND_SPEAKING[:-4],
            (3.0, events.ReplyTextGenerated(R1, f"{LINE}\n\n- Five.\n")),
            *ASKED_AND_SPEAKING[-3:],
            (4.0, events.PlaybackProgressed(R1, 1000)),
            (4.0, events.SpeechStarted(4000)),
        ),
        (QUESTION, replace(HEARD_HALF, generated_text=f"{LINE}\n\n- Five.")),
    ),
    Told(
        "spaces between the pieces do not tell apart what was heard and what was generated",
        VAD,
        (
            *ASKED_AND_SPEAKING[:-4],
            (3.0, events.ReplyTextGenerated(R1, "One.\n\nTwo.\n")),
            (3.0, events.PieceStarted(R1, "One.", 0)),
            (4.0, events.PieceStarted(R1, "Two.", 400)),
            (5.0, events.ReplySpoken(R1, 800)),
        ),
        (QUESTION, replace(HEARD, content="One. Two.")),
    ),
    Told(
        "a reply that the end of the call cuts is interrupted",
        VAD,
        (*ASKED_AND_SPEAKING, (4.0, events.PlaybackProgressed(R1, 1000)), (4.0, events.CallEndRequested("expired"))),
        (QUESTION, HEARD_HALF),
    ),
    Told(
        "a client that says later how much it played corrects the reply",
        VAD,
        (
            *ASKED_AND_SPEAKING,
            (5.0, events.ReplySpoken(R1, 1900)),
            (5.1, events.ItemTruncateRequested(ITEM_2, 0, 1000)),
        ),
        (QUESTION, HEARD, HEARD_HALF),
    ),
    Told(
        "a client that played nothing after all leaves nothing of the reply",
        VAD,
        (*ASKED_AND_SPEAKING, (5.0, events.ReplySpoken(R1, 1900)), (5.1, events.ItemTruncateRequested(ITEM_2, 0, 0))),
        (QUESTION, HEARD, replace(HEARD_HALF, content="")),
    ),
    Told(
        "a client that played all of it corrects nothing",
        VAD,
        (
            *ASKED_AND_SPEAKING,
            (5.0, events.ReplySpoken(R1, 1900)),
            (5.1, events.ItemTruncateRequested(ITEM_2, 0, 1900)),
        ),
        (QUESTION, HEARD),
    ),
    Told(
        "a client that played more than the server knew brings back what was heard",
        VAD,
        (
            *ASKED_AND_SPEAKING,
            (3.0, events.SpeechStarted(3000)),
            (3.1, events.ItemTruncateRequested(ITEM_2, 0, 1000)),
        ),
        (QUESTION, HEARD_HALF),
    ),
    Told(
        "a truncation that stops the reply and cuts where the reply was cut tells it once",
        VAD,
        (*ASKED_AND_SPEAKING, (4.0, events.ItemTruncateRequested(ITEM_2, 0, 1000))),
        (QUESTION, HEARD_HALF),
    ),
    Told("a cough is in no transcript", VAD, _caller_says(""), ()),
    Told(
        "a turn whose words are lost is in no transcript",
        VAD,
        (*_caller_says("")[:2], (2.5, events.DeadlineReached()), (2.6, events.TranscriptionFailed(ITEM_1, 1, "lost"))),
        (),
    ),
    Told(
        "speech that the client throws away is in no transcript",
        VAD,
        (*_caller_says("Count!")[:3], (2.4, events.AudioClearRequested())),
        (),
    ),
    Told(
        "a turn that the client deletes before its words come was said all the same",
        VAD,
        (
            *_caller_says("")[:2],
            (2.5, events.DeadlineReached()),
            (2.6, events.ItemDeleteRequested(ITEM_1)),
            (2.7, events.TurnTranscribed(ITEM_1, 1, "Count!", 1.0)),
        ),
        (QUESTION,),
    ),
    Told(
        "a turn that the client marks has words and no times",
        MANUAL,
        ((1.0, events.AudioCommitRequested(900)), (1.2, events.TurnTranscribed(ITEM_1, 1, "Count!", 0.9))),
        (TranscriptEntry(ITEM_1, "user", "Count!"),),
    ),
    Told(
        "a greeting is what the agent says first",
        replace(VAD, greeting="Hello!"),
        (
            (0.25, events.DeadlineReached()),
            (0.3, events.ReplyTextGenerated(R1, "Hello!")),
            (0.3, events.PieceStarted(R1, "Hello!", 0)),
            (0.9, events.ReplySpoken(R1, 600)),
        ),
        (TranscriptEntry(ITEM_1, "assistant", "Hello!"),),
    ),
    Told(
        "typed messages are kept with their roles, but for empty ones",
        TYPED,
        (
            (1.0, _types("Be brief.", Role.SYSTEM)),
            (1.1, _types("")),
            (1.2, _types("Count!", item_id="mine")),
            (1.3, events.ResponseRequested()),
            (1.4, events.ReplyTextGenerated(R1, LINE)),
            (1.5, events.ReplyGenerated(R1, cut_at_limit=True, usage=Usage())),
        ),
        (
            TranscriptEntry(ITEM_1, "system", "Be brief."),
            TranscriptEntry(ItemId("mine"), "user", "Count!"),
            TranscriptEntry(ITEM_3, "assistant", LINE),
        ),
    ),
    Told(
        "a function call and its output are messages of the assistant and of a tool",
        TYPED,
        (
            (1.0, events.ResponseRequested()),
            (1.1, events.ReplyToolCalled(R1, C1, "weather", '{"place":"Ulm"}')),
            (1.2, events.ReplyGenerated(R1, cut_at_limit=False, usage=Usage())),
            (1.3, _puts(FunctionCallOutput(ItemId(""), C1, "rain"))),
        ),
        (
            TranscriptEntry(ITEM_1, "assistant", "", tool_call=WEATHER),
            TranscriptEntry(ITEM_2, "tool", "rain", tool_call=WEATHER),
        ),
    ),
    Told(
        "a call that the client tells of is kept, and so is an output to no known call",
        TYPED,
        (
            (1.0, _puts(FunctionCallOutput(ItemId(""), C1, "rain"))),
            (1.1, _puts(FunctionCall(ItemId(""), C1, "weather", '{"place":"Ulm"}'))),
        ),
        (
            TranscriptEntry(ITEM_1, "tool", "rain", tool_call=TranscriptToolCall(C1, "", "")),
            TranscriptEntry(ITEM_2, "assistant", "", tool_call=replace(WEATHER, asked_by="client")),
        ),
    ),
    Told(
        "what was said in earlier calls is in their transcripts",
        TYPED,
        (
            (
                1.0,
                events.HistoryRestored((Message(ItemId("m1"), Role.USER, (Part(PartKind.INPUT_TEXT, "I am Ada."),)),)),
            ),
            (1.1, _types("Count!")),
        ),
        (TranscriptEntry(ITEM_1, "user", "Count!"),),
    ),
)


@pytest.mark.parametrize("call", [pytest.param(call, id=call.sentence) for call in CALLS])
def test_the_transcript_of_a_call(call: Told) -> None:
    conversation, builder = Conversation(call.settings, ""), TranscriptBuilder()
    found: list[TranscriptEntry] = []
    for now, event in ((0.0, events.CallerJoined()), *call.steps):
        for order in conversation.handle(event, now):
            entry = builder.note(order.notice) if isinstance(order, Tell) else None
            if entry is not None:
                found.append(entry)
    assert found == list(call.entries)
