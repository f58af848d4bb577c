"""Who gets in: where a key may stand in a request, which sub-protocol is selected, what the others are told."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from tests.platform_application import Opened, application_open

from vivavoce.api.application import DOCS_PATH
from vivavoce.api.auth import Offered, offered
from vivavoce.store.records import ALL_SCOPES

KEY = "vv_right"


@pytest.mark.parametrize(
    ("headers", "subprotocols", "token", "expected"),
    [
        pytest.param({"authorization": f"Bearer {KEY}"}, [], None, Offered(KEY, None), id="a bearer key"),
        pytest.param({"authorization": f"bearer  {KEY} "}, [], None, Offered(KEY, None), id="any case, and spaces"),
        pytest.param({"x-api-key": KEY}, [], None, Offered(KEY, None), id="a key in x-api-key"),
        pytest.param({"x-api-key": "no"}, [], KEY, Offered("no", None), id="x-api-key counts before the query"),
        pytest.param({}, [], KEY, Offered(KEY, None), id="a token in the query"),
        pytest.param(
            {"authorization": "Basic abc", "x-api-key": KEY},
            [],
            None,
            Offered(KEY, None),
            id="another scheme is no key",
        ),
        pytest.param(
            {"authorization": f"Bearer {KEY}", "x-api-key": "no"},
            [],
            "no",
            Offered(KEY, None),
            id="bearer counts first",
        ),
        pytest.param(
            {"authorization": f"Bearer {KEY}"}, ["realtime"], None, Offered(KEY, "realtime"), id="realtime is selected"
        ),
        pytest.param(
            {"authorization": f"Bearer {KEY}"},
            ["graphql-ws"],
            None,
            Offered(KEY, None),
            id="what we do not speak is not",
        ),
        pytest.param(
            {},
            ["realtime", f"openai-insecure-api-key.{KEY}", "openai-agents-sdk.0.20.0"],
            None,
            Offered(KEY, "realtime"),
            id="OpenAI's browser clients",
        ),
        pytest.param(
            {},
            [f"openai-insecure-api-key.{KEY}"],
            None,
            Offered(KEY, f"openai-insecure-api-key.{KEY}"),
            id="a browser that offers only its key gets that very string back",
        ),
        pytest.param(
            {},
            [f"xai-client-secret.{KEY}"],
            None,
            Offered(KEY, f"xai-client-secret.{KEY}"),
            id="xAI's browser clients get that very string back",
        ),
        pytest.param({}, [], None, Offered(None, None), id="no key"),
        pytest.param({"authorization": "Bearer"}, [], "", Offered(None, None), id="a scheme without a key"),
        pytest.param({"authorization": KEY}, [], None, Offered(None, None), id="a key without a scheme"),
        pytest.param(
            {}, ["xai-client-secret."], None, Offered(None, "xai-client-secret."), id="an empty key in a sub-protocol"
        ),
    ],
)
def test_a_key_is_found_wherever_clients_put_it(
    headers: dict[str, str], subprotocols: list[str], token: str | None, expected: Offered
) -> None:
    assert offered(headers, subprotocols, token) == expected


def test_an_offered_key_is_never_printed() -> None:
    assert KEY not in repr(offered({"authorization": f"Bearer {KEY}"}))


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncGenerator[Opened]:
    async with application_open(tmp_path) as one:
        yield one


async def _status(opened: Opened, **headers: str) -> tuple[int, Any]:
    async with opened.client(None) as http:
        answer = await http.get("/v1/organisation", headers=headers)
    return answer.status_code, answer.json()


async def test_a_key_lets_in_by_either_header(opened: Opened) -> None:
    for headers in ({"Authorization": f"Bearer {opened.key}"}, {"x-api-key": opened.key}):
        status, body = await _status(opened, **headers)
        assert (status, body["id"]) == (200, "org_" + "0" * 25 + "1")


@pytest.mark.parametrize("prefix", ["vv_", "xai-", "nur_", "pk_live_", "ah_live_", "acp_"])
async def test_a_key_of_every_prefix_lets_in_until_it_is_revoked(opened: Opened, prefix: str) -> None:
    made = (await opened.http.post("/v1/api-keys", json={"name": "program", "prefix": prefix})).json()
    assert made["secret"].startswith(prefix)
    assert (await _status(opened, **{"x-api-key": made["secret"]}))[0] == 200
    assert (await opened.http.post(f"/v1/api-keys/{made['id']}/revoke")).status_code == 200
    assert (await _status(opened, **{"x-api-key": made["secret"]}))[0] == 401


@pytest.mark.parametrize(
    ("headers", "complaint"),
    [
        pytest.param({}, "needs an API key", id="no key"),
        pytest.param({"Authorization": "Basic dXNlcjpwYXNz"}, "needs an API key", id="a password"),
        pytest.param({"Authorization": "Bearer vv_wrong"}, "wrong or was revoked", id="a wrong key"),
        pytest.param({"x-api-key": "ü" * 10}, "wrong or was revoked", id="letters that no key has"),
        pytest.param({"x-api-key": "v" * 5_000}, "wrong or was revoked", id="an endless key"),
        pytest.param({"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}, "wrong or was", id="a token of nobody"),
    ],
)
async def test_who_has_no_right_key_is_told_where_keys_come_from(
    opened: Opened, headers: dict[str, str], complaint: str
) -> None:
    async with opened.client(None) as http:
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        answer = await http.get("/v1/organisation", headers=encoded)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (401, "invalid_api_key", "invalid_request_error")
    assert complaint in error["message"]
    assert "vivavoce keys create" in error["message"]
    assert "vv_" not in error["message"]
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_wrong_bearer_key_is_not_made_good_by_a_right_x_api_key(opened: Opened) -> None:
    assert (await _status(opened, **{"Authorization": "Bearer vv_wrong_key", "x-api-key": opened.key}))[0] == 401


async def test_a_token_of_a_session_opens_nothing_over_http(opened: Opened) -> None:
    tokens = opened.running.authenticator._session_tokens
    token = tokens.mint("sess_1", "org_" + "0" * 25 + "1", datetime.now(UTC) + timedelta(hours=1))
    status, body = await _status(opened, Authorization=f"Bearer {token}")
    assert (status, body["error"]["code"]) == (401, "invalid_api_key")
    assert "opens its call and nothing else" in body["error"]["message"]


def _scoped(opened: Opened) -> list[tuple[str, str, str]]:
    """Every operation of the API, with the scope that it asks for."""
    return [
        (method, route.path or "", next(iter(_scopes_in(route.dependant)), ""))
        for route in iter_route_contexts(opened.app.routes)
        if isinstance(route.original_route, APIRoute) and route.path not in (DOCS_PATH, "/openapi.json")
        for method in sorted(route.methods or ())
    ]


def _scopes_in(dependant: Any) -> list[str]:
    found = []
    for each in dependant.dependencies:
        cells = getattr(each.call, "__closure__", None) or ()
        found += [cell.cell_contents for cell in cells if cell.cell_contents in ALL_SCOPES]
        found += _scopes_in(each)
    return found


async def test_every_operation_refuses_a_key_that_lacks_its_scope(opened: Opened) -> None:
    without = {
        scope: await opened.new_key(*(each for each in ALL_SCOPES if each != scope), name=scope) for scope in ALL_SCOPES
    }
    asked = _scoped(opened)
    assert {scope for _, _, scope in asked} >= {"read", "write", "admin"}
    for method, path, scope in asked:
        assert scope, f"{method} {path} asks for no scope"
        async with opened.client(without[scope]) as http:
            answer = await http.request(method, path.replace("{", "").replace("}", ""), json={})
        assert answer.status_code == 403, (method, path, scope, answer.text)
        assert method == "HEAD" or scope in answer.text
