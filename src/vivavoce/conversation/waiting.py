"""What waits for the floor: one reply at most, words that clients want said, and the transcripts that replies wait for.

It decides nothing: `Replying`, which owns it, says when the floor is free, and `ReplyCommands` what may wait at all.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.replies import ReplyMarks, ReplyOptions

MAXIMUM_FORCED = 16
"""Words that clients want said and that wait for the floor; more are refused."""


@dataclass(frozen=True, slots=True)
class Request:
    """A reply that is wanted. `asked`: by the client, which is told if it is not followed."""

    options: ReplyOptions
    marks: ReplyMarks
    script: str | None = None
    interruptible: bool = True
    message_id: ItemId | None = None
    asked: bool = False
    is_filler: bool = False
    follows_tools: bool = False
    hint: tuple[PromptMessage, ...] = ()


class Waiting:
    """`reply`: the one that begins when the floor is free. `forced`: what is said before it, in this order.

    `behind_tools`: what the client has asked for while tools run whose results it is to see.
    """

    def __init__(self) -> None:
        self.reply: Request | None = None
        self.behind_tools: Request | None = None
        self.forced: deque[Request] = deque()
        self._words_of: set[ItemId] = set()

    @property
    def awaits_words(self) -> bool:
        """Whether the words of a turn that is over, or of a recording, are still to come."""
        return bool(self._words_of)

    @property
    def nothing(self) -> bool:
        """Whether nothing is to begin by itself."""
        return self.reply is None and not self.forced and not self._words_of

    @property
    def was_asked(self) -> bool:
        """Whether the reply that waits is the client's wish."""
        return self.reply is not None and self.reply.asked

    def put(self, request: Request) -> None:
        """This reply waits. What the client has asked for stays, and answers this too."""
        if self.reply is not None and self.reply.asked and not request.asked:
            request = replace(self.reply, marks=request.marks.later(self.reply.marks))
        self.reply = request

    def take(self) -> Request | None:
        """The reply that waited waits no longer."""
        taken, self.reply = self.reply, None
        return taken

    def clear(self) -> None:
        """There will be no replies. Words that are still to come are waited for all the same."""
        self.reply = self.behind_tools = None
        self.forced.clear()

    def await_words(self, item_id: ItemId) -> None:
        """Replies wait until this item has its transcript."""
        self._words_of.add(item_id)

    def stop_awaiting(self, item_id: ItemId) -> None:
        """This item has its transcript, or never will."""
        self._words_of.discard(item_id)

    def give_up_words(self) -> None:
        """They have been waited for long enough, or are all there."""
        self._words_of.clear()
