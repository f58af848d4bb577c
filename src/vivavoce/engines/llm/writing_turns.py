"""Whose reply the engine writes next: of all that are under way, the one whose words are wanted first.

A step of the engine costs as much as its tokens one by one where the processor is what limits it (30 ms for one reply,
100 ms for four, on two cores), while a voice needs four or five tokens a second. So replies are not written side by
side: the one whose caller would hear silence first is written alone, and a reply whose voice has enough to say is
stopped and gone on with later. Earliest deadline first (Liu and Layland 1973), asked again at every token.

Owned by the adapter, used on the event loop; dies with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from vivavoce.engines.serving.worker import EngineBusyError

MARGIN_SECONDS = 0.2
"""So much sooner must another reply's words be wanted for a reply to be stopped."""

WAITING_MAXIMUM = 1024


@dataclass(eq=False, slots=True)
class WritingTurn:
    """One reply's place. `wanted_at`: loop seconds by which its next words are wanted, which changes as it is spoken.

    `pause` stops its writing at the next token, or returns False where it cannot be gone on with later.
    """

    wanted_at: Callable[[], float]
    pause: Callable[[], bool]


class WritingTurns:
    """At most `at_once` replies are written at a time."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._writing: set[WritingTurn] = set()
        self._waiting: dict[WritingTurn, asyncio.Future[None]] = {}

    async def take(self, turn: WritingTurn) -> None:
        """Wait until this reply may be written. Cancelling leaves the line. Raises `EngineBusyError`."""
        if len(self._writing) < self._at_once:
            self._writing.add(turn)
            return
        if len(self._waiting) >= WAITING_MAXIMUM:
            raise EngineBusyError(
                f"{WAITING_MAXIMUM} replies wait for the language model; try again, or run fewer calls"
            )
        called = asyncio.get_running_loop().create_future()
        self._waiting[turn] = called
        self.reconsider()
        try:
            await called
        except asyncio.CancelledError:
            self.give_back(turn)
            raise
        finally:
            self._waiting.pop(turn, None)

    def give_back(self, turn: WritingTurn) -> None:
        """Its writing has ended. Harmless if that is known."""
        if turn in self._writing:
            self._writing.remove(turn)
            self._call_next()

    def reconsider(self) -> None:
        """A token was written: let the least urgent reply make room if the words of another are wanted first."""
        if not self._waiting:
            return
        first = min(turn.wanted_at() for turn in self._waiting)
        for turn in sorted(self._writing, key=lambda turn: turn.wanted_at(), reverse=True):
            if first + MARGIN_SECONDS >= turn.wanted_at():
                return
            if turn.pause():
                self.give_back(turn)
                return

    def _call_next(self) -> None:
        if not self._waiting:
            return
        turn = min(self._waiting, key=lambda turn: turn.wanted_at())
        called = self._waiting.pop(turn)
        self._writing.add(turn)
        if not called.done():
            called.set_result(None)
