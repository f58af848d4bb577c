"""How near the end a conversation is, counted anew from what the client knows: its turns, the last answer, the end.

Imported by the state machine over the core; lives as long as one run of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from vivavoce.conversation import events, notices, orders
from vivavoce.conversation.events import Event
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import Item, Message, Role
from vivavoce.conversation.orders import Order, Tell


class EndSoFar:
    """`closing`: the last answer has begun; `over`: the call has ended."""

    def __init__(self) -> None:
        self.closing = False
        self.over = False
        self._turns = 0
        self._seen: set[ItemId] = set()

    def is_last(self, items: Sequence[Item], max_turns: int | None) -> bool:
        """The model is asked about these items: for the last time?"""
        words = {
            item.item_id
            for item in items
            if isinstance(item, Message) and item.role is Role.USER and any(part.text for part in item.parts)
        }
        self._turns += not words <= self._seen
        self._seen |= words
        self.closing = self.closing or (max_turns is not None and self._turns >= max_turns)
        return self.closing

    def look_back(self, event: Event, ordered: list[Order], *, was_closing: bool, tentative: bool) -> bool:
        """Everything that followed from a fact is there. True if the call ended with it."""
        ends = [order for order in ordered if isinstance(order, orders.EndCall)]
        told = [order.notice for order in ordered if isinstance(order, Tell)]
        assert (ends != []) == any(isinstance(notice, notices.CallEnded) for notice in told), "ended and not told"
        if was_closing:
            kinds = orders.TakeBuffer if tentative else orders.OpenTurn | orders.TakeBuffer
            assert not any(isinstance(order, kinds) for order in ordered), "a turn after the last one"
        if not ends:
            assert not isinstance(event, events.CallEndRequested), "a call that nobody can end"
            return False
        (end,) = ends
        assert ordered[-2:] == [Tell(notices.CallEnded(end.reason)), end], "the end comes last"
        if isinstance(event, events.CallEndRequested):
            assert end.reason == event.reason
        else:
            assert self.closing, "ended for nothing"
            assert end.reason == "max_turns"
            late = isinstance(event, events.DeadlineReached)
            done = any(isinstance(notice, notices.ReplyDone) for notice in told)
            assert late or done, "ended before the goodbye"
        self.over = True
        return True
