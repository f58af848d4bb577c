"""The platform's own resources over HTTP: made, read, changed, deleted, and whatever else a client may send."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from tests.platform_application import MASTER_KEY, Opened, application_open, bytes_in

from vivavoce.agents.definition import AgentDefinition
from vivavoce.agents.identifiers import as_uuid
from vivavoce.api.platform.environments import SECRET_PURPOSE
from vivavoce.store.records import FIRST_ORGANISATION
from vivavoce.store.vault import Vault


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncGenerator[Opened]:
    async with application_open(tmp_path) as one:
        yield one


async def _ask(opened: Opened, method: str, path: str, status: int, body: Any = None) -> Any:
    answer = await opened.http.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_thread_is_begun_spoken_in_changed_and_deleted(opened: Opened) -> None:
    agent = await opened.store.agents.add(FIRST_ORGANISATION, AgentDefinition("Ada"))
    made = await _ask(
        opened, "POST", "/v1/threads", 201, {"agent_id": as_uuid(agent.agent_id), "title": "T", "metadata": {"a": 1}}
    )
    assert (made["agent_id"], made["title"], made["metadata"]) == (agent.agent_id, "T", {"a": 1})
    path = f"/v1/threads/{made['id']}"
    assert await _ask(opened, "GET", f"/v1/threads/{as_uuid(made['id'])}", 200) == made
    for content, client_id in (("one", "c1"), ("two", None), ("one again", "c1")):
        said = await _ask(opened, "POST", f"{path}/messages", 201, {"content": content, "client_id": client_id})
        assert said["content"] == ("one" if client_id else "two")
    messages = (await _ask(opened, "GET", f"{path}/messages?order=asc", 200))["data"]
    assert [each["content"] for each in messages] == ["one", "two"]
    changed = await _ask(opened, "PATCH", path, 200, {"status": "archived", "title": None})
    assert (changed["status"], changed["title"], changed["metadata"], changed["message_count"]) == (
        "archived",
        None,
        {"a": 1},
        2,
    )
    assert await _ask(opened, "DELETE", path, 200) == {"id": made["id"], "deleted": True}
    for method, below in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/messages"), ("POST", "/messages")):
        gone = await _ask(opened, method, path + below, 404, {"content": "x"} if method in ("POST", "PATCH") else None)
        assert gone["error"]["code"] == "thread_not_found"


async def test_threads_are_listed_page_by_page_and_by_agent(opened: Opened) -> None:
    agent = await opened.store.agents.add(FIRST_ORGANISATION, AgentDefinition("Ada"))
    for number in range(5):
        body = {"title": str(number)} | ({"agent_id": agent.agent_id} if number % 2 else {})
        await _ask(opened, "POST", "/v1/threads", 201, body)
    titles: list[str] = []
    token = ""
    while True:
        page = await _ask(opened, "GET", f"/v1/threads?limit=2{token}", 200)
        titles += [each["title"] for each in page["data"]]
        if not page["has_more"]:
            break
        token = f"&pagination_token={page['pagination_token']}"
    assert titles == ["4", "3", "2", "1", "0"]
    listed = await _ask(opened, "GET", f"/v1/threads?agent_id={agent.agent_id}&order=asc&offset=1", 200)
    assert [each["title"] for each in listed["data"]] == ["3"]


async def test_an_environment_keeps_its_secrets_sealed_and_shows_none(opened: Opened, tmp_path: Path) -> None:
    body = {"name": "E", "variables": {"A": "1"}, "secrets": {"TOKEN": "very-secret-value"}}
    made = await _ask(opened, "POST", "/v1/environments", 201, body)
    path = f"/v1/environments/{made['id']}"
    assert made["secret_names"] == ["TOKEN"]
    assert "very-secret" not in json.dumps([made, await _ask(opened, "GET", path, 200)])
    kept = await opened.store.environments.get(FIRST_ORGANISATION, made["id"])
    assert kept is not None
    assert Vault(MASTER_KEY).unseal(kept.body.secrets_sealed["TOKEN"], SECRET_PURPOSE) == b"very-secret-value"
    renamed = await _ask(opened, "PATCH", path, 200, {"name": "F"})
    assert (renamed["name"], renamed["variables"], renamed["secret_names"]) == ("F", {"A": "1"}, ["TOKEN"])
    replaced = await _ask(opened, "PATCH", path, 200, {"secrets": {"OTHER": "x"}, "variables": {}})
    assert (replaced["variables"], replaced["secret_names"]) == ({}, ["OTHER"])
    await _ask(opened, "DELETE", path, 200)
    await _ask(opened, "GET", path, 404)
    await opened.store.close()
    assert b"very-secret-value" not in bytes_in(tmp_path)


async def test_a_collection_is_made_read_changed_listed_and_deleted(opened: Opened) -> None:
    made = await _ask(opened, "POST", "/v1/collections", 201, {"collection_name": "C", "metadata": {"k": [1]}})
    path = f"/v1/collections/{made['collection_id']}"
    assert await _ask(opened, "GET", path, 200) == made
    changed = await _ask(opened, "PATCH", path, 200, {"collection_description": "D"})
    assert (changed["collection_name"], changed["collection_description"]) == ("C", "D")
    assert changed["metadata"] == {"k": [1]}
    assert (await _ask(opened, "GET", "/v1/collections", 200))["data"] == [changed]
    blank = await _ask(opened, "PATCH", path, 400, {"collection_name": " "})
    assert blank["error"]["param"] == "collection_name"
    await _ask(opened, "DELETE", path, 200)
    assert (await _ask(opened, "GET", "/v1/collections", 200))["data"] == []
    for method in ("GET", "PATCH", "DELETE"):
        await _ask(opened, method, path, 404, {} if method == "PATCH" else None)


async def test_a_key_is_made_once_shown_listed_and_revoked(opened: Opened) -> None:
    made = await _ask(opened, "POST", "/v1/api-keys", 201, {"name": "N", "scopes": ["read"], "prefix": "xai-"})
    secret = made.pop("secret")
    assert (made["last4"], made["scopes"], made["prefix"]) == (secret[-4:], ["read"], "xai-")
    path = f"/v1/api-keys/{made['id']}"
    assert await _ask(opened, "GET", path, 200) == made
    assert secret not in json.dumps(await _ask(opened, "GET", "/v1/api-keys", 200))
    for again in range(2):
        assert (await _ask(opened, "DELETE", path, 200))["revoked_at"], again
    await _ask(opened, "GET", f"/v1/api-keys/{secret}", 404)


async def test_the_organisation_tells_how_much_of_its_limit_is_used(opened: Opened) -> None:
    told = await _ask(opened, "GET", "/v1/organisation", 200)
    assert (told["open_sessions"], told["concurrent_sessions_maximum"]) == (0, 100)


PATHS = ("/v1/threads/{}", "/v1/collections/{}", "/v1/environments/{}", "/v1/api-keys/{}")


@pytest.mark.parametrize(
    "identifier",
    [
        pytest.param("nobody", id="a word"),
        pytest.param("thr_01aryz6s410000000000000000", id="of a thread that is not there"),
        pytest.param("agent_01aryz6s410000000000000000", id="of another kind"),
        pytest.param("999999999999999999", id="a large number"),
        pytest.param("9" * 400, id="a larger number than there is"),
        pytest.param("%00", id="a NUL"),
        pytest.param("%ED%A0%80", id="half of a surrogate pair"),
        pytest.param("%FF%FE", id="bytes that are no text"),
        pytest.param("%F0%9F%8E%99", id="a picture"),
        pytest.param("a%20b%27%22;--", id="quotes"),
        pytest.param("x" * 2_000, id="no end of letters"),
    ],
)
async def test_a_bad_id_is_404_whatever_is_done_with_it(opened: Opened, identifier: str) -> None:
    for path in PATHS:
        for method in ("GET", "DELETE", "PATCH"):
            if "api-keys" in path and method == "PATCH":
                continue
            answer = await opened.http.request(method, path.format(identifier), json={} if method == "PATCH" else None)
            assert answer.status_code == 404, (method, path, answer.text)
            assert answer.json()["error"]["code"].endswith("_not_found")


GOOD: dict[str, dict[str, Any]] = {
    "/v1/threads": {"title": "t", "metadata": {}, "agent_id": None},
    "/v1/collections": {"collection_name": "c", "collection_description": "d", "metadata": {}},
    "/v1/environments": {"name": "e", "variables": {}, "secrets": {}, "metadata": {}},
    "/v1/api-keys": {"name": "k", "scopes": ["read"], "prefix": "vv_"},
}
FIELDS = [(path, field) for path, body in GOOD.items() for field in body]
SURROGATE, NUL = "a\ud800b", "a\0b"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(True, id="a truth value"),
        pytest.param(1e300, id="a large number"),
        pytest.param([[]], id="a list of lists"),
        pytest.param([SURROGATE], id="a list of half a character"),
        pytest.param({SURROGATE: {}}, id="a name of half a character"),
        pytest.param({"A": SURROGATE}, id="half a character within"),
        pytest.param({"A": {"b": [SURROGATE]}}, id="half a character deep within"),
        pytest.param({NUL: NUL}, id="a name and a value with a NUL"),
        pytest.param(SURROGATE, id="half a character"),
        pytest.param(NUL, id="a NUL"),
        pytest.param("x" * 200_000, id="no end of letters"),
        pytest.param({"A": "x" * 200_000}, id="no end of letters within"),
    ],
)
async def test_a_wrong_value_is_400_and_names_its_field_and_never_500(opened: Opened, value: Any) -> None:
    for path, field in FIELDS:
        content = json.dumps(GOOD[path] | {field: value}).encode()
        answer = await opened.http.post(path, content=content, headers={"content-type": "application/json"})
        if answer.status_code == 404:
            assert (path, field) == ("/v1/threads", "agent_id")
        else:
            assert answer.status_code == 400, (path, field, answer.text)
            assert answer.json()["error"]["param"].split(".")[0].split("[")[0] == field


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half an object"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"\xff"', id="bytes that are no text"),
        pytest.param(b'{"metadata": {"a": NaN}}', id="no number"),
        pytest.param(b'{"metadata": ' + b'{"a": ' * 20_000 + b"1" + b"}" * 20_000 + b"}", id="a bottomless object"),
        pytest.param(b'{"metadata": {"a": ' + b"9" * 10_000 + b"}}", id="a number of ten thousand digits"),
        pytest.param(b'{"title": 3, "metadata": 3}', id="two faults"),
    ],
)
async def test_a_body_that_is_no_object_of_json_is_400(opened: Opened, content: bytes) -> None:
    for path in GOOD:
        answer = await opened.http.post(path, content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 400, (path, answer.text)
        assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("limit=0", id="no objects"),
        pytest.param("limit=101", id="too many objects"),
        pytest.param("limit=a", id="a word for a limit"),
        pytest.param("limit=" + "9" * 5_000, id="an endless limit"),
        pytest.param("offset=-1", id="before the first"),
        pytest.param("offset=10000001", id="too far behind it"),
        pytest.param("order=up", id="an unknown order"),
        pytest.param("pagination_token=abc", id="a token of nobody"),
        pytest.param("pagination_token=%ff%00", id="a token of odd bytes"),
        pytest.param("pagination_token=c2VxOi0x", id="a token of a negative place"),
        pytest.param("pagination_token=" + "A" * 65, id="a token too long"),
    ],
)
async def test_a_page_that_cannot_be_is_400(opened: Opened, query: str) -> None:
    for path in ("/v1/threads", "/v1/collections", "/v1/environments"):
        answer = await opened.http.get(f"{path}?{query}")
        assert answer.status_code == 400, (path, answer.text)
        assert answer.json()["error"]["param"] == query.partition("=")[0]


async def test_unknown_fields_are_ignored(opened: Opened) -> None:
    for path, body in GOOD.items():
        await _ask(opened, "POST", path, 201, body | {"shoe_size": 42, "owner": {"a": []}})
