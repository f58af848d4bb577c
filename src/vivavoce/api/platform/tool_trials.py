"""Tools tried out before an agent has them. For whoever may write agents: a trial is a real call."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from vivavoce.agents.definition import COLLECTIONS_MAXIMUM
from vivavoce.api.dependencies import PlatformOf, Writer
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.tools.ports import ToolError

router = APIRouter(responses=error_responses(Dialect.PLATFORM), tags=["Tools"])


class TriedTool(BaseModel):
    """A tool that the server runs, as an agent would declare it."""

    tool: dict[str, Any] = Field(
        description="A declaration: `webhook`, `mcp`, `file_search`, `web_search`, `x_search` or `system`.",
        examples=[{"type": "web_search"}],
    )
    collection_ids: list[str] = Field(
        default_factory=list, max_length=COLLECTIONS_MAXIMUM, description="What `file_search` looks through."
    )


class ToolCallTrial(TriedTool):
    """One call of it."""

    name: str | None = Field(default=None, max_length=128, description="Which, where it brings several.")
    arguments: dict[str, Any] = Field(default_factory=dict, description="What to call it with.")


class OfferedToolObject(BaseModel):
    """A tool as the model would be offered it."""

    name: str = Field(description="What the model calls.")
    description: str = Field(description="What the model is told of it.")
    parameters: dict[str, Any] = Field(description="The JSON Schema of its arguments.")


class OfferedTools(BaseModel):
    """What a declaration brings."""

    data: list[OfferedToolObject] = Field(description="The tools; none where it could not be opened.")
    error: str | None = Field(description="Why it could not be opened; null: it could.")


class TrialResult(BaseModel):
    """What came of the call."""

    output: str = Field(description="What the model would read.")
    failure: str | None = Field(description="Why it came to nothing; null: it worked.")
    duration_ms: int = Field(description="How long it took.")


@router.post("/v1/tools/list", summary="List what a declared tool offers")
async def list_offered_tools(platform: PlatformOf, caller: Writer, body: TriedTool) -> OfferedTools:
    """Connects to an MCP server, where it is one, and asks it for its tools."""
    try:
        tools = await platform.trials.offered(caller, body.tool, body.collection_ids)
    except ToolError as error:
        return OfferedTools(data=[], error=error.message)
    shown = [
        OfferedToolObject(name=each.name, description=each.description, parameters=json.loads(each.parameters))
        for each in tools
    ]
    return OfferedTools(data=shown, error=None)


@router.post("/v1/tools/call", summary="Call a declared tool")
async def try_tool(platform: PlatformOf, caller: Writer, body: ToolCallTrial) -> TrialResult:
    """A real call: a webhook is sent, a server's tool runs. Nobody is asked for approval first."""
    try:
        trial = await platform.trials.call(
            caller, body.tool, json.dumps(body.arguments), name=body.name, collection_ids=body.collection_ids
        )
    except ToolError as error:
        return TrialResult(output=error.message, failure=error.failure.value, duration_ms=0)
    failure = trial.result.failure
    return TrialResult(
        output=trial.result.output, failure=None if failure is None else failure.value, duration_ms=trial.duration_ms
    )
