"""Tools on the wire: functions, flat (OpenAI) or nested under `function` (xAI's agents), and those the server runs.

A session keeps its tools as the client wrote them and shows them so. What the server runs is known to the conversation
by the keys of the declarations alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import ToolSourceKey
from vivavoce.dialects.realtime.refusals import InvalidFieldError, explained
from vivavoce.tools.declaration_checks import DeclarationError, check_declaration, check_labels, policy_of
from vivavoce.tools.keys import HOSTED_KINDS, is_hosted, source_key
from vivavoce.tools.shown import restored
from vivavoce.tools.system_declaration import read_system
from vivavoce.tools.webhook_declaration import read_webhook

ToolObject = dict[str, Any]

HOSTED_TOOLS_MAXIMUM = 32
"""Declarations that the server runs, in one session: each may open a connection."""

_MODES = ("auto", "none", "required")


class FunctionShape(Struct, frozen=True):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class ToolShape(Struct, frozen=True):
    """A function, in either form."""

    type: str = "function"
    name: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    parameters: dict[str, Any] | UnsetType | None = UNSET
    function: FunctionShape | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class DeclaredTools:
    """What a list of tools comes to: the client's functions, and the declarations that the server runs, whole."""

    functions: tuple[Tool, ...]
    hosted: tuple[ToolObject, ...]

    @property
    def sources(self) -> tuple[ToolSourceKey, ...]:
        return tuple(dict.fromkeys(source_key(each) for each in self.hosted))

    @property
    def names(self) -> frozenset[str]:
        """The names that are known before anything is opened. A search is called as its type is."""
        named = {str(each.get("name") or each["type"]) for each in self.hosted}
        return frozenset({*named, *(tool.name for tool in self.functions)})

    @property
    def may_bring_others(self) -> bool:
        """Whether a server of tools is among them, whose names are known when it is open."""
        return any(each["type"] == "mcp" for each in self.hosted)


class NamedToolChoice(Struct, frozen=True, omit_defaults=True):
    """One function of the model's tools, or a server of tools (`mcp`), which leaves the choice to the model."""

    type: Literal["function", "mcp"]
    name: str | None = None
    server_label: str | None = None
    function: FunctionShape | None = None


def declared_tools(
    tools: Sequence[ToolObject],
    param: str,
    begun: Sequence[Tool] = (),
    agents: Sequence[ToolObject] = (),
) -> DeclaredTools:
    """Raises `WireError` with the path of the field that cannot be used.

    A function that comes back as the agent's own (`begun`) was shown is that one, with its policy; what the server
    runs and comes back without its secrets is the agent's (`agents`).
    """
    try:
        for index, tool in enumerate(tools):
            _check_kind(tool, f"{param}[{index}]")
            check_declaration(tool, f"{param}[{index}]")
            match tool.get("type"):
                case "webhook":
                    read_webhook(tool, f"{param}[{index}]")
                case "system":
                    read_system(tool, f"{param}[{index}]")
                case _:
                    pass
        check_labels(tools, param)
    except DeclarationError as error:
        raise InvalidFieldError(error.param, error.message) from error
    hosted = restored((tool for tool in tools if is_hosted(tool)), agents)
    if len(hosted) > HOSTED_TOOLS_MAXIMUM:
        raise InvalidFieldError(param, f"at most {HOSTED_TOOLS_MAXIMUM} that the server runs, got {len(hosted)}")
    own = {tool.name: tool for tool in begun}
    functions: list[Tool] = []
    for index, tool in enumerate(tools):
        if not is_hosted(tool):
            function = _function(tool, f"{param}[{index}]")
            was = own.get(function.name)
            functions.append(was if was is not None and tool_object(was) == tool_object(function) else function)
    return DeclaredTools(tuple(functions), tuple(hosted))


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


def _check_kind(tool: ToolObject, param: str) -> None:
    kind = tool.get("type", "function")
    if not isinstance(kind, str):
        raise InvalidFieldError(f"{param}.type", "must be a string")
    if kind not in ("function", *HOSTED_KINDS):
        known = ", ".join(f"'{each}'" for each in ("function", *HOSTED_KINDS))
        raise InvalidFieldError(f"{param}.type", f"'{kind[:100]}' tools are not supported; use one of {known}")


def _function(tool: ToolObject, param: str) -> Tool:
    try:
        shape = msgspec.convert(tool, ToolShape)
    except msgspec.ValidationError as error:
        raise explained(error, param) from error
    if isinstance(shape.function, UnsetType):
        name, description, parameters = shape.name or "", shape.description or "", shape.parameters or None
        where = f"{param}.name"
    else:
        name, description = shape.function.name, shape.function.description or ""
        parameters, where = shape.function.parameters, f"{param}.function.name"
    if not name:
        raise InvalidFieldError(where, "a function tool needs a name")
    schema = parameters if parameters is not None else {"type": "object", "properties": {}}
    return Tool(name, description, msgspec.json.encode(schema).decode(), policy=policy_of(tool))
