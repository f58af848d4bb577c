"""A source of tools that this server cannot run because nobody has set it up: it says so instead of opening.

Belongs to a call, holds nothing.
"""

from __future__ import annotations

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import ToolFailure, ToolSourceKey
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolResult


class NotSetUpSource:
    """A `ToolSource`. `message` is for the model: what it cannot do, and what to tell the caller."""

    def __init__(self, key: ToolSourceKey, message: str) -> None:
        self._key = key
        self._message = message

    @property
    def key(self) -> ToolSourceKey:
        return self._key

    @property
    def label(self) -> str:
        return ""

    async def open(self) -> tuple[Tool, ...]:
        raise ToolError(ToolFailure.NOT_CONFIGURED, self._message)

    async def invoke(self, invocation: ToolInvocation) -> ToolResult:  # noqa: ARG002
        raise ToolError(ToolFailure.NOT_CONFIGURED, self._message)

    def search_ahead(self, words: str) -> None:
        """There is nothing to search."""

    async def close(self) -> None:
        """Holds nothing."""
