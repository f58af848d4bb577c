"""What the API of Agntix says to wrong fields, unknown ids and strangers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.agntix_client import (
    AS_JSON,
    DOCUMENTED_AGENT,
    MADE,
    Json,
    client_of,
    refused,
    serving_agntix,
)
from tests.serving import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_agntix(tmp_path_factory.mktemp("data")) as one:
        yield one


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with client_of(served) as client:
        yield client


UNKNOWN = "00000000-0000-0000-0000-000000000001"
WRONG: list[Any] = [
    pytest.param("/v1/voice/sessions", {}, "MISSING_REQUIRED_PARAMETER", "agentId", id="no agent is named"),
    pytest.param("/v1/voice/sessions", {"agentId": 1.5}, "INVALID_VALUE", "agentId", id="the agent is a fraction"),
    pytest.param("/v1/voice/sessions", {"agentId": True}, "INVALID_VALUE", "agentId", id="the agent is a boolean"),
    pytest.param(
        "/v1/voice/sessions",
        {"agentId": UNKNOWN, "metadata": ["a"]},
        "INVALID_VALUE",
        "metadata",
        id="the metadata is a list",
    ),
    pytest.param(
        "/v1/voice/sessions",
        {"agentId": DOCUMENTED_AGENT, "metadata": {"long": "x" * 17_000}},
        "INVALID_VALUE",
        "metadata",
        id="the metadata is too large",
    ),
    pytest.param("/v2/chat/agents", MADE | {"fullName": " "}, "INVALID_VALUE", "fullName", id="the name is empty"),
    pytest.param(
        "/v2/chat/agents", MADE | {"fullName": "x" * 256}, "INVALID_VALUE", "fullName", id="the name is too long"
    ),
    pytest.param("/v2/chat/agents", MADE | {"role": "x" * 256_001}, "INVALID_VALUE", "role", id="the role is too long"),
    pytest.param(
        "/v2/chat/agents",
        MADE | {"systemPrompt": "a\x00b"},
        "INVALID_VALUE",
        "systemPrompt",
        id="the prompt has a character that no database keeps",
    ),
    pytest.param("/v2/chat/agents", MADE | {"language": "!"}, "INVALID_VALUE", "language", id="it is no language"),
    pytest.param(
        "/v2/chat/agents", MADE | {"voiceEnabled": "yes"}, "INVALID_VALUE", "voiceEnabled", id="a text for a boolean"
    ),
    pytest.param(
        "/v2/chat/agents",
        MADE | {"voicePipelineMode": "magic"},
        "INVALID_VALUE",
        "voicePipelineMode",
        id="a mode that there is not",
    ),
    pytest.param(
        "/v2/chat/agents",
        MADE | {"tools": [{"toolId": "a"}, {"toolId": 7}]},
        "INVALID_VALUE",
        "tools[1].toolId",
        id="a number for the id of a tool",
    ),
    pytest.param(
        "/v2/chat/agents",
        MADE | {"tools": [{"toolId": str(number)} for number in range(201)]},
        "INVALID_VALUE",
        "tools",
        id="too many tools",
    ),
    pytest.param("/v1/chat/phone-numbers", {"number": "12"}, "INVALID_VALUE", "number", id="it is no phone number"),
    pytest.param(
        "/v1/chat/chat/sessions",
        {"agentId": DOCUMENTED_AGENT, "platform": "a b"},
        "INVALID_VALUE",
        "platform",
        id="a platform of two words",
    ),
]


@pytest.mark.parametrize(("path", "body", "code", "param"), WRONG)
def test_a_wrong_field_is_named(http: httpx.Client, path: str, body: Json, code: str, param: str) -> None:
    answer = http.post(path, json=body)
    assert refused(answer) == (400, code)
    told = answer.json()["error"]
    assert told["param"] == param
    assert told["message"].startswith(param)


def test_a_required_field_cannot_be_cleared(http: httpx.Client) -> None:
    answer = http.patch(f"/v2/chat/agents/{DOCUMENTED_AGENT}", json={"fullName": None})
    assert refused(answer) == (400, "INVALID_VALUE")
    assert answer.json()["error"]["param"] == "fullName"


def test_what_is_no_json_is_told_so(http: httpx.Client) -> None:
    assert refused(http.post("/v1/voice/sessions", content="{", headers=AS_JSON)) == (400, "INVALID_JSON")


ABSENT: list[Any] = [
    pytest.param("GET", "/v2/chat/agents/{id}", None, "AGENT_NOT_FOUND", id="an agent to read"),
    pytest.param("PATCH", "/v2/chat/agents/{id}", {}, "AGENT_NOT_FOUND", id="an agent to change"),
    pytest.param("DELETE", "/v2/chat/agents/{id}", None, "AGENT_NOT_FOUND", id="an agent to delete"),
    pytest.param("POST", "/v1/voice/sessions", {"agentId": "{id}"}, "AGENT_NOT_FOUND", id="an agent to talk to"),
    pytest.param("POST", "/v1/chat/chat/sessions", {"agentId": "{id}"}, "AGENT_NOT_FOUND", id="one to write to"),
    pytest.param("GET", "/v1/voice/sessions?agentId={id}", None, "AGENT_NOT_FOUND", id="one whose sessions are listed"),
    pytest.param("GET", "/v1/voice/sessions/{id}", None, "SESSION_NOT_FOUND", id="a session to read"),
    pytest.param("POST", "/v1/voice/sessions/{id}/end", None, "SESSION_NOT_FOUND", id="a session to end"),
    pytest.param("PATCH", "/v1/voice/sessions/{id}/close", {}, "SESSION_NOT_FOUND", id="a session to close"),
    pytest.param("GET", "/v1/chat/chat/sessions/{id}", None, "SESSION_NOT_FOUND", id="a chat session to read"),
    pytest.param("PATCH", "/v1/chat/chat/sessions/{id}/close", {}, "SESSION_NOT_FOUND", id="a chat session to close"),
    pytest.param("GET", "/v1/chat/chat/sessions/{id}/messages", None, "SESSION_NOT_FOUND", id="messages to read"),
    pytest.param(
        "POST", "/v1/chat/chat/sessions/{id}/messages", {"content": "Hi"}, "SESSION_NOT_FOUND", id="a place to write"
    ),
    pytest.param("PATCH", "/v1/chat/phone-numbers/{id}", {}, "PHONE_NUMBER_NOT_FOUND", id="a phone number"),
]


@pytest.mark.parametrize("unknown", [UNKNOWN, "999999", "no id at all", "vs_x"])
@pytest.mark.parametrize(("method", "path", "body", "code"), ABSENT)
def test_what_is_not_there_is_404(
    http: httpx.Client, method: str, path: str, body: Json | None, code: str, unknown: str
) -> None:
    sent = None if body is None else {name: value.replace("{id}", unknown) for name, value in body.items()}
    assert refused(http.request(method, path.replace("{id}", unknown), json=sent)) == (404, code)


@pytest.mark.parametrize("key", [None, "pk_live_wrong", "Bearer"])
def test_anonymous_calls_are_unauthorized(served: Served, key: str | None) -> None:
    headers = {} if key is None else {"x-api-key": key}
    with httpx.Client(base_url=served.url, trust_env=False) as nobody:
        answer = nobody.post("/v1/voice/sessions", json={"agentId": DOCUMENTED_AGENT}, headers=headers)
    assert refused(answer) == (401, "UNAUTHORIZED")


def test_answers_tell_how_much_the_key_may_still_ask(http: httpx.Client) -> None:
    told = http.get("/v2/chat/agents").headers
    assert int(told["x-ratelimit-remaining"]) < int(told["x-ratelimit-limit"])
    assert int(told["x-ratelimit-reset"]) > 0


def test_the_dialect_alone_stands_under_its_prefix(http: httpx.Client) -> None:
    path = "/compat/agntix/v1/voice/sessions"
    assert http.post(path, json={"agentId": DOCUMENTED_AGENT}).status_code == 201
    assert refused(http.get(f"{path}/{UNKNOWN}")) == (404, "SESSION_NOT_FOUND")
