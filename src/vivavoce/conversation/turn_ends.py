"""When a turn is over: the patience of each pause, and what follows when it has run out.

Patience depends on what is known of the pause (`endpointing.py`), so it is weighed anew with every word and opinion.
Owned by `TurnTaking`; lives as long as the call.
"""

from __future__ import annotations

from vivavoce.conversation.call import Call
from vivavoce.conversation.caller_pauses import CallerPauses
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.endpointing import Evidence, endpoint
from vivavoce.conversation.floor import Floor
from vivavoce.conversation.notices import CallerSpeechStopped
from vivavoce.conversation.orders import CloseTurn, TranscribeTurn
from vivavoce.conversation.turns import Turn, TurnState
from vivavoce.conversation.words import Words


class TurnEnds:
    """`pauses`: how long this caller pauses before going on."""

    def __init__(self, call: Call, floor: Floor, words: Words) -> None:
        self._call = call
        self._floor = floor
        self._words = words
        self.pauses = CallerPauses()

    def weigh(self, turn: Turn) -> None:
        """More is known of a pause: how long may it last? It may be over already."""
        detection, pause = self._call.settings.turn_detection, turn.pause
        if detection is None or pause.spoken_until is None or turn.tentative:
            return
        said, language = self._call.agent_said, self._call.settings.language
        judged = endpoint(detection, Evidence(pause.probability, pause.text, said, self.pauses.lengths_ms, language))
        turn.reason = judged.reason
        at = pause.spoken_until + judged.patience_ms / 1000
        if at <= self._call.now:
            self.end(turn)
        else:
            self._call.deadlines.set(Deadline.TURN_END, at)

    def reached(self) -> None:
        """The pause has lasted as long as it may."""
        turn = self._floor.turn
        if turn is not None and turn.state is TurnState.PAUSED:
            self.end(turn)

    def end(self, turn: Turn) -> None:
        """The open turn is over: it is committed, and its words are awaited if they are not there."""
        self._floor.close()
        self._call.deadlines.clear(Deadline.TURN_END)
        asked = turn.state is TurnState.PAUSED and not turn.pause.failed
        turn.end(self._call.now)
        self.pauses.turn_ended(turn.audio_end_ms)
        self._call.tell(CallerSpeechStopped(turn.item_id, turn.audio_end_ms))
        if not asked:
            self._call.order(TranscribeTurn(turn.item_id, turn.pause.number))
        self._call.order(CloseTurn(turn.item_id))
        self._words.await_turn(turn)
        if turn.pause.text is not None:
            self._words.finish(turn, turn.pause.text, turn.pause.audio_seconds)
