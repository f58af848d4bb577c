"""The calls of one conversation that the server runs, while they may still matter: which wait, which owe an answer.

Owned by `ToolCalls`, which changes them; lives as long as the conversation.
"""

from __future__ import annotations

from dataclasses import dataclass

from vivavoce.conversation.call import Call
from vivavoce.conversation.events import ToolFinished
from vivavoce.conversation.identifiers import CallId
from vivavoce.conversation.items import Message, Role, ServerCall
from vivavoce.conversation.replies import Reply, ReplyState
from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_approvals import Asked
from vivavoce.conversation.tool_policy import OnInterruption, ToolFailure


@dataclass(slots=True)
class HostedCall:
    """`owes`: its result is still to be answered. `followed`: a reply has begun since it was made.

    `of`: the number of the caller's turn that it was made in. `joins`: the call that runs for it.
    """

    item: ServerCall
    reply: Reply
    tool: Tool | None
    asked: Asked
    output_index: int
    made_at: float
    of: int
    runs: bool = False
    withheld: bool = False
    ended: bool = False
    owes: bool = False
    followed: bool = False
    silenced: bool = False
    joins: HostedCall | None = None
    result: ToolFinished | None = None

    @property
    def call_id(self) -> CallId:
        return self.item.call_id

    @property
    def inside(self) -> bool:
        return self.reply.options.in_conversation

    @property
    def on_interruption(self) -> OnInterruption:
        return self.tool.policy.on_interruption if self.tool is not None else OnInterruption.FINISH

    @property
    def keeps_waiting(self) -> bool:
        """The conversation waits for it."""
        return self.inside and not self.ended and not self.item.in_background

    @property
    def wants_reply(self) -> bool:
        """Its result is to be told, or, in the background, that it runs, unless the reply that made it has words."""
        if self.ended:
            return self.owes
        told = self.followed or bool(self.reply.text.strip())
        return self.inside and self.item.in_background and not told and self.reply.state is ReplyState.ENDED


class ToolLedger:
    """`calls`: in the order in which they were made."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.calls: list[HostedCall] = []

    def add(self, call: HostedCall) -> None:
        """Those that nothing can follow from any more are forgotten."""
        self.calls = [each for each in self.calls if not each.ended or each.owes or each.of == call.of]
        self.calls.append(call)

    def twin(self, call: HostedCall) -> HostedCall | None:
        """The same call, if it is under way or was answered in this turn."""
        for other in self.calls:
            same = other.asked == call.asked and not other.withheld and other.joins is None and other.tool == call.tool
            cancelled = other.item.failure is ToolFailure.CANCELLED
            if same and (not other.ended or (other.of == call.of and not cancelled)):
                return other
        return None

    @property
    def hold(self) -> bool:
        """Whether a reply that the client asks for in this turn waits for calls under way."""
        return any(call.keeps_waiting and call.of == self._call.caller_spoke for call in self.calls)

    def waits_of(self, reply: Reply | None) -> list[HostedCall]:
        """The calls of a reply that the conversation waits for."""
        return [call for call in self.calls if call.reply is reply and call.keeps_waiting]

    def to_answer(self) -> list[HostedCall]:
        """The calls of the oldest reply whose results are to be answered now, if its client has no part in it."""
        for call in self.calls:
            if not call.wants_reply or (call.reply.functions and not call.followed):
                continue
            if call.reply.state is ReplyState.ENDED and not self.waits_of(call.reply):
                return [each for each in self.calls if each.reply is call.reply and each.wants_reply]
        return []

    def shown(self) -> None:
        """A reply begins that sees everything as it is now."""
        for call in self.calls:
            call.owes, call.followed = False, call.followed or call.inside

    def waited_for(self) -> HostedCall | None:
        """The first of the calls that the conversation waits for, if nothing of the caller's stands behind it."""
        found: HostedCall | None = None
        for item in reversed(self._call.history.items):
            if isinstance(item, Message) and item.role is Role.USER:
                break
            waiting = (call for call in self.calls if call.keeps_waiting and call.item.item_id == item.item_id)
            found = next(waiting, found)
        return found

    def under_way(self) -> list[HostedCall]:
        """Those that have not ended, without those that have joined another."""
        return [call for call in self.calls if not call.ended and call.joins is None]

    def running(self, call_id: CallId) -> HostedCall | None:
        """The one of these that bears the id."""
        return next((call for call in self.under_way() if call.call_id == call_id), None)
