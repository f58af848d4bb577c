"""The versions of an agent: every definition that it has had, and the way back to one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from vivavoce.api.agents.agent_object import AgentAnswer, AgentObject, agent_object
from vivavoce.api.agents.router import AgentIdInPath, answer_with
from vivavoce.api.dependencies import LIST_LENGTH, LIST_LENGTH_MAXIMUM, PlatformOf, Reader, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.store.records import AgentRecord, AgentVersion

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.XAI), tags=["Agents"])

VERSION_MAXIMUM = 2_147_483_647
VersionInPath = Annotated[int, Path(ge=1, le=VERSION_MAXIMUM, description="The number of a version; the first is 1.")]


class AgentVersionObject(BaseModel):
    """A definition that an agent has, or once had."""

    version: int = Field(description="Its number; the first is 1.")
    created_at: datetime = Field(description="When the agent became this.")
    agent: AgentObject = Field(description="The agent as it was then.")


class AgentVersionList(BaseModel):
    """Versions of an agent, the newest first."""

    versions: list[AgentVersionObject] = Field(description="The versions of this page.")
    has_more: bool = Field(description="Whether there are older ones; ask for them with `before`.")


@router.get(
    "/v1/agents/{agent_id}/versions", response_model_exclude_unset=True, summary="List the versions of an agent"
)
async def list_versions(
    platform: PlatformOf,
    caller: Reader,
    agent_id: AgentIdInPath,
    limit: Annotated[int, Query(ge=1, le=LIST_LENGTH_MAXIMUM, description="How many to return.")] = LIST_LENGTH,
    before: Annotated[
        int | None, Query(ge=1, le=VERSION_MAXIMUM, description="Only versions older than this number.")
    ] = None,
) -> AgentVersionList:
    """Every change keeps the former definition. The newest is first; it is what the agent is now."""
    agent = await platform.agents.get(caller, agent_id)
    found = await platform.agents.versions(agent, limit + 1, before)
    return AgentVersionList(versions=[_shown(agent, version) for version in found[:limit]], has_more=len(found) > limit)


@router.get(
    "/v1/agents/{agent_id}/versions/{version}", response_model_exclude_unset=True, summary="Get a version of an agent"
)
async def get_version(
    platform: PlatformOf, caller: Reader, agent_id: AgentIdInPath, version: VersionInPath
) -> AgentVersionObject:
    agent = await platform.agents.get(caller, agent_id)
    return _shown(agent, await platform.agents.version(agent, version))


@router.post(
    "/v1/agents/{agent_id}/versions/{version}/restore",
    response_model_exclude_unset=True,
    summary="Restore a version of an agent",
)
async def restore_version(
    platform: PlatformOf, caller: Writer, agent_id: AgentIdInPath, version: VersionInPath
) -> AgentAnswer:
    """Make the agent what it was: its next version. Calls that are under way keep what they began with."""
    return await answer_with(platform, caller, await platform.agents.restore(caller, agent_id, version))


def _shown(agent: AgentRecord, version: AgentVersion) -> AgentVersionObject:
    then = replace(agent, version=version.version, definition=version.definition, updated_at=version.created_at)
    return AgentVersionObject(
        version=version.version, created_at=version.created_at, agent=agent_object(then, phone_number_id=None)
    )
