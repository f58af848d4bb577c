"""`POST /v1/agents/create` of the Nuri API. A thin route without state; the other paths of agents are shared."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from vivavoce.agents.definition import (
    INSTRUCTIONS_LENGTH_MAXIMUM,
    LABEL_LENGTH_MAXIMUM,
    NAME_LENGTH_MAXIMUM,
    TURNS_RANGE,
)
from vivavoce.agents.tools import TOOLS_MAXIMUM
from vivavoce.api.agents.agent_object import AgentAnswer
from vivavoce.api.agents.changing import assignment_of, definition_of
from vivavoce.api.agents.examples import LOOKUP_ORDER, NEW_NURI_AGENT
from vivavoce.api.agents.requests import NOT_BLANK, AgentDraft
from vivavoce.api.agents.router import answer_with
from vivavoce.api.dependencies import PlatformOf, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute

MAX_TURNS_DEFAULT = 50

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.NURI), tags=["Nuri: agents"])


class NewNuriAgent(AgentDraft):
    """An agent to make. Beside the fields of the Nuri API those of the xAI API are taken too."""

    model_config = ConfigDict(json_schema_extra={"examples": [NEW_NURI_AGENT]})

    name: str = Field(
        max_length=NAME_LENGTH_MAXIMUM,
        description="Display name for the agent.",
        examples=["Order Support"],
        json_schema_extra=NOT_BLANK,
    )
    voice_id: str = Field(
        max_length=LABEL_LENGTH_MAXIMUM,
        description="Voice to use for speech synthesis; one of another platform is spoken by a stand-in.",
        examples=["rachel_v2"],
        json_schema_extra=NOT_BLANK,
    )
    system_prompt: str = Field(
        min_length=1,
        max_length=INSTRUCTIONS_LENGTH_MAXIMUM,
        description="System instructions defining agent behavior.",
        examples=["You are a friendly order support agent for Acme Corp."],
    )
    language: str | None = Field(
        default=None, description="Language code (e.g. en, es, fr). Defaults to en.", examples=["en"]
    )
    tools: list[dict[str, Any]] | None = Field(
        default=None,
        max_length=TOOLS_MAXIMUM,
        description="Array of tool/function definitions the agent can call.",
        examples=[[LOOKUP_ORDER]],
    )
    max_turns: int | None = Field(
        default=None,
        ge=TURNS_RANGE[0],
        le=TURNS_RANGE[1],
        description=f"Maximum conversation turns per session. Defaults to {MAX_TURNS_DEFAULT}.",
        examples=[MAX_TURNS_DEFAULT],
    )


@router.post("/v1/agents/create", status_code=201, response_model_exclude_unset=True, summary="Create agent")
async def create_nuri_agent(platform: PlatformOf, caller: Writer, body: NewNuriAgent) -> AgentAnswer:
    """Create a new voice agent with a custom persona, voice, and optional tool definitions."""
    definition = definition_of(body, MAX_TURNS_DEFAULT)
    agent = await platform.agents.create(caller, definition, assignment_of(body))
    return await answer_with(platform, caller, agent)
