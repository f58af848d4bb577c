"""Which items of tools one client is told of, and how the rest looks without those that it is not.

A client that declared an MCP server is told of its lists and its calls; clients that did not break on such items
(Pipecat does), so they see neither them nor a gap where they are. Owned by the codec of one connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vivavoce.conversation import notices
from vivavoce.conversation.identifiers import ItemId, ReplyId
from vivavoce.conversation.items import Item, ServerCall
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.replies import ReplySnapshot
from vivavoce.conversation.tool_policy import Approval
from vivavoce.dialects.realtime.tool_events import (
    approval_asked_events,
    approval_given_events,
    call_object,
    called_events,
    ended_events,
    in_progress_event,
    list_failed_events,
    listed_events,
    listing_events,
)

EventObject = dict[str, Any]

ToolNotice = (
    notices.ToolsListing
    | notices.ToolsListed
    | notices.ToolsListFailed
    | notices.ReplyCalledTool
    | notices.ToolCallEnded
    | notices.ToolApprovalSettled
)


class ToolTelling:
    """What one client knows of the calls that the server runs. `knows_servers` False: its dialect has no such items.

    What is held grows with the calls that are made, by a few ids each.
    """

    def __init__(self, *, knows_servers: bool) -> None:
        self._knows_servers = knows_servers
        self._labels: frozenset[str] = frozenset()
        self._told: dict[ItemId, int] = {}
        self._instead: dict[ItemId, ItemId | None] = {}
        self._hidden_outputs: dict[ReplyId, list[int]] = {}
        self._asked: dict[ItemId, notices.ReplyCalledTool] = {}

    def declared(self, hosted: Iterable[Mapping[str, Any]]) -> None:
        """The client has declared these."""
        if self._knows_servers:
            self._labels = frozenset(each["server_label"] for each in hosted if each["type"] == "mcp")

    # --- what is told of tools --------------------------------------------------------------------------------------

    def events(self, notice: Notice) -> list[EventObject] | None:
        """The events of a notice about the server's tools; None for a notice of something else."""
        match notice:
            case notices.ToolsListing(item_id=item_id, label=label):
                if self._tells(item_id, label, notice.previous_item_id):
                    return listing_events(notice, self._seen(notice.previous_item_id))
                return []
            case notices.ToolsListed(item_id=item_id):
                previous = self._seen(notice.previous_item_id)
                return listed_events(notice, previous) if item_id in self._told else []
            case notices.ToolsListFailed(item_id=item_id):
                return list_failed_events(notice) if item_id in self._told else []
            case notices.ReplyCalledTool():
                return self._called(notice)
            case notices.ToolApprovalSettled():
                return self._settled(notice)
            case notices.ToolCallEnded():
                return self._ended(notice)
            case (
                notices.ItemAdded(item=ServerCall())
                | notices.ItemDone(item=ServerCall())
                | notices.ItemRetrieved(item=ServerCall())
            ):
                return self._item(notice)
            case notices.ItemDeleted(item_id=item_id) if item_id in self._instead:
                return []
            case _:
                return None

    def _called(self, notice: notices.ReplyCalledTool) -> list[EventObject]:
        call, previous = notice.item, self._seen(notice.previous_item_id)
        if not self._tells(call.item_id, call.label if call.told else None, notice.previous_item_id):
            if call.told:  # of other kinds the conversation itself makes no output that clients see
                self._hidden_outputs.setdefault(notice.reply_id, []).append(notice.output_index)
            return []
        place = self._told[call.item_id] = self._place(notice.reply_id, notice.output_index)
        notice = replace(notice, output_index=place)
        if notice.waits_for is Approval.CLIENT and call.approval_item_id is not None:
            self._asked[call.approval_item_id] = notice
            self._instead[call.item_id] = call.approval_item_id  # until the client has said yes or no
            return _inside(notice, approval_asked_events(notice, previous))
        return _inside(notice, called_events(notice, previous))

    def _settled(self, notice: notices.ToolApprovalSettled) -> list[EventObject]:
        asked = self._asked.pop(notice.approval_item_id, None)
        if asked is None:
            self._instead[notice.item_id] = self._seen(notice.previous_item_id)
            return []
        call = asked.item
        found = approval_given_events(notice, self._seen(notice.previous_item_id))
        self._instead.pop(call.item_id, None)
        added = {"type": "conversation.item.added", "item": call_object(call), "previous_item_id": notice.item_id}
        return [*found, added, *([in_progress_event(asked)] if notice.approve else [])]

    def _ended(self, notice: notices.ToolCallEnded) -> list[EventObject]:
        call = notice.item
        if call.item_id not in self._told:
            return []
        previous = self._seen(notice.previous_item_id)
        notice = replace(notice, output_index=self._told[call.item_id])  # others may have been hidden since
        asked = None if call.approval_item_id is None else self._asked.pop(call.approval_item_id, None)
        if asked is None:
            return _inside(notice, ended_events(notice, previous))
        # nobody said yes or no in time: the request stands for the call, which is an item only now
        self._instead.pop(call.item_id, None)
        added = {
            "type": "conversation.item.added",
            "item": call_object(asked.item),
            "previous_item_id": call.approval_item_id,
        }
        return [added, *ended_events(notice, call.approval_item_id)]

    def _item(self, notice: notices.ItemAdded | notices.ItemDone | notices.ItemRetrieved) -> list[EventObject]:
        call = notice.item
        assert isinstance(call, ServerCall), "the caller matched it"
        if isinstance(notice, notices.ItemRetrieved):
            shown = call_object(call)
            return [{"type": "conversation.item.retrieved", "item": shown}] if call.item_id in self._told else []
        previous = notice.previous_item_id
        if not self._tells(call.item_id, call.label if call.told else None, previous):
            return []
        kind = "conversation.item.added" if isinstance(notice, notices.ItemAdded) else "conversation.item.done"
        return [{"type": kind, "item": call_object(call), "previous_item_id": self._seen(previous)}]

    def _tells(self, item_id: ItemId, label: str | None, previous: ItemId | None) -> bool:
        """Whether the client is told of this item; what was decided once stays so."""
        if item_id in self._told or item_id in self._instead:
            return item_id in self._told
        if label is not None and label in self._labels:
            self._told[item_id] = 0
            return True
        self._instead[item_id] = self._seen(previous)
        return False

    # --- the rest without them --------------------------------------------------------------------------------------

    def shown(self, notice: Notice) -> Notice:
        """The notice of something else as the client can understand it: nothing in it that it has not seen."""
        match notice:
            case (
                notices.ReplyMessageAdded()
                | notices.ReplyMessageDone()
                | notices.ReplyCalledFunction()
                | notices.ReplyTextGrew()
            ) if notice.reply_id in self._hidden_outputs:
                notice = replace(notice, output_index=self._place(notice.reply_id, notice.output_index))
            case notices.ReplyDone(reply=reply):
                self._hidden_outputs.pop(reply.reply_id, None)
                return replace(notice, reply=self._reply(reply))
            case notices.ReplyCreated(reply=reply):
                return replace(notice, reply=self._reply(reply))
            case _:
                pass
        match notice:
            case (
                notices.ItemAdded()
                | notices.ItemDone()
                | notices.AudioCommitted()
                | notices.IdleTimeoutTriggered()
                | notices.ReplyMessageAdded()
                | notices.ReplyMessageDone()
                | notices.ReplyCalledFunction()
            ) if notice.previous_item_id in self._instead:
                return replace(notice, previous_item_id=self._seen(notice.previous_item_id))
            case _:
                return notice

    def items(self, items: Sequence[Item]) -> tuple[Item, ...]:
        """Items of an earlier connection, without those that the client is not told of."""
        shown: list[Item] = []
        for item in items:
            before = shown[-1].item_id if shown else None
            if not isinstance(item, ServerCall) or self._tells(item.item_id, item.label if item.told else None, before):
                shown.append(item)
        return tuple(shown)

    def _reply(self, reply: ReplySnapshot) -> ReplySnapshot:
        if not any(isinstance(each, ServerCall) for each in reply.output):
            return reply
        shown = tuple(each for each in reply.output if not isinstance(each, ServerCall) or each.item_id in self._told)
        return replace(reply, output=shown)

    def _place(self, reply_id: ReplyId, output_index: int) -> int:
        return output_index - sum(hidden < output_index for hidden in self._hidden_outputs.get(reply_id, ()))

    def _seen(self, item_id: ItemId | None) -> ItemId | None:
        """The item itself, or the nearest one before it that the client knows."""
        while item_id is not None and item_id in self._instead:
            item_id = self._instead[item_id]
        return item_id


def _inside(notice: notices.ReplyCalledTool | notices.ToolCallEnded, found: list[EventObject]) -> list[EventObject]:
    """A reply outside the conversation has no items in it."""
    return found if notice.in_conversation else [each for each in found if not each["type"].startswith("conversation.")]
