"""The agents, numbers and lists of the ACP API, and what it says of bad input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.acp_client import client, made_agent, opened
from tests.serving import Served, scripted_settings, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("acp agents"))) as one:
        yield one


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with client(served) as one:
        yield one


# --- agents, numbers, lists -----------------------------------------------------------------------------------------


def test_an_agent_is_changed_field_by_field(http: httpx.Client) -> None:
    agent = made_agent(http)
    changes = {
        "voiceMode": "phone",
        "voiceProvider": "xai",
        "voiceModel": "grok-voice-latest",
        "voiceId": "rex",
        "voiceInstructions": "Speak slowly.",
        "voiceLanguageHint": "de",
        "voiceTurnDetection": {"type": "server_vad", "silence_duration_ms": 700},
        "voicePronunciationReplacements": {"ACP": "A C P"},
    }
    voice = http.patch(f"/v1/voice-agents/agents/{agent}", json=changes).json()["voice"]
    assert (voice["mode"], voice["enabled"], voice["provider"]) == ("phone", True, "xai")
    assert (voice["model"], voice["voiceId"]) == ("grok-voice-latest", "rex")
    assert (voice["instructions"], voice["languageHint"]) == ("Speak slowly.", "de")
    assert voice["turnDetection"]["silence_duration_ms"] == 700
    assert voice["pronunciationReplacements"] == {"ACP": "A C P"}
    cleared = {"voiceInstructions": None, "voiceTurnDetection": None, "unknown": 1}
    changed = http.patch(f"/v1/voice-agents/agents/{agent}", json=cleared).json()
    assert changed["voice"]["instructions"] == ""
    assert changed["voice"]["turnDetection"]["type"] == "semantic_vad"
    assert changed["voice"]["voiceId"] == "rex", "what is not given stays"
    assert changed["agent"]["instructions"] == "Be brief."
    assert http.get(f"/v1/voice-agents/agents/{agent}").json() == changed


def test_an_agent_is_given_a_number_and_it_is_released(http: httpx.Client) -> None:
    first, second = made_agent(http), made_agent(http)
    brought = {
        "origin": "byo_trunk",
        "phoneNumber": "+14155559123",
        "name": "Main",
        "sipAuth": {"digest": "s3cret"},
        "webhookUrl": "https://example.com/calls",
    }
    given = http.post(f"/v1/voice-agents/agents/{first}/phone-number", json=brought)
    assert given.status_code == 201
    assert given.json()["phoneNumber"]["phoneNumber"] == "+14155559123"
    assert given.json()["phoneNumber"]["origin"] == "byo_trunk"
    assert "s3cret" not in given.text
    assert given.json()["phoneNumber"]["signingSecret"].startswith("whsec_")
    assert http.get(f"/v1/voice-agents/agents/{first}").json()["phoneNumber"]["signingSecret"] is None
    taken = http.post(f"/v1/voice-agents/agents/{second}/phone-number", json=brought)
    assert (taken.status_code, taken.json()["code"]) == (409, "phone_number_taken")
    chosen = http.post(f"/v1/voice-agents/agents/{second}/phone-number", json={"areaCode": "212"}).json()
    assert chosen["phoneNumber"]["phoneNumber"].startswith("+1212555")
    listed = {each["agent"]["id"]: each["phoneNumber"] for each in http.get("/v1/voice-agents").json()["data"]}
    assert listed[first]["phoneNumber"] == "+14155559123"
    for _ in range(2):
        released = http.delete(f"/v1/voice-agents/agents/{first}/phone-number")
        assert (released.status_code, released.json()["phoneNumber"]) == (200, None)
    assert http.post(f"/v1/voice-agents/agents/{second}/phone-number", json=brought).status_code == 201


def test_sessions_are_listed_by_agent_thread_and_channel(http: httpx.Client) -> None:
    agent = made_agent(http)
    made = [opened(http, agent)["voiceSession"] for _ in range(3)]
    listed = http.get("/v1/voice-agents/sessions", params={"agentId": agent, "limit": 2, "channel": "web"}).json()
    assert [each["id"] for each in listed["data"]] == [made[2]["id"], made[1]["id"]]
    assert (listed["pagination"]["total"], listed["pagination"]["limit"], listed["pagination"]["offset"]) == (3, 2, 0)
    rest = http.get("/v1/voice-agents/sessions", params={"agentId": agent, "limit": 2, "offset": 2}).json()
    assert [each["id"] for each in rest["data"]] == [made[0]["id"]]
    by_token = {"agentId": agent, "limit": 2, "pagination_token": listed["pagination"]["paginationToken"]}
    assert http.get("/v1/voice-agents/sessions", params=by_token).json()["data"] == rest["data"]
    assert http.get("/v1/voice-agents/sessions", params={"agentId": agent, "channel": "phone"}).json()["data"] == []
    recent = http.get(f"/v1/voice-agents/agents/{agent}").json()["recentSessions"]
    assert [each["id"] for each in recent] == [each["id"] for each in reversed(made)]


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        pytest.param("POST", "agents/{agent}/sessions", {"title": 5}, 400, "title", id="a title that is a number"),
        pytest.param("POST", "agents/{agent}/sessions", {"title": "x" * 256}, 400, "title", id="a title that is long"),
        pytest.param("POST", "agents/{agent}/sessions", [], 400, None, id="a body that is a list"),
        pytest.param("POST", "agents/{agent}/sessions", {"title": "a\0"}, 400, "title", id="a title with a NUL"),
        pytest.param("POST", "agents/{agent}/sessions", {"threadId": "x"}, 404, None, id="a thread that is not there"),
        pytest.param(
            "POST", "agents/{agent}/sessions", {"environmentId": "7"}, 404, None, id="a computer that is not there"
        ),
        pytest.param("POST", "agents/agent_nobody/sessions", {}, 404, None, id="an agent that is not there"),
        pytest.param("PATCH", "agents/{agent}", {"voiceMode": "loud"}, 400, "voiceMode", id="an unknown mode"),
        pytest.param("PATCH", "agents/{agent}", {"voiceId": ""}, 400, "voiceId", id="an empty voice"),
        pytest.param(
            "PATCH", "agents/{agent}", {"voiceLanguageHint": "?"}, 400, "voiceLanguageHint", id="an impossible language"
        ),
        pytest.param(
            "PATCH",
            "agents/{agent}",
            {"voiceTurnDetection": {"threshold": 2}},
            400,
            "voiceTurnDetection.threshold",
            id="a threshold above 1",
        ),
        pytest.param(
            "PATCH", "agents/{agent}", {"voiceInstructions": "x" * 256_001}, 400, "voiceInstructions", id="a long text"
        ),
        pytest.param("PATCH", "agents/{agent}", {"name": None}, 400, "name", id="a name that would be cleared"),
        pytest.param(
            "POST",
            "agents/{agent}/phone-number",
            {"origin": "byo_trunk"},
            400,
            "phoneNumber",
            id="a trunk without a number",
        ),
        pytest.param(
            "POST", "agents/{agent}/phone-number", {"phoneNumber": "12"}, 400, "phoneNumber", id="a number that is none"
        ),
        pytest.param(
            "POST", "agents/{agent}/phone-number", {"areaCode": "911"}, 400, "areaCode", id="an area that is none"
        ),
        pytest.param(
            "POST",
            "agents/{agent}/phone-number",
            {"webhookUrl": "ftp://x"},
            400,
            "webhookUrl",
            id="a webhook that is no web address",
        ),
        pytest.param(
            "POST", "sessions/{session}/messages", {"role": "tool", "content": "x"}, 400, "role", id="an unknown role"
        ),
        pytest.param(
            "POST", "sessions/{session}/messages", {"role": "user", "content": " "}, 400, "content", id="no words"
        ),
        pytest.param(
            "POST",
            "sessions/{session}/messages",
            {"role": "user", "content": "x", "event": {"client_transcript_id": 5}},
            400,
            "event.client_transcript_id",
            id="a client id that is a number",
        ),
        pytest.param("GET", "sessions/sess_nobody", None, 404, None, id="a session that is not there"),
        pytest.param("GET", "sessions?agentId=x", None, 404, None, id="a list of the sessions of nobody"),
        pytest.param("GET", "sessions?limit=0", None, 400, "limit", id="a page of nothing"),
        pytest.param("GET", "sessions?channel=fax", None, 400, "channel", id="an unknown channel"),
    ],
)
def test_bad_input_is_told_in_the_shape_of_acp(
    http: httpx.Client, method: str, path: str, body: Any, status: int, field: str | None
) -> None:
    agent = made_agent(http)
    session = opened(http, agent)["voiceSession"]["id"]
    answer = http.request(method, f"/v1/voice-agents/{path.format(agent=agent, session=session)}", json=body)
    assert answer.status_code == status
    told = answer.json()
    assert {"error", "message", "code", "details"} == told.keys()
    assert told["details"].get("field") == field
