"""How a call comes to its end by the agent's side: turns are counted, the last answer says goodbye, the end is told.

A turn of the caller counts when the first reply that has seen its words starts; replies that follow without new words
of the caller (after tool calls) belong to the same turn. From the last answer on the call is closing: nobody opens
another turn. Owned by `Replying`; `Conversation` lets it conclude after every fact.
"""

from __future__ import annotations

from vivavoce.conversation.call import Call
from vivavoce.conversation.deadlines import Deadline
from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.identifiers import EventId, ItemId
from vivavoce.conversation.items import Message, Role
from vivavoce.conversation.notices import CallEnded
from vivavoce.conversation.orders import EndCall
from vivavoce.conversation.replies import CUT_SHORT, EndReason, Reply
from vivavoce.conversation.settings import Modality

MAX_TURNS = "max_turns"

LAST_ANSWER = PromptMessage("system", "The call ends after this answer: answer briefly, then say goodbye.")
"""Behind everything else in the prompt, so that the model need not read the words before it again."""

FAREWELL_SECONDS = 0.5
"""The last audio has been sent, but is still on its way or in a player."""

TOOLS_PATIENCE_SECONDS = 30.0
"""How long a last answer that has called functions waits for the client to go on with it."""


class Ending:
    """Open, closing (the last answer has begun), due (the end follows this fact), over."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._seen: set[ItemId] = set()
        self._turns = 0
        self._reason: str | None = None
        self._closing_for = MAX_TURNS
        self._awaits_tools = False
        self.closing = False
        self.over = False

    @property
    def due(self) -> bool:
        """Nothing new may begin: the end of the call follows."""
        return self._reason is not None

    @property
    def takes_replies(self) -> bool:
        """Replies may follow: the last answer has not begun, or has called functions and is not over."""
        return not self.closing or self._awaits_tools

    @property
    def awaits_tools(self) -> bool:
        """The last answer has called tools."""
        return self._awaits_tools

    def close(self, reason: str) -> None:
        """What the agent says next is its goodbye; the call ends after it for this reason."""
        self.closing, self._closing_for = True, reason

    @property
    def may_go_on(self) -> bool:
        """The caller was thought to have gone: a word from there, and the call goes on."""
        return self.closing and self._closing_for != MAX_TURNS

    def go_on(self) -> None:
        """The caller is still there after all."""
        if self.may_go_on:
            self.closing, self._closing_for = False, MAX_TURNS
            self._call.deadlines.clear(Deadline.FAREWELL)

    def say_goodbye(self) -> None:
        """The goodbye has been heard."""
        self.end(self._closing_for)

    def refuses_reply(self, event_id: EventId | None) -> bool:
        """No reply follows the last one, but the rest of an answer that has called functions; the client is told."""
        if self.takes_replies:
            return False
        self._refuse(event_id)
        return True

    def refuses_turn(self, event_id: EventId | None) -> bool:
        """No turn follows the last one; the client is told."""
        if self.closing:
            self._refuse(event_id)
        return self.closing

    def reply_begun(self) -> None:
        self._awaits_tools = False
        self._call.deadlines.clear(Deadline.FAREWELL)

    @property
    def next_turn(self) -> tuple[PromptMessage, ...]:
        """What the model would be told in addition if it were asked to answer one more turn of the caller."""
        limit = self._call.settings.max_turns
        return (LAST_ANSWER,) if limit is not None and self._turns + 1 >= limit else ()

    def reply_started(self) -> tuple[PromptMessage, ...]:
        """The model is asked; what it must be told in addition, if this is the last answer."""
        heard = {
            item.item_id
            for item in self._call.history.items
            if isinstance(item, Message) and item.role is Role.USER and item.text
        }
        if heard - self._seen:
            self._turns += 1
            self._seen |= heard
        limit = self._call.settings.max_turns
        if limit is not None and self._turns >= limit:
            self.closing = True
        return (LAST_ANSWER,) if self.closing else ()

    def reply_ended(self, reply: Reply, reason: EndReason) -> None:
        if not self.closing or (self._awaits_tools and reply.script is not None):
            return
        if reason in CUT_SHORT:
            self.end(self._closing_for)
        elif reply.called_tools:
            self._awaits_tools = True
            self._call.deadlines.set(Deadline.FAREWELL, self._call.now + TOOLS_PATIENCE_SECONDS)
        elif reply.modality is Modality.TEXT:
            self.end(self._closing_for)
        else:
            self._farewell()

    def nothing_follows(self) -> None:
        """What the last answer has called brings no more words, or there is no goodbye left to say."""
        if self.closing:
            self._awaits_tools = False
            self._farewell()

    def end(self, reason: str) -> None:
        """The call ends with this fact; the first reason counts."""
        if self._reason is None:
            self._reason = reason

    def conclude(self) -> None:
        """A fact has been taken in. If the end is due: tell it, order it, wait for nothing more."""
        if self._reason is None:
            return
        self.over = True
        self._call.deadlines.clear_all()
        self._call.tell(CallEnded(self._reason))
        self._call.order(EndCall(self._reason))

    def _farewell(self) -> None:
        self._call.deadlines.set(Deadline.FAREWELL, self._call.now + FAREWELL_SECONDS)

    def _refuse(self, event_id: EventId | None) -> None:
        self._call.refuse("call_ending", "the last turn of this call has been answered; open another call", event_id)
