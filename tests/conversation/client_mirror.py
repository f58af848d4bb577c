"""The client's copy of a conversation, made of what the client is told and nothing else.

If it can be kept at all, and equals what the language model is asked with, then nobody was told half of the truth.
Imported by the state machine over the core; lives as long as one run of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from vivavoce.conversation import notices
from vivavoce.conversation.events import Event, ItemCreateRequested
from vivavoce.conversation.history import ROOT, PromptCall, PromptMessage
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import (
    FunctionCall,
    FunctionCallOutput,
    Item,
    ItemStatus,
    Message,
    Part,
    Role,
    ServerCall,
)
from vivavoce.conversation.notices import Notice


class Mirror:
    """The items in their order. `past`: what was said before this call, of which the client is not told."""

    def __init__(self, past: tuple[Item, ...] = ()) -> None:
        self.past = past
        self.items: list[Item] = []

    @property
    def ids(self) -> list[ItemId]:
        return [item.item_id for item in self.items]

    def read(self, notice: Notice, event: Event) -> None:
        match notice:
            case (
                notices.ItemAdded(item=item, previous_item_id=previous)
                | notices.ReplyMessageAdded(item=item, previous_item_id=previous, in_conversation=True)
                | notices.ReplyCalledFunction(item=item, previous_item_id=previous, in_conversation=True)
            ):
                self._add(item, previous, event)
            case notices.ItemDone(item=item, previous_item_id=previous):
                assert item.item_id in self.ids, "done before it was added"
                assert previous == self._before(item.item_id), "a wrong predecessor"
                self.items[self.ids.index(item.item_id)] = item
            case notices.ReplyMessageDone(item=item, previous_item_id=previous, in_conversation=True):
                self._close(item, previous)
            case notices.ItemTruncated(item_id=item_id, kept_text=kept):
                cut = self.items[self.ids.index(item_id)]
                assert isinstance(cut, Message)
                self.items[self.ids.index(item_id)] = replace(cut, parts=(Part(cut.parts[0].kind, kept),))
            case notices.ItemDeleted(item_id=item_id):
                del self.items[self.ids.index(item_id)]
            case notices.ItemRetrieved(item=item):
                assert item in self.items, "the client was told something else"
            case _:
                pass

    def prompt(self, instructions: str) -> list[PromptMessage]:
        system = [PromptMessage("system", instructions)] if instructions else []
        return system + self.prompt_of((*self.past, *self.items))

    def prompt_of(self, items: Iterable[Item]) -> list[PromptMessage]:
        """Calls with nothing said between them are one message."""
        alone = [message for item in items for message in _prompted(item)]
        grouped = [list(group) for _, group in groupby(alone, key=lambda message: message.calls != ())]
        return [
            message
            for group in grouped
            for message in (
                [replace(group[0], calls=tuple(call for each in group for call in each.calls))]
                if group[0].calls
                else group
            )
        ]

    def _add(self, item: Item, previous: ItemId | None, event: Event) -> None:
        assert item.item_id not in self.ids, f"{item.item_id} was added twice"
        assert item.item_id not in {old.item_id for old in self.past}, f"{item.item_id} is an id of an earlier call"
        wanted = event.after if isinstance(event, ItemCreateRequested) else None
        last = self.ids[-1] if self.ids else None
        assert previous == {None: last, ROOT: None}.get(wanted, wanted), "not where it belongs"
        self.items.insert(0 if previous is None else self.ids.index(previous) + 1, item)

    def _close(self, item: Message, previous: ItemId | None) -> None:
        begun = replace(item, parts=(Part(item.parts[0].kind, ""),), status=ItemStatus.IN_PROGRESS)
        if begun in self.items:
            assert previous == self._before(item.item_id), "a wrong predecessor"
            self.items[self.ids.index(item.item_id)] = item

    def _before(self, item_id: ItemId) -> ItemId | None:
        position = self.ids.index(item_id)
        return self.ids[position - 1] if position else None


def _prompted(item: Item) -> list[PromptMessage]:
    match item:
        case Message(role=role):
            text = "\n".join(part.text for part in item.parts if part.text)
            cut = role is Role.ASSISTANT and item.status is ItemStatus.INCOMPLETE
            return [PromptMessage(role.value, text + (" —" if cut else ""))] if text else []
        case FunctionCall():
            return [PromptMessage("assistant", "", (PromptCall(item.call_id, item.name, item.arguments),))]
        case FunctionCallOutput():
            return [PromptMessage("tool", item.output, call_id=item.call_id)]
        case ServerCall():
            raise AssertionError("a call that nobody has made")
