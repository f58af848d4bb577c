"""Who sits on which slot: a local engine keeps one prompt cache a slot, and a conversation wants its own back.

Pure bookkeeping (`SlotTable`) and the line of those who wait for it (`SlotLine`). Owned by the engine's adapter; dies
with it.
"""

from __future__ import annotations

import asyncio
import bisect
import itertools
from dataclasses import dataclass, field
from typing import Literal

from vivavoce.engines.ports import AffinityKey, EngineError
from vivavoce.engines.serving.worker import EngineBusyError

Known = Literal["conversation", "opening", "nothing"]
"""What a slot's cache knows of a prompt: all of it but the newest turn, its opening (system prompt, tools), nothing."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A slot that was taken. `evicted` is the live conversation that lost its cache by this."""

    slot: int
    known: Known
    evicted: AffinityKey | None = None


@dataclass(slots=True)
class _Slot:
    number: int
    busy: bool = False
    owner: AffinityKey | None = None
    live: bool = False
    opening: str | None = None
    used_at: int = 0


class SlotTable:
    """Which conversation's prompt lies on which of `count` slots.

    A conversation that has a slot gets that slot and no other. A new one gets, of the idle slots: one that is nobody's
    and has the same opening, then an empty one, then the one released longest ago, and last the one whose live owner
    has been quiet longest.
    """

    def __init__(self, count: int) -> None:
        self._slots = [_Slot(number) for number in range(count)]
        self._clock = 0

    def take(self, affinity: AffinityKey, opening: str) -> Placement | None:
        """Take the best idle slot for this conversation; None when it has to wait."""
        own = next((slot for slot in self._slots if slot.owner == affinity and slot.live), None)
        if own is not None:
            return None if own.busy else self._seat(own, affinity, opening)
        idle = [slot for slot in self._slots if not slot.busy]
        if not idle:
            return None
        return self._seat(min(idle, key=lambda slot: _cost(slot, opening)), affinity, opening)

    def give_back(self, number: int) -> None:
        """The work on this slot has ended; its owner keeps the cache."""
        self._slots[number].busy = False

    def release(self, affinity: AffinityKey) -> None:
        """The conversation is over: its slot may be given to another. Unknown conversations are ignored."""
        for slot in self._slots:
            if slot.owner == affinity:
                slot.live = False

    def _seat(self, slot: _Slot, affinity: AffinityKey, opening: str) -> Placement:
        known: Known = "nothing"
        if slot.opening == opening:
            known = "conversation" if slot.owner == affinity else "opening"
        evicted = slot.owner if slot.live and slot.owner != affinity else None
        self._clock += 1
        slot.busy, slot.owner, slot.live, slot.opening, slot.used_at = True, affinity, True, opening, self._clock
        return Placement(slot.number, known, evicted)


def _cost(slot: _Slot, opening: str) -> tuple[int, int]:
    if slot.live:
        return 3, slot.used_at
    if slot.opening == opening:
        return 0, slot.used_at
    return (1 if slot.owner is None else 2), slot.used_at


@dataclass(order=True, slots=True)
class _Waiting:
    """Sorted by deadline; of equals, the one that came first."""

    due_at: float
    number: int
    affinity: AffinityKey = field(compare=False)
    opening: str = field(compare=False)
    placement: asyncio.Future[Placement] = field(compare=False)


class SlotLine:
    """Those who wait for a slot: whoever is due first comes first, among those whom a free slot can serve.

    At most `limit` wait; one more is refused with `EngineBusyError`.
    """

    def __init__(self, count: int, *, limit: int = 1024) -> None:
        self._table = SlotTable(count)
        self._limit = limit
        self._numbers = itertools.count()
        self._waiting: list[_Waiting] = []

    def try_take(self, affinity: AffinityKey, opening: str) -> Placement | None:
        """A slot, if one can be had at once and nobody waits."""
        return None if self._waiting else self._table.take(affinity, opening)

    async def take(self, affinity: AffinityKey, opening: str, due_at: float | None = None) -> Placement:
        """A slot, as soon as one can be had. `due_at` (loop seconds) None: due at once. Cancelling leaves the line."""
        placement = self.try_take(affinity, opening)
        if placement is not None:
            return placement
        if len(self._waiting) >= self._limit:
            raise EngineBusyError(f"{self._limit} replies wait for the language model; try again, or run fewer calls")
        loop = asyncio.get_running_loop()
        due = loop.time() if due_at is None else due_at
        entry = _Waiting(due, next(self._numbers), affinity, opening, loop.create_future())
        bisect.insort(self._waiting, entry)
        self._serve()
        try:
            return await entry.placement
        except asyncio.CancelledError:
            future = entry.placement
            if future.done() and not future.cancelled() and future.exception() is None:
                self.give_back(future.result().slot)
            raise
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)

    def give_back(self, number: int) -> None:
        self._table.give_back(number)
        self._serve()

    def release(self, affinity: AffinityKey) -> None:
        self._table.release(affinity)
        self._serve()

    def refuse_all(self, error: EngineError) -> None:
        """Send everyone in the line away: the engine is closing."""
        while self._waiting:
            future = self._waiting.pop(0).placement
            if not future.done():
                future.set_exception(error)

    def _serve(self) -> None:
        for entry in list(self._waiting):
            if entry.placement.done():
                continue
            placement = self._table.take(entry.affinity, entry.opening)
            if placement is not None:
                self._waiting.remove(entry)
                entry.placement.set_result(placement)
