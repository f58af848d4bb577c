"""What stands between a model's call and a source of tools: arguments checked and grounded, then the call.

Stateless; the sessions' shell calls it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import ToolFailure, ToolSourceKey
from vivavoce.tools.arguments import arguments_text, read_arguments
from vivavoce.tools.grounding import check_grounded
from vivavoce.tools.ports import Foreseeing, ToolError, ToolInvocation, ToolResult, ToolSource

SAID_CHARACTERS_AT_ONCE = 2_000
"""More than this is looked through on another thread: that would hold the event loop for more than 2 ms."""


def prepared(tool: Tool, arguments: str, said: Sequence[str]) -> str:
    """The arguments as a JSON object that is valid for the tool's schema, and that the caller has said.

    `said`: what the caller and the tools have said so far, and the agent's instructions. Raises `ToolError`
    (`INVALID_ARGUMENTS`, `NOT_SAID`), with one sentence that tells the model what to do.
    """
    values = read_arguments(tool, arguments)
    check_grounded(tool, values, said)
    return arguments_text(values)


async def invoke(source: ToolSource, tool: Tool, invocation: ToolInvocation) -> ToolResult:
    """Check the arguments against the schema and what was said, and call the tool. Raises `ToolError`.

    Nothing is sent anywhere when the arguments are not in order. The time limit is the caller's to keep.
    """
    if sum(map(len, invocation.said)) + len(invocation.arguments) > SAID_CHARACTERS_AT_ONCE:
        arguments = await asyncio.to_thread(prepared, tool, invocation.arguments, invocation.said)
    else:
        arguments = prepared(tool, invocation.arguments, invocation.said)
    return await source.invoke(replace(invocation, arguments=arguments))


class CheckedSource:
    """A source whose calls are checked first: it remembers the tools that it opened with, and owns what it wraps."""

    def __init__(self, source: ToolSource) -> None:
        self._source = source
        self._tools: dict[str, Tool] = {}

    @property
    def key(self) -> ToolSourceKey:
        return self._source.key

    @property
    def label(self) -> str:
        return self._source.label

    async def open(self) -> tuple[Tool, ...]:
        tools = await self._source.open()
        self._tools = {tool.name: tool for tool in tools}
        return tools

    async def invoke(self, invocation: ToolInvocation) -> ToolResult:
        """Raises `ToolError`, also for a tool that the source did not open with."""
        tool = self._tools.get(invocation.name)
        if tool is None:
            raise ToolError(ToolFailure.UNKNOWN_TOOL, f"There is no tool '{invocation.name[:80]}'.")
        return await invoke(self._source, tool, invocation)

    def search_ahead(self, words: str) -> None:
        self._source.search_ahead(words)

    async def foreseen(self, words: str, *, alone: bool) -> str | None:
        source = self._source
        return await source.foreseen(words, alone=alone) if isinstance(source, Foreseeing) else None

    async def close(self) -> None:
        await self._source.close()
