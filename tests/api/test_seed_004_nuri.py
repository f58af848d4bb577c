"""Seed 004 (the voice agents of Nuri) against a server: every parameter, field and promise of the document.

The document prints no programs, only tables; the requests here are those that the tables describe.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serving import KEY, Served, scripted_settings, serving
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from vivavoce.config import PlatformSettings
from vivavoce.services.sessions import SessionLimits

Json = dict[str, Any]
REQUIRED: Json = {
    "name": "Order Support",
    "voice_id": "rachel_v2",
    "system_prompt": "You are a friendly order support agent for Acme Corp.",
}
ASKS_MAXIMUM = 2_000


class Nuri:
    """A server and what a client of Nuri has in its hands."""

    def __init__(self, served: Served) -> None:
        self.http = httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {KEY}"})

    def get(self, path: str, **query: Any) -> Json:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def agent(self, **fields: Any) -> Json:
        answer = self.http.post("/v1/agents/create", json=REQUIRED | fields)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def session(self, agent: Json, **fields: Any) -> Json:
        answer = self.http.post(f"/v1/agents/{agent['id']}/sessions", json=fields)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def transcript(self, session: Json, messages: int) -> list[Json]:
        """What was said, once so many messages are kept: they are written behind the call."""
        for _ in range(ASKS_MAXIMUM):
            said: list[Json] = self.get(f"/v1/sessions/{session['session_id']}/transcript")["messages"]
            if len(said) >= messages:
                return said
        raise AssertionError(f"{messages} messages never came")


@pytest.fixture(scope="module")
def nuri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nuri]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as served:
        one = Nuri(served)
        with one.http:
            yield one


def say(call: ClientConnection, text: str) -> None:
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content}
    call.send(json.dumps({"type": "conversation.item.create", "item": item}))
    call.send(json.dumps({"type": "response.create"}))


def next_answer(call: ClientConnection) -> str:
    """What the agent says next."""
    said = ""
    while True:
        event = json.loads(call.recv(timeout=30))
        assert event["type"] != "error", event
        if event["type"] == "response.output_audio_transcript.done":
            said = event["transcript"]
        if event["type"] == "response.done":
            return said


def read_to_the_end(call: ClientConnection) -> str:
    """Why the server closed the call."""
    for _ in call:
        pass
    return call.close_reason or ""


# --- create agent ---------------------------------------------------------------------------------------------------


def test_the_required_parameters_make_an_agent_with_the_defaults_of_the_document(nuri: Nuri) -> None:
    agent = nuri.agent()
    assert agent["id"].startswith("agt_")
    assert {name: agent[name] for name in REQUIRED} == REQUIRED
    assert (agent["language"], agent["tools"], agent["max_turns"]) == ("en", [], 50)
    assert agent["status"] == "active"
    assert datetime.fromisoformat(agent["created_at"]).tzinfo is not None


def test_every_parameter_is_kept(nuri: Nuri) -> None:
    tools = [{"name": "lookup_order", "description": "Looks up", "parameters": {"type": "object"}}]
    agent = nuri.agent(language="fr", tools=tools, max_turns=12)
    found = nuri.get(f"/v1/agents/{agent['id']}")
    assert (found["language"], found["tools"], found["max_turns"]) == ("fr", tools, 12)


@pytest.mark.parametrize("name", ["language", "tools", "max_turns"])
def test_null_for_an_optional_parameter_is_its_default(nuri: Nuri, name: str) -> None:
    agent = nuri.agent(**{name: None})
    assert agent[name] == {"language": "en", "tools": [], "max_turns": 50}[name]


REFUSED: list[Any] = [
    *(pytest.param({name: None}, name, id=f"{name} is required") for name in REQUIRED),
    pytest.param({"system_prompt": ""}, "system_prompt", id="an empty system prompt"),
    pytest.param({"system_prompt": "p" * 256_001}, "system_prompt", id="a system prompt that is too long"),
    pytest.param({"system_prompt": "a\u0000b"}, "system_prompt", id="a system prompt with a NUL"),
    pytest.param({"voice_id": " "}, "voice_id", id="a blank voice"),
    pytest.param({"voice_id": 7}, "voice_id", id="a voice that is a number"),
    pytest.param({"max_turns": 0}, "max_turns", id="no turns"),
    pytest.param({"max_turns": "50"}, "max_turns", id="turns in quotes"),
    pytest.param({"language": "x"}, "language", id="a language that is none"),
    pytest.param({"tools": "none"}, "tools", id="tools that are a text"),
]


@pytest.mark.parametrize(("changed", "param"), REFUSED)
def test_a_parameter_that_cannot_be_is_named(nuri: Nuri, changed: Json, param: str) -> None:
    answer = nuri.http.post("/v1/agents/create", json=REQUIRED | changed)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_required_parameter_that_is_missing_is_named(nuri: Nuri, missing: str) -> None:
    body = {name: value for name, value in REQUIRED.items() if name != missing}
    answer = nuri.http.post("/v1/agents/create", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == missing


# --- list and delete agents -----------------------------------------------------------------------------------------


def test_agents_are_listed_twenty_at_a_time_by_limit_and_offset(nuri: Nuri) -> None:
    made = [nuri.agent(name=f"Agent {number}")["id"] for number in range(25)]
    first, second = nuri.get("/v1/agents"), nuri.get("/v1/agents", offset=20, limit=5)
    assert (len(first["agents"]), first["limit"], first["offset"], first["has_more"]) == (20, 20, 0, True)
    assert [agent["id"] for agent in first["agents"] + second["agents"]] == made[::-1]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "offset=-1", "pagination_token=nonsense"])
def test_a_page_that_cannot_be_is_refused(nuri: Nuri, query: str) -> None:
    answer = nuri.http.get(f"/v1/agents?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == query.partition("=")[0]


def test_deleting_an_agent_ends_its_call_and_its_sessions(nuri: Nuri) -> None:
    agent = nuri.agent()
    live, waiting = nuri.session(agent), nuri.session(agent)
    with connect(live["websocket_url"]) as call:
        answer = nuri.http.delete(f"/v1/agents/{agent['id']}")
        assert answer.json()["id"] == agent["id"]
        assert answer.json()["status"] == "deleted"
        assert read_to_the_end(call) == "agent_deleted"
    for session in (live, waiting):
        assert nuri.get(f"/v1/sessions/{session['session_id']}")["status"] == "ended"
    assert nuri.http.get(f"/v1/agents/{agent['id']}").status_code == 404
    assert nuri.http.post(f"/v1/agents/{agent['id']}/sessions", json={}).status_code == 404
    assert len(nuri.get(f"/v1/agents/{agent['id']}/sessions")["sessions"]) == 2


# --- sessions -------------------------------------------------------------------------------------------------------


def test_a_session_has_the_fields_of_the_document(nuri: Nuri) -> None:
    agent = nuri.agent()
    session = nuri.session(agent, metadata={"user_id": "42", "tags": ["a"]}, initial_message="Hello!")
    assert session["session_id"].startswith("ses_")
    assert session["agent_id"] == agent["id"]
    assert session["websocket_url"].startswith(f"ws://127.0.0.1:{nuri.http.base_url.port}/v1/sessions/ses_")
    made, ends = (datetime.fromisoformat(session[name]) for name in ("created_at", "expires_at"))
    assert timedelta() < ends - made <= timedelta(hours=1)
    assert session["status"] == "active"
    assert nuri.get(f"/v1/sessions/{session['session_id']}")["metadata"] == {"user_id": "42", "tags": ["a"]}


def test_a_session_can_be_made_without_a_body(nuri: Nuri) -> None:
    answer = nuri.http.post(f"/v1/agents/{nuri.agent()['id']}/sessions")
    assert answer.status_code == 201


def test_the_initial_message_is_spoken_first_and_the_conversation_goes_on_over_a_reconnection(nuri: Nuri) -> None:
    session = nuri.session(nuri.agent(), initial_message="Welcome to Acme.")
    with connect(session["websocket_url"]) as call:
        assert next_answer(call) == "Welcome to Acme."
    with connect(session["websocket_url"]) as call:
        say(call, "Do you have tulips?")
        assert next_answer(call) == "You said: Do you have tulips?"
        said = nuri.transcript(session, 3)
    words = [(message["role"], message["content"]) for message in said]
    assert words[:2] == [("assistant", "Welcome to Acme."), ("user", "Do you have tulips?")]
    assert words[2][0] == "assistant"
    assert said[0]["end_ms"] > said[0]["start_ms"]
    assert said[0]["interrupted"] is False


def test_a_fresh_url_is_given_while_the_session_is_active_and_none_once_it_is_over(nuri: Nuri) -> None:
    session = nuri.session(nuri.agent())
    path = f"/v1/sessions/{session['session_id']}"
    with connect(nuri.get(path)["websocket_url"]) as call:
        ended = nuri.http.post(f"{path}/end").json()
        assert (ended["status"], ended["end_reason"], ended["websocket_url"]) == ("ended", "ended_by_client", None)
        assert read_to_the_end(call) == "ended_by_client"
    again = nuri.http.post(f"{path}/end")
    assert (again.status_code, again.json()["ended_at"]) == (200, ended["ended_at"])
    assert nuri.get(path) == ended
    with pytest.raises(InvalidStatus) as refused:
        connect(session["websocket_url"])
    assert refused.value.response.status_code == 409


def test_the_session_ends_after_as_many_turns_as_the_agent_may_have(nuri: Nuri) -> None:
    session = nuri.session(nuri.agent(max_turns=1))
    with connect(session["websocket_url"]) as call:
        say(call, "Do you have tulips?")
        assert read_to_the_end(call) == "max_turns"
    assert nuri.get(f"/v1/sessions/{session['session_id']}")["status"] == "ended"


def test_a_url_opens_its_own_session_and_no_other(nuri: Nuri) -> None:
    agent = nuri.agent()
    mine, other = nuri.session(agent), nuri.session(agent)
    wrong = other["websocket_url"].partition("?")[0] + "?" + mine["websocket_url"].partition("?")[2]
    with pytest.raises(InvalidStatus) as refused:
        connect(wrong)
    assert refused.value.response.status_code == 401


def test_sessions_are_listed_by_agent_and_status(nuri: Nuri) -> None:
    agent, other = nuri.agent(), nuri.agent()
    first, second, _ = nuri.session(agent), nuri.session(agent), nuri.session(other)
    nuri.http.post(f"/v1/sessions/{first['session_id']}/end")

    def listed(path: str, **query: Any) -> list[str]:
        return [session["session_id"] for session in nuri.get(path, **query)["sessions"]]

    both = [second["session_id"], first["session_id"]]
    assert listed(f"/v1/agents/{agent['id']}/sessions") == both
    assert listed("/v1/sessions", agent_id=agent["agent_id"]) == both
    assert listed("/v1/sessions", agent_id=agent["id"], status="ended") == both[1:]
    assert listed("/v1/sessions", agent_id=agent["id"], status="active") == both[:1]
    assert listed("/v1/sessions", agent_id=agent["id"], limit=1, offset=1) == both[1:]


BAD_SESSIONS: list[Any] = [
    pytest.param({"metadata": []}, "metadata", id="metadata that are a list"),
    pytest.param({"metadata": {"a": "x" * 16_400}}, "metadata", id="metadata that are too long"),
    pytest.param({"initial_message": " "}, "initial_message", id="a blank message"),
    pytest.param({"initial_message": 5}, "initial_message", id="a message that is a number"),
    pytest.param({"initial_message": "a\u0000"}, "initial_message", id="a message with a NUL"),
]


@pytest.mark.parametrize(("body", "param"), BAD_SESSIONS)
def test_a_session_that_cannot_be_is_refused(nuri: Nuri, body: Json, param: str) -> None:
    answer = nuri.http.post("/v1/agents/default/sessions", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


NOT_THERE = ("GET {}", "POST {}/end", "GET {}/transcript")


@pytest.mark.parametrize("request_line", NOT_THERE)
@pytest.mark.parametrize("name", ["ses_abc123", "ses_" + "0" * 26, "999999999", "agt_" + "0" * 26])
def test_a_session_that_is_not_there_is_404(nuri: Nuri, request_line: str, name: str) -> None:
    method, path = request_line.format(f"/v1/sessions/{name}").split()
    answer = nuri.http.request(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "session_not_found")


def test_a_paused_agent_opens_no_session(nuri: Nuri) -> None:
    agent = nuri.agent()
    assert nuri.http.patch(f"/v1/agents/{agent['id']}", json={"status": "paused"}).json()["status"] == "paused"
    answer = nuri.http.post(f"/v1/agents/{agent['id']}/sessions", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "agent_paused")


def test_the_dialect_is_mounted_alone(nuri: Nuri) -> None:
    created = nuri.http.post("/compat/nuri/v1/agents/create", json=REQUIRED)
    assert created.status_code == 201
    opened = nuri.http.post(f"/compat/nuri/v1/agents/{created.json()['id']}/sessions", json={})
    with connect(opened.json()["websocket_url"]) as call:
        assert json.loads(call.recv(timeout=30))["type"] == "session.created"


# --- limits ---------------------------------------------------------------------------------------------------------


def test_a_session_whose_time_is_up_is_expired(tmp_path: Path) -> None:
    limits = SessionLimits(lifetime_seconds=0.0)
    settings = scripted_settings(tmp_path, platform=PlatformSettings(limits=limits))
    with serving(settings) as served, Nuri(served).http as http:
        session = http.post("/v1/agents/default/sessions", json={}).json()
        found = http.get(f"/v1/sessions/{session['session_id']}").json()
        assert (found["status"], found["websocket_url"]) == ("expired", None)
        with pytest.raises(InvalidStatus) as refused:
            connect(session["websocket_url"])
        assert refused.value.response.status_code in (401, 409)


def test_an_organisation_has_as_many_open_sessions_as_it_may_and_no_more(tmp_path: Path) -> None:
    settings = scripted_settings(tmp_path, platform=PlatformSettings(limits=SessionLimits(open_maximum=1)))
    with serving(settings) as served, Nuri(served).http as http:
        first = http.post("/v1/agents/default/sessions", json={}).json()
        refused = http.post("/v1/agents/default/sessions", json={})
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "concurrency_limit_reached")
        http.post(f"/v1/sessions/{first['session_id']}/end")
        assert http.post("/v1/agents/default/sessions", json={}).status_code == 201


def test_a_key_that_may_only_look_is_given_no_url(nuri: Nuri) -> None:
    made = nuri.http.post("/v1/api-keys", json={"name": "looker", "scopes": ["read"]})
    session = nuri.session(nuri.agent())
    headers = {"Authorization": f"Bearer {made.json()['secret']}"}
    found = nuri.http.get(f"/v1/sessions/{session['session_id']}", headers=headers)
    assert (found.status_code, found.json()["websocket_url"]) == (200, None)
    opened = nuri.http.post(f"/v1/agents/{session['agent_id']}/sessions", headers=headers)
    assert (opened.status_code, opened.json()["error"]["code"]) == (403, "insufficient_scope")
