"""`/v1/secrets`: what the tools of agents sign and log in with, under names. No answer ever has a value in it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from vivavoce.api.dependencies import Administrator, PlatformOf
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.api.platform.shapes import Listed, listed
from vivavoce.services.secrets import SecretService
from vivavoce.store.named_secrets import NamedSecret
from vivavoce.store.records import Page

router = APIRouter(
    prefix="/v1/secrets", tags=["Secrets"], route_class=IdempotentRoute, responses=error_responses(Dialect.PLATFORM)
)


def secret_service(platform: PlatformOf) -> SecretService:
    return SecretService(platform.store, platform.vault)


Secrets = Annotated[SecretService, Depends(secret_service)]
SecretName = Annotated[str, Path(description="The secret's name.")]

_NAME = "What tools name it by: a letter, then up to 63 letters, digits or `_`."
_VALUE = "The secret itself: one line of 8 to 4096 characters. No answer shows it."


class SecretToMake(BaseModel):
    """A secret to store."""

    name: str = Field(description=_NAME, examples=["ORDERS_API_KEY"])
    value: str = Field(description=_VALUE, repr=False)


class SecretChange(BaseModel):
    """The new value."""

    value: str = Field(description=_VALUE, repr=False)


class SecretShown(BaseModel):
    """A secret, without its value."""

    name: str = Field(description=_NAME)
    created_at: datetime = Field(description="When it was stored first.")
    updated_at: datetime = Field(description="When its value was last changed.")


class SecretDeleted(BaseModel):
    """A secret that is no more."""

    name: str = Field(description="The name that it had.")
    deleted: bool = Field(default=True, description="Always true.")


@router.post("", status_code=201, summary="Store a secret")
async def create_secret(caller: Administrator, secrets: Secrets, body: SecretToMake) -> SecretShown:
    """Store a secret under a name that is free."""
    return _shown(await secrets.create(caller, body.name, body.value))


@router.get("", summary="List secrets")
async def list_secrets(caller: Administrator, secrets: Secrets) -> Listed[SecretShown]:
    """The names of the organisation's secrets, all on one page."""
    return listed(Page(await secrets.list(caller), None), _shown)


@router.put("/{secret_name}", summary="Change a secret")
async def change_secret(
    caller: Administrator, secrets: Secrets, secret_name: SecretName, body: SecretChange
) -> SecretShown:
    """Give a secret another value; tools use it from their next call on."""
    return _shown(await secrets.replace(caller, secret_name, body.value))


@router.delete("/{secret_name}", summary="Delete a secret")
async def delete_secret(caller: Administrator, secrets: Secrets, secret_name: SecretName) -> SecretDeleted:
    """Take a secret away. Tools that name it tell the model that they are not set up."""
    await secrets.delete(caller, secret_name)
    return SecretDeleted(name=secret_name)


def _shown(secret: NamedSecret) -> SecretShown:
    return SecretShown(name=secret.name, created_at=secret.created_at, updated_at=secret.updated_at)
