"""`/v1/voice/voices`, `/models`, `/providers`: what agents can hear and speak with. Thin routes without state."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from vivavoce.api.agntix.paging import CAMEL
from vivavoce.api.dependencies import PlatformOf, Reader
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.services.platform import Platform

router = APIRouter(responses=error_responses(Dialect.AGNTIX), tags=["Agntix: voices and models"])

ModelType = Literal["TTS", "STT", "STS"]


class AgntixVoice(BaseModel):
    """A voice that an agent can have."""

    model_config = CAMEL

    id: str = Field(description="What an agent's `ttsVoiceId` takes.", examples=["eve"])
    name: str = Field(description="What people call it.", examples=["Eve"])
    provider: str = Field(description="The engine that speaks it.", examples=["hibari"])
    language: str = Field(description="BCP-47.", examples=["en-US"])
    gender: str = Field(description="`female`, `male` or `neutral`.", examples=["female"])
    preview_url: str | None = Field(description="Always null: this server has no previews.")
    description: str = Field(description="How it sounds.", examples=["warm and clear"])
    aliases: list[str] = Field(description="Names of other platforms that mean it.", examples=[["alloy"]])


class AgntixVoiceList(BaseModel):
    """Every voice that fits."""

    model_config = CAMEL

    data: list[AgntixVoice] = Field(description="The voices.")


class AgntixVoiceModel(BaseModel):
    """A model that hears or speaks."""

    model_config = CAMEL

    id: str = Field(description="What an agent's `sttModelId` or `ttsModelId` takes.", examples=["moonshine"])
    name: str = Field(description="What it is called.", examples=["moonshine"])
    provider: str = Field(description="Who runs it.", examples=["vivavoce"])
    type: ModelType = Field(description="`TTS`: speaks; `STT`: hears; `STS`: both in one.")
    is_active: bool = Field(description="Always true: only loaded models are listed.")


class AgntixVoiceModelList(BaseModel):
    """Every model that fits."""

    model_config = CAMEL

    data: list[AgntixVoiceModel] = Field(description="The models.")


class AgntixProvider(BaseModel):
    """An engine that hears or speaks."""

    model_config = CAMEL

    id: str = Field(description="`pvdr_…`.", examples=["pvdr_hibari"])
    name: str = Field(description="What people call it.", examples=["Hibari"])
    slug: str = Field(description="What filters take.", examples=["hibari"])
    is_active: bool = Field(description="Always true: only loaded engines are listed.")


class AgntixProviderList(BaseModel):
    """Every engine."""

    model_config = CAMEL

    data: list[AgntixProvider] = Field(description="The engines.")


@router.get("/v1/voice/voices", response_model=AgntixVoiceList, summary="List voices")
async def list_agntix_voices(
    _caller: Reader,
    platform: PlatformOf,
    provider: Annotated[str | None, Query(max_length=128, description="Only voices of this engine.")] = None,
    language: Annotated[
        str | None, Query(max_length=35, description="Only voices of this language; `en` includes `en-GB`.")
    ] = None,
) -> AgntixVoiceList:
    """Empty until the engines are loaded."""
    return AgntixVoiceList(
        data=[
            AgntixVoice(
                id=voice.name,
                name=voice.name.replace("_", " ").title(),
                provider=voice.engine,
                language=voice.language,
                gender=voice.gender,
                preview_url=None,
                description=voice.character,
                aliases=list(voice.aliases),
            )
            for voice in platform.voices()
            if (provider is None or voice.engine == provider.lower())
            and (language is None or f"{voice.language}-".lower().startswith(f"{language.lower()}-"))
        ]
    )


@router.get("/v1/voice/models", response_model=AgntixVoiceModelList, summary="List voice models")
async def list_agntix_voice_models(
    _caller: Reader,
    platform: PlatformOf,
    type: Annotated[ModelType | None, Query(description="Only models of this type.")] = None,  # noqa: A002 - theirs
) -> AgntixVoiceModelList:
    """There is no model that hears and speaks in one: every pipeline mode uses one of each."""
    found: list[tuple[ModelType, str]] = [("TTS", engine) for engine in _engines(platform)]
    found.append(("STT", platform.speech_to_text))
    return AgntixVoiceModelList(
        data=[
            AgntixVoiceModel(id=name, name=name, provider=name, type=kind, is_active=True)
            for kind, name in found
            if type is None or kind == type
        ]
    )


@router.get("/v1/voice/providers", response_model=AgntixProviderList, summary="List voice providers")
async def list_agntix_providers(_caller: Reader, platform: PlatformOf) -> AgntixProviderList:
    """The engines of this server."""
    slugs = dict.fromkeys([*_engines(platform), platform.speech_to_text])
    return AgntixProviderList(
        data=[AgntixProvider(id=f"pvdr_{slug}", name=slug.title(), slug=slug, is_active=True) for slug in slugs]
    )


def _engines(platform: Platform) -> list[str]:
    return list(dict.fromkeys(voice.engine for voice in platform.voices()))
