"""Agents to begin with: six of them, each whole, with tools and something to know. Values, read once from this folder.

The client's functions in them carry a `sample_result`: what whoever tries the agent out may answer for it.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from vivavoce.agents.definition import AgentDefinition

_ORDER = ("healthcare", "restaurant", "customer_support", "real_estate", "appointment_booking", "concierge")


class SampleDocument(msgspec.Struct, frozen=True):
    """A text for the agent's collection, in Markdown."""

    name: str
    text: str


class TemplateAgent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of the agent that a template sets; all others are as on a new agent."""

    name: str
    instructions: str
    greeting: str
    voice_id: str
    tools: tuple[dict[str, Any], ...]


class AgentTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    template_id: str
    name: str
    description: str
    agent: TemplateAgent
    knowledge: tuple[SampleDocument, ...]

    def definition(self) -> AgentDefinition:
        """The agent, before it has a collection."""
        agent = self.agent
        return AgentDefinition(
            name=agent.name,
            instructions=agent.instructions,
            description=self.description,
            greeting=agent.greeting,
            voice=agent.voice_id,
            tools=agent.tools,
        )


@cache
def agent_templates() -> tuple[AgentTemplate, ...]:
    """All of them, in the order in which they are offered."""
    folder = files(__package__)
    return tuple(msgspec.json.decode((folder / f"{name}.json").read_bytes(), type=AgentTemplate) for name in _ORDER)
