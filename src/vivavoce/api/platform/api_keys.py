"""API keys: what programs come in with. A key's secret is shown once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from vivavoce.agents import checks
from vivavoce.agents.identifiers import Kind, parse
from vivavoce.api.dependencies import Administrator, PlatformOf
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.api.platform.shapes import Listed, listed
from vivavoce.services.callers import Caller
from vivavoce.services.platform import Platform
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import ApiKeyRecord, Page

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.PLATFORM), tags=["API keys"])

Scope = Literal["read", "write", "realtime", "admin"]
Prefix = Literal["vv_", "xai-", "nur_", "pk_live_", "ah_live_", "acp_"]
KeyIdPath = Annotated[str, Path(description="The key's id, `key_…`; not the key itself.")]


class ApiKeyObject(BaseModel):
    """A key, without its secret."""

    id: str = Field(description="`key_…`; not a secret.")
    name: str = Field(description="What people call it.")
    prefix: str = Field(description="How it begins.")
    last4: str = Field(description="How it ends.")
    scopes: list[str] = Field(description="What it may do: `read`, `write`, `realtime`, `admin`.")
    created_at: datetime = Field(description="When it was made.")
    last_used_at: datetime | None = Field(description="When it was last used, to the minute.")
    revoked_at: datetime | None = Field(description="When it was revoked; null while it works.")


class NewApiKeyBody(BaseModel):
    """A key to make."""

    name: str = Field(min_length=1, max_length=255, description="What people call it.")
    scopes: list[Scope] = Field(
        default=["read", "write", "realtime", "admin"], min_length=1, max_length=4, description="What it may do."
    )
    prefix: Prefix = Field(default="vv_", description="How it begins; clients of some APIs look for theirs.")


class NewApiKeyObject(ApiKeyObject):
    """A new key, with its secret, which is shown only here."""

    secret: str = Field(description="The key itself. It is not kept and cannot be shown again.")


@router.get("/v1/api-keys", summary="List API keys")
async def list_keys(platform: PlatformOf, caller: Administrator) -> Listed[ApiKeyObject]:
    keys = await platform.store.keys.list(caller.organisation_id)
    return listed(Page(keys, None), _shown)


@router.post("/v1/api-keys", status_code=201, summary="Make an API key")
async def create_key(platform: PlatformOf, caller: Administrator, body: NewApiKeyBody) -> NewApiKeyObject:
    checks.text("name", body.name, 255)
    made = await platform.store.keys.create(
        body.name, organisation_id=caller.organisation_id, prefix=body.prefix, scopes=body.scopes
    )
    return NewApiKeyObject(secret=made.secret, **_shown(made.record).model_dump())


@router.get("/v1/api-keys/{key_id}", summary="Get an API key")
async def get_key(platform: PlatformOf, caller: Administrator, key_id: KeyIdPath) -> ApiKeyObject:
    return _shown(await _key(platform, caller, key_id))


@router.post("/v1/api-keys/{key_id}/revoke", summary="Revoke an API key")
async def revoke_key(platform: PlatformOf, caller: Administrator, key_id: KeyIdPath) -> ApiKeyObject:
    key = await _key(platform, caller, key_id)
    return _shown(await platform.store.keys.revoke(key.key_id, caller.organisation_id))


@router.delete("/v1/api-keys/{key_id}", summary="Revoke an API key")
async def delete_key(platform: PlatformOf, caller: Administrator, key_id: KeyIdPath) -> ApiKeyObject:
    return await revoke_key(platform, caller, key_id)


async def _key(platform: Platform, caller: Caller, key_id: str) -> ApiKeyRecord:
    named = parse(Kind.API_KEY, key_id)
    found = await platform.store.keys.get(caller.organisation_id, named) if isinstance(named, str) else None
    if found is None:
        raise UnknownRecordError("API key", key_id)
    return found


def _shown(key: ApiKeyRecord) -> ApiKeyObject:
    return ApiKeyObject(
        id=key.key_id,
        name=key.name,
        prefix=key.prefix,
        last4=key.last4,
        scopes=list(key.scopes),
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )
