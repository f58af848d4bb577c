"""`/v2/chat/agents` and the older `/v1/chat/agents`: the agents of an organisation. Thin routes without state."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from vivavoce.agents import checks
from vivavoce.agents.definition import NAME_LENGTH_MAXIMUM
from vivavoce.api.agntix.agent_models import AgntixAgent, AgntixAgentPage, CreateAgntixAgent, UpdateAgntixAgent
from vivavoce.api.agntix.agent_words import definition_of, in_their_words, shown, update_of
from vivavoce.api.agntix.paging import NumberedPageOf
from vivavoce.api.dependencies import PlatformOf, Reader, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.AGNTIX), tags=["Agntix: agents"])

AgentId = Annotated[str, Path(description="The agent's id: a UUID, or any other rendering of it.")]


@router.post("/v2/chat/agents", status_code=201, response_model=AgntixAgent, summary="Create an agent")
async def create_agntix_agent(body: CreateAgntixAgent, caller: Writer, platform: PlatformOf) -> AgntixAgent:
    """For voice sessions an agent needs `voiceEnabled: true` and a `voicePipelineMode`."""
    return shown(await platform.agents.create(caller, definition_of(body)))


@router.get("/v1/chat/agents", response_model=AgntixAgentPage, deprecated=True, summary="List agents (older path)")
@router.get("/v2/chat/agents", response_model=AgntixAgentPage, summary="List agents")
async def list_agntix_agents(
    caller: Reader,
    platform: PlatformOf,
    page: NumberedPageOf,
    search: Annotated[
        str | None, Query(max_length=NAME_LENGTH_MAXIMUM, description="A part of the name, in any case.")
    ] = None,
    is_active: Annotated[
        bool | None, Query(alias="isActive", description="True: without the paused ones; false: only these.")
    ] = None,
) -> AgntixAgentPage:
    """The newest first."""
    checks.storable("search", search or "")
    paused = None if is_active is None else not is_active
    found = await platform.agents.list(caller, page.request(), search=search, paused=paused)
    return AgntixAgentPage(data=[shown(agent) for agent in found.items], pagination=page.of(found.total))


@router.get("/v2/chat/agents/{id}", response_model=AgntixAgent, summary="Get an agent")
async def get_agntix_agent(id: AgentId, caller: Reader, platform: PlatformOf) -> AgntixAgent:  # noqa: A002 - theirs
    """With its model, tools and knowledge store."""
    return shown(await platform.agents.get(caller, id))


@router.patch("/v2/chat/agents/{id}", response_model=AgntixAgent, summary="Update an agent")
async def update_agntix_agent(
    id: AgentId,  # noqa: A002 - the document's word
    body: UpdateAgntixAgent,
    caller: Writer,
    platform: PlatformOf,
) -> AgntixAgent:
    """Changes the fields that are given. `tools` replaces the former list."""
    agent = await platform.agents.get(caller, id)
    with in_their_words():
        return shown(await platform.agents.update(caller, agent.agent_id, update_of(body, agent.definition)))


@router.delete("/v2/chat/agents/{id}", status_code=204, response_class=Response, summary="Delete an agent")
async def delete_agntix_agent(id: AgentId, caller: Writer, platform: PlatformOf) -> None:  # noqa: A002 - theirs
    """For good; its open sessions end, what was said in them can still be read."""
    await platform.agents.delete(caller, id)
