"""What another organisation has is not there: every route of the ACP and AgentHuman APIs with a stranger's key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.acp_client import client, made_agent, opened
from tests.serving import Served, scripted_settings, serving


@dataclass(frozen=True, slots=True)
class Owned:
    """What the first organisation has, and a client of the second one's, which has an agent and an avatar too."""

    stranger: httpx.Client
    names: dict[str, Any]


@pytest.fixture(scope="module")
def owned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with serving(scripted_settings(tmp_path_factory.mktemp("tenancy"))) as served, client(served) as http:
        agent = made_agent(http, voiceMode="web_and_phone")
        made = opened(http, agent)
        avatar = http.post("/api/v1/avatars", json={"name": "Own", "url": "https://example.com/own.jpg"}).json()
        headers = {"x-api-key": served.inside(lambda: _strangers_key(served))}
        with httpx.Client(base_url=served.url, headers=headers, trust_env=False) as stranger:
            names = {
                "agent": agent,
                "session": made["voiceSession"]["id"],
                "thread": made["thread"]["id"],
                "avatar": avatar["avatar"]["avatar_id"],
                "own_agent": made_agent(stranger),
            }
            yield Owned(stranger, names)
        assert http.get(f"/v1/voice-agents/agents/{agent}").json()["voice"]["mode"] == "web_and_phone"
        found = http.get(f"/v1/voice-agents/sessions/{names['session']}").json()
        assert (found["voiceSession"]["status"], found["thread"]["messages"]) == ("initializing", [])


async def _strangers_key(served: Served) -> str:
    running = served.server._platform
    assert running is not None
    store = running.platform.store
    organisation = await store.organisations.of_external("elsewhere", "Elsewhere")
    return (await store.keys.create("stranger", organisation_id=organisation.organisation_id)).secret


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("POST", "/v1/voice-agents/agents/{agent}/sessions", None, id="ACP opens no session"),
        pytest.param(
            "POST", "/v1/voice-agents/agents/{own_agent}/sessions", {"threadId": "{thread}"}, id="ACP goes on in none"
        ),
        pytest.param("GET", "/v1/voice-agents/agents/{agent}", None, id="ACP shows no agent"),
        pytest.param("PATCH", "/v1/voice-agents/agents/{agent}", {"voiceMode": "off"}, id="ACP changes no agent"),
        pytest.param("POST", "/v1/voice-agents/agents/{agent}/phone-number", {}, id="ACP gives no number"),
        pytest.param("DELETE", "/v1/voice-agents/agents/{agent}/phone-number", None, id="ACP releases no number"),
        pytest.param("GET", "/v1/voice-agents/sessions/{session}", None, id="ACP shows no session"),
        pytest.param("GET", "/v1/voice-agents/sessions?agentId={agent}", None, id="ACP lists none of the agent"),
        pytest.param("GET", "/v1/voice-agents/sessions?threadId={thread}", None, id="ACP lists none of the thread"),
        pytest.param("GET", "/v1/voice-agents/sessions/{session}/grounding", None, id="ACP grounds no session"),
        pytest.param("POST", "/v1/voice-agents/sessions/{session}/end", None, id="ACP ends no session"),
        pytest.param(
            "POST",
            "/v1/voice-agents/sessions/{session}/messages",
            {"role": "user", "content": "x"},
            id="ACP appends to no session",
        ),
        pytest.param("POST", "/api/v1/sessions", {"agent_id": "{agent}"}, id="AgentHuman starts no session"),
        pytest.param("GET", "/api/v1/sessions?agent_id={agent}", None, id="AgentHuman lists none of the agent"),
        pytest.param("GET", "/api/v1/sessions/{session}", None, id="AgentHuman shows no session"),
        pytest.param("POST", "/api/v1/sessions/{session}/messages", {"content": "x"}, id="AgentHuman says nothing"),
        pytest.param("GET", "/api/v1/sessions/{session}/messages", None, id="AgentHuman reads nothing"),
        pytest.param("PUT", "/api/v1/sessions/{session}/end", None, id="AgentHuman ends no session"),
        pytest.param("GET", "/api/v1/agents/{agent}", None, id="AgentHuman shows no agent"),
        pytest.param("PATCH", "/api/v1/agents/{agent}", {"description": "x"}, id="AgentHuman changes no agent"),
        pytest.param("PATCH", "/api/v1/agents/{own_agent}", {"avatar_id": "{avatar}"}, id="AgentHuman wears no avatar"),
        pytest.param("DELETE", "/api/v1/agents/{agent}", None, id="AgentHuman deletes no agent"),
        pytest.param("GET", "/api/v1/avatars/{avatar}", None, id="AgentHuman shows no avatar"),
        pytest.param("DELETE", "/api/v1/avatars/{avatar}", None, id="AgentHuman deletes no avatar"),
    ],
)
def test_a_stranger_finds_nothing(owned: Owned, method: str, path: str, body: dict[str, str] | None) -> None:
    named = None if body is None else {key: value.format(**owned.names) for key, value in body.items()}
    answer = owned.stranger.request(method, path.format(**owned.names), json=named)
    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize(
    ("path", "key"),
    [
        pytest.param("/v1/voice-agents/sessions", "data", id="sessions of ACP"),
        pytest.param("/api/v1/sessions", "sessions", id="sessions of AgentHuman"),
        pytest.param("/api/v1/avatars", "avatars", id="avatars"),
    ],
)
def test_lists_hold_nothing_of_others(owned: Owned, path: str, key: str) -> None:
    assert owned.stranger.get(path).json()[key] == []


def test_lists_of_agents_hold_ones_own_alone(owned: Owned) -> None:
    agents = owned.stranger.get("/v1/voice-agents").json()["data"]
    assert [each["agent"]["id"] for each in agents] == [owned.names["own_agent"]]
    assert len(owned.stranger.get("/api/v1/agents").json()["agents"]) == 1
