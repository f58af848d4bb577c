"""What this server can do, and what its operator would have to set for the rest. The console shows it to people."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from vivavoce.api.dependencies import PlatformOf, Reader
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.services.capabilities import Capability
from vivavoce.services.equipment import ModelState, RecordingEquipment, Role

router = APIRouter(responses=error_responses(Dialect.PLATFORM), tags=["Capabilities"])


class CapabilityObject(BaseModel):
    """One thing that agents or clients may want."""

    name: str = Field(description="Such as `web_search`, `x_search`, `language_model`, `livekit`, `telephony`.")
    configured: bool = Field(description="Whether this server can do it.")
    provider: str | None = Field(description="By what it is done; null where it is not configured.")
    remedy: str = Field(description="What the operator can set to have it; empty where there is nothing to set.")
    guide: str = Field(description="The page of the documentation that tells how; empty where there is none.")


class ModelObject(BaseModel):
    """One model that the server runs, or would run if it were there."""

    role: Role = Field(description="What it does in a call; text to speech may have several models.")
    name: str = Field(description="As `vivavoce models list` has it; of a model behind an API, as that API has it.")
    engine: str = Field(description="By what it runs, such as `moonshine`, `llama.cpp` or `openai-compatible`.")
    state: ModelState = Field(description="`loading` until it can be used; `missing`: its files are not there.")
    does: str = Field(description="What it does, for people; may be empty.")
    licence: str | None = Field(description="SPDX identifier; null where it is not known.")
    size_bytes: int | None = Field(description="Its files' size on the disk; null where there are none.")
    remedy: str = Field(description="What the operator can do where it is missing, or stands in for a real one.")
    guide: str = Field(description="The page of the documentation that tells how; empty where there is none.")


class RecordingStateObject(BaseModel):
    """What becomes of the sound of calls. Whether a call is recorded, and what is said before, its agent decides."""

    enabled: bool = Field(description="Whether this server records calls of agents that want it.")
    format: Literal["opus", "wav"] = Field(description="For agents that do not choose one.")
    storage: Literal["folder", "object_store"] = Field(description="Where recordings are kept.")
    place: str = Field(description="The folder inside the server's data folder, or `s3://BUCKET/PREFIX`.")
    retention_days: float | None = Field(description="Days until one is deleted; null: kept until somebody does.")
    remedy: str = Field(description="What the operator can set to record; empty where it is on.")
    guide: str = Field(description="The page of the documentation that tells how.")


class CapabilitiesObject(BaseModel):
    """All of them, and what the server works with just now."""

    data: list[CapabilityObject] = Field(description="Each capability that a server of this version may have.")
    engines: Literal["embedded", "scripted"] = Field(description="`scripted`: these are for tests, not for people.")
    profile: str | None = Field(description="The set of models, such as `standard` or `small`; null where scripted.")
    models: list[ModelObject] = Field(description="One entry for each model of each role.")
    recording: RecordingStateObject


@router.get("/v1/capabilities", summary="What this server can do, with which models")
async def get_capabilities(platform: PlatformOf, caller: Reader) -> CapabilitiesObject:  # noqa: ARG001
    """Never with a key, an address or a path of the server's machine. Ask again while a model is `loading`."""
    equipment = await asyncio.to_thread(platform.equipment)
    return CapabilitiesObject(
        data=[_shown(each) for each in platform.capabilities],
        engines=equipment.engines,
        profile=equipment.profile,
        models=[ModelObject(**asdict(each)) for each in equipment.models],
        recording=_shown_recording(equipment.recording),
    )


def _shown_recording(recording: RecordingEquipment) -> RecordingStateObject:
    return RecordingStateObject(
        enabled=recording.is_on,
        format=recording.format,
        storage=recording.storage,
        place=recording.place,
        retention_days=recording.retention_days,
        remedy=recording.remedy,
        guide=recording.guide,
    )


def _shown(capability: Capability) -> CapabilityObject:
    return CapabilityObject(
        name=capability.name,
        configured=capability.is_configured,
        provider=capability.provider,
        remedy=capability.remedy,
        guide=capability.guide,
    )
