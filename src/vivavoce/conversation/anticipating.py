"""What the language model does with the words of a turn that is not over.

If they may be all the words there will be, the answer to them is begun behind its gate (`speculating.py`): at a pause,
and while the voice fades before one. Otherwise the model reads them ahead, so that it knows them when the rest comes.
Owned by `TurnTaking`; lives as long as the call.
"""

from __future__ import annotations

from vivavoce.conversation.call import Call
from vivavoce.conversation.endpointing import SURE
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.replying import Replying, may_warm
from vivavoce.conversation.turns import Turn
from vivavoce.conversation.unfinished_words import breaks_off


class Anticipating:
    def __init__(self, call: Call, replying: Replying) -> None:
        self._call = call
        self._replying = replying
        self._read_ahead: tuple[ItemId, str] | None = None

    def so_far(self, turn: Turn, words: str, *, fading: bool) -> None:
        """The caller speaks, and these are the words of an interim transcript; all of them perhaps, if the voice fades.

        An answer that is begun and given up costs the next one the time to give it up: so it is not begun for less.
        """
        self._replying.speculating.doubt(words, so_far=True)
        if not fading or breaks_off(words) or not self._replying.speculate(turn.item_id, words, early=True):
            self._read(turn, words.rpartition(" ")[0])  # the last word is the one that is revised

    def at_pause(self, turn: Turn, words: str) -> None:
        """The caller has paused, and these are the words. If they break off, the turn detector has to be sure."""
        unlikely = breaks_off(words) and not _is_surely_over(turn)
        if not unlikely:
            self._call.search_ahead(words)
        if unlikely or not self._replying.speculate(turn.item_id, words):
            self._replying.speculating.doubt(words)
            self._read(turn, words)

    def assessed(self, turn: Turn) -> None:
        """The turn detector has told its opinion of the pause: words that break off may be all after all."""
        words = turn.pause.text or ""
        if breaks_off(words) and _is_surely_over(turn):
            self.at_pause(turn, words)

    def _read(self, turn: Turn, words: str) -> None:
        """Let the model read them once, if it is free and will be asked to answer."""
        if not words or not may_warm(self._replying) or not self._call.settings.answers_turns:
            return
        if self._read_ahead != (turn.item_id, words):
            self._read_ahead = (turn.item_id, words)
            self._call.warm(words)


def _is_surely_over(turn: Turn) -> bool:
    return turn.pause.probability is not None and turn.pause.probability >= SURE
