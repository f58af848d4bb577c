"""System tools: what an agent does with the call itself. One source a declaration, made for one call.

Ending the call and staying silent are decisions of the conversation: these tools only say what was chosen. Transfers
and tones go to the telephone line, where the call has one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import AS_USUAL, ToolDirective, ToolFailure, ToolKind, ToolPolicy, ToolSourceKey
from vivavoce.tools.declaration_checks import DeclarationError, check_declaration, policy_of
from vivavoce.tools.declared import CallContext, Declaration, SourceFactory
from vivavoce.tools.ports import Line, ToolError, ToolInvocation, ToolResult, ToolSource
from vivavoce.tools.system_declaration import (
    END_CALL,
    SEND_DTMF,
    SKIP_TURN,
    TRANSFER_CALL,
    Destination,
    SystemTool,
    read_system,
)

LineOf = Callable[[str], Line | None]
"""The telephone line of a session; None for a call that has none."""

DTMF_PATTERN = "^[0-9A-D*#w]{1,64}$"

_DESCRIPTIONS = {
    END_CALL: (
        "Ends the call. Use it when the caller says goodbye or wants to hang up, or when everything is done and the "
        "caller needs nothing more."
    ),
    SKIP_TURN: (
        "Says nothing this time and goes on listening. Use it when the caller asks for a moment, or speaks to "
        "somebody else."
    ),
    TRANSFER_CALL: "Connects the caller with somebody else. Use it when the caller asks for one of the destinations.",
    SEND_DTMF: "Presses keys of the telephone, as menus of other systems ask for. 'w' waits half a second.",
}


class SystemSource:
    """One system tool, for one call."""

    label = ""

    def __init__(self, declaration: Declaration, context: CallContext, key: ToolSourceKey, line_of: LineOf) -> None:
        """Raises `ToolError` for a declaration that is none."""
        try:
            check_declaration(declaration, "tool")
            self._tool = read_system(declaration, "tool")
        except DeclarationError as error:
            raise ToolError(ToolFailure.NOT_CONFIGURED, f"The system tool cannot be used: {error}.") from error
        self._policy = policy_of(declaration, _usual(self._tool))
        self._session_id = context.session_id
        self._key = key
        self._line_of = line_of

    @property
    def key(self) -> ToolSourceKey:
        return self._key

    async def open(self) -> tuple[Tool, ...]:
        tool = self._tool
        description = tool.description or _DESCRIPTIONS[tool.name]
        parameters = json.dumps(_parameters(tool), ensure_ascii=False)
        return (Tool(tool.name, description, parameters, ToolKind.SYSTEM, self._policy, self._key),)

    async def invoke(self, invocation: ToolInvocation) -> ToolResult:
        """Raises `ToolError`: `NOT_CONFIGURED` where the call has no telephone line for it."""
        arguments: Mapping[str, Any] = json.loads(invocation.arguments)
        match self._tool.name:
            case "end_call":
                goodbye = str(arguments.get("goodbye") or "").strip()
                return ToolResult("The call ends.", directive=ToolDirective.END_CALL, goodbye=goodbye)
            case "skip_turn":
                return ToolResult("You say nothing and listen.", directive=ToolDirective.STAY_SILENT)
            case "transfer_call":
                return await self._transferred(str(arguments["destination"]))
            case _:
                await self._line("Keys cannot be pressed").send_dtmf(str(arguments["digits"]))
                return ToolResult("The keys were pressed.")

    def search_ahead(self, words: str) -> None:
        """What is done with the call is not for trying."""

    async def close(self) -> None:
        """Nothing is held."""

    async def _transferred(self, name: str) -> ToolResult:
        line = self._line("It cannot be transferred")
        found = next((each for each in self._tool.destinations if each.name == name), None)
        if found is None:
            raise ToolError(ToolFailure.INVALID_ARGUMENTS, f"There is no destination '{name[:80]}'.")
        await line.transfer(found.address)
        return ToolResult(f"The caller is being connected with {found.name}.")

    def _line(self, consequence: str) -> Line:
        line = self._line_of(self._session_id)
        if line is None:
            message = f"This call is not on a telephone line. {consequence}; tell the caller so."
            raise ToolError(ToolFailure.NOT_CONFIGURED, message)
        return line


def _usual(tool: SystemTool) -> ToolPolicy:
    return AS_USUAL if tool.name != TRANSFER_CALL else ToolPolicy(timeout_ms=30_000)


def _parameters(tool: SystemTool) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = {}
    required: Sequence[str] = ()
    match tool.name:
        case "end_call":
            told = "What you say before the call ends, such as a thank-you and a goodbye. Leave it out if you said it."
            properties = {"goodbye": {"type": "string", "description": told, "x-from-caller": False}}
        case "transfer_call":
            names = [each.name for each in tool.destinations]
            told = "; ".join(_described(each) for each in tool.destinations)
            properties = {"destination": {"type": "string", "enum": names, "description": told}}
            required = ("destination",)
        case "send_dtmf":
            told = "The keys, one after the other: 0-9, A-D, * and #; w waits."
            digits = {"type": "string", "pattern": DTMF_PATTERN, "description": told, "x-from-caller": False}
            properties, required = {"digits": digits}, ("digits",)
        case _:
            pass
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _described(destination: Destination) -> str:
    return f"{destination.name}: {destination.description}" if destination.description else destination.name


def system_sources(line_of: LineOf) -> SourceFactory:
    """The factory of `system` declarations."""

    def made(declaration: Declaration, context: CallContext, key: ToolSourceKey) -> ToolSource:
        return SystemSource(declaration, context, key, line_of)

    return made
