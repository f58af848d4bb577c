"""What an agent declares of tools that the server runs. Pure."""

from __future__ import annotations

from vivavoce.agents.definition import AgentDefinition
from vivavoce.agents.tools import ToolDeclaration
from vivavoce.store.records import AgentRecord
from vivavoce.tools.declared import CallContext
from vivavoce.tools.keys import is_hosted

SEARCH_OF_COLLECTIONS: ToolDeclaration = {"type": "file_search"}
"""What an agent with collections declares if it declares no search of its own."""


def hosted_tools(agent: AgentDefinition) -> tuple[ToolDeclaration, ...]:
    """With collections it searches them, declared or not."""
    declared = tuple(each for each in agent.tools if is_hosted(each))
    if agent.collection_ids and not any(each["type"] == "file_search" for each in declared):
        return (*declared, SEARCH_OF_COLLECTIONS)
    return declared


def call_context(session_id: str, agent: AgentRecord) -> CallContext:
    """What tools of this agent are made for."""
    collections = tuple(agent.definition.collection_ids)
    return CallContext(session_id, agent.organisation_id, agent.agent_id, collections)
