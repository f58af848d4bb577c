"""The journal of a session's call: as a file, and whether the same facts still lead to the same orders. Thin."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import FileResponse

from vivavoce.api.dependencies import PlatformOf, Reader
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.services.journals import journal_of, replayed

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.PLATFORM), tags=["Sessions"])

SessionId = Annotated[str, Path(description="The session's id, in any rendering.")]

NDJSON = "application/x-ndjson"
_LINES: dict[int | str, dict[str, Any]] = {
    200: {"description": "One JSON object a line.", "content": {NDJSON: {"schema": {"type": "string"}}}}
}


class DifferenceObject(BaseModel):
    """Where the conversation went another way than in the call."""

    line: int = Field(description="The line of the journal, from 1.")
    event: dict[str, Any] = Field(description="The fact.")
    recorded: list[Any] = Field(description="The orders that followed it in the call.")
    replayed: list[Any] = Field(description="The orders that follow it now.")


class ReplayObject(BaseModel):
    """What came of running the call's conversation once more."""

    events: int = Field(description="How many facts the journal has.")
    differences: list[DifferenceObject] = Field(description="The first difference; none if there is none.")


@router.get(
    "/v1/sessions/{session_id}/journal",
    summary="Get the journal of a session",
    response_class=FileResponse,
    responses=_LINES,
)
async def get_journal(platform: PlatformOf, caller: Reader, session_id: SessionId) -> FileResponse:
    """Every fact of the call with the orders that followed, one JSON object a line; also while the call goes on."""
    path = journal_of(platform.journals, await platform.sessions.get(caller, session_id))
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return FileResponse(path, media_type=NDJSON, filename=path.name, headers=headers)


@router.get("/v1/sessions/{session_id}/replay", summary="Replay a session's conversation")
async def replay_session(platform: PlatformOf, caller: Reader, session_id: SessionId) -> ReplayObject:
    """Runs the decisions of the call again, without sound and without models."""
    done = await replayed(journal_of(platform.journals, await platform.sessions.get(caller, session_id)))
    return ReplayObject(
        events=done.events,
        differences=[
            DifferenceObject(line=each.line, event=each.event, recorded=each.recorded, replayed=each.replayed)
            for each in done.differences
        ],
    )
