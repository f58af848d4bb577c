"""What stories of tools have in common: sources, tools, facts in short. Imported by the tests of the core."""

from __future__ import annotations

from dataclasses import replace

from conversation_stories import JOINED, VAD, Step, at, caller_says, calls, falls_silent, written

from vivavoce.conversation import events
from vivavoce.conversation.identifiers import CallId
from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import (
    AS_USUAL,
    Approval,
    OnInterruption,
    ToolDirective,
    ToolFailure,
    ToolKind,
    ToolPolicy,
    ToolSourceKey,
)

ORDERS = ToolSourceKey("webhook:orders")
HOSTED = replace(VAD, tool_sources=(ORDERS,))
"""A session with one source of tools."""

CANCELLED = "Cancelled: the caller spoke up before there was a result."
RUNNING = "Still running: there is no result yet."


def hosted(name: str = "lookup", policy: ToolPolicy = AS_USUAL, kind: ToolKind = ToolKind.WEBHOOK) -> Tool:
    return Tool(name, "Looks something up.", "{}", kind, policy, ORDERS, "crm" if kind is ToolKind.MCP else "")


LOOKUP = hosted()
BOOK = hosted("book")
CANCELLING = hosted(policy=ToolPolicy(on_interruption=OnInterruption.CANCEL))
BACKGROUND = hosted(policy=ToolPolicy(on_interruption=OnInterruption.BACKGROUND))
FILLED = hosted(policy=ToolPolicy(filler="One second."))
BY_CALLER = hosted("book", ToolPolicy(approval=Approval.CALLER))
BY_CLIENT = hosted("book", ToolPolicy(approval=Approval.CLIENT), ToolKind.MCP)


def opened(*tools: Tool) -> events.ToolsOpened:
    return events.ToolsOpened(ORDERS, tools)


def result(call: str, output: str = "shipped", failure: ToolFailure | None = None) -> events.ToolFinished:
    return events.ToolFinished(CallId(call), output, failure)


def hangs_up(call: str, goodbye: str) -> events.ToolFinished:
    return events.ToolFinished(CallId(call), "The call ends.", None, ToolDirective.END_CALL, goodbye)


def stays_silent(call: str) -> events.ToolFinished:
    return events.ToolFinished(CallId(call), "Waiting.", None, ToolDirective.STAY_SILENT)


def asked(*tools: Tool, text: str = "Where is it?") -> tuple[Step, ...]:
    """A call whose caller asks something by 2.5; reply 1 is to answer item 1, or 2 where tools are listed as item 1."""
    number = 2 if any(tool.label for tool in tools) else 1
    return (at(0.1, JOINED, ...), at(0.2, opened(*tools), ...), *caller_says(number, text, since=1.0))


def makes(number: int, since: float, *made: tuple[str, str]) -> tuple[Step, ...]:
    """A reply that is nothing but these calls, each an id and the name of a tool; it is over at `since` + 0.2."""
    return (
        *(at(since, calls(number, call, name), ...) for call, name in made),
        at(since + 0.1, written(number), ...),
        at(since + 0.2, falls_silent(number, 0), ...),
    )
