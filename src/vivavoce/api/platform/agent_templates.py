"""Agents to begin with: what the console offers under "Create agent", for everybody else as well."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from vivavoce.agents.templates import AgentTemplate, agent_templates
from vivavoce.api.dependencies import Reader
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect

router = APIRouter(responses=error_responses(Dialect.PLATFORM), tags=["Agents"])


class SampleDocumentObject(BaseModel):
    """A text for a collection of the agent's."""

    name: str = Field(description="What the document is called.")
    text: str = Field(description="The document, in Markdown.")


class TemplateAgentObject(BaseModel):
    """What a template sets of an agent, in the words of `POST /v1/agents`."""

    name: str = Field(description="What people call it.")
    description: str = Field(description="What it is for.")
    instructions: str = Field(description="All that it is told.")
    greeting: str = Field(description="What it says first.")
    voice_id: str = Field(description="Which voice it speaks with.")
    tools: list[dict[str, Any]] = Field(
        description="What it may call. Functions carry a `sample_result` for trying the agent out."
    )


class AgentTemplateObject(BaseModel):
    """An agent to begin with."""

    template_id: str = Field(description="Its id.", examples=["restaurant"])
    name: str = Field(description="What people call the template.")
    description: str = Field(description="What such an agent does.")
    agent: TemplateAgentObject = Field(description="The agent: send it to `POST /v1/agents`, changed as you like.")
    knowledge: list[SampleDocumentObject] = Field(description="Something for it to know, for a collection.")


class AgentTemplateList(BaseModel):
    """Every template."""

    data: list[AgentTemplateObject] = Field(description="The templates, in the order in which they are offered.")


@router.get("/v1/agent-templates", summary="List agent templates")
async def list_agent_templates(_caller: Reader) -> AgentTemplateList:
    return AgentTemplateList(data=[_shown(template) for template in agent_templates()])


def _shown(template: AgentTemplate) -> AgentTemplateObject:
    agent = template.agent
    return AgentTemplateObject(
        template_id=template.template_id,
        name=template.name,
        description=template.description,
        agent=TemplateAgentObject(
            name=agent.name,
            description=template.description,
            instructions=agent.instructions,
            greeting=agent.greeting,
            voice_id=agent.voice_id,
            tools=[dict(tool) for tool in agent.tools],
        ),
        knowledge=[SampleDocumentObject(name=each.name, text=each.text) for each in template.knowledge],
    )
