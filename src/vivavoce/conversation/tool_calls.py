"""Calls of tools that the server runs: made, joined, withheld, run, ended; each ends exactly once.

A call is an item from the moment that the model makes it. Nothing runs twice: a call that is the same as one under way
joins it, and one that has just been answered in this turn has its answer already. Nothing runs behind the gate of
speculation either, as what a reply does there has not happened yet (`speculating.py`). What follows from results is
decided by `FollowingUp`. Owned by `Replying`; lives as long as the call.
"""

from __future__ import annotations

import json
from dataclasses import replace

from vivavoce.conversation import tool_words
from vivavoce.conversation.call import Call
from vivavoce.conversation.events import ReplyToolCalled, ToolApprovalGiven, ToolFinished
from vivavoce.conversation.identifiers import CallId
from vivavoce.conversation.items import ItemStatus, ServerCall
from vivavoce.conversation.notices import ReplyCalledTool, ToolCallEnded
from vivavoce.conversation.orders import CancelTool, RunTool
from vivavoce.conversation.replies import Reply
from vivavoce.conversation.said_before import said_before
from vivavoce.conversation.settings import Tool
from vivavoce.conversation.starting import offered
from vivavoce.conversation.tool_approvals import Asked, ClientApprovals, Consents
from vivavoce.conversation.tool_ledger import HostedCall, ToolLedger
from vivavoce.conversation.tool_policy import Approval, OnInterruption, ToolDirective, ToolFailure, ToolKind

MOST_ROUNDS = 8
"""Replies that may call tools in one turn of the caller; after them the model has to answer with what it knows."""


class ToolCalls:
    """All calls of one conversation that may still matter."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.ledger = ToolLedger(call)
        self._ids: set[CallId] = set()
        self._consents = Consents(call)
        self._approvals = ClientApprovals(call)
        self._rounds = 0
        self._rounds_of = -1
        self._round = 0

    # --- calls made -------------------------------------------------------------------------------------------------

    def take(self, reply: Reply, fact: ReplyToolCalled) -> bool:
        """The model calls a tool. False if it is the client's to run."""
        tool = next((each for each in offered(self._call, reply.options) if each.name == fact.name), None)
        asked = fact.name, canonical(fact.arguments)
        if tool is None and not self._call.sources.wanted:
            self._ids.add(fact.call_id)
            return False
        if tool is not None and tool.source is None:
            approved = tool.policy.approval is not Approval.CALLER or self._consents.use(asked)
            if approved:
                self._ids.add(fact.call_id)
                return False
        self._begin(self._made(reply, fact, tool, asked))
        return True

    def _made(self, reply: Reply, fact: ReplyToolCalled, tool: Tool | None, asked: Asked) -> HostedCall:
        if not reply.round:
            self._round += 1
            reply.round = self._round
            if self._rounds_of != self._call.caller_spoke:
                self._rounds_of, self._rounds = self._call.caller_spoke, 0
            self._rounds += reply.options.in_conversation
        reply.hosted += self._rounds <= MOST_ROUNDS
        item_id = self._call.next_item_id()
        call_id = fact.call_id if fact.call_id not in self._ids else CallId(f"{fact.call_id}_{item_id}")
        self._ids.add(call_id)
        kind, label = (tool.kind, tool.label) if tool is not None else (ToolKind.FUNCTION, "")
        item = ServerCall(
            item_id, call_id, fact.name, fact.arguments, kind, label, round=reply.round, by_server=fact.by_server
        )
        spoke = self._call.caller_spoke
        return HostedCall(item, reply, tool, asked, len(reply.output), self._call.now, spoke)

    def _begin(self, call: HostedCall) -> None:
        """Tell of it; then run it, or end it at once."""
        tool, twin = call.tool, self.ledger.twin(call)
        approval = tool.policy.approval if tool is not None else Approval.NOBODY
        exhausted = self._rounds > MOST_ROUNDS
        asks_client = approval is Approval.CLIENT and twin is None and not exhausted
        if asks_client:
            call.item = replace(call.item, approval_item_id=self._call.reserved_item_id())
        if call.on_interruption is OnInterruption.BACKGROUND and call.inside:
            call.item = replace(call.item, in_background=True)
        self._keep(call, Approval.CLIENT if asks_client else Approval.NOBODY)
        if tool is None:
            known = [each.name for each in offered(self._call, call.reply.options)]
            self._fail(call, ToolFailure.UNKNOWN_TOOL, tool_words.unknown_tool(call.item.name, known))
        elif exhausted:
            call.silenced = True
            self._fail(call, ToolFailure.REFUSED, tool_words.ENOUGH)
        elif twin is not None and twin.result is not None:
            self._end(call, twin.result)
        elif twin is not None:
            call.joins = twin
        elif approval is Approval.CALLER and not self._consents.use(call.asked):
            call.withheld = True
            self._consents.ask(call.asked)
            asking = tool_words.ask_the_caller(call.item.name, call.item.arguments)
            self._fail(call, ToolFailure.NOT_APPROVED, asking)
        elif call.item.approval_item_id is not None:
            self._approvals.ask(call.item.approval_item_id, call.call_id)
        else:
            self._run(call)

    def _keep(self, call: HostedCall, waits_for: Approval) -> None:
        self.ledger.add(call)
        reply, item = call.reply, call.item
        previous = reply.items.add(item)
        if item.told:
            reply.output.append(item.item_id)
        self._call.tell(ReplyCalledTool(reply.reply_id, call.output_index, item, previous, waits_for, call.inside))

    def _run(self, call: HostedCall) -> None:
        tool = call.tool
        assert tool is not None, "a tool that is not there is not run"
        assert tool.source is not None, "a client's function is not run here"
        call.runs = True
        said = said_before(self._call, call.reply.options)
        timeout_ms = tool.policy.timeout_ms
        self._call.order(RunTool(call.call_id, tool.source, tool.name, call.item.arguments, timeout_ms, said))

    # --- calls ended ------------------------------------------------------------------------------------------------

    def finish(self, fact: ToolFinished) -> None:
        """What came of a call that ran; late results are dropped here."""
        call = self.ledger.running(fact.call_id)
        if call is not None and call.runs:
            self._end_all_of(call, fact)

    def approve(self, command: ToolApprovalGiven) -> None:
        """The client's word on a call that waits for it."""
        call_id = self._approvals.settle(command)
        call = self.ledger.running(call_id) if call_id is not None else None
        if call is None:
            return
        if command.approve:
            self._run(call)
        else:
            self._fail(call, ToolFailure.NOT_APPROVED, tool_words.not_approved(command.reason))

    def approvals_overdue(self) -> None:
        """Clients have not answered in time."""
        for call_id in self._approvals.overdue():
            if (call := self.ledger.running(call_id)) is not None:
                self._fail(call, ToolFailure.NOT_APPROVED, tool_words.NO_ANSWER)

    def interrupted(self) -> None:
        """The caller has spoken up: what is not to outlast that is given up."""
        for call in self.ledger.under_way():
            if call.inside and call.on_interruption is OnInterruption.CANCEL:
                self._cancel(call, tool_words.INTERRUPTED)

    def given_up(self, reply: Reply) -> None:
        """The client has cancelled the reply: nobody waits for what it called."""
        for call in self.ledger.under_way():
            if call.reply is reply and call.on_interruption is OnInterruption.CANCEL:
                self._cancel(call, tool_words.CALLED_OFF)
        for call in self.ledger.calls:
            if call.reply is reply and not call.item.in_background:
                call.silenced, call.owes = True, False

    def end_all(self) -> None:
        """The call ends, or has no replies from here on."""
        for call in self.ledger.under_way():
            self._cancel(call, tool_words.GIVEN_UP)
        for call in self.ledger.calls:
            call.owes = False

    def _cancel(self, call: HostedCall, why: str) -> None:
        if call.runs:
            self._call.order(CancelTool(call.call_id))
        self._fail(call, ToolFailure.CANCELLED, why)

    def _fail(self, call: HostedCall, failure: ToolFailure, why: str) -> None:
        self._approvals.forget(call.call_id)
        self._end_all_of(call, ToolFinished(call.call_id, why, failure))

    def _end_all_of(self, call: HostedCall, result: ToolFinished) -> None:
        self._end(call, result)
        for other in [each for each in self.ledger.calls if each.joins is call and not each.ended]:
            self._end(other, result)

    def _end(self, call: HostedCall, result: ToolFinished) -> None:
        call.ended, call.result = True, result
        cancelled = result.failure is ToolFailure.CANCELLED
        status = ItemStatus.INCOMPLETE if cancelled else ItemStatus.COMPLETED
        call.item = replace(call.item, output=result.output, failure=result.failure, status=status)
        items, item_id, previous = call.reply.items, call.item.item_id, None
        kept = item_id in items
        if kept:  # else the client has deleted it
            items.replace(call.item)
            previous = items.before(item_id)
        quiet = cancelled or call.silenced or result.directive is ToolDirective.STAY_SILENT
        call.owes = call.inside and kept and not quiet
        duration_ms = round((self._call.now - call.made_at) * 1000)
        self._call.tell(
            ToolCallEnded(call.reply.reply_id, call.output_index, call.item, previous, duration_ms, call.inside)
        )

    @property
    def exhausted(self) -> bool:
        """Whether this turn has had all the rounds of tools that it may have."""
        return self._rounds_of == self._call.caller_spoke and self._rounds >= MOST_ROUNDS


def canonical(arguments: str) -> str:
    """The same arguments are written in the same way; what is no JSON stays as it is."""
    try:
        return json.dumps(json.loads(arguments or "{}"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except ValueError:
        return arguments
