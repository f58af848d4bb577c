"""A journal cut anywhere gives back what the client had been told, and a call can go on with it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.conversation import events, orders
from vivavoce.conversation.events import Event
from vivavoce.conversation.identifiers import CallId, ItemId, ReplyId
from vivavoce.conversation.items import (
    FunctionCall,
    FunctionCallOutput,
    Item,
    ItemStatus,
    Message,
    Part,
    PartKind,
    Role,
)
from vivavoce.conversation.machine import Conversation
from vivavoce.conversation.replies import ReplyOptions, Usage
from vivavoce.conversation.settings import ServerVad, Settings
from vivavoce.sessions.journal import Journal, JournalError, replay, to_plain
from vivavoce.sessions.resuming import Resumed, resume, resumed_from

SETTINGS = Settings(instructions="Be kind.", turn_detection=ServerVad(silence_duration_ms=0))
ASIDE = ReplyOptions(in_conversation=False)
STEPS = st.lists(
    st.sampled_from(
        [
            "turn",
            "typed",
            "asked",
            "written",
            "piece",
            "called",
            "aside",
            "done",
            "barge",
            "cut",
            "deleted",
            "set",
            "forced",
        ]
    ),
    max_size=25,
)


class RecordedCall:
    """A call whose facts are made up; keeps the journal's lines and, after each, the items there were."""

    def __init__(self) -> None:
        self.conversation = Conversation(SETTINGS, "r")
        head = {"journal": 1, "id_prefix": "r", "settings": to_plain(SETTINGS)}
        self.lines = [msgspec.json.encode(head) + b"\n"]
        self.items: list[tuple[Item, ...]] = [()]
        self.told_settings = [SETTINGS]
        self.now = 10.0
        self.count = 0
        self.newest: ReplyId | None = None
        self.hear(events.CallerJoined())

    def hear(self, event: Event) -> None:
        self.now += 0.1
        ordered = self.conversation.handle(event, self.now)
        for order in ordered:
            if isinstance(order, orders.StartReply):
                self.newest = order.reply_id
        record = {"at": self.now, "event": to_plain(event), "orders": [to_plain(order) for order in ordered]}
        self.lines.append(msgspec.json.encode(record) + b"\n")
        self.items.append(self.conversation._call.history.items)
        self.told_settings.append(self.conversation._call.settings)

    def step(self, kind: str) -> None:
        self.count += 1
        reply_id = self.newest or ReplyId("resp_none")
        items = self.items[-1]
        match kind:
            case "turn":
                turn = self._next_turn()
                self.hear(events.SpeechPaused(round(self.now * 1000), self.now))
                self.hear(events.TurnTranscribed(turn, 1, f"words {self.count}", 1.0))
            case "typed":
                part = Part(PartKind.INPUT_TEXT, f"typed {self.count}")
                after = items[0].item_id if items and self.count % 2 else None
                self.hear(events.ItemCreateRequested(Message(ItemId(""), Role.USER, (part,)), after))
            case "asked":
                self.hear(events.ResponseRequested())
            case "aside":
                self.hear(events.ResponseRequested(ASIDE))
            case "written":
                self.hear(events.ReplyTextGenerated(reply_id, "Gladly. "))
            case "piece":
                self.hear(events.PieceStarted(reply_id, "Gladly.", 0))
            case "called":
                self.hear(events.ReplyToolCalled(reply_id, CallId(f"c{self.count}"), "weather", "{}"))
            case "done":
                self.hear(events.ReplyGenerated(reply_id, cut_at_limit=False, usage=Usage()))
                self.hear(events.ReplySpoken(reply_id, 700))
            case "barge":
                self.hear(events.SpeechStarted(round(self.now * 1000)))
            case "cut" if items:
                self.hear(events.ItemTruncateRequested(items[-1].item_id, 0, 10))
            case "deleted" if items:
                self.hear(events.ItemDeleteRequested(items[0].item_id))
            case "set":
                self.hear(events.SessionConfigured(replace(SETTINGS, instructions=f"Be {self.count}.")))
            case "forced":
                self.hear(events.ForceMessageRequested("One moment."))
            case _:
                pass

    def _next_turn(self) -> ItemId:
        self.hear(events.SpeechStarted(round(self.now * 1000)))
        return self.conversation._turns.open_item_id or ItemId("item_none")


def settled(item: Item) -> Item:
    """A message under way is compared but for its words."""
    if isinstance(item, Message) and item.status is ItemStatus.IN_PROGRESS:
        return replace(item, status=ItemStatus.INCOMPLETE)
    return item


@settings(max_examples=60, deadline=None)
@given(STEPS, st.floats(0, 1))
def test_a_journal_cut_at_any_byte_holds_what_the_client_had_been_told(steps: list[str], share: float) -> None:
    call = RecordedCall()
    for step in steps:
        call.step(step)
    content = b"".join(call.lines)
    cut = len(call.lines[0]) + round(share * (len(content) - len(call.lines[0])))
    whole = content[:cut].count(b"\n") - 1
    found = resumed_from(content[:cut])
    known = [settled(item) for item in call.items[whole]]
    assert [item.item_id for item in found.items] == [item.item_id for item in known]
    for was, now in zip(known, found.items, strict=True):
        assert now == was or (isinstance(was, Message) and was.status is ItemStatus.INCOMPLETE and not was.text)
    assert found.settings == call.told_settings[whole]
    answered = {item.call_id for item in found.items if isinstance(item, FunctionCallOutput)}
    calls = [item for item in found.items if isinstance(item, FunctionCall) and item.call_id not in answered]
    assert list(found.pending_calls) == calls


def a_call_that_broke_off(*steps: str) -> Resumed:
    call = RecordedCall()
    for step in steps:
        call.step(step)
    return resumed_from(b"".join(call.lines))


def test_a_message_that_was_being_spoken_keeps_the_words_that_had_begun_to_sound() -> None:
    found = a_call_that_broke_off("turn", "written", "piece")
    (_, said) = found.items
    assert isinstance(said, Message)
    assert (said.text, said.status) == ("Gladly.", ItemStatus.INCOMPLETE)


def test_a_call_of_a_function_without_its_output_is_pending() -> None:
    found = a_call_that_broke_off("turn", "called", "called", "done")
    assert [call.name for call in found.pending_calls] == ["weather", "weather"]


def test_what_was_said_beside_the_conversation_is_not_resumed() -> None:
    assert a_call_that_broke_off("aside", "written", "piece", "called", "done").items == ()


def test_a_conversation_goes_on_with_the_items_it_had_and_knows_them_as_its_own() -> None:
    found = a_call_that_broke_off("turn", "written", "piece", "done")
    conversation = Conversation(found.settings, "next")
    conversation.handle(events.ConversationResumed(found.items), 1.0)
    conversation.handle(events.CallerJoined(), 1.0)
    deleted = conversation.handle(events.ItemDeleteRequested(found.items[0].item_id), 1.1)
    assert [to_plain(order)["notice"]["$"] for order in deleted] == ["ItemDeleted"]
    (_, start) = conversation.handle(events.ResponseRequested(), 1.2)
    assert isinstance(start, orders.StartReply)
    assert [(message.role, message.text) for message in start.prompt] == [
        ("system", "Be kind."),
        ("assistant", "Gladly."),
    ]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="an empty file is refused"),
        pytest.param(b'{"journal": 1', id="a torn first line is refused"),
        pytest.param(b"half a line\n", id="what is no journal is refused"),
        pytest.param(b'{"at": 1.0}\n', id="a line that is not of a journal is refused"),
    ],
)
def test_what_cannot_be_resumed(content: bytes) -> None:
    with pytest.raises(JournalError):
        resumed_from(content)


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot read"):
        resume(tmp_path / "call.jsonl")


async def test_what_the_client_is_told_is_in_the_file_first(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    journal = Journal(path, tells_after_writing=True)
    conversation = Conversation(SETTINGS, "j")
    journal.begin(SETTINGS, "j")
    joined = events.CallerJoined()
    journal.write(1.0, joined, conversation.handle(joined, 1.0))
    assert path.read_bytes().count(b"\n") == 2
    quiet = events.DeadlineReached()
    journal.write(2.0, quiet, [])
    assert path.read_bytes().count(b"\n") == 2, "nobody was told of anything"
    await journal.flushed()
    assert path.read_bytes().count(b"\n") == 3
    assert replay(path) is None


async def test_a_journal_goes_on_before_a_line_that_its_process_died_in(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    first = Journal(path)
    first.begin(SETTINGS, "a")
    first.close()
    path.write_bytes(path.read_bytes() + b'{"at": 1.0, "ev')
    second = Journal(path)
    second.begin(SETTINGS, "b")
    await asyncio.gather(second.flushed(), second.flushed())
    assert (replay(path), resume(path).sessions) == (None, 2)
