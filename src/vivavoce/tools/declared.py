"""Declarations made callable: the sources of one call, each made by the factory of its type.

`CallToolbox` belongs to one call and closes its sources with it; the factories belong to the composition root.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vivavoce.conversation.tool_policy import ToolFailure, ToolSourceKey
from vivavoce.tools.invoking import CheckedSource
from vivavoce.tools.keys import is_hosted, source_key
from vivavoce.tools.ports import ToolError, ToolSource

Declaration = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CallContext:
    """The call that tools are made for. `collection_ids`: the agent's, where a declaration names none.

    `is_agents`: the declaration is stored with the agent; only such a one may use the organisation's secrets.
    """

    session_id: str
    organisation_id: str
    agent_id: str | None = None
    collection_ids: tuple[str, ...] = ()
    is_agents: bool = False


SourceFactory = Callable[[Declaration, CallContext, ToolSourceKey], ToolSource]
"""Makes the source of one declaration, without waiting. Raises `ToolError` for one that cannot be a source."""


class CallToolbox:
    """A `Toolbox`. Sources are made when they are first asked for, and their calls are checked before they run."""

    def __init__(
        self,
        factories: Mapping[str, SourceFactory],
        context: CallContext,
        agents_declared: Sequence[Declaration] = (),
    ) -> None:
        self._factories = factories
        self._context = context
        self._agents = {source_key(each): each for each in agents_declared if is_hosted(each)}
        self._sessions: dict[ToolSourceKey, Declaration] = {}
        self._made: dict[ToolSourceKey, ToolSource] = {}

    def declare(self, declarations: Sequence[Declaration]) -> None:
        """The client configures its session with these. One that is the agent's word for word is the agent's."""
        self._sessions |= {source_key(each): each for each in declarations if is_hosted(each)}

    def source(self, key: ToolSourceKey) -> ToolSource:
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._make(key)
        return made

    async def close(self) -> None:
        made, self._made = self._made, {}
        async with asyncio.TaskGroup() as tasks:
            for source in made.values():
                tasks.create_task(source.close(), name=f"close {source.key}")

    def _make(self, key: ToolSourceKey) -> ToolSource:
        is_agents = key in self._agents
        declaration = self._agents[key] if is_agents else self._sessions.get(key)
        if declaration is None:
            raise ToolError(ToolFailure.UNKNOWN_TOOL, "no such tool was declared for this call")
        factory = self._factories.get(declaration["type"])
        if factory is None:
            message = f"this server runs no tools of the type {declaration['type']!r}"
            raise ToolError(ToolFailure.NOT_CONFIGURED, message)
        context = self._context
        own = CallContext(
            context.session_id, context.organisation_id, context.agent_id, context.collection_ids, is_agents
        )
        return CheckedSource(factory(declaration, own, key))
