"""The agents of the AgentHuman API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Path

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.definition import WHOLE_INSTRUCTIONS, AgentDefinition, AgentUpdate
from vivavoce.agents.identifiers import Kind, parse
from vivavoce.api.agenthuman import rendering, shapes
from vivavoce.api.agenthuman.rendering import Surroundings
from vivavoce.api.agenthuman.requests import AgentChanges, NewAgent
from vivavoce.api.dependencies import PageOf, PlatformOf, Reader, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.services.callers import Caller
from vivavoce.services.platform import Platform
from vivavoce.store.errors import UnknownRecordError

AgentIdPath = Annotated[str, Path(description="The agent's number, or its id in another API.")]

_FIELDS = {
    "name": "name",
    "description": "description",
    "instructions": WHOLE_INSTRUCTIONS,
    "voice_id": "voice",
    "language": "language",
    "greeting": "greeting",
    "avatar_id": "avatar_id",
    "metadata": "metadata",
}
"""Fields of a request and the fields of a definition that they are."""

router = APIRouter(
    prefix="/api/v1/agents",
    route_class=IdempotentRoute,
    responses=error_responses(Dialect.AGENTHUMAN),
    tags=["AgentHuman: agents"],
)


@router.post("", status_code=201, summary="Create Agent")
async def create_agent(platform: PlatformOf, caller: Writer, body: NewAgent) -> shapes.AgentChanged:
    update = await _update_of(platform, caller, body)
    with _clients_words():
        made = await platform.agents.create(caller, update.applied_to(AgentDefinition(body.name)))
    return await _changed(platform, caller, made.agent_id, "Agent created successfully")


@router.get("", summary="List Agents")
async def list_agents(platform: PlatformOf, caller: Reader, page: PageOf) -> shapes.Agents:
    found = await platform.agents.list(caller, page)
    around = Surroundings(platform, caller)
    return shapes.Agents(
        agents=[await rendering.agent(record, around) for record in found.items],
        pagination=rendering.pagination(page, found),
    )


@router.get("/{agent_id}", summary="Get Agent")
async def get_agent(platform: PlatformOf, caller: Reader, agent_id: AgentIdPath) -> shapes.AgentFound:
    found = await platform.agents.get(caller, agent_id)
    return shapes.AgentFound(agent=await rendering.agent(found, Surroundings(platform, caller)))


@router.patch("/{agent_id}", summary="Update Agent")
async def update_agent(
    platform: PlatformOf, caller: Writer, agent_id: AgentIdPath, body: AgentChanges
) -> shapes.AgentChanged:
    found = await platform.agents.get(caller, agent_id)
    update = await _update_of(platform, caller, body)
    with _clients_words():
        await platform.agents.update(caller, found.agent_id, update)
    return await _changed(platform, caller, found.agent_id, "Agent updated successfully")


@router.delete("/{agent_id}", summary="Delete Agent")
async def delete_agent(platform: PlatformOf, caller: Writer, agent_id: AgentIdPath) -> shapes.AgentDeleted:
    """Its sessions end."""
    gone = await platform.agents.delete(caller, agent_id)
    return shapes.AgentDeleted(agent_id=gone.seq, message="Agent deleted successfully")


# --- within ---------------------------------------------------------------------------------------------------------


async def _changed(platform: Platform, caller: Caller, agent_id: str, message: str) -> shapes.AgentChanged:
    record = await platform.agents.get(caller, agent_id)
    return shapes.AgentChanged(agent=await rendering.agent(record, Surroundings(platform, caller)), message=message)


async def _update_of(platform: Platform, caller: Caller, body: AgentChanges) -> AgentUpdate:
    """What the request changes; null clears. Raises `UnknownRecordError` for an avatar that is not there."""
    given = body.model_fields_set & _FIELDS.keys()
    values: dict[str, Any] = {_FIELDS[name]: value for name in given if (value := getattr(body, name)) is not None}
    if body.avatar_id is not None:
        values["avatar_id"] = await _avatar_id(platform, caller, body.avatar_id)
    return AgentUpdate(frozenset(_FIELDS[name] for name in given), values)


async def _avatar_id(platform: Platform, caller: Caller, avatar_id: str) -> str:
    named = parse(Kind.AVATAR, avatar_id)
    found = None if named is None else await platform.store.avatars.get(caller.organisation_id, named)
    if found is None:
        raise UnknownRecordError("avatar", avatar_id)
    return found.resource_id


@contextmanager
def _clients_words() -> Iterator[None]:
    """A wrong field is named as this API spells it."""
    try:
        yield
    except InvalidFieldError as error:
        param = "voice_id" if error.param == "voice" else error.param
        raise InvalidFieldError(param, error.message) from error
