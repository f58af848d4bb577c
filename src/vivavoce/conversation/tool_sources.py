"""The sources of tools that a call has: which are wanted, what they brought, and which could not be opened.

The core knows a source by its key alone. Part of `Call`; lives as long as it.
"""

from __future__ import annotations

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import ToolKind, ToolSourceKey
from vivavoce.conversation.tool_words import unavailable


class ToolSources:
    """`wanted`: in the order in which they were declared."""

    def __init__(self) -> None:
        self.wanted: tuple[ToolSourceKey, ...] = ()
        self._opened: dict[ToolSourceKey, tuple[Tool, ...]] = {}
        self._failed: dict[ToolSourceKey, tuple[str, str]] = {}
        self._late: frozenset[ToolSourceKey] = frozenset()

    @property
    def opening(self) -> bool:
        """Whether some are still to open, or to fail, and have not been waited for long enough."""
        known = {*self._opened, *self._failed, *self._late}
        return any(key not in known for key in self.wanted)

    def give_up_opening(self) -> None:
        """Those that have not opened have been waited for long enough; they may open all the same."""
        self._late = frozenset(self.wanted)

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What the opened ones bring, in the order of the declarations."""
        return tuple(tool for key in self.wanted for tool in self._opened.get(key, ()))

    @property
    def search_files(self) -> bool:
        """Whether a search in documents is among them."""
        return any(tool.kind is ToolKind.FILE_SEARCH for tool in self.tools)

    @property
    def unavailable(self) -> str:
        """What the model is told of those that could not be opened; '' if there are none."""
        failures = [self._failed[key] for key in self.wanted if key in self._failed]
        return unavailable(failures) if failures else ""

    def want(self, keys: tuple[ToolSourceKey, ...]) -> bool:
        """True if these are others than before. What is no longer wanted is forgotten."""
        changed, self.wanted = keys != self.wanted, keys
        self._opened = {key: tools for key, tools in self._opened.items() if key in keys}
        self._failed = {key: failure for key, failure in self._failed.items() if key in keys}
        self._late &= set(keys)
        return changed

    def open(self, key: ToolSourceKey, tools: tuple[Tool, ...]) -> None:
        self._failed.pop(key, None)
        self._opened[key] = tools

    def fail(self, key: ToolSourceKey, label: str, message: str) -> None:
        self._opened.pop(key, None)
        self._failed[key] = label, message
