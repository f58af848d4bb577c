"""What every answer of the API has in common: the shape of errors by path, the id of the request, limits, docs."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi.routing import iter_route_contexts
from pydantic import TypeAdapter
from tests.platform_application import Opened, Ready, application_open

from vivavoce.api.application import BODY_BYTES_MAXIMUM, build_application, build_routes

Json = Mapping[str, Any]


# One application, on one event loop: no test here changes anything that another would see.
on_the_one_loop = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Opened]:
    async with application_open(tmp_path_factory.mktemp("answers")) as one:
        yield one


# --- errors in the words of the path -------------------------------------------------------------------------------


def _openai(body: Json) -> object:
    assert set(body) == {"error"}
    assert set(body["error"]) == {"type", "code", "message", "param", "event_id"}
    return body["error"]["code"]


def _acp(body: Json) -> object:
    assert set(body) == {"error", "message", "code", "details"}
    assert body["details"]["requestId"] == "my-request"
    return body["code"]


def _agntix(body: Json) -> object:
    assert set(body) == {"error"}
    assert set(body["error"]) >= {"code", "message", "requestId"}
    assert body["error"]["requestId"] == "my-request"
    return body["error"]["code"]


def _agenthuman(body: Json) -> object:
    assert set(body) >= {"success", "error", "code"}
    assert body["success"] is False
    assert isinstance(body["error"], str)
    return body["code"]


WORDS = [
    pytest.param("/v1/nothing/here", _openai, id="the platform's own"),
    pytest.param("/v1/agents/a/b/c", _openai, id="xAI's agents"),
    pytest.param("/v1/agents/a/sessions/s/nothing", _openai, id="Nuri's sessions"),
    pytest.param("/compat/nuri/nothing", _openai, id="Nuri's alone"),
    pytest.param("/compat/xai/nothing", _openai, id="xAI's alone"),
    pytest.param("/v1/voice-agents/nothing/at/all", _acp, id="ACP's"),
    pytest.param("/compat/acp/nothing", _acp, id="ACP's alone"),
    pytest.param("/v1/voice/nothing", _agntix, id="Agntix's voice"),
    pytest.param("/v2/chat/nothing/at/all", _agntix, id="Agntix's chat"),
    pytest.param("/compat/agntix/nothing", _agntix, id="Agntix's alone"),
    pytest.param("/api/v1/nothing", _agenthuman, id="AgentHuman's"),
    pytest.param("/compat/agenthuman/nothing", _agenthuman, id="AgentHuman's alone"),
]


@pytest.mark.parametrize(("path", "code_of"), WORDS)
@on_the_one_loop
async def test_nothing_at_a_path_is_told_in_the_words_of_its_dialect(opened: Opened, path: str, code_of: Any) -> None:
    answer = await opened.http.get(path, headers={"x-request-id": "my-request"})
    assert answer.status_code == 404
    assert code_of(answer.json()).lower() == "not_found"


@pytest.mark.parametrize(("path", "code_of"), WORDS)
@on_the_one_loop
async def test_a_body_beyond_a_mebibyte_is_413_in_the_words_of_its_dialect(
    opened: Opened, path: str, code_of: Any
) -> None:
    headers = {"x-request-id": "my-request"}
    answer = await opened.http.post(path, content=b"x" * (BODY_BYTES_MAXIMUM + 1), headers=headers)
    assert answer.status_code == 413
    assert code_of(answer.json()).lower() == "request_too_large"
    assert answer.headers["x-request-id"] == "my-request"


@pytest.mark.parametrize(
    ("extra_bytes", "status"),
    [pytest.param(0, 201, id="exactly a mebibyte passes"), pytest.param(1, 413, id="a byte more does not")],
)
@on_the_one_loop
async def test_the_limit_of_a_body_is_a_mebibyte(opened: Opened, extra_bytes: int, status: int) -> None:
    body = json.dumps({"title": "long", "unknown": ""}).encode()
    padding = b" " * (BODY_BYTES_MAXIMUM - len(body) + extra_bytes)
    headers = {"content-type": "application/json"}
    answer = await opened.http.post("/v1/threads", content=body + padding, headers=headers)
    assert answer.status_code == status, answer.text


@on_the_one_loop
async def test_a_method_that_a_path_does_not_take_is_405_with_every_one_it_takes(opened: Opened) -> None:
    answer = await opened.http.put("/v1/threads")
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert answer.json()["error"]["message"] == "This path takes GET, POST."
    assert answer.headers["allow"] == "GET, POST"


# --- the envelope ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("brought", "kept"),
    [
        pytest.param("abc-1.2:3_X", True, id="a usable id is kept"),
        pytest.param("", False, id="an empty one is replaced"),
        pytest.param("a b", False, id="one with a space is replaced"),
        pytest.param("x" * 129, False, id="one too long is replaced"),
    ],
)
@pytest.mark.parametrize("path", ["/healthz", "/v1/organisation", "/nothing"])
@on_the_one_loop
async def test_every_answer_names_its_request(opened: Opened, path: str, brought: str, kept: bool) -> None:
    told = (await opened.http.get(path, headers={"x-request-id": brought})).headers["x-request-id"]
    assert told == brought if kept else re.fullmatch(r"req_[0-9a-f]{32}", told)


# --- rate limits ----------------------------------------------------------------------------------------------------


async def test_who_asks_too_often_is_told_when_to_come_back_and_nobody_else_waits(tmp_path: Path) -> None:
    async with application_open(tmp_path, requests_per_minute=3) as opened:
        answers = [await opened.http.get("/v1/organisation") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
        assert answers[-1].json()["error"]["code"] == "rate_limit_exceeded"
        assert answers[-1].json()["error"]["type"] == "rate_limit_error"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
        assert "retry-after" not in answers[0].headers
        async with opened.client(await opened.new_key()) as other:
            assert (await other.get("/v1/organisation")).status_code == 200


# --- starting, docs -------------------------------------------------------------------------------------------------


async def test_a_server_that_starts_answers_503_wherever_it_needs_its_store() -> None:
    app, asgi = build_application(Ready(), [])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://server") as http:
        for method, path in (("GET", "/v1/threads"), ("POST", "/v1/threads"), ("GET", "/v1/api-keys")):
            for headers in ({}, {"Idempotency-Key": "k"}):
                answer = await http.request(method, path, json={}, headers={"x-api-key": "vv_some_key"} | headers)
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
                assert answer.json()["error"]["code"] == "not_ready"
        assert (await http.get("/healthz")).status_code == 200
    assert not hasattr(app.state, "api")


@on_the_one_loop
async def test_the_docs_page_needs_nothing_from_elsewhere(opened: Opened) -> None:
    async with opened.client(None) as http:
        page = await http.get("/docs")
        assert page.status_code == 200
        assert not re.findall(r"""["'(]\s*(?:https?:)?//[^"')]*""", page.text)
        assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(assets) >= 3
        for asset in assets:
            answer = await http.get(asset)
            assert (answer.status_code, bool(answer.content)) == (200, True), asset
        assert (await http.get("/openapi.json")).status_code == 200


async def test_no_request_builds_the_models_of_routes_that_were_built_before(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[object] = []
    build: Any = TypeAdapter.__init__

    def counted(*arguments: Any, **options: Any) -> None:
        built.append(arguments)
        build(*arguments, **options)

    monkeypatch.setattr(TypeAdapter, "__init__", counted)
    app, asgi = build_application(Ready(), ())
    build_routes(app)
    assert built
    built.clear()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://server") as http:
        for method, path in (("GET", "/v1/threads"), ("POST", "/v1/files"), ("POST", "/nowhere"), ("GET", "/docs")):
            await http.request(method, path)
    assert not built


def _properties(name: str, schema: Any) -> Iterator[tuple[str, Json]]:
    if isinstance(schema, dict):
        for field, each in schema.get("properties", {}).items():
            yield f"{name}.{field}", each
            yield from _properties(f"{name}.{field}", each)
        for key in ("items", "additionalProperties"):
            yield from _properties(f"{name}[]", schema.get(key))
        for key in ("anyOf", "oneOf", "allOf"):
            for each in schema.get(key, ()):
                yield from _properties(name, each)


def test_the_document_describes_every_property_and_every_parameter() -> None:
    document = build_application(Ready(), [])[0].openapi()
    silent: list[str] = []
    described = 0
    for name, schema in document["components"]["schemas"].items():
        for path, each in _properties(name, schema):
            described += 1
            # What would say the same twice is said once, by the object itself.
            meant = document["components"]["schemas"].get(each.get("$ref", "").rpartition("/")[2], {})
            if not str(each.get("description") or meant.get("description") or "").strip():
                silent.append(path)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method.upper()} {path}"
            silent += [f"{where}: summary"] if not operation.get("summary") else []
            for parameter in operation.get("parameters", ()):
                described += 1
                silent += [f"{where}: {parameter['name']}"] if not parameter.get("description") else []
    assert described > 100
    assert not silent, f"without a description: {', '.join(silent)}"


def test_no_operation_documents_the_answer_that_this_server_never_gives() -> None:
    document = build_application(Ready(), [])[0].openapi()
    assert "422" not in {
        status
        for operations in document["paths"].values()
        for operation in operations.values()
        for status in operation["responses"]
    }
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_dialect_is_mounted_whole_under_a_prefix_of_its_own() -> None:
    app, _ = build_application(Ready(), [])
    paths = {route.path or "" for route in iter_route_contexts(app.routes)}
    alone = {path for path in paths if path.startswith("/compat/")}
    assert alone
    assert {re.sub(r"^/compat/[a-z]+", "", path) for path in alone} <= paths
