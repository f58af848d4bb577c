"""The pages about the xAI and the Nuri APIs tell of the paths and fields that there are, and of no others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel

from vivavoce.api.agents import router as shared
from vivavoce.api.agents.agent_object import AgentAnswer, AgentObject
from vivavoce.api.agents.requests import SETTABLE, AgentPatch
from vivavoce.api.nuri import agents as nuri_agents
from vivavoce.api.nuri import sessions as nuri_sessions
from vivavoce.api.nuri.session_object import SessionObject, TranscriptMessage
from vivavoce.api.xai import phone_numbers, voices

PAGES = Path(__file__).parents[2] / "docs" / "reference"


def rows(page: str, section: str) -> list[list[str]]:
    """The table of a section, without its head."""
    text = (PAGES / page).read_text().partition(f"## {section}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(page: str, section: str) -> list[str]:
    return [row[0].strip("`") for row in rows(page, section)]


@pytest.mark.parametrize(
    ("page", "routers"),
    [
        pytest.param("api-xai.md", (shared.router, phone_numbers.router, voices.router), id="the page about xAI"),
        pytest.param("api-nuri.md", (shared.router, nuri_agents.router, nuri_sessions.router), id="the page on Nuri"),
    ],
)
def test_the_paths_on_the_page_are_those_that_are_served(page: str, routers: Sequence[APIRouter]) -> None:
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    served = {f"{method} {route.path}" for route in routes for method in route.methods or ()}
    # The Nuri API makes its agents at a path of its own; the shared one is told of on the page about xAI.
    served -= {"POST /v1/agents"} if page == "api-nuri.md" else set()
    assert sorted(names(page, "Paths")) == sorted(served)


@pytest.mark.parametrize(
    ("page", "section", "model"),
    [
        pytest.param("api-xai.md", "The agent", AgentObject, id="the agent"),
        pytest.param("api-nuri.md", "The session", SessionObject, id="the session"),
        pytest.param("api-nuri.md", "The transcript", TranscriptMessage, id="a message"),
    ],
)
def test_the_fields_on_the_page_are_those_that_are_shown(page: str, section: str, model: type[BaseModel]) -> None:
    assert sorted(names(page, section)) == sorted(model.model_fields)


def test_the_page_says_what_can_be_set() -> None:
    told = {row[0].strip("`") for row in rows("api-xai.md", "The agent") if row[1].startswith("yes")}
    assert told == set(SETTABLE)
    assert set(AgentPatch.model_fields) - set(SETTABLE) == {"agent", "field_mask", "phone_number_id"}


def test_the_agent_under_agent_has_the_fields_of_the_flat_one() -> None:
    assert AgentAnswer.model_fields.keys() - AgentObject.model_fields.keys() == {"agent"}


def test_what_nuri_needs_of_an_agent_is_what_its_page_calls_required() -> None:
    required = {row[0].strip("`") for row in rows("api-nuri.md", "Creating an agent") if row[1] == "required"}
    fields = nuri_agents.NewNuriAgent.model_fields
    assert required == {name for name, field in fields.items() if field.is_required()}
    default = next(row[1] for row in rows("api-nuri.md", "Creating an agent") if row[0] == "`max_turns`")
    assert re.fullmatch(r"\d+", default)
    assert int(default) == nuri_agents.MAX_TURNS_DEFAULT
