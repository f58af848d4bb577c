"""Pages of other origins: which of them a browser lets read the API's answers (WHATWG Fetch, "CORS protocol")."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.platform_application import application_open

APP = "https://app.example"
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization, content-type"}
REQUESTS = [
    pytest.param("GET", "/v1/agents", 200, id="an answer"),
    pytest.param("GET", "/v1/agents/agent_nobody", 404, id="something that is not there"),
    pytest.param("GET", "/v1/nothing", 404, id="a path that is not there"),
    pytest.param("DELETE", "/v1/agents", 405, id="a method that is not taken"),
    pytest.param("POST", "/v1/realtime/client_secrets", 200, id="a client secret"),
]


@pytest.mark.parametrize(("method", "path", "status"), REQUESTS)
async def test_a_page_of_an_allowed_origin_reads_every_answer_and_its_headers(
    tmp_path: Path, method: str, path: str, status: int
) -> None:
    async with application_open(tmp_path, cors_origins=(APP,)) as opened:
        answer = await opened.http.request(method, path, headers={"origin": APP})
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == APP
    assert "access-control-allow-credentials" not in answer.headers
    exposed = answer.headers["access-control-expose-headers"].lower()
    assert "x-request-id" in exposed
    assert "x-ratelimit-remaining" in exposed
    assert "Origin" in answer.headers["vary"]
    assert answer.headers["x-request-id"]


async def test_a_page_of_an_allowed_origin_reads_that_it_brought_no_key(tmp_path: Path) -> None:
    async with application_open(tmp_path, cors_origins=(APP,)) as opened:
        answer = await opened.client(None).get("/v1/agents", headers={"origin": APP})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, APP)


async def test_a_page_of_another_origin_reads_nothing(tmp_path: Path) -> None:
    async with application_open(tmp_path, cors_origins=(APP,)) as opened:
        answer = await opened.http.get("/v1/agents", headers={"origin": "https://evil.example"})
        preflight = await opened.http.options("/v1/agents", headers={"origin": "https://evil.example", **PREFLIGHT})
    assert "access-control-allow-origin" not in answer.headers
    assert preflight.status_code == 400
    assert "access-control-allow-origin" not in preflight.headers


async def test_a_browser_may_ask_first_without_a_key(tmp_path: Path) -> None:
    async with application_open(tmp_path, cors_origins=(APP,)) as opened:
        answer = await opened.client(None).options("/v1/realtime/client_secrets", headers={"origin": APP, **PREFLIGHT})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == APP
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-max-age"] == "600"


async def test_a_star_lets_any_page_in_without_credentials(tmp_path: Path) -> None:
    async with application_open(tmp_path, cors_origins=("*",)) as opened:
        answer = await opened.http.get("/v1/agents", headers={"origin": "https://anybody.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


async def test_without_the_setting_no_page_of_another_origin_reads_anything(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        answer = await opened.http.get("/v1/agents", headers={"origin": APP})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]
