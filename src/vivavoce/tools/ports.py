"""What runs the tools of one call: sources, each made of one declaration, behind one port.

A source is made for one call and ends with it. Connections that are dear to open (MCP servers, embedders) are shared
behind it, by whoever makes sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import ToolDirective, ToolFailure, ToolSourceKey


class ToolError(Exception):
    """A call came to nothing, or a source could not be opened. The message is for the model and for people: what is
    wrong in one plain sentence, without secrets and without the address of anything inside.
    """

    def __init__(self, failure: ToolFailure, message: str) -> None:
        super().__init__(message)
        self.failure = failure
        self.message = message


@dataclass(frozen=True, slots=True)
class ToolInvocation:
    """One call. `arguments` is a JSON object as text, valid for the tool's schema; `timeout_seconds` what is left.

    `idempotency_key` is the same whenever the same call is sent again. `said`: what the caller, and the tools, have
    said so far.
    """

    session_id: str
    call_id: str
    name: str
    arguments: str
    timeout_seconds: float
    idempotency_key: str
    said: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ToolResult:
    """`output` is what the model reads: text, most often JSON, cut to what a model can take."""

    output: str
    failure: ToolFailure | None = None
    directive: ToolDirective = ToolDirective.ANSWER
    goodbye: str = ""


class ToolSource(Protocol):
    """Tools of one declaration, for one call. Cancelling `invoke` gives the call up."""

    @property
    def key(self) -> ToolSourceKey: ...

    @property
    def label(self) -> str:
        """The MCP server's label; '' for everything else."""
        ...

    async def open(self) -> tuple[Tool, ...]:
        """The tools, each with this source's key. Raises `ToolError`."""
        ...

    async def invoke(self, invocation: ToolInvocation) -> ToolResult:
        """Raises `ToolError`."""
        ...

    def search_ahead(self, words: str) -> None:
        """The caller's turn may be over with these words: begin what they may call for. Returns at once."""
        ...

    async def close(self) -> None:
        """The call is over, or the source no longer wanted."""
        ...


@runtime_checkable
class Foreseeing(Protocol):
    """A source that may know what the caller's words call for before a model has read them."""

    async def foreseen(self, words: str, *, alone: bool) -> str | None:
        """The arguments (JSON) of the call that these words surely ask for; None: let the model decide. Never raises.

        `alone`: there is no other tool that they could ask for.
        """
        ...


class Toolbox(Protocol):
    """The sources of one call, as its shell knows them."""

    def source(self, key: ToolSourceKey) -> ToolSource:
        """The source of a declaration that was given for this call. Raises `ToolError` for one that was not."""
        ...

    async def close(self) -> None: ...


class Line(Protocol):
    """The telephone line of a call. Both raise `ToolError` where the line will not."""

    async def transfer(self, destination: str) -> None:
        """Connect the caller with a telephone number (E.164) or a SIP URI, and leave the call."""
        ...

    async def send_dtmf(self, digits: str) -> None:
        """Press these keys (`0-9`, `A-D`, `*`, `#`; `w` waits half a second), and return when they were heard."""
        ...
