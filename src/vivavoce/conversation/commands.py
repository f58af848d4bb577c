"""The client's commands on the conversation's items: create, delete, retrieve, truncate.

What cannot be followed is refused with a code and changes nothing. Codes are those of OpenAI's server where known.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from vivavoce.conversation.call import Call
from vivavoce.conversation.events import (
    ItemCommand,
    ItemCreateRequested,
    ItemDeleteRequested,
    ItemRetrieveRequested,
    ItemTruncateRequested,
)
from vivavoce.conversation.history import DuplicateItemError, UnknownItemError, untranscribed_part
from vivavoce.conversation.items import Item, Message, Part, PartKind, Role
from vivavoce.conversation.notices import ItemAdded, ItemDeleted, ItemDone, ItemRetrieved, ItemTruncated
from vivavoce.conversation.replies import EndReason
from vivavoce.conversation.replying import Replying
from vivavoce.conversation.turn_taking import TurnTaking


class ItemCommands:
    """Owned by `Conversation`."""

    def __init__(self, call: Call, turns: TurnTaking, replying: Replying) -> None:
        self._call = call
        self._turns = turns
        self._replying = replying

    def handle(self, command: ItemCommand) -> None:
        match command:
            case ItemCreateRequested():
                self._create(command)
            case ItemDeleteRequested():
                self._delete(command)
            case ItemRetrieveRequested():
                self._retrieve(command)
            case ItemTruncateRequested():
                self._truncate(command)
            case _:
                assert_never(command)

    def _create(self, command: ItemCreateRequested) -> None:
        item = command.item if command.item.item_id else replace(command.item, item_id=self._call.next_item_id())
        if command.recording is not None and (untranscribed_part(item) is None or _unknown_sounds(item) != 1):
            message = "sound comes with a message that has exactly one 'input_audio' part without a transcript"
            self._call.refuse("invalid_value", message, command.event_id, "item.content")
            return
        try:
            awaited = command.recording is not None and self._turns.words.awaits(item.item_id)
            if item.item_id == self._turns.open_item_id or awaited:
                raise DuplicateItemError(item.item_id)
            previous = self._call.history.add(item, command.after)
        except DuplicateItemError as error:
            self._call.refuse("item_create_duplicate_item_id", str(error), command.event_id, "item.id")
        except UnknownItemError as error:
            self._call.refuse("item_create_invalid_previous_item_id", str(error), command.event_id, "previous_item_id")
        else:
            if isinstance(item, Message) and item.role is Role.USER:
                self._call.caller_spoke += 1
                self._call.caller_said = item.text or self._call.caller_said
            self._call.tell(ItemAdded(item, previous))
            if command.recording is not None and isinstance(item, Message):
                self._turns.words.await_recording(item, command.recording)
            else:
                self._call.tell(ItemDone(item, previous))

    def _delete(self, command: ItemDeleteRequested) -> None:
        try:
            self._call.history.remove(command.item_id)
        except UnknownItemError as error:
            self._call.refuse("item_delete_invalid_item_id", str(error), command.event_id, "item_id")
        else:
            self._call.ledgers.pop(command.item_id, None)
            self._call.tell(ItemDeleted(command.item_id))

    def _retrieve(self, command: ItemRetrieveRequested) -> None:
        try:
            item = self._call.history.get(command.item_id)
        except UnknownItemError as error:
            self._call.refuse("item_retrieve_invalid_item_id", str(error), command.event_id, "item_id")
        else:
            self._call.tell(ItemRetrieved(item))

    def _truncate(self, command: ItemTruncateRequested) -> None:
        """Keep what the client says was played; more than there is counts as all of it."""
        ledger = self._call.ledgers.get(command.item_id)
        if ledger is None:
            self._call.refuse(
                "item_truncate_invalid_item_id",
                f"'{command.item_id}' is no assistant message with audio in this conversation",
                command.event_id,
                "item_id",
            )
            return
        if command.content_index != 0 or command.audio_end_ms < 0:
            param = "content_index" if command.content_index != 0 else "audio_end_ms"
            self._call.refuse(
                "invalid_value", f"'{param}' must be 0{' or more' * (param == 'audio_end_ms')}", command.event_id, param
            )
            return
        audio_end_ms = min(command.audio_end_ms, ledger.end_ms)
        active = self._replying.active
        if active is not None and active.message_id == command.item_id:
            active.played_ms = audio_end_ms
            self._replying.interrupt(EndReason.CLIENT_CANCELLED)
        item = self._call.history.get(command.item_id)
        assert isinstance(item, Message)
        kept = ledger.text_until(audio_end_ms)
        self._call.history.replace(replace(item, parts=(Part(item.parts[0].kind, kept),)))
        self._call.tell(ItemTruncated(item.item_id, 0, audio_end_ms, kept))


def _unknown_sounds(item: Item) -> int:
    parts = item.parts if isinstance(item, Message) else ()
    return sum(part.kind is PartKind.INPUT_AUDIO and part.text is None for part in parts)
