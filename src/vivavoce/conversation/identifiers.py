"""Names of the things of one call, and the counter that hands them out.

Ids are made from a prefix given at the start and a count, never from chance, so that a call replays to the same ids.
"""

from __future__ import annotations

from typing import NewType

ItemId = NewType("ItemId", str)
ReplyId = NewType("ReplyId", str)
CallId = NewType("CallId", str)
EventId = NewType("EventId", str)


class Identifiers:
    """Hands out the ids of one call in order."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._items = 0
        self._replies = 0

    def next_item(self) -> ItemId:
        self._items += 1
        return ItemId(f"item_{self.prefix}{self._items:05d}")

    def next_reply(self) -> ReplyId:
        self._replies += 1
        return ReplyId(f"resp_{self.prefix}{self._replies:05d}")
