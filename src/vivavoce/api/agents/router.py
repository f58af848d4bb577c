"""The paths that the xAI and the Nuri APIs have in common. Thin routes without state."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from vivavoce.agents.definition import NAME_LENGTH_MAXIMUM
from vivavoce.api.agents.agent_object import (
    AgentAnswer,
    AgentList,
    DeletedAgent,
    agent_answer,
    agent_list,
    deleted_agent,
)
from vivavoce.api.agents.changing import assignment_of, change_of, definition_of, in_clients_words
from vivavoce.api.agents.requests import AgentDraft, AgentPatch
from vivavoce.api.dependencies import PageOf, PlatformOf, Reader, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.services.callers import Caller
from vivavoce.services.platform import Platform
from vivavoce.store.records import AgentRecord

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.XAI), tags=["Agents"])

AgentIdInPath = Annotated[
    str, Path(description="The agent's id in any rendering (`agent_…`, `agt_…`, a UUID, a number), or `default`.")
]


async def answer_with(platform: Platform, caller: Caller, agent: AgentRecord) -> AgentAnswer:
    """The agent with its phone number."""
    number = await platform.agents.phone_number_of(caller, agent)
    return agent_answer(agent, None if number is None else number.resource_id)


@router.post("/v1/agents", status_code=201, response_model_exclude_unset=True, summary="Create an agent")
async def create_agent(platform: PlatformOf, caller: Writer, body: AgentDraft) -> AgentAnswer:
    """Keep an agent: what it is told, how it sounds and what it may call."""
    definition = definition_of(body)
    agent = await platform.agents.create(caller, definition, assignment_of(body))
    return await answer_with(platform, caller, agent)


@router.get("/v1/agents", response_model_exclude_unset=True, summary="List agents")
async def list_agents(
    platform: PlatformOf,
    caller: Reader,
    page: PageOf,
    search: Annotated[str | None, Query(max_length=NAME_LENGTH_MAXIMUM, description="A part of the name.")] = None,
) -> AgentList:
    """Page by `pagination_token`, which costs the same everywhere, or by `offset`."""
    found = await platform.agents.list(caller, page, search=search)
    return agent_list(found, page, await platform.agents.phone_numbers_of(caller, found.items))


@router.get("/v1/agents/{agent_id}", response_model_exclude_unset=True, summary="Get an agent")
async def get_agent(platform: PlatformOf, caller: Reader, agent_id: AgentIdInPath) -> AgentAnswer:
    return await answer_with(platform, caller, await platform.agents.get(caller, agent_id))


@router.patch("/v1/agents/{agent_id}", response_model_exclude_unset=True, summary="Update an agent")
async def update_agent(platform: PlatformOf, caller: Writer, agent_id: AgentIdInPath, body: AgentPatch) -> AgentAnswer:
    """Change what the mask names, or what is given. A field that is named but not given is cleared."""
    wanted = change_of(body)
    with in_clients_words(wanted.fields, wanted.prefix):
        agent = await platform.agents.update(caller, agent_id, wanted.update, wanted.assignment)
    return await answer_with(platform, caller, agent)


@router.delete("/v1/agents/{agent_id}", summary="Delete an agent")
async def delete_agent(platform: PlatformOf, caller: Writer, agent_id: AgentIdInPath) -> DeletedAgent:
    """Take the agent away for good and end its sessions."""
    return deleted_agent(await platform.agents.delete(caller, agent_id))
