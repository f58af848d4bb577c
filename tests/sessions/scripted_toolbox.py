"""A toolbox whose sources do what a test says, at the second it says. Imported by the tests of sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import AS_USUAL, ToolFailure, ToolKind, ToolPolicy, ToolSourceKey
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolResult

ORDERS = ToolSourceKey("webhook:orders")


def tool(
    name: str = "lookup",
    *,
    policy: ToolPolicy = AS_USUAL,
    kind: ToolKind = ToolKind.WEBHOOK,
    source: ToolSourceKey = ORDERS,
    label: str = "",
) -> Tool:
    return Tool(name, "Looks something up.", "{}", kind, policy, source, label)


@dataclass(slots=True)
class ScriptedSource:
    """Answers each call after `seconds` with `outcome`: text, a result, or what is to be raised.

    `stubborn`: it does not stop when it is cancelled.
    """

    tools: tuple[Tool, ...]
    outcome: str | ToolResult | Exception = "shipped"
    seconds: float = 0.5
    opening: float | Exception = 0.0
    stubborn: bool = False
    key: ToolSourceKey = ORDERS
    label: str = ""
    invocations: list[ToolInvocation] = field(default_factory=list)
    cancelled: int = 0
    searched: list[str] = field(default_factory=list)
    opened: int = 0
    closed: int = 0

    async def open(self) -> tuple[Tool, ...]:
        self.opened += 1
        if isinstance(self.opening, Exception):
            raise self.opening
        await asyncio.sleep(self.opening)
        return self.tools

    async def invoke(self, invocation: ToolInvocation) -> ToolResult:
        self.invocations.append(invocation)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            if not self.stubborn:
                raise
            await asyncio.sleep(30.0)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return ToolResult(self.outcome) if isinstance(self.outcome, str) else self.outcome

    def search_ahead(self, words: str) -> None:
        self.searched.append(words)

    async def close(self) -> None:
        self.closed += 1


class ScriptedToolbox:
    """A `Toolbox` of these sources."""

    def __init__(self, sources: Sequence[ScriptedSource]) -> None:
        self.sources = {source.key: source for source in sources}
        self.closed = 0

    def source(self, key: ToolSourceKey) -> ScriptedSource:
        if key not in self.sources:
            raise ToolError(ToolFailure.UNKNOWN_TOOL, "no such tool was declared for this call")
        return self.sources[key]

    async def close(self) -> None:
        self.closed += 1
        for source in self.sources.values():
            await source.close()
