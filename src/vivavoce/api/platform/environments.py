"""Environments: where an agent's tools run. Records only; a secret in one is sealed and never shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from vivavoce.agents import checks
from vivavoce.agents.identifiers import Kind
from vivavoce.agents.resources import VARIABLE_LENGTH_MAXIMUM, Environment
from vivavoce.api.dependencies import PageOf, PlatformOf, Reader, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.api.platform.shapes import Deleted, Listed, given, identifier, listed
from vivavoce.services.platform import Platform
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.resources import Resource

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.PLATFORM), tags=["Environments"])

SECRET_PURPOSE = "environment secret"  # noqa: S105 - the name of a purpose
EnvironmentId = Annotated[str, Path(description="The environment's id, in any rendering.")]
Variables = dict[str, str]


class EnvironmentObject(BaseModel):
    """An environment."""

    id: str = Field(description="`env_…`.")
    name: str = Field(description="What people call it.")
    status: Literal["stopped", "building", "running", "error"] = Field(description="What it is doing.")
    variables: Variables = Field(description="What its programs find in their environment.")
    secret_names: list[str] = Field(description="Which secrets it has; their values are never shown.")
    metadata: dict[str, Any] = Field(description="The client's own words about it.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")


class NewEnvironmentBody(BaseModel):
    """An environment to make."""

    name: str = Field(min_length=1, max_length=255, description="What people call it.")
    variables: Variables = Field(default_factory=dict, description="What its programs find in their environment.")
    secrets: Variables = Field(default_factory=dict, description="Variables that are kept sealed and never shown.")
    metadata: dict[str, Any] = Field(default_factory=dict, description="The client's own words about it.")


class EnvironmentChanges(BaseModel):
    """What to change; what is not given stays."""

    name: str = Field(default="", max_length=255, description="A new name.")
    variables: Variables = Field(default_factory=dict, description="Replaces the former.")
    secrets: Variables = Field(default_factory=dict, description="Replaces the former.")
    metadata: dict[str, Any] = Field(default_factory=dict, description="Replaces the former.")


@router.get("/v1/environments", summary="List environments")
async def list_environments(platform: PlatformOf, caller: Reader, page: PageOf) -> Listed[EnvironmentObject]:
    return listed(await platform.store.environments.list(caller.organisation_id, page), _shown)


@router.post("/v1/environments", status_code=201, summary="Make an environment")
async def create_environment(platform: PlatformOf, caller: Writer, body: NewEnvironmentBody) -> EnvironmentObject:
    environment = Environment(
        body.name,
        variables=body.variables,
        secrets_sealed=_sealed(platform, body.secrets),
        metadata=body.metadata,
    )
    return _shown(await platform.store.environments.add(caller.organisation_id, environment))


@router.get("/v1/environments/{environment_id}", summary="Get an environment")
async def get_environment(platform: PlatformOf, caller: Reader, environment_id: EnvironmentId) -> EnvironmentObject:
    named = identifier(Kind.ENVIRONMENT, environment_id, "environment")
    found = await platform.store.environments.get(caller.organisation_id, named)
    if found is None:
        raise UnknownRecordError("environment", environment_id)
    return _shown(found)


@router.patch("/v1/environments/{environment_id}", summary="Change an environment")
async def change_environment(
    platform: PlatformOf, caller: Writer, environment_id: EnvironmentId, body: EnvironmentChanges
) -> EnvironmentObject:
    named = identifier(Kind.ENVIRONMENT, environment_id, "environment")
    changes = given(body, "name", "variables", "metadata")
    if "secrets" in body.model_fields_set:
        changes["secrets_sealed"] = _sealed(platform, body.secrets)
    changed = await platform.store.environments.change(
        caller.organisation_id, named, lambda former: replace(former, **changes)
    )
    return _shown(changed)


@router.delete("/v1/environments/{environment_id}", summary="Delete an environment")
async def delete_environment(platform: PlatformOf, caller: Writer, environment_id: EnvironmentId) -> Deleted:
    named = identifier(Kind.ENVIRONMENT, environment_id, "environment")
    gone = await platform.store.environments.delete(caller.organisation_id, named)
    return Deleted(id=gone.resource_id)


def _sealed(platform: Platform, secrets: Mapping[str, str]) -> dict[str, str]:
    # Their names are checked by the environment itself.
    for name, value in secrets.items():
        checks.optional_text(f"secrets.{name}", value, VARIABLE_LENGTH_MAXIMUM)
    return {name: platform.vault.seal(value, SECRET_PURPOSE) for name, value in secrets.items()}


def _shown(record: Resource[Environment]) -> EnvironmentObject:
    return EnvironmentObject(
        id=record.resource_id,
        name=record.body.name,
        status=record.body.status,
        variables=dict(record.body.variables),
        secret_names=sorted(record.body.secrets_sealed),
        metadata=dict(record.body.metadata),
        created_at=record.created_at,
        updated_at=record.updated_at,
    )
