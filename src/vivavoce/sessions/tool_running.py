"""The tools of one call: sources opened and closed, calls run, each against its time, and told of exactly once.

Whatever a source does (raise, hang, break, not listen to its being cancelled) comes to the conversation as one fact.
What runs a tool is other people's code: its defects are logged by their kind, never with what was said, and end
nothing but the one call. Owned by a session; every task ends with the call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, assert_never

from vivavoce.conversation.events import Event, ToolFinished, ToolsFailed, ToolsOpened
from vivavoce.conversation.identifiers import CallId
from vivavoce.conversation.orders import CancelTool, OpenTools, RunTool, SearchAhead, ToolOrder
from vivavoce.conversation.tool_policy import ToolFailure, ToolSourceKey
from vivavoce.sessions.ports import Spawn
from vivavoce.tools.ports import Toolbox, ToolError, ToolInvocation, ToolResult, ToolSource

OPENING_SECONDS = 20.0
"""How long a source may take to open."""

CLOSING_SECONDS = 5.0
"""How long sources may take to close before nobody waits for them any more."""

STOPPING_SECONDS = 0.25
"""How long what was cancelled may take to stop; its time is over, and somebody waits for its end."""

NO_TOOLBOX = "this server runs no tools in this call"

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class ToolRunning:
    """Performs the conversation's orders on tools. `toolbox` None: every source fails to open."""

    def __init__(self, toolbox: Toolbox | None, session_id: str, submit: Callable[[Event], None], spawn: Spawn) -> None:
        self._toolbox = toolbox
        self._session_id = session_id
        self._submit = submit
        self._spawn = spawn
        self._opening: dict[ToolSourceKey, asyncio.Task[None]] = {}
        self._open: dict[ToolSourceKey, ToolSource] = {}
        self._running: dict[CallId, tuple[ToolSourceKey, asyncio.Task[None]]] = {}

    def perform(self, order: ToolOrder) -> None:
        match order:
            case OpenTools(sources=sources):
                self._want(sources)
            case RunTool():
                self._run(order)
            case CancelTool(call_id=call_id):
                if (running := self._running.pop(call_id, None)) is not None:
                    running[1].cancel()
            case SearchAhead(words=words):
                for source in self._open.values():
                    source.search_ahead(words)
            case _:
                assert_never(order)

    def open_source(self, key: ToolSourceKey) -> ToolSource | None:
        """The source of a key; None while it is not open."""
        return self._open.get(key)

    async def close(self) -> None:
        """The call is over: its tasks have ended, its sources close."""
        if self._toolbox is not None:
            await _watched(self._toolbox.close(), CLOSING_SECONDS, "the toolbox")

    # --- sources ----------------------------------------------------------------------------------------------------

    def _want(self, keys: tuple[ToolSourceKey, ...]) -> None:
        for key in [key for key in (*self._opening, *self._open) if key not in keys]:
            self._drop(key)
        for key in keys:
            if key not in self._open and key not in self._opening:
                self._opening[key] = self._spawn(self._open_source(key), f"opening of {key}")

    def _drop(self, key: ToolSourceKey) -> None:
        if (opening := self._opening.pop(key, None)) is not None:
            opening.cancel()
        for call_id, (of, task) in list(self._running.items()):
            if of == key:
                task.cancel()
                message = "the tool is no longer part of this call"
                self._finish(ToolFinished(call_id, message, ToolFailure.CANCELLED))
        if (source := self._open.pop(key, None)) is not None:
            self._spawn(_close(source), f"closing of {key}")

    async def _open_source(self, key: ToolSourceKey) -> None:
        if self._toolbox is None:
            self._fail(key, "", NO_TOOLBOX)
            return
        try:
            source = self._toolbox.source(key)
        except ToolError as error:
            self._fail(key, "", error.message)
            return
        outcome = await _watched(source.open(), OPENING_SECONDS, f"opening {key}")
        if isinstance(outcome, ToolError):
            self._fail(key, source.label, outcome.message)
            return
        del self._opening[key]
        self._open[key] = source
        self._submit(ToolsOpened(key, outcome))

    def _fail(self, key: ToolSourceKey, label: str, message: str) -> None:
        del self._opening[key]
        self._submit(ToolsFailed(key, label, message))

    # --- calls ------------------------------------------------------------------------------------------------------

    def _run(self, order: RunTool) -> None:
        source = self._open.get(order.source)
        if source is None:
            message = "the tool is no longer part of this call"
            self._submit(ToolFinished(order.call_id, message, ToolFailure.UNKNOWN_TOOL))
            return
        task = self._spawn(self._invoke(source, order), f"call {order.call_id}")
        self._running[order.call_id] = order.source, task

    async def _invoke(self, source: ToolSource, order: RunTool) -> None:
        seconds = order.timeout_ms / 1000
        invocation = ToolInvocation(
            self._session_id,
            order.call_id,
            order.name,
            order.arguments,
            seconds,
            f"{self._session_id}:{order.call_id}",
            order.said,
        )
        outcome = await _watched(source.invoke(invocation), seconds, f"{order.name} of {source.key}")
        if isinstance(outcome, ToolError):
            outcome = ToolResult(outcome.message, outcome.failure)
        finished = ToolFinished(order.call_id, outcome.output, outcome.failure, outcome.directive, outcome.goodbye)
        self._finish(finished)

    def _finish(self, fact: ToolFinished) -> None:
        """Once for each call: what was cancelled has been taken out."""
        if self._running.pop(fact.call_id, None) is not None:
            self._submit(fact)


async def _close(source: ToolSource) -> None:
    await _watched(source.close(), CLOSING_SECONDS, f"closing {source.key}")


async def _watched(work: Coroutine[Any, Any, _T], seconds: float, what: str) -> _T | ToolError:
    """What it brings, or why it brought nothing. Cancelling this cancels it; it is waited for a moment at most."""
    task = asyncio.create_task(work, name=what)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=STOPPING_SECONDS)
    if not task.done():
        _log.warning("%s does not end when it is cancelled", what)
        task.add_done_callback(_look_at)
    if not task.done() or task.cancelled():
        return ToolError(ToolFailure.TIMED_OUT, f"there was no answer within {seconds:g} seconds")
    defect = task.exception()
    if defect is None:
        return task.result()
    if isinstance(defect, ToolError):
        return defect
    _log.error("%s ended by a defect: %s", what, type(defect).__name__)
    return ToolError(ToolFailure.UNREACHABLE, "the tool broke down")


def _look_at(task: asyncio.Task[Any]) -> None:
    """So that the event loop does not complain of an exception that nobody has looked at."""
    if not task.cancelled():
        task.exception()
