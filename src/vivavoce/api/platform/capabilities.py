"""What this server can do, and what its operator would have to set for the rest. The console shows it to people."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from vivavoce.api.dependencies import PlatformOf, Reader
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.services.capabilities import Capability

router = APIRouter(responses=error_responses(Dialect.PLATFORM), tags=["Capabilities"])


class CapabilityObject(BaseModel):
    """One thing that agents or clients may want."""

    name: str = Field(description="Such as `web_search`, `x_search`, `language_model`, `livekit`, `telephony`.")
    configured: bool = Field(description="Whether this server can do it.")
    provider: str | None = Field(description="By what it is done; null where it is not configured.")
    remedy: str = Field(description="What the operator can set to have it; empty where there is nothing to set.")
    guide: str = Field(description="The page of the documentation that tells how; empty where there is none.")


class CapabilitiesObject(BaseModel):
    """All of them."""

    data: list[CapabilityObject] = Field(description="Each capability that a server of this version may have.")


@router.get("/v1/capabilities", summary="What this server can do")
async def get_capabilities(platform: PlatformOf, caller: Reader) -> CapabilitiesObject:  # noqa: ARG001
    return CapabilitiesObject(data=[_shown(each) for each in platform.capabilities])


def _shown(capability: Capability) -> CapabilityObject:
    return CapabilityObject(
        name=capability.name,
        configured=capability.is_configured,
        provider=capability.provider,
        remedy=capability.remedy,
        guide=capability.guide,
    )
