"""An answer begun before the turn is surely over, behind a gate.

At every pause of a turn that will be answered, and while the voice fades before one, the likely reply is started as if
the turn were over; what becomes of it is kept here and told to nobody. When the turn ends in the same words and nothing
else has changed, the reply is taken as it stands and its gate opens; otherwise it is thrown away. The caller's going on
does not condemn it, other words do. How often this is tried in a turn, and how much may be wasted on it, is the
session's `Speculation`. Calls of functions are facts like the others: they happen when the gate opens, or never. Owned
by `Replying`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from vivavoce.conversation import timing
from vivavoce.conversation.call import Call
from vivavoce.conversation.events import ReplyEvent, ReplyFailed, ReplyTextGenerated, ReplyToolCalled
from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.identifiers import ItemId, ReplyId
from vivavoce.conversation.orders import CancelReply, StartReply
from vivavoce.conversation.replies import ReplyMarks, ReplyOptions
from vivavoce.conversation.starting import reply_for, start_order

CHARACTERS_PER_TOKEN = 4
"""For counting what was thrown away; the model tells its own count only at the end of a whole reply."""


@dataclass(slots=True)
class Speculated:
    """A reply behind its gate."""

    item_id: ItemId
    words: str
    order: StartReply
    marks: ReplyMarks
    facts: list[ReplyEvent] = field(default_factory=list)
    tokens: int = 0

    @property
    def reply_id(self) -> ReplyId:
        return self.order.reply_id

    def answers(self, heard: str, *, so_far: bool) -> bool:
        """Whether these words (normalised) are those that it answers, or, `so_far`, the first of them."""
        return heard == self.words or (so_far and (not heard or self.words.startswith(f"{heard} ")))


class Speculating:
    """At most one reply is behind the gate."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._behind: Speculated | None = None
        self._item_id: ItemId | None = None
        self._tries = 0
        self._wasted_tokens = 0

    def begin(self, item_id: ItemId, words: str, hint: tuple[PromptMessage, ...], *, early: bool = False) -> bool:
        """The turn may be over with these words: begin to answer it. True if an answer to them is under way.

        `hint`: what the model is told behind the caller's words. One that is `early`, before the pause, counts as no
        try, but may waste only half of what may be wasted. An answer to more words than these is kept as well.
        """
        behind, heard = self._behind, normalised(words)
        if behind is not None and behind.item_id == item_id and behind.answers(heard, so_far=early):
            return True
        self.drop()
        if not self._may_begin(item_id, early=early):
            return False
        self._tries += not early
        reply = reply_for(self._call, ReplyOptions(), self._call.history)
        prompt = (*self._call.prompt(), PromptMessage("user", words), *hint)
        order = replace(start_order(self._call, reply, prompt), gated=True)
        self._behind = Speculated(item_id, heard, order, ReplyMarks())
        self._call.order(order)
        return True

    def doubt(self, words: str, *, so_far: bool = False) -> None:
        """These are the words of the turn, or only `so_far`: then the rest of those that are answered may follow."""
        if self._behind is not None and not self._behind.answers(normalised(words), so_far=so_far):
            self.drop()

    def handle(self, fact: ReplyEvent) -> bool:
        """Keep what became of the reply behind the gate; False if it is none of its facts."""
        behind = self._behind
        if behind is None or behind.reply_id != fact.reply_id:
            return False
        if isinstance(fact, ReplyFailed):
            self._forget(behind)  # the reply that is begun when the turn is over will say what is wrong
            return True
        behind.tokens += _tokens(fact)
        timing.note(behind.marks, fact, self._call.now)
        behind.facts.append(fact)
        return True

    def take(self, order: StartReply) -> Speculated | None:
        """This reply is to begin: what was begun for it, if that is the same; what is not is dropped."""
        behind = self._behind
        if behind is None:
            return None
        if not _same(behind.order, order):
            self.drop()
            return None
        self._behind = None
        return behind

    def settle(self, item_id: ItemId) -> None:
        """The turn has been answered, or will not be: what is still behind the gate for it is of no use."""
        if self._behind is not None and self._behind.item_id == item_id:
            self.drop()

    @property
    def under_way(self) -> bool:
        return self._behind is not None

    def drop(self) -> None:
        """Throw away what is behind the gate."""
        if self._behind is not None:
            self._call.order(CancelReply(self._behind.reply_id))
            self._forget(self._behind)

    def wasted_tokens(self, item_id: ItemId | None) -> int:
        """What was generated for the turn of this item and thrown away."""
        return self._wasted_tokens if item_id is not None and item_id == self._item_id else 0

    def _forget(self, behind: Speculated) -> None:
        self._wasted_tokens += behind.tokens
        self._behind = None

    def _may_begin(self, item_id: ItemId, *, early: bool) -> bool:
        limits = self._call.settings.speculation
        if self._item_id != item_id:
            self._item_id, self._tries, self._wasted_tokens = item_id, 0, 0
        if limits is None or self._tries >= limits.tries_per_turn:
            return False
        return self._wasted_tokens < limits.wasted_tokens_per_turn // (2 if early else 1)


def normalised(words: str) -> str:
    """Words as they sound: without case, punctuation and spacing. Signs that are spoken ("50 %", "2.5") stay."""
    plain = words.casefold().replace("’", "'")
    kept = (character if _sounds(character) else " " for character in _POINTS_IN_NUMBERS.sub(_POINT, plain))
    return " ".join("".join(kept).split())


_POINTS_IN_NUMBERS = re.compile(r"(?<=\d)[.,:](?=\d)")
_POINT = "+"
_SPOKEN_PUNCTUATION = frozenset("'%@&#*/")


def _sounds(character: str) -> bool:
    """Letters, the marks on them, digits and symbols; of punctuation only what is read aloud."""
    return character in _SPOKEN_PUNCTUATION or unicodedata.category(character)[0] not in "PZC"


def _tokens(fact: ReplyEvent) -> int:
    match fact:
        case ReplyTextGenerated(text=text):
            characters = len(text)
        case ReplyToolCalled(name=name, arguments=arguments):
            characters = len(name) + len(arguments)
        case _:
            return 0
    return max(1, round(characters / CHARACTERS_PER_TOKEN))


def _same(begun: StartReply, wanted: StartReply) -> bool:
    """Whether a reply begun behind the gate is the one that is wanted now."""
    if replace(begun, reply_id=wanted.reply_id, prompt=wanted.prompt, gated=wanted.gated) != wanted:
        return False
    return _same_prompt(begun.prompt, wanted.prompt)


def _same_prompt(begun: Sequence[PromptMessage], wanted: Sequence[PromptMessage]) -> bool:
    return len(begun) == len(wanted) and all(_same_message(*pair) for pair in zip(begun, wanted, strict=True))


def _same_message(one: PromptMessage, other: PromptMessage) -> bool:
    return one == other or (one.role == other.role == "user" and normalised(one.text) == normalised(other.text))
