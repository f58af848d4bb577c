"""Replies beside the conversation (`conversation: "none"`): they have no floor to wait for and leave nothing behind.

The client asks for them to classify, to summarise, to draft. They run while others speak, are not interrupted by the
caller, and end by themselves, by their id, or with the call. What they say aloud is sent like any reply's sound; how
to play it beside another is the client's business. Owned by `Replying`.
"""

from __future__ import annotations

from vivavoce.conversation.call import Call
from vivavoce.conversation.delivering import Delivering, End
from vivavoce.conversation.events import ReplyEvent
from vivavoce.conversation.history import History
from vivavoce.conversation.identifiers import EventId, ReplyId
from vivavoce.conversation.notices import ReplyCreated
from vivavoce.conversation.replies import EndReason, Reply, ReplyOptions, ReplyState, ReplyStep
from vivavoce.conversation.starting import awaits_tools, reply_for, start_order

MAXIMUM_AT_ONCE = 4
"""Each is a generation of its own; a client that wants more at once waits for one to end."""


class Beside:
    """The out-of-band replies under way."""

    def __init__(self, call: Call, delivering: Delivering) -> None:
        self._call = call
        self._delivering = delivering
        self._replies: dict[ReplyId, Reply] = {}

    def begin(self, options: ReplyOptions, event_id: EventId | None) -> None:
        if len(self._replies) >= MAXIMUM_AT_ONCE:
            message = f"{MAXIMUM_AT_ONCE} responses outside the conversation are in progress; wait for a response.done"
            self._call.refuse("too_many_active_responses", message, event_id, "response.conversation")
            return
        reply = reply_for(self._call, options, History())
        self._replies[reply.reply_id] = reply
        self._call.tell(ReplyCreated(reply.snapshot()))
        if not awaits_tools(self._call, reply):
            self._start(reply)

    @property
    def any_queued(self) -> bool:
        """Whether one waits for tools."""
        return any(reply.state is ReplyState.QUEUED for reply in self._replies.values())

    def tools_settled(self) -> None:
        """Those that waited for tools start."""
        for reply in self._replies.values():
            if reply.state is ReplyState.QUEUED:
                self._start(reply)

    def handle(self, fact: ReplyEvent) -> None:
        """What became of one of them; late results are dropped."""
        reply = self._replies.get(fact.reply_id)
        if reply is not None and (end := self._delivering.follow(reply, fact)) is not None:
            self._end(reply, end)

    def cancel(self, reply_id: ReplyId) -> bool:
        """True if there was such a reply."""
        reply = self._replies.get(reply_id)
        if reply is not None:
            self._end(reply, End(EndReason.CLIENT_CANCELLED))
        return reply is not None

    def end_all(self) -> None:
        for reply_id in list(self._replies):
            self.cancel(reply_id)

    def _start(self, reply: Reply) -> None:
        reply.step(ReplyStep.START)
        self._call.order(start_order(self._call, reply, self._call.prompt(reply.options)))

    def _end(self, reply: Reply, end: End) -> None:
        del self._replies[reply.reply_id]
        self._delivering.end(reply, end)
