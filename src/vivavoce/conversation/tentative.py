"""Sound over the agent's voice of which it is not known yet whether it means to interrupt: suspected, then a turn.

The turn is confirmed, and counts from its first sound on; or it was none, and nobody hears of it. The words decide
(`Overlap.judge`); where none come, patience does: a voice that is ducked or held waits for nothing that may never
happen. Owned by `TurnTaking`; lives as long as the call.
"""

from __future__ import annotations

from vivavoce.conversation.call import Call
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.events import SpeechMeasured
from vivavoce.conversation.floor import Floor
from vivavoce.conversation.interruptions import Verdict
from vivavoce.conversation.notices import OverlapIgnored, TranscriptGrew
from vivavoce.conversation.orders import DiscardTurn
from vivavoce.conversation.overlap import Overlap
from vivavoce.conversation.replies import EndReason
from vivavoce.conversation.replying import Replying
from vivavoce.conversation.turn_ends import TurnEnds
from vivavoce.conversation.turns import Turn, TurnState

DOUBT_PATIENCE_SECONDS = 3.0
"""How long no sound of a tentative turn may arrive, or no words of its pause, before it is given up. A suspicion lasts
no longer either."""


class Tentative:
    """The doubt about what is heard, if there is any."""

    def __init__(self, call: Call, replying: Replying, overlap: Overlap, floor: Floor, ends: TurnEnds) -> None:
        self._call = call
        self._replying = replying
        self._overlap = overlap
        self._floor = floor
        self._ends = ends

    @property
    def turn(self) -> Turn | None:
        """The open turn, while it is not known what it means."""
        turn = self._floor.turn
        return turn if turn is not None and turn.tentative else None

    def suspect(self) -> None:
        """There may be speech, of which no turn has begun yet."""
        if self._floor.turn is None:
            self._overlap.duck()
            self._wait()

    def clear_suspicion(self) -> None:
        """There was none."""
        if self._floor.turn is None:
            self._overlap.release()

    def begin(self) -> None:
        """A turn has begun over the agent's voice."""
        self._overlap.duck()
        self.heard()

    def heard(self) -> None:
        """Sound of the open turn has arrived: if it is tentative, patience begins anew.

        Interim transcripts do not count: they are made from time to time, also of a sound that has stopped coming.
        """
        if self.turn is not None:
            self._wait()

    def measure(self, fact: SpeechMeasured) -> None:
        """Its sound goes on."""
        if self.turn is not None:
            self.heard()
            self._overlap.measure(fact)

    def hear(self, turn: Turn, words: str, *, final: bool) -> None:
        """What it has said so far: it interrupts, or it does not."""
        verdict = self._overlap.judge(words, final=final)
        if verdict is Verdict.INTERRUPTS:
            self.confirm(turn)
        elif verdict not in {Verdict.UNCLEAR, Verdict.HARMLESS}:
            self._ignore(turn, verdict, words)

    def confirm(self, turn: Turn) -> None:
        """The caller means it: the turn counts from its first sound on."""
        self._replying.ending.go_on()
        if self._replying.ending.closing:
            self._replying.interrupt(EndReason.TURN_DETECTED)
            self._discard(turn)
            return
        self._floor.take(turn)
        self._replying.tools.interrupted()
        if delta := turn.interim.tell_stable():
            self._call.tell(TranscriptGrew(turn.item_id, delta))
        if turn.state is TurnState.PAUSED:
            self._ends.weigh(turn)

    def give_up(self) -> None:
        """No sound of it has arrived for long.

        In the midst of speech the caller's sound has stopped coming, as when a client mutes its microphone: then it
        was nothing. At a pause its words do not come: rather listen to what nobody knows than talk over it.
        """
        turn = self.turn
        if turn is not None and turn.state is TurnState.PAUSED:
            self.confirm(turn)
        elif turn is not None:
            self._ignore(turn, Verdict.NOISE, turn.interim.latest)
        else:
            self.clear_suspicion()

    def watch(self) -> None:
        """Something has happened: does a sound still have to be confirmed?

        Not over a reply that is over, nor over one that may not be interrupted any more.
        """
        if not self._replying.ending.due:
            if self._floor.turn is None and not self._overlap.contested:
                self._overlap.release()
            elif self.turn is not None and not self._overlap.concerns_active_reply:
                self.confirm(self.turn)
        if self.turn is None and not self._overlap.concerns_active_reply:
            self._call.deadlines.clear(Deadline.DOUBT)

    def _wait(self) -> None:
        self._call.deadlines.set(Deadline.DOUBT, self._call.now + DOUBT_PATIENCE_SECONDS)

    def _ignore(self, turn: Turn, verdict: Verdict, words: str) -> None:
        self._call.tell(OverlapIgnored(verdict.value, words, turn.audio_start_ms, turn.audio_end_ms))
        self._discard(turn)

    def _discard(self, turn: Turn) -> None:
        """It was no turn: nobody hears of it."""
        self._floor.close()
        self._call.order(DiscardTurn(turn.item_id))
        self._floor.give_back()
