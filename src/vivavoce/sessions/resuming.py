"""What a call that goes on after its connection broke needs to know, read from its journal. Pure but for the reading.

The journal holds what the client was told, so this is the client's own copy of the conversation: items in order, with
the cut of an interrupted reply. A message that was being spoken when the process died keeps the words whose sound had
begun to go out. Read when somebody comes back; nothing here outlives the reading.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from vivavoce.conversation import events, notices, orders
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import FunctionCall, FunctionCallOutput, Item, ItemStatus, Message, Part, ServerCall
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.settings import Settings
from vivavoce.conversation.tool_policy import ToolFailure
from vivavoce.conversation.tool_words import CONNECTION_BROKE
from vivavoce.sessions.journal import JournalError, from_plain


@dataclass(frozen=True, slots=True)
class Resumed:
    """`items` go to `Session(resumed=…)`, `past` to `Session(history=…)`. `sessions`: how often it was held so far.

    `pending_calls`: function calls that were told to the client and have no output yet; they are among the items.
    """

    items: tuple[Item, ...]
    settings: Settings
    pending_calls: tuple[FunctionCall, ...]
    past: tuple[Item, ...] = ()
    sessions: int = 1


def resume(path: Path) -> Resumed:
    """The conversation as its client knows it. A last line that is torn is left out: its orders were not performed.

    Raises `JournalError` for a file that is missing or empty, or not a journal.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise JournalError(f"cannot read {path}: {error.strerror}") from error
    return resumed_from(content)


def resumed_from(content: bytes) -> Resumed:
    """The same from a journal's bytes, cut anywhere behind its first line."""
    told = _Told()
    lines = content.split(b"\n")[:-1]
    if not lines:
        raise JournalError("the journal is empty: nothing was told of this call, so there is nothing to go on with")
    for number, line in enumerate(lines, 1):
        try:
            record = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            raise JournalError(f"line {number}: {error}") from error
        told.read(record)
    return told.resumed()


class _Told:
    """The client's copy while the journal is read."""

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self._items: list[Item] = []
        self._past: tuple[Item, ...] = ()
        self._grown: dict[ItemId, str] = {}
        self._sessions = 0

    def read(self, record: Any) -> None:
        if not isinstance(record, dict) or not ({"journal", "event"} & record.keys()):
            raise JournalError("not a line of a journal")
        if "journal" in record:
            self._settings = from_plain(record["settings"], Settings)
            self._sessions += 1
            self._items, self._past = [], ()  # held again: what it goes on with is told by its first facts
            return
        match from_plain(record["event"], events.Event):
            case events.HistoryRestored(items=items):
                self._past = items
            case events.ConversationResumed(items=items):
                self._items = list(items)
            case _:
                pass
        for order in from_plain(record["orders"], tuple[orders.Order, ...]):
            if isinstance(order, orders.Tell):
                self._take_in(order.notice)

    def resumed(self) -> Resumed:
        if self._settings is None:
            raise JournalError("the first line of a journal holds the settings; this file has none")
        items = tuple(self._settled(item) for item in self._items)
        answered = {item.call_id for item in items if isinstance(item, FunctionCallOutput)}
        pending = (item for item in items if isinstance(item, FunctionCall) and item.call_id not in answered)
        return Resumed(items, self._settings, tuple(pending), self._past, self._sessions)

    def _take_in(self, notice: Notice) -> None:
        match notice:
            case notices.SessionUpdated(settings=settings):
                self._settings = settings
            case (
                notices.ItemAdded(item=item, previous_item_id=previous)
                | notices.ReplyMessageAdded(item=item, previous_item_id=previous, in_conversation=True)
                | notices.ReplyCalledFunction(item=item, previous_item_id=previous, in_conversation=True)
                | notices.ReplyCalledTool(item=item, previous_item_id=previous, in_conversation=True)
            ):
                at = 0 if previous is None else self._index(previous) + 1
                while at < len(self._items) and _is_untold(self._items[at]):
                    at += 1
                self._items.insert(at, item)
            case notices.ItemDone(item=item):
                self._replace(item)
            case notices.ToolCallEnded(item=item, in_conversation=True):
                if any(each.item_id == item.item_id for each in self._items):  # else the client has deleted it
                    self._replace(item)
            case notices.ReplyMessageDone(item=item, in_conversation=True):
                self._grown.pop(item.item_id, None)
                begun = replace(item, parts=(Part(item.parts[0].kind, ""),), status=ItemStatus.IN_PROGRESS)
                if begun in self._items:  # else the client has deleted or replaced it meanwhile
                    self._replace(item)
            case notices.ReplyTextGrew(item_id=item_id, delta=delta):
                self._grown[item_id] = self._grown.get(item_id, "") + delta
            case notices.ItemTruncated(item_id=item_id, kept_text=kept):
                cut = self._items[self._index(item_id)]
                if isinstance(cut, Message):
                    self._replace(replace(cut, parts=(Part(cut.parts[0].kind, kept),)))
            case notices.ItemDeleted(item_id=item_id):
                del self._items[self._index(item_id)]
            case _:
                pass

    def _settled(self, item: Item) -> Item:
        """A message that nobody will finish any more, a call that nobody waits for: it is not run again."""
        if isinstance(item, ServerCall) and item.output is None:
            failure, status = ToolFailure.CANCELLED, ItemStatus.INCOMPLETE
            return replace(item, output=CONNECTION_BROKE, failure=failure, status=status, in_background=False)
        if not isinstance(item, Message) or item.status is not ItemStatus.IN_PROGRESS:
            return item
        part = Part(item.parts[0].kind, self._grown.get(item.item_id, ""))
        return replace(item, parts=(part,), status=ItemStatus.INCOMPLETE)

    def _replace(self, item: Item) -> None:
        self._items[self._index(item.item_id)] = item

    def _index(self, item_id: ItemId) -> int:
        found: Iterable[int] = (index for index, item in enumerate(self._items) if item.item_id == item_id)
        index = next(iter(found), None)
        if index is None:
            raise JournalError(f"the journal tells of '{item_id}', which it has not told of before")
        return index


def _is_untold(item: Item) -> bool:
    """Calls that clients do not see stay with the item that they follow."""
    return isinstance(item, ServerCall) and not item.told
