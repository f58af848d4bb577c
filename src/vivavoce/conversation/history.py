"""The items of a conversation and their order, and the prompt that follows from them.

Owned by the conversation; lives as long as the call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from vivavoce.conversation.identifiers import CallId, ItemId
from vivavoce.conversation.items import (
    FunctionCall,
    FunctionCallOutput,
    Item,
    ItemReference,
    ItemStatus,
    Message,
    Part,
    PartKind,
    Role,
    ServerCall,
)
from vivavoce.conversation.tool_words import IN_BACKGROUND, STILL_RUNNING

CUT = " —"
"""Behind what was heard of a message that was cut short, so that the model does not take it for a whole one."""

ROOT = ItemId("root")
"""As `previous_item_id`: put the item before all others."""


class UnknownItemError(LookupError):
    """No item of this id is in the conversation."""

    def __init__(self, item_id: ItemId) -> None:
        super().__init__(f"no item '{item_id}' in this conversation")
        self.item_id = item_id


class DuplicateItemError(ValueError):
    """An item of this id is in the conversation already."""

    def __init__(self, item_id: ItemId) -> None:
        super().__init__(f"an item '{item_id}' exists already; leave the id out or choose another")
        self.item_id = item_id


@dataclass(frozen=True, slots=True)
class PromptCall:
    """A tool call inside a prompt."""

    call_id: CallId
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message as the language model is to see it."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    calls: tuple[PromptCall, ...] = ()
    call_id: CallId | None = None


class History:
    """Items in order. Every item is frozen; a change replaces it in its place.

    Before them lies the past: items of earlier calls that the model sees and nobody can change. They are no items of
    this conversation, but their ids are taken.
    """

    def __init__(self) -> None:
        self._past: list[Item] = []
        self._past_ids: set[ItemId] = set()
        self._order: list[ItemId] = []
        self._items: dict[ItemId, Item] = {}

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._items

    def __len__(self) -> int:
        return len(self._order)

    @property
    def last_item_id(self) -> ItemId | None:
        """The last that clients see."""
        return self._told_before(len(self._order))

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(self._items[item_id] for item_id in self._order)

    @property
    def past(self) -> tuple[Item, ...]:
        return tuple(self._past)

    def restore(self, items: Iterable[Item]) -> None:
        """Put items behind the past. Their ids may be missing or the same: nobody asks for them."""
        self._past += items
        self._past_ids |= {item.item_id for item in self._past}

    def resume(self, items: Iterable[Item]) -> None:
        """Go on with the items of a conversation whose connection broke. Raises `DuplicateItemError`."""
        for item in items:
            self.add(item)

    def reserve(self, item_id: ItemId) -> None:
        """Clients know something by this id that is no item here: nothing else may bear it."""
        self._past_ids.add(item_id)

    def is_taken(self, item_id: ItemId) -> bool:
        """True if an item of this conversation or of its past bears the id."""
        return item_id in self._items or item_id in self._past_ids

    def get(self, item_id: ItemId) -> Item:
        """Raises `UnknownItemError`."""
        try:
            return self._items[item_id]
        except KeyError:
            raise UnknownItemError(item_id) from None

    def before(self, item_id: ItemId) -> ItemId | None:
        """The id of the item before this one that clients see; None for the first. Raises `UnknownItemError`."""
        self.get(item_id)
        return self._told_before(self._order.index(item_id))

    def add(self, item: Item, after: ItemId | None = None) -> ItemId | None:
        """Insert after an item, at the front for `ROOT`, at the end for None; the id of the told item before it.

        Calls that clients do not see stay with the item that they follow. Raises `UnknownItemError` for
        `after`, `DuplicateItemError` for the item itself; neither changes anything.
        """
        if self.is_taken(item.item_id):
            raise DuplicateItemError(item.item_id)
        if after is None:
            position = len(self._order)
        elif after == ROOT:
            position = self._behind_untold(0)
        else:
            self.get(after)
            position = self._behind_untold(self._order.index(after) + 1)
        self._order.insert(position, item.item_id)
        self._items[item.item_id] = item
        return self.before(item.item_id)

    def add_before(self, item: Item, later: ItemId) -> ItemId | None:
        """Insert just before another item; the id of the told item before it.

        Raises `UnknownItemError` and `DuplicateItemError` as `add`.
        """
        if self.is_taken(item.item_id):
            raise DuplicateItemError(item.item_id)
        self.get(later)
        self._order.insert(self._order.index(later), item.item_id)
        self._items[item.item_id] = item
        return self.before(item.item_id)

    def replace(self, item: Item) -> None:
        """Put a new version of an item in its place. Raises `UnknownItemError`."""
        self.get(item.item_id)
        self._items[item.item_id] = item

    def remove(self, item_id: ItemId) -> None:
        """Raises `UnknownItemError`."""
        self.get(item_id)
        self._order.remove(item_id)
        del self._items[item_id]

    def prompt(self, instructions: str) -> tuple[PromptMessage, ...]:
        """What the language model is to see: nothing that was not said, nothing that was not heard."""
        messages: list[PromptMessage] = []
        if instructions:
            messages.append(PromptMessage("system", instructions))
        return (*messages, *prompt_of((*self._past, *self.items)))

    def resolved(self, wanted: Iterable[Item | ItemReference]) -> tuple[Item, ...]:
        """The items of a reply's own input. Raises `UnknownItemError` for a reference to none of this conversation."""
        return tuple(self.get(each.item_id) if isinstance(each, ItemReference) else each for each in wanted)

    def _told_before(self, position: int) -> ItemId | None:
        before = (item_id for item_id in reversed(self._order[:position]) if _is_told(self._items[item_id]))
        return next(before, None)

    def _behind_untold(self, position: int) -> int:
        while position < len(self._order) and not _is_told(self._items[self._order[position]]):
            position += 1
        return position


def prompt_of(items: Iterable[Item]) -> list[PromptMessage]:
    """Items as the language model is to see them. Calls that were made together stand together, as models want it.

    A call that the server ran is a call and its answer, also while it runs: no call stands without one.
    """
    messages: list[PromptMessage] = []
    answers: list[PromptMessage] = []
    together, made_in = False, None
    for item in items:
        message = _prompt_message(item)
        if message is None:
            continue
        round_ = item.round if isinstance(item, ServerCall) else None
        same = made_in is None or round_ is None or made_in == round_
        if together and message.calls and same:
            messages[-1] = replace(messages[-1], calls=messages[-1].calls + message.calls)
        else:
            messages += answers
            answers.clear()
            messages.append(message)
            made_in = None
        together = message.calls != ()
        if isinstance(item, ServerCall):
            made_in = round_
            answers.append(PromptMessage("tool", _outcome(item), call_id=item.call_id))
    return messages + answers


def _outcome(call: ServerCall) -> str:
    if call.output is not None:
        return call.output
    return IN_BACKGROUND if call.in_background else STILL_RUNNING


def _is_told(item: Item) -> bool:
    return not isinstance(item, ServerCall) or item.told


def untranscribed_part(item: Item) -> int | None:
    """Where a message holds sound whose words are not there yet."""
    parts = item.parts if isinstance(item, Message) else ()
    found = (index for index, part in enumerate(parts) if part.kind is PartKind.INPUT_AUDIO and part.text is None)
    return next(found, None)


def transcribed(message: Message, index: int, text: str) -> Message:
    """The same message with the words of its part `index`."""
    parts = (*message.parts[:index], Part(message.parts[index].kind, text), *message.parts[index + 1 :])
    return replace(message, parts=parts)


def _prompt_message(item: Item) -> PromptMessage | None:
    match item:
        case Message(role=role):
            cut = role is Role.ASSISTANT and item.status is ItemStatus.INCOMPLETE
            return PromptMessage(_ROLES[role], item.text + (CUT if cut else "")) if item.text else None
        case (
            FunctionCall(call_id=call_id, name=name, arguments=arguments)
            | ServerCall(call_id=call_id, name=name, arguments=arguments)
        ):
            return PromptMessage("assistant", "", (PromptCall(call_id, name, arguments),))
        case FunctionCallOutput(call_id=call_id, output=output):
            return PromptMessage("tool", output, call_id=call_id)
        case _:
            assert_never(item)


_ROLES: dict[Role, Literal["system", "user", "assistant"]] = {
    Role.SYSTEM: "system",
    Role.USER: "user",
    Role.ASSISTANT: "assistant",
}
