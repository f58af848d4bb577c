"""Agents between the words of the Agntix API and ours. Pure functions.

That API names its tools by id, others declare them in place. Both live in one list here: a tool that was declared in
place is shown under its name, and an update that names it again keeps the declaration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.definition import AgentDefinition, AgentUpdate
from vivavoce.agents.identifiers import as_uuid
from vivavoce.agents.tools import REFERENCE, ToolDeclaration
from vivavoce.api.agntix.agent_models import (
    AgntixAgent,
    AgntixAgentTool,
    AgntixKnowledgeStore,
    AgntixModel,
    AgntixTool,
    CreateAgntixAgent,
    ToolAttachment,
    UpdateAgntixAgent,
)
from vivavoce.services.chatting import SERVER_MODEL
from vivavoce.store.records import AgentRecord

_OURS = {
    "full_name": "name",
    "description": "description",
    "role": "role",
    "language": "language",
    "system_prompt": "instructions",
    "special_instructions": "special_instructions",
    "model_id": "model",
    "stt_model_id": "stt_model",
    "tts_model_id": "tts_model",
    "tts_voice_id": "voice",
    "voice_enabled": "voice_enabled",
    "voice_pipeline_mode": "voice_pipeline_mode",
    "knowledge_store_id": "knowledge_store_id",
    "welcome_message": "greeting",
    "welcome_allow_interruptions": "welcome_allow_interruptions",
    "is_public": "is_public",
    "metadata": "metadata",
}
_SILENT: Mapping[str, Any] = {"voice_enabled": False, "voice_pipeline_mode": None}
"""What an agent of this API is unless it is told otherwise; agents of other APIs always speak."""

_THEIRS = {ours: CreateAgntixAgent.model_fields[theirs].alias or theirs for theirs, ours in _OURS.items()}


def definition_of(body: CreateAgntixAgent) -> AgentDefinition:
    """Raises `InvalidFieldError` in the words of this API."""
    values = dict(_SILENT)
    for theirs, ours in _OURS.items():
        if (value := getattr(body, theirs)) is not None:
            values[ours] = value
    with in_their_words():
        return AgentDefinition(**values, tools=_tools(body.tools or [], ()), paused=body.is_active is False)


def update_of(body: UpdateAgntixAgent, present: AgentDefinition) -> AgentUpdate:
    """What a body changes: the fields that it has; null puts one back."""
    mask: set[str] = set()
    values: dict[str, Any] = {}
    for theirs in body.model_fields_set:
        value = getattr(body, theirs)
        match theirs:
            case "tools":
                mask.add("tools")
                values["tools"] = _tools(value or [], present.tools)
            case "is_active":
                mask.add("paused")
                values["paused"] = value is False
            case _:
                ours = _OURS[theirs]
                mask.add(ours)
                if value is not None:
                    values[ours] = value
                elif ours in _SILENT:
                    values[ours] = _SILENT[ours]
    return AgentUpdate(frozenset(mask), values)


def shown(agent: AgentRecord) -> AgntixAgent:
    definition = agent.definition
    model = definition.model or SERVER_MODEL
    store = definition.knowledge_store_id
    return AgntixAgent(
        **{theirs: getattr(definition, ours) for theirs, ours in _OURS.items()},
        id=as_uuid(agent.agent_id),
        is_active=not definition.paused,
        org_id=agent.organisation_id,
        created_at=agent.created_at,
        updated_at=agent.updated_at,
        model=AgntixModel(id=model, name=model, provider=SERVER_MODEL),
        agent_tools=[AgntixAgentTool(tool=_tool(each)) for each in definition.tools],
        agent_knowledge_store=None if store is None else AgntixKnowledgeStore(knowledge_store_id=store),
    )


@contextmanager
def in_their_words() -> Iterator[None]:
    """Refusals of our fields name the field that the client sent."""
    try:
        yield
    except InvalidFieldError as error:
        first, rest = re.fullmatch(r"(\w*)(.*)", error.param, re.DOTALL).groups()  # type: ignore[union-attr]
        raise InvalidFieldError(_THEIRS.get(first, first) + rest, error.message) from error


def _tools(wanted: Sequence[ToolAttachment], present: Sequence[ToolDeclaration]) -> tuple[ToolDeclaration, ...]:
    declared = {_tool_id(each): each for each in present if each.get("type") != REFERENCE}
    chosen: dict[str, ToolDeclaration] = {}
    for each in wanted:
        reference: dict[str, Any] = {"type": REFERENCE, "id": each.tool_id}
        if each.tool_description is not None:
            reference["description"] = each.tool_description
        chosen[each.tool_id] = declared.get(each.tool_id, reference)
    return tuple(chosen.values())


def _tool(declaration: ToolDeclaration) -> AgntixTool:
    kind = str(declaration.get("type", "function"))
    inner = declaration.get("function") or declaration
    description = inner.get("description")
    return AgntixTool(
        id=_tool_id(declaration),
        name=str(inner.get("name") or _tool_id(declaration)),
        description=description if isinstance(description, str) else None,
        type={"function": "FUNCTION_TOOL", REFERENCE: "API_TOOL"}.get(kind, kind.upper()),
    )


def _tool_id(declaration: ToolDeclaration) -> str:
    kind = str(declaration.get("type", "function"))
    match kind:
        case "function":
            return str((declaration.get("function") or declaration).get("name"))
        case "tool_reference":
            return str(declaration.get("id"))
        case "mcp":
            return str(declaration.get("server_label") or kind)
        case _:
            return kind
