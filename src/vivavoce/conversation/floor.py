"""Who has the floor: the caller's open turn, and what the agent's side makes of it.

While a turn is open, even one of which it is not known what it means, no reply begins. Owned by `TurnTaking`; lives as
long as the call.
"""

from __future__ import annotations

from vivavoce.conversation.call import Call
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.interruptions import speech_interrupts
from vivavoce.conversation.notices import CallerSpeechStarted
from vivavoce.conversation.overlap import Overlap
from vivavoce.conversation.replies import EndReason
from vivavoce.conversation.replying import Replying
from vivavoce.conversation.turns import Turn


class Floor:
    """`turn`: the open one; at most one is."""

    def __init__(self, call: Call, replying: Replying, overlap: Overlap) -> None:
        self._call = call
        self._replying = replying
        self._overlap = overlap
        self.turn: Turn | None = None

    def open(self, turn: Turn) -> None:
        """A turn has begun. Nothing else begins before it is known what it means."""
        self.turn = turn
        self._replying.caller_has_floor = True

    def take(self, turn: Turn) -> None:
        """The caller has the floor; what the agent says ends."""
        turn.tentative = False
        self._call.deadlines.clear(Deadline.GREETING)
        self._call.tell(CallerSpeechStarted(turn.item_id, turn.audio_start_ms))
        if speech_interrupts(self._call.settings, self._replying.active):
            self._overlap.forget()
            self._replying.interrupt(EndReason.TURN_DETECTED)
        else:
            self._overlap.release()

    def close(self) -> None:
        """The turn is over. The floor is released once it is known what follows from it."""
        self.turn = None

    def release(self) -> None:
        """The caller may have stopped."""
        self._replying.caller_has_floor = self.turn is not None

    def give_back(self) -> None:
        """There was no turn: what the agent's side has waited with begins."""
        self._overlap.release()
        self.release()
        self._replying.floor_released()
