"""Turns: how fast a session was, from the caller's last speech to the agent's first sound. Times, never words."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from vivavoce.api.dependencies import PageOf, PlatformOf, Reader
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.api.platform.shapes import Listed, listed
from vivavoce.services.turn_timings import summarised
from vivavoce.store.records import PageRequest, TurnRecord
from vivavoce.store.rows import PAGE_LENGTH_MAXIMUM

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.PLATFORM), tags=["Sessions"])

SessionId = Annotated[str, Path(description="The session's id, in any rendering.")]


class StagesObject(BaseModel):
    """When each stage of an answer happened, in milliseconds since the caller's last speech; null: it did not."""

    soft_end: int | None = Field(description="The silence was noticed.")
    endpoint: int | None = Field(description="The turn was judged over.")
    transcript: int | None = Field(description="All its words were there.")
    first_token: int | None = Field(description="The model's first word.")
    first_sentence: int | None = Field(description="The first words to be spoken were there.")
    first_speech: int | None = Field(description="The voice's first samples.")
    first_audio: int | None = Field(description="The first sound was sent.")
    first_played: int | None = Field(description="The client said that it had played some of it.")
    interrupted: int | None = Field(description="The caller stopped the answer.")


class TurnObject(BaseModel):
    """How a turn of the caller came to be answered."""

    response_id: str = Field(description="The answer, as the call's events name it.", examples=["resp_00001"])
    item_id: str = Field(description="What the caller said, as the call's events name it.", examples=["item_00002"])
    audio_end_ms: int = Field(description="Where the caller's last speech ended, in milliseconds of the session.")
    endpoint_reason: str = Field(description="Why the turn was judged over.")
    stages: StagesObject = Field(description="When each stage of the answer happened.")
    heard_ms: int | None = Field(description="How much of the answer was heard.")
    speculated: bool = Field(description="Whether the answer was begun before the turn was surely over.")
    wasted_tokens: int = Field(description="What the model wrote for this turn and was thrown away.")
    filler: bool = Field(description="Whether the first sound was that of words for the wait.")
    created_at: datetime = Field(description="When it was kept: soon after the answer was over.")


class StageSummaryObject(BaseModel):
    """A stage over the turns that had it, in milliseconds since the caller's last speech."""

    turns: int = Field(description="How many turns had it.")
    p50_ms: int = Field(description="Half of them were not slower.")
    p95_ms: int = Field(description="95 of 100 were not slower.")


class TurnSummaryObject(BaseModel):
    """A session's turns at a glance; of more than 1000, the newest."""

    turns: int = Field(description="How many turns were answered.")
    interrupted: int = Field(description="How many answers the caller stopped.")
    speculated: int = Field(description="How many answers were begun before the turn was surely over.")
    filled: int = Field(description="How many answers began with words for the wait.")
    wasted_tokens: int = Field(description="What the model wrote and was thrown away.")
    stages: dict[str, StageSummaryObject] = Field(description="The stages that any turn had, by their names.")


@router.get("/v1/sessions/{session_id}/turns", summary="List the turns of a session")
async def list_turns(platform: PlatformOf, caller: Reader, page: PageOf, session_id: SessionId) -> Listed[TurnObject]:
    """Where the time of every answer went; also while the call goes on."""
    session = await platform.sessions.get(caller, session_id)
    return listed(await platform.sessions.turns(session, page), turn_object)


@router.get("/v1/sessions/{session_id}/turns/summary", summary="Summarise the turns of a session")
async def summarise_turns(platform: PlatformOf, caller: Reader, session_id: SessionId) -> TurnSummaryObject:
    session = await platform.sessions.get(caller, session_id)
    newest = await platform.sessions.turns(session, PageRequest(limit=PAGE_LENGTH_MAXIMUM))
    return TurnSummaryObject.model_validate(asdict(summarised([record.timing for record in newest.items])))


def turn_object(record: TurnRecord) -> TurnObject:
    return TurnObject.model_validate(asdict(record.timing) | {"created_at": record.created_at})
