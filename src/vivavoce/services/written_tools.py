"""The tools of an agent that answers in writing: opened for one answer, run, and closed with it.

What belongs to a spoken call (`system` tools) is not there in writing. Owned by whoever writes the answer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import dropwhile, takewhile
from typing import Self

from vivavoce.conversation import tool_words
from vivavoce.conversation.identifiers import CallId
from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_calls import canonical
from vivavoce.conversation.tool_policy import Approval, ToolFailure, ToolKind
from vivavoce.engines.ports import FunctionTool, ToolCall
from vivavoce.sessions.transcript import TranscriptToolCall
from vivavoce.store.records import NewMessage
from vivavoce.tools.declared import CallContext, CallToolbox, Declaration, SourceFactory
from vivavoce.tools.keys import source_key
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolResult, ToolSource

OPENING_SECONDS = 10.0
NO_CLIENT = "Not approved: it needs the word of somebody who is not there in writing. It was not run."
NOT_IN_WRITING = ("system",)

Asked = tuple[str, str]
"""A tool's name and its arguments, written in one way."""


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call and what came of it. `duration_ms`: from its being made to its end."""

    call: ToolCall
    kind: ToolKind
    label: str
    result: ToolResult
    duration_ms: int


class WrittenTools:
    """An async context manager. `failures`: what could not be opened, by its name on the wire, and why."""

    def __init__(
        self,
        factories: Mapping[str, SourceFactory],
        context: CallContext,
        declared: Sequence[Declaration],
        *,
        consents: frozenset[Asked] = frozenset(),
        may_ask: bool = False,
    ) -> None:
        """`consents`: calls that the user was asked about just before. `may_ask`: whether the user can be asked."""
        self._context = context
        self._declared = [each for each in declared if each["type"] not in NOT_IN_WRITING]
        self._toolbox = CallToolbox(factories, context, self._declared)
        self._consents = consents
        self._may_ask = may_ask
        self._offered: dict[str, tuple[ToolSource, Tool]] = {}
        self.failures: list[tuple[str, str]] = []

    async def __aenter__(self) -> Self:
        async with asyncio.TaskGroup() as tasks:
            opened = [tasks.create_task(self._open(each), name=f"open {each['type']}") for each in self._declared]
        for declaration, task in zip(self._declared, opened, strict=True):
            source, tools = task.result()
            if isinstance(tools, ToolError):
                label = source.label if source is not None else ""
                self.failures.append((label or str(declaration["type"]), tools.message))
            elif source is not None:
                self._offered |= {tool.name: (source, tool) for tool in tools if tool.name not in self._offered}
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._toolbox.close()

    @property
    def functions(self) -> tuple[FunctionTool, ...]:
        """As the language model is offered them."""
        return tuple(
            FunctionTool(tool.name, tool.description, json.loads(tool.parameters)) for _, tool in self._offered.values()
        )

    def offers(self, name: str) -> bool:
        return name in self._offered

    async def run(self, calls: Sequence[ToolCall], said: Sequence[str]) -> list[WrittenCall]:
        """All at once; each ends, whatever becomes of it."""
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self._run(call, said), name=f"call {call.call_id}") for call in calls]
        return [task.result() for task in running]

    async def _open(self, declaration: Declaration) -> tuple[ToolSource | None, tuple[Tool, ...] | ToolError]:
        source: ToolSource | None = None
        try:
            source = self._toolbox.source(source_key(declaration))
            async with asyncio.timeout(OPENING_SECONDS):
                return source, await source.open()
        except ToolError as error:
            return source, error
        except TimeoutError:
            return source, ToolError(ToolFailure.TIMED_OUT, "it did not answer in time")

    async def _run(self, call: ToolCall, said: Sequence[str]) -> WrittenCall:
        loop = asyncio.get_running_loop()
        made_at = loop.time()
        found = self._offered.get(call.name)
        if found is None:
            words = tool_words.unknown_tool(call.name, list(self._offered))
            return WrittenCall(call, ToolKind.FUNCTION, "", ToolResult(words, ToolFailure.UNKNOWN_TOOL), 0)
        source, tool = found
        result = self._withheld(tool, call)
        if result is None:
            result = await self._invoke(source, tool, call, said)
        return WrittenCall(call, tool.kind, tool.label, result, round((loop.time() - made_at) * 1000))

    def _withheld(self, tool: Tool, call: ToolCall) -> ToolResult | None:
        """Why the call does not run yet."""
        approval = tool.policy.approval
        if approval is Approval.NOBODY:
            return None
        if approval is Approval.CALLER and self._may_ask:
            if (call.name, canonical(call.arguments)) in self._consents:
                return None
            words = tool_words.ask_the_caller(call.name, call.arguments)
            return ToolResult(words, ToolFailure.NOT_APPROVED)
        return ToolResult(NO_CLIENT, ToolFailure.NOT_APPROVED)

    async def _invoke(self, source: ToolSource, tool: Tool, call: ToolCall, said: Sequence[str]) -> ToolResult:
        seconds = tool.policy.timeout_ms / 1000
        session_id = self._context.session_id
        key = f"{session_id}:{call.call_id}"
        invocation = ToolInvocation(session_id, call.call_id, call.name, call.arguments, seconds, key, tuple(said))
        try:
            async with asyncio.timeout(seconds):
                return await source.invoke(invocation)  # the toolbox's sources check arguments
        except ToolError as error:
            return ToolResult(error.message, error.failure)
        except TimeoutError:
            return ToolResult(f"there was no answer within {seconds:g} seconds", ToolFailure.TIMED_OUT)


def as_messages(ended: WrittenCall) -> tuple[NewMessage, NewMessage]:
    """The call and what came of it, as a thread keeps them."""
    call = ended.call
    made = TranscriptToolCall(CallId(call.call_id), call.name, call.arguments, ended.kind, ended.label)
    over = replace(made, failure=ended.result.failure, duration_ms=ended.duration_ms)
    return (
        NewMessage("assistant", "", tool_call=asdict(made)),
        NewMessage("tool", storable(ended.result.output), tool_call=asdict(over)),
    )


def consents_in(past: Sequence[NewMessage]) -> frozenset[Asked]:
    """The calls that waited for the user's word when the user said what is answered now, the last words of `past`."""
    backwards = dropwhile(lambda said: said.role != "user", reversed(past))
    next(backwards, None)
    before = takewhile(lambda said: said.role != "user", backwards)
    calls = [each.tool_call for each in before if each.role == "tool" and each.tool_call is not None]
    return frozenset(
        (str(call.get("name")), canonical(str(call.get("arguments"))))
        for call in calls
        if call.get("failure") == ToolFailure.NOT_APPROVED
    )


def storable(text: str) -> str:
    """Neither database keeps a NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
