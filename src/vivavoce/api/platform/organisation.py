"""The caller's own organisation: its name, and how much it uses of what it may."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from vivavoce.api.dependencies import PlatformOf, Reader
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.store.errors import UnknownRecordError

router = APIRouter(responses=error_responses(Dialect.PLATFORM), tags=["Organisation"])


class OrganisationObject(BaseModel):
    """An organisation: whose agents, sessions and keys these are."""

    id: str = Field(description="`org_…`.")
    name: str = Field(description="What people call it.")
    open_sessions: int = Field(description="How many sessions are open now.")
    concurrent_sessions_maximum: int = Field(description="How many may be open at once.")
    created_at: datetime = Field(description="When it was first seen.")


@router.get("/v1/organisation", summary="Get the organisation of this key")
async def get_organisation(platform: PlatformOf, caller: Reader) -> OrganisationObject:
    found = await platform.store.organisations.get(caller.organisation_id)
    if found is None:
        raise UnknownRecordError("organisation", caller.organisation_id)
    return OrganisationObject(
        id=found.organisation_id,
        name=found.name,
        open_sessions=await platform.store.sessions.open_count(caller.organisation_id),
        concurrent_sessions_maximum=platform.sessions.open_maximum(found),
        created_at=found.created_at,
    )
