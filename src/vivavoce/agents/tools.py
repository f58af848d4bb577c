"""What an agent may call, as it is declared: functions of the client, webhooks, tools of the house, MCP servers.

A declaration is kept in the form in which it was given, because clients send it back word for word in `session.update`.
Functions come flat (OpenAI Realtime: name, description, parameters beside `type`) or nested under `function` (Chat
Completions and the xAI agents API); both are read by `functions_of`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vivavoce.agents import checks
from vivavoce.agents.checks import IDENTIFIER, InvalidFieldError
from vivavoce.engines.ports import FunctionTool
from vivavoce.tools.declaration_checks import DeclarationError, check_declaration
from vivavoce.tools.system_declaration import read_system
from vivavoce.tools.webhook_declaration import read_webhook

TOOLS_MAXIMUM = 200
DECLARATION_BYTES_MAXIMUM = 65_536
HOUSE_TOOLS = ("web_search", "x_search", "file_search", "mcp")
NAMED_TOOLS = ("webhook", "system")
"""Tools that the server runs and that have a name of their own, as functions have."""
REFERENCE = "tool_reference"
"""A tool that is declared elsewhere and named by its id (the Agntix API)."""

ToolDeclaration = Mapping[str, Any]


def check_tools(tools: Sequence[ToolDeclaration]) -> None:
    """At most 200; each a known type; functions, webhooks and system tools with names of their own.

    Raises `InvalidFieldError`. What tools of the house say is looked at when a call opens them: agents that were stored
    long ago must stay readable.
    """
    checks.at_most("tools", len(tools), TOOLS_MAXIMUM, "tools")
    seen: set[str] = set()
    for index, tool in enumerate(tools):
        path = f"tools[{index}]"
        if not isinstance(tool, Mapping):
            raise InvalidFieldError(path, "must be an object")
        size = checks.json_bytes(path, tool)
        checks.at_most(path, size, DECLARATION_BYTES_MAXIMUM, "bytes of JSON")
        kind = tool.get("type", "function")
        if not isinstance(kind, str):
            raise InvalidFieldError(f"{path}.type", "must be a string")
        checks.one_of(f"{path}.type", kind, ("function", *NAMED_TOOLS, *HOUSE_TOOLS, REFERENCE))
        if kind == "function":
            _check_function(path, tool, seen)
        else:
            _check_hosted(path, tool, kind, seen)


def functions_of(tools: Iterable[ToolDeclaration]) -> tuple[FunctionTool, ...]:
    """The functions among the declarations."""
    return tuple(_function(tool) for tool in tools if tool.get("type", "function") == "function")


def declared(function: FunctionTool) -> ToolDeclaration:
    """A function as a flat declaration."""
    return {
        "type": "function",
        "name": function.name,
        "description": function.description,
        "parameters": dict(function.parameters),
    }


def _check_function(path: str, tool: ToolDeclaration, seen: set[str]) -> None:
    inner = tool.get("function")
    if inner is not None:
        path = f"{path}.function"
        if not isinstance(inner, Mapping):
            raise InvalidFieldError(path, "must be an object")
        tool = inner
    name = tool.get("name")
    if not isinstance(name, str):
        raise InvalidFieldError(f"{path}.name", "a function needs a name")
    checks.matching(f"{path}.name", name, IDENTIFIER, "1 to 64 letters, digits, _ or -")
    _check_new(path, name, seen)
    if not isinstance(tool.get("description"), str | None):
        raise InvalidFieldError(f"{path}.description", "must be a string")
    if not isinstance(tool.get("parameters"), Mapping | None):
        raise InvalidFieldError(f"{path}.parameters", "must be a JSON Schema object")


def _check_new(path: str, name: str, seen: set[str]) -> None:
    if name in seen:
        raise InvalidFieldError(f"{path}.name", f"{name!r} is the name of an earlier tool")
    seen.add(name)


def _check_hosted(path: str, tool: ToolDeclaration, kind: str, seen: set[str]) -> None:
    try:
        check_declaration({"policy": tool.get("policy")}, path)
        if kind == "webhook":
            _check_new(path, read_webhook(tool, path).name, seen)
        elif kind == "system":
            _check_new(path, read_system(tool, path).name, seen)
    except DeclarationError as error:
        raise InvalidFieldError(error.param, error.message) from error


def _function(tool: ToolDeclaration) -> FunctionTool:
    inner = tool.get("function") or tool
    return FunctionTool(inner["name"], inner.get("description") or "", inner.get("parameters") or {})
