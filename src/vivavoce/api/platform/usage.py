"""Usage: what an organisation used, day by day. Thin, without state."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.api.dependencies import PlatformOf, Reader
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.store.records import DayUse

router = APIRouter(route_class=IdempotentRoute, responses=error_responses(Dialect.PLATFORM), tags=["Usage"])

DAYS = 30
DAYS_MAXIMUM = 366


class UseObject(BaseModel):
    """How much was used."""

    sessions: int = Field(description="Sessions that were opened.")
    minutes: float = Field(description="How long sessions were connected, those in writing aside.")
    turns: int = Field(description="Answers to what callers said.")
    tool_calls: int = Field(description="Calls of tools that came back with something.")


class DayUseObject(UseObject):
    """A day's use."""

    day: date = Field(description="The day, of UTC.")


class UsageObject(BaseModel):
    """What was used from one day to another, both included."""

    begin: date = Field(serialization_alias="from", description="The first day.")
    end: date = Field(serialization_alias="to", description="The last day.")
    agent_id: str | None = Field(description="The agent that it is counted of; null: all.")
    days: list[DayUseObject] = Field(description="Every day, also those without any use.")
    totals: UseObject = Field(description="All of it.")


@router.get("/v1/usage", summary="Tell what was used")
async def get_usage(
    platform: PlatformOf,
    caller: Reader,
    begin: Annotated[
        date | None, Query(alias="from", description="The first day (UTC). Left out: 30 days up to `to`.")
    ] = None,
    end: Annotated[date | None, Query(alias="to", description="The last day (UTC). Left out: today.")] = None,
    agent_id: Annotated[str | None, Query(max_length=128, description="Only what this agent did.")] = None,
) -> UsageObject:
    """Sessions count on the day that they were opened, with all of their time."""
    last = end or platform.now().astimezone(UTC).date()
    first = begin or _earlier(last, DAYS - 1)
    count = (last - first).days + 1
    if not 1 <= count <= DAYS_MAXIMUM:
        raise InvalidFieldError("from", f"must be a day before `to`, at most {DAYS_MAXIMUM} days")
    agent = None if agent_id is None else await platform.agents.get(caller, agent_id, even_deleted=True)
    wanted = None if agent is None else agent.agent_id
    until = _midnight(last) + timedelta(days=1) if last < date.max else datetime.max.replace(tzinfo=UTC)
    used = await platform.store.usage.by_day(caller.organisation_id, _midnight(first), until, wanted)
    days = [_earlier(last, back) for back in reversed(range(count))]
    return UsageObject(
        begin=first,
        end=last,
        agent_id=wanted,
        days=[DayUseObject(day=day, **_shown(used.get(day.isoformat(), DayUse())).model_dump()) for day in days],
        totals=_shown(
            DayUse(
                sum(use.sessions for use in used.values()),
                sum(use.seconds for use in used.values()),
                sum(use.turns for use in used.values()),
                sum(use.tool_calls for use in used.values()),
            )
        ),
    )


def _shown(use: DayUse) -> UseObject:
    minutes = round(use.seconds / 60, 2)
    return UseObject(sessions=use.sessions, minutes=minutes, turns=use.turns, tool_calls=use.tool_calls)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _earlier(day: date, days: int) -> date:
    return date.fromordinal(max(1, day.toordinal() - days))
