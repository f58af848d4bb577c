"""`/v1/voices`: the voices of this server, with the names that they have on other platforms. Thin, without state."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from vivavoce.api.dependencies import PlatformOf, Reader
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.engines.voices import VoiceDescription
from vivavoce.services.errors import NotReadyError
from vivavoce.services.platform import Platform
from vivavoce.store.errors import UnknownRecordError

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.XAI), tags=["Voices"])


class VoiceListing(BaseModel):
    """A voice that agents can have."""

    voice_id: str = Field(description="What an agent's `voice.voice_id` names.", examples=["eve"])
    name: str = Field(description="The same, for people.", examples=["Eve"])
    language: str = Field(description="The BCP-47 tag of the language that it speaks.", examples=["en-US"])
    gender: Literal["female", "male", "neutral"] = Field(description="What it sounds like.")
    description: str = Field(description="Its character; empty where nobody described it.")
    engine: str = Field(description="Which engine speaks it.", examples=["kokoro"])
    aliases: list[str] = Field(
        description="Names of other platforms' voices that mean this one, in any case.", examples=[["rachel_v2"]]
    )


class VoiceList(BaseModel):
    """Every voice of this server."""

    voices: list[VoiceListing] = Field(description="All of them, the house's own first.")
    has_more: Literal[False] = Field(description="Always false: they come on one page.")
    pagination_token: None = Field(description="Always null.")


@router.get("/v1/tts/voices", summary="List voices (path of the text-to-speech API)")
@router.get("/v1/voices", summary="List voices")
async def list_voices(platform: PlatformOf, _caller: Reader) -> VoiceList:
    """The server answers 503 while its voices are loading."""
    voices = [_listing(voice) for voice in _voices(platform)]
    return VoiceList(voices=voices, has_more=False, pagination_token=None)


@router.get("/v1/tts/voices/{voice_id}", summary="Get a voice (path of the text-to-speech API)")
@router.get("/v1/voices/{voice_id}", summary="Get a voice")
async def get_voice(
    platform: PlatformOf,
    _caller: Reader,
    voice_id: Annotated[str, Path(description="Its id or one of its aliases, in any case.")],
) -> VoiceListing:
    wanted = voice_id.strip().lower()
    for voice in _voices(platform):
        if wanted == voice.name.lower() or wanted in (alias.lower() for alias in voice.aliases):
            return _listing(voice)
    raise UnknownRecordError("voice", voice_id)


def _voices(platform: Platform) -> tuple[VoiceDescription, ...]:
    voices = platform.voices()
    if not voices:
        raise NotReadyError("not_ready", "The voices are still loading; try again in a moment.")
    return voices


def _listing(voice: VoiceDescription) -> VoiceListing:
    return VoiceListing(
        voice_id=voice.name,
        name=voice.name.replace("_", " ").capitalize(),
        language=voice.language,
        gender=voice.gender,
        description=voice.character,
        engine=voice.engine,
        aliases=list(voice.aliases),
    )
