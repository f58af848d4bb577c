"""The page about the Agntix API against the code: every route, and no route that there is not; every code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from vivavoce.api.agntix.error_codes import code_for
from vivavoce.api.agntix.paging import LIMIT, LIMIT_MAXIMUM, MESSAGES_LIMIT
from vivavoce.api.error_shapes import MOUNTS, Dialect
from vivavoce.api.problems import Problem
from vivavoce.api.routers import DIALECT_ROUTERS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "api-agntix.md").read_text()


def test_the_page_names_every_route_and_no_other() -> None:
    served = {
        f"{method} {route.path}"
        for router in DIALECT_ROUTERS[Dialect.AGNTIX]
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert set(re.findall(r"^\| `((?:GET|POST|PATCH|DELETE) [^`]+)` \|", PAGE, re.MULTILINE)) == served
    assert f"`{MOUNTS[Dialect.AGNTIX]}`" in PAGE


def test_the_page_knows_how_long_pages_are() -> None:
    assert f"`limit` is {LIMIT} unless given ({MESSAGES_LIMIT} for messages) and at most {LIMIT_MAXIMUM}" in PAGE


@pytest.mark.parametrize(
    "code",
    """agent_not_found agent_paused already_exists answer_in_progress concurrency_limit_reached empty_answer
    insufficient_scope invalid_api_key invalid_json invalid_session invalid_value livekit_not_configured
    missing_required_parameter model_busy model_failed not_ready phone_number_not_found rate_limit_exceeded session_over
    session_not_found store_unavailable thread_not_found voice_not_enabled""".split(),
)
def test_the_page_has_the_code_that_clients_see(code: str) -> None:
    assert f"`{code_for(Problem(400, code, ''))}`" in PAGE
