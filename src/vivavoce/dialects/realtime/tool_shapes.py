"""Tools on the wire: functions, flat (OpenAI) or nested under `function` (xAI's agents), and the built-in kinds.

A session keeps its tools as the client wrote them and shows them so; only functions are offered to the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from vivavoce.conversation.settings import Tool
from vivavoce.dialects.realtime.refusals import InvalidFieldError, explained

ToolObject = dict[str, Any]

BUILT_IN_TOOLS = ("web_search", "x_search", "file_search", "mcp")
"""Tools that the server would run itself (xAI, "Tools"): taken and shown, not offered to the model."""

_MODES = ("auto", "none", "required")
_SECRETS = frozenset({"authorization", "headers"})


class FunctionShape(Struct, frozen=True):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class ToolShape(Struct, frozen=True):
    """Any tool; which fields count depends on `type`."""

    type: str = "function"
    name: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    parameters: dict[str, Any] | UnsetType | None = UNSET
    function: FunctionShape | UnsetType = UNSET
    vector_store_ids: list[str] | UnsetType | None = UNSET
    max_num_results: int | UnsetType | None = UNSET
    allowed_domains: list[str] | UnsetType | None = UNSET
    excluded_domains: list[str] | UnsetType | None = UNSET
    allowed_x_handles: list[str] | UnsetType | None = UNSET
    excluded_x_handles: list[str] | UnsetType | None = UNSET
    server_url: str | UnsetType | None = UNSET
    server_label: str | UnsetType | None = UNSET


class NamedToolChoice(Struct, frozen=True, omit_defaults=True):
    """One function of the model's tools, or a server of tools (`mcp`), which the model is not offered."""

    type: Literal["function", "mcp"]
    name: str | None = None
    server_label: str | None = None
    function: FunctionShape | None = None


def core_tools(tools: Sequence[ToolObject], param: str = "session.tools") -> tuple[Tool, ...]:
    """The functions among the tools. Raises `WireError` for a function without a name and for unknown kinds."""
    shapes = [_shape(tool, f"{param}[{index}]") for index, tool in enumerate(tools)]
    return tuple(
        _function(shape, f"{param}[{index}]") for index, shape in enumerate(shapes) if shape.type not in BUILT_IN_TOOLS
    )


def core_tool_choice(choice: str | NamedToolChoice, param: str = "session.tool_choice") -> str:
    """`auto`, `none`, `required` or a function's name. Raises `WireError` for a choice that names nothing."""
    if isinstance(choice, str):
        return choice
    if choice.type == "mcp":
        if choice.server_label is None:
            raise InvalidFieldError(f"{param}.server_label", "an MCP tool choice names its server")
        return "auto"
    name = choice.name or (choice.function.name if choice.function is not None else None)
    if name is None:
        raise InvalidFieldError(f"{param}.name", "a function tool choice names its function")
    return name


def tool_choice_object(choice: Any) -> Any:
    """A choice as GA's schema shows it, whichever way the client wrote it."""
    if isinstance(choice, str):
        return choice if choice in _MODES else {"type": "function", "name": choice}
    if choice["type"] == "function" and "function" in choice:
        return {"type": "function", "name": choice.get("name") or choice["function"]["name"]}
    return choice


def tool_object(tool: Tool) -> ToolObject:
    """A function of the agent's as a client sees it."""
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": msgspec.json.decode(tool.parameters),
    }


def without_secrets(tool: ToolObject) -> ToolObject:
    """A tool as it is shown: what lets the server in elsewhere stays with the server."""
    return {key: value for key, value in tool.items() if key not in _SECRETS}


def _shape(tool: ToolObject, param: str) -> ToolShape:
    try:
        shape = msgspec.convert(tool, ToolShape)
    except msgspec.ValidationError as error:
        raise explained(error, param) from error
    if shape.type != "function" and shape.type not in BUILT_IN_TOOLS:
        known = ", ".join(f"'{kind}'" for kind in ("function", *BUILT_IN_TOOLS))
        raise InvalidFieldError(f"{param}.type", f"'{shape.type[:100]}' tools are not supported; use one of {known}")
    if shape.type == "mcp" and not shape.server_label:
        raise InvalidFieldError(f"{param}.server_label", "an MCP tool needs a label of its server")
    return shape


def _function(shape: ToolShape, param: str) -> Tool:
    if isinstance(shape.function, UnsetType):
        name, description, parameters = shape.name or "", shape.description or "", shape.parameters or None
        where = f"{param}.name"
    else:
        name, description = shape.function.name, shape.function.description or ""
        parameters, where = shape.function.parameters, f"{param}.function.name"
    if not name:
        raise InvalidFieldError(where, "a function tool needs a name")
    schema = parameters if parameters is not None else {"type": "object", "properties": {}}
    return Tool(name, description, msgspec.json.encode(schema).decode())
