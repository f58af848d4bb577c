"""Tools tried out before an agent has them: what a declaration offers, and what one call of it brings.

Stateless; the composition root makes one. A trial is a real call: a webhook is sent, a server's tool runs.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.tools import check_tools
from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import ToolFailure
from vivavoce.services.callers import Caller
from vivavoce.tools.declared import CallContext, CallToolbox, Declaration, SourceFactory
from vivavoce.tools.keys import is_hosted, source_key
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolResult, ToolSource

OPENING_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What a call brought, and how long it took."""

    result: ToolResult
    duration_ms: int


class ToolTrials:
    """`factories`: what runs tools, by the type of their declarations."""

    def __init__(self, factories: Mapping[str, SourceFactory]) -> None:
        self._factories = factories

    async def offered(
        self, caller: Caller, declaration: Declaration, collection_ids: Sequence[str] = ()
    ) -> tuple[Tool, ...]:
        """The tools that this declaration brings. Raises `InvalidFieldError`, `ToolError`."""
        async with self._opened(caller, declaration, collection_ids) as (_, tools):
            return tools

    async def call(
        self,
        caller: Caller,
        declaration: Declaration,
        arguments: str,
        *,
        name: str | None = None,
        collection_ids: Sequence[str] = (),
    ) -> Trial:
        """Call the tool `name`, or the only one. Raises `InvalidFieldError`, and `ToolError` where it cannot be opened.

        Arguments are checked against the schema; nobody is asked, and nobody need have said them.
        """
        async with self._opened(caller, declaration, collection_ids) as (source, tools):
            tool = next((each for each in tools if name in (None, each.name)), None)
            if tool is None:
                raise InvalidFieldError("name", f"it offers {', '.join(each.name for each in tools) or 'nothing'}")
            loop = asyncio.get_running_loop()
            began = loop.time()
            result = await self._result(source, tool, arguments)
            return Trial(result, round((loop.time() - began) * 1000))

    async def _result(self, source: ToolSource, tool: Tool, arguments: str) -> ToolResult:
        call_id, seconds = f"trial_{secrets.token_hex(8)}", tool.policy.timeout_ms / 1000
        # the arguments themselves count as said
        invocation = ToolInvocation("trial", call_id, tool.name, arguments, seconds, call_id, (arguments,))
        try:
            async with asyncio.timeout(seconds):
                return await source.invoke(invocation)  # the toolbox's sources check arguments
        except ToolError as error:
            return ToolResult(error.message, error.failure)
        except TimeoutError:
            return ToolResult(f"there was no answer within {seconds:g} seconds", ToolFailure.TIMED_OUT)

    @asynccontextmanager
    async def _opened(
        self, caller: Caller, declaration: Declaration, collection_ids: Sequence[str]
    ) -> AsyncIterator[tuple[ToolSource, tuple[Tool, ...]]]:
        check_tools([declaration])
        if not is_hosted(declaration):
            raise InvalidFieldError("tool.type", "the client runs functions; only what the server runs can be tried")
        context = CallContext("trial", caller.organisation_id, None, tuple(collection_ids))
        toolbox = CallToolbox(self._factories, context, [declaration])
        try:
            source = toolbox.source(source_key(declaration))
            try:
                async with asyncio.timeout(OPENING_SECONDS):
                    tools = await source.open()
            except TimeoutError:
                message = f"it did not answer within {OPENING_SECONDS:.0f} seconds"
                raise ToolError(ToolFailure.TIMED_OUT, message) from None
            yield source, tools
        finally:
            await toolbox.close()
