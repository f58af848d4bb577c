"""Seed 003, the AgentHuman API: its requests with only host and key changed, and the endpoints around them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.serving import KEY, Served, scripted_settings, serving
from tests.transports.endpoint_serving import as_base64, calling, send, speech, type_text, until

from vivavoce.agents.definition import AgentDefinition
from vivavoce.agents.identifiers import as_uuid, with_prefix
from vivavoce.store.records import FIRST_ORGANISATION

AGENT = 123
"""The number of the agent in the document's example."""

Json = dict[str, Any]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with the agents 1 to 123, the last of them the document's."""
    with serving(scripted_settings(tmp_path_factory.mktemp("agenthuman"))) as one:
        with client(one) as http:
            avatar = {"name": "Professional Avatar", "url": "https://example.com/avatar.jpg"}
            assert http.post("/api/v1/avatars", json=avatar).json()["avatar"]["avatar_id"] == 1
            one.inside(lambda: others(one, AGENT - 2))
            documents = {
                "name": "Sales Support Agent",
                "instructions": "Help with sales.",
                "avatar_id": 1,
                "voice_id": "21m00Tcm4TlvDq8ikWAM",
            }
            made = http.post("/api/v1/agents", json=documents).json()
            assert made["agent"]["agent_id"] == AGENT
        yield one


async def others(served: Served, count: int) -> None:
    running = served.server._platform
    assert running is not None
    for number in range(count):
        await running.platform.store.agents.add(FIRST_ORGANISATION, AgentDefinition(f"Other {number}"))


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with client(served) as one:
        yield one


def client(served: Served) -> httpx.Client:
    return httpx.Client(base_url=served.url, headers={"x-api-key": KEY}, trust_env=False)


def started(http: httpx.Client, **fields: Any) -> Json:
    answer = http.post("/api/v1/sessions", json={"agent_id": AGENT} | fields)
    assert answer.status_code == 201, answer.text
    session: Json = answer.json()["session"]
    return session


# --- the document's requests ----------------------------------------------------------------------------------------


def test_the_documents_request_is_answered_with_the_documents_answer(served: Served) -> None:
    body = """
{
  "agent_id": 123,
  "session_type": "agent_voice",
  "metadata": {
    "source": "web_app",
    "device": "desktop"
  }
}"""
    headers = {"x-api-key": KEY, "Content-Type": "application/json"}
    answer = httpx.post(f"{served.url}/api/v1/sessions", headers=headers, content=body, trust_env=False)
    assert answer.status_code == 201
    told = answer.json()
    assert told.keys() == {"success", "session", "message"}
    assert (told["success"], told["message"]) == (True, "Session started successfully")
    session = told["session"]
    assert isinstance(session["session_id"], int)
    assert session["started_at"].endswith("Z")
    documented = {
        "agent_id": 123,
        "agent_name": "Sales Support Agent",
        "session_type": "agent_voice",
        "status": "active",
        "metadata": {"source": "web_app", "device": "desktop"},
        "avatar_id": 1,
        "avatar_name": "Professional Avatar",
        "avatar_url": "https://example.com/avatar.jpg",
        "voice_id": "21m00Tcm4TlvDq8ikWAM",
    }
    assert {name: session[name] for name in documented} == documented


def test_the_documents_curl_names_what_its_placeholder_may_be(served: Served) -> None:
    """`"<string>"` stands in the document for a session type; everything else of that command works as it is."""
    headers = {"Content-Type": "application/json", "x-api-key": KEY}
    body = {"agent_id": 123, "session_type": "<string>", "metadata": {}}
    refused = httpx.post(f"{served.url}/api/v1/sessions", headers=headers, json=body, trust_env=False)
    assert (refused.status_code, refused.json()["field"]) == (400, "session_type")
    assert "agent_voice" in refused.json()["error"]
    for session_type in ("agent_voice", "agent_video", "agent_chat", "webrtc_video"):
        body["session_type"] = session_type
        answer = httpx.post(f"{served.url}/api/v1/sessions", headers=headers, json=body, trust_env=False)
        assert answer.status_code == 201
        assert answer.json()["session"]["session_type"] == session_type


@pytest.mark.parametrize(
    "agent",
    [
        pytest.param(999_999, id="a number that nobody has"),
        pytest.param(10**17, id="a very large number"),
        pytest.param(-1, id="a negative number"),
        pytest.param("nobody", id="a word"),
        pytest.param("agent_01k8z3m7q4x9v2b6n5c1d0f8gh", id="an id of another API that nobody has"),
    ],
)
def test_an_agent_that_is_not_there_is_told_in_the_documents_words(http: httpx.Client, agent: int | str) -> None:
    answer = http.post("/api/v1/sessions", json={"agent_id": agent})
    assert answer.status_code == 404
    assert answer.text == '{"success":false,"error":"Agent not found or access denied"}'


def test_voice_is_the_default_and_an_alias_of_agent_voice(http: httpx.Client) -> None:
    assert started(http)["session_type"] == "agent_voice"
    assert started(http, session_type="voice")["session_type"] == "agent_voice"
    assert started(http, metadata=None)["metadata"] == {}


def test_ids_of_the_other_apis_are_taken_too(http: httpx.Client, served: Served) -> None:
    listed = http.get("/v1/voice-agents", params={"limit": 1}).json()["data"]
    own = listed[0]["agent"]["id"]
    for agent in (own, with_prefix(own, "agt"), as_uuid(own), own.upper(), str(AGENT)):
        assert started(http, agent_id=agent)["agent_id"] == AGENT


# --- the session ----------------------------------------------------------------------------------------------------


def test_the_websocket_url_opens_the_call_as_it_is(http: httpx.Client) -> None:
    session = started(http, session_type="agent_voice")

    async def call() -> list[str]:
        async with calling(session["websocket_url"]) as ws:
            await type_text(ws, "What time is it?")
            typed = await until(ws, "response.done")
            await send(ws, "input_audio_buffer.append", audio=as_base64(speech()))
            spoken = await until(ws, "response.done")
        return [
            each["transcript"]
            for each in (*typed, *spoken)
            if isinstance(each, dict) and each["type"] == "response.output_audio_transcript.done"
        ]

    assert asyncio.run(call()) == ["You said: What time is it?", "You said: Hello, can you hear me?"]
    assert session["access_token"] in session["websocket_url"]


@pytest.mark.parametrize(
    "session_type",
    [
        pytest.param("agent_chat", id="in a chat"),
        pytest.param("agent_voice", id="in a voice session"),
        pytest.param("webrtc_video", id="in a video session"),
    ],
)
def test_a_message_is_answered(http: httpx.Client, session_type: str) -> None:
    session = started(http, session_type=session_type)
    path = f"/api/v1/sessions/{session['session_id']}/messages"
    answer = http.post(path, json={"content": "Do you ship to Norway?"})
    assert answer.status_code == 201
    told = answer.json()
    assert (told["success"], told["session_ended"]) == (True, False)
    question, reply = told["message"], told["reply"]
    assert (question["role"], question["content"]) == ("user", "Do you ship to Norway?")
    assert (reply["role"], reply["content"]) == ("assistant", "You said: Do you ship to Norway?")
    assert question["session_id"] == reply["session_id"] == session["session_id"]
    listed = http.get(path).json()
    assert listed["messages"] == [question, reply]
    assert listed["pagination"] == {"limit": 50, "offset": 0, "pagination_token": None}
    first = http.get(path, params={"limit": 1}).json()
    rest = {"limit": 1, "pagination_token": first["pagination"]["pagination_token"]}
    assert [*first["messages"], *http.get(path, params=rest).json()["messages"]] == listed["messages"]


def test_a_session_ends_once_with_put_or_post(http: httpx.Client) -> None:
    number = started(http)["session_id"]
    ends = [http.request(method, f"/api/v1/sessions/{number}/end") for method in ("PUT", "POST", "PUT")]
    assert [end.status_code for end in ends] == [200, 200, 200]
    assert ends[0].json() == ends[1].json() == ends[2].json()
    ended = ends[0].json()["session"]
    assert (ended["status"], ended["session_id"]) == ("ended", number)
    assert ended["duration"] >= 0
    assert http.get(f"/api/v1/sessions/{number}").json()["session"] == ended
    late = http.post(f"/api/v1/sessions/{number}/messages", json={"content": "hello"})
    assert (late.status_code, late.json()["success"], late.json()["code"]) == (409, False, "session_over")


def test_sessions_are_listed_by_agent_and_status(http: httpx.Client) -> None:
    agent = http.post("/api/v1/agents", json={"agent_name": "Listed"}).json()["agent"]["agent_id"]
    first, second = (started(http, agent_id=agent)["session_id"] for _ in range(2))
    http.put(f"/api/v1/sessions/{first}/end")

    def listed(**params: Any) -> list[int]:
        answer = http.get("/api/v1/sessions", params={"agent_id": agent} | params).json()
        return [each["session_id"] for each in answer["sessions"]]

    assert listed() == [second, first]
    assert listed(status="active") == [second]
    assert listed(status="ended") == [first]
    assert listed(status="created") == []


def test_a_repeated_request_with_an_idempotency_key_starts_one_session(http: httpx.Client) -> None:
    headers = {"idempotency-key": "start-once"}
    answers = [http.post("/api/v1/sessions", json={"agent_id": AGENT}, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


# --- agents and avatars ---------------------------------------------------------------------------------------------


def test_an_agent_is_made_changed_and_deleted(http: httpx.Client) -> None:
    made = http.post("/api/v1/agents", json={"name": "Ada", "system_prompt": "Be brief.", "greeting": "Hello."})
    assert made.status_code == 201
    agent = made.json()["agent"]
    path = f"/api/v1/agents/{agent['agent_id']}"
    assert (agent["agent_name"], agent["instructions"], agent["avatar_id"]) == ("Ada", "Be brief.", None)
    changed = http.patch(path, json={"avatar_id": 1, "greeting": None, "unknown": 1}).json()["agent"]
    assert (changed["avatar_name"], changed["greeting"]) == ("Professional Avatar", None)
    assert changed["instructions"] == "Be brief."
    assert http.get(path).json()["agent"] == changed
    assert http.get("/api/v1/agents", params={"limit": 1}).json()["agents"] == [changed]
    number = started(http, agent_id=agent["agent_id"])["session_id"]
    assert http.delete(path).json()["success"] is True
    assert http.get(path).json() == {"success": False, "error": "Agent not found or access denied"}
    session = http.get(f"/api/v1/sessions/{number}").json()["session"]
    assert (session["status"], session["agent_name"]) == ("ended", "Ada")


def test_an_avatar_that_is_deleted_is_no_agents_any_more(http: httpx.Client) -> None:
    picture = {"avatar_name": "Other", "avatar_url": "https://example.com/other.jpg", "aspect_ratio": "4:3"}
    avatar = http.post("/api/v1/avatars", json=picture).json()["avatar"]
    assert http.get(f"/api/v1/avatars/{avatar['avatar_id']}").json()["avatar"] == avatar
    assert avatar in http.get("/api/v1/avatars").json()["avatars"]
    agent = http.post("/api/v1/agents", json={"name": "Seen", "avatar_id": avatar["avatar_id"]}).json()["agent"]
    assert agent["avatar_url"] == "https://example.com/other.jpg"
    assert http.delete(f"/api/v1/avatars/{avatar['avatar_id']}").status_code == 200
    assert http.delete(f"/api/v1/avatars/{avatar['avatar_id']}").status_code == 404
    session = started(http, agent_id=agent["agent_id"])
    assert (session["avatar_id"], session["avatar_name"], session["avatar_url"]) == (None, None, None)


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        pytest.param("POST", "sessions", {}, 400, "agent_id", id="no agent"),
        pytest.param("POST", "sessions", {"agent_id": True}, 400, "agent_id", id="an agent that is a truth value"),
        pytest.param("POST", "sessions", {"agent_id": 1.5}, 400, "agent_id", id="an agent that is a fraction"),
        pytest.param("POST", "sessions", {"agent_id": [1]}, 400, "agent_id", id="an agent that is a list"),
        pytest.param("POST", "sessions", {"agent_id": None}, 400, "agent_id", id="an agent that is null"),
        pytest.param("POST", "sessions", {"agent_id": 1, "metadata": 5}, 400, "metadata", id="metadata in a number"),
        pytest.param(
            "POST", "sessions", {"agent_id": 1, "metadata": {"a": "x" * 20_000}}, 400, "metadata", id="much metadata"
        ),
        pytest.param("POST", "sessions", [], 400, None, id="a body that is a list"),
        pytest.param("GET", "sessions/nothing", None, 404, None, id="a session that is not there"),
        pytest.param("GET", "sessions/999999999999999999999", None, 404, None, id="a session beyond all numbers"),
        pytest.param("PUT", "sessions/0/end", None, 404, None, id="an end of a session that is not there"),
        pytest.param("POST", "sessions/{session}/messages", {"content": ""}, 400, "content", id="no words"),
        pytest.param("POST", "sessions/{session}/messages", {"content": 1}, 400, "content", id="words in a number"),
        pytest.param(
            "POST", "sessions/{session}/messages", {"content": "x" * 100_001}, 400, "content", id="very many words"
        ),
        pytest.param("POST", "agents", {"name": " "}, 400, "name", id="an agent without a name"),
        pytest.param("POST", "agents", {"name": "x", "avatar_id": 77}, 404, None, id="an avatar that is not there"),
        pytest.param("POST", "agents", {"name": "x", "voice_id": ""}, 400, "voice_id", id="a voice without a name"),
        pytest.param("POST", "agents", {"name": "x", "language": "?"}, 400, "language", id="an impossible language"),
        pytest.param("PATCH", "agents/1", {"name": None}, 400, "name", id="a name that would be cleared"),
        pytest.param(
            "PATCH", "agents/1", {"instructions": "x" * 256_001}, 400, "instructions", id="instructions that are long"
        ),
        pytest.param("POST", "avatars", {"name": "x", "url": "file:///etc"}, 400, "url", id="an avatar in a file"),
        pytest.param("GET", "avatars/x", None, 404, None, id="an avatar with an id of nothing"),
        pytest.param("GET", "sessions?limit=101", None, 400, "limit", id="too large a page"),
        pytest.param("GET", "sessions?status=lost", None, 400, "status", id="an unknown status"),
        pytest.param("GET", "sessions?pagination_token=x", None, 400, "pagination_token", id="a token of nobody"),
    ],
)
def test_bad_input_is_told_in_the_envelope(
    http: httpx.Client, method: str, path: str, body: Any, status: int, field: str | None
) -> None:
    session = started(http)["session_id"] if "{session}" in path else 0
    answer = http.request(method, f"/api/v1/{path.format(session=session)}", json=body)
    assert answer.status_code == status
    told = answer.json()
    assert told["success"] is False
    assert told["error"]
    assert told.get("field") == field


@pytest.mark.parametrize(
    "headers",
    [pytest.param({}, id="without a key"), pytest.param({"x-api-key": "ah_live_wrong"}, id="with a wrong key")],
)
def test_nobody_comes_in(served: Served, headers: dict[str, str]) -> None:
    answer = httpx.post(f"{served.url}/api/v1/sessions", headers=headers, json={"agent_id": 1}, trust_env=False)
    assert answer.status_code == 401
    assert answer.json()["success"] is False


def test_a_body_that_is_no_json_is_refused(http: httpx.Client) -> None:
    for content in ("{", "nonsense", json.dumps("x") * 2, '{"agent_id": ' + "9" * 5_000 + "}", "[" * 5_000):
        answer = http.post("/api/v1/sessions", content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["success"]) == (400, False)
