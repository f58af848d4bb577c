"""The calls that the server runs, as the orders of a conversation tell of them, and what must hold of them.

Who reads along complains as soon as something cannot be true. Imported by the state machine over tools; lives as long
as one run of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from vivavoce.conversation import events, notices, orders
from vivavoce.conversation.events import Event
from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.identifiers import CallId, ItemId, ReplyId
from vivavoce.conversation.items import Message, Role, ServerCall
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.orders import Order, Tell
from vivavoce.conversation.replies import EndReason
from vivavoce.conversation.tool_approvals import agrees
from vivavoce.conversation.tool_calls import MOST_ROUNDS
from vivavoce.conversation.tool_policy import Approval, ToolDirective, ToolFailure


@dataclass
class CalledSoFar:
    """One call. `turn`: how often the caller had said something when it was made."""

    item: ServerCall
    reply_id: ReplyId
    turn: int
    inside: bool
    runs: bool = False
    ended: bool = False
    cancelled: bool = False
    approved: bool = False
    shown: bool = False
    deleted: bool = False
    directive: ToolDirective = ToolDirective.ANSWER

    @property
    def asked(self) -> tuple[str, str]:
        return self.item.name, json.dumps(json.loads(self.item.arguments), sort_keys=True)


@dataclass
class ToolsSoFar:
    """`turn`: how often the caller has said something; `said`: what, at last."""

    calls: dict[CallId, CalledSoFar] = field(default_factory=dict)
    turn: int = 0
    said: str = ""
    over: bool = False
    behind: set[ReplyId] = field(default_factory=set)
    stopped: set[ReplyId] = field(default_factory=set)
    with_functions: set[ReplyId] = field(default_factory=set)
    withheld: dict[tuple[str, str], int] = field(default_factory=dict)
    clients: set[CallId] = field(default_factory=set)
    silenced: bool = False
    ended_now: set[ReplyId] = field(default_factory=set)
    """The replies of which a call ended with the event at hand: several, where one call has joined another's run."""
    _rounds: dict[int, set[ReplyId]] = field(default_factory=dict)

    @property
    def running(self) -> list[CallId]:
        return [call_id for call_id, call in self.calls.items() if call.runs and not call.ended]

    @property
    def awaiting_approval(self) -> list[ItemId]:
        waiting = (call for call in self.calls.values() if not call.ended and not call.runs)
        return [call.item.approval_item_id for call in waiting if call.item.approval_item_id is not None]

    def read(self, event: Event, ordered: list[Order]) -> None:
        if self.over:
            assert ordered == [], "something followed after the call had ended"
            return
        if isinstance(event, events.ToolFinished) and event.call_id not in self.running:
            assert ordered == [], "something followed from a result that nobody waits for"
        self._foresee(event)
        self.ended_now.clear()
        for order in ordered:
            match order:
                case Tell(notice=notice):
                    self._hear(notice, event)
                case orders.StartReply():
                    self._start(order, event)
                case orders.OpenGate(reply_id=reply_id):
                    self.behind.discard(reply_id)
                case orders.CancelReply(reply_id=reply_id):
                    self.behind.discard(reply_id)
                case orders.WarmPrompt(prompt=prompt):
                    self._check(prompt)
                case orders.RunTool():
                    self._run(order)
                case orders.CancelTool(call_id=call_id):
                    assert call_id in self.running, "what does not run cannot be cancelled"
                    self.calls[call_id].cancelled = True
                case orders.EndCall():
                    self.over = True
                    assert all(call.ended for call in self.calls.values()), "the call ended over a tool"
                case _:
                    pass

    def _foresee(self, event: Event) -> None:
        match event:
            case events.ToolFinished(call_id=call_id, directive=directive) if call_id in self.running:
                for call in self.calls.values():
                    if not call.ended and call.asked == self.calls[call_id].asked:
                        call.directive = directive
            case events.ToolApprovalGiven(approval_item_id=item_id, approve=True):
                for call in self.calls.values():
                    call.approved = call.approved or call.item.approval_item_id == item_id
            case events.ResponseCancelRequested():
                self.silenced = True
            case _:
                self.silenced = False

    def _hear(self, notice: Notice, event: Event) -> None:
        previous = getattr(notice, "previous_item_id", None)
        untold = {call.item.item_id for call in self.calls.values() if not call.item.told}
        assert previous not in untold, "placed behind what clients do not see"
        match notice:
            case notices.TranscriptCompleted(text=text) if text:
                self.turn, self.said = self.turn + 1, text
            case notices.ItemAdded(item=Message(role=Role.USER) as item) if isinstance(
                event, events.ItemCreateRequested
            ):
                self.turn, self.said = self.turn + 1, item.text or self.said
            case notices.ReplyCalledFunction(reply_id=reply_id, item=item):
                self.with_functions.add(reply_id)
                self.clients.add(item.call_id)
            case notices.ReplyCalledTool(reply_id=reply_id, item=item, in_conversation=inside):
                assert item.call_id not in self.calls, "made twice"
                assert reply_id not in self.behind, "made behind the gate"
                assert (notice.waits_for is Approval.CLIENT) == (item.approval_item_id is not None)
                self.calls[item.call_id] = CalledSoFar(item, reply_id, self.turn, inside)
            case notices.ToolCallEnded(item=item):
                self._end(item)
            case notices.ReplyDone(reply=reply):
                if reply.ended is EndReason.CLIENT_CANCELLED:
                    self.stopped.add(reply.reply_id)
                told = [each for each in reply.output if isinstance(each, ServerCall)]
                assert all(each.told for each in told), "shown to clients, who do not see it"
            case notices.ItemDeleted(item_id=item_id):
                for call in self.calls.values():
                    call.deleted = call.deleted or call.item.item_id == item_id
            case _:
                pass

    def _end(self, item: ServerCall) -> None:
        call = self.calls[item.call_id]
        assert not call.ended, "a call ends once"
        assert item.output is not None, "ended without a word"
        assert call.cancelled <= (item.failure is ToolFailure.CANCELLED), "cancelled, and yet it brought something"
        call.ended, call.item = True, item
        self.ended_now.add(call.reply_id)
        if item.failure is ToolFailure.NOT_APPROVED and item.approval_item_id is None and item.name == "agree":
            self.withheld[call.asked] = self.turn

    def _run(self, order: orders.RunTool) -> None:
        call = self.calls[order.call_id]
        assert not call.runs, "nothing runs twice"
        assert not call.ended, "what has ended does not run"
        for other in self.calls.values():
            if other.asked != call.asked or other is call or not other.runs:
                continue
            assert other.ended, "the same call runs already"
            gone = other.item.failure is ToolFailure.CANCELLED
            assert gone or other.turn != call.turn, "the same call has just been answered"
        call.runs = True
        assert call.item.approval_item_id is None or call.approved, "the client has not agreed"
        if call.item.name == "agree":
            asked_in = self.withheld.pop(call.asked, None)
            assert asked_in is not None, "the caller was not asked"
            assert asked_in < self.turn, "the caller has said nothing since"
            assert agrees(self.said, None), "the caller has not agreed"
        if call.inside:
            rounds = self._rounds.setdefault(call.turn, set())
            rounds.add(call.reply_id)
            assert len(rounds) <= MOST_ROUNDS, "round after round of tools"

    def _start(self, order: orders.StartReply, event: Event) -> None:
        if order.gated:
            self.behind.add(order.reply_id)
        if order.script is not None:
            return
        self._check(order.prompt)
        if isinstance(event, events.ToolFinished):
            waiting = {call.reply_id for call in self.calls.values() if not call.ended and not call.item.in_background}
            assert self.ended_now - waiting, "answered before all results were there"

    def _check(self, prompt: Sequence[PromptMessage]) -> None:
        """Every call that the server runs has one answer, right behind it; results that stand there are shown."""
        waiting: list[CallId] = []
        for message in prompt:
            if message.role != "tool":
                assert not any(call_id in self.calls for call_id in waiting), "a call without an answer"
                waiting = [call.call_id for call in message.calls if call.call_id not in self.clients]
            elif message.call_id in self.calls and message.call_id not in self.clients:
                assert message.call_id in waiting, "an answer without its call"
                waiting.remove(message.call_id)
                call = self.calls[message.call_id]
                call.shown = call.ended
        assert not any(call_id in self.calls for call_id in waiting), "a call without an answer"

    def lost(self) -> list[CallId]:
        """Results that were to be told, and that no reply has seen."""
        return [
            call_id
            for call_id, call in self.calls.items()
            if call.inside
            and not call.shown
            and not call.deleted
            and call.directive is ToolDirective.ANSWER
            and call.item.failure not in (ToolFailure.CANCELLED, ToolFailure.REFUSED)
            and call.reply_id not in self.stopped | self.with_functions
        ]
