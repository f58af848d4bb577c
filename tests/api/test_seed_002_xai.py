"""Seed 002 (the Voice Agent Builder of xAI) against a server: the document's examples as they stand, and its rules.

In the examples only the host, the key and the ids differ. The programs run as programs, with `requests` and `curl`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.xai_client import FULL, Json, Platform
from tests.serving import scripted_settings, serving

CREATE = """
import os, requests
resp = requests.post(
    "https://api.x.ai/v1/agents",
    headers={"Authorization": f"Bearer {os.environ['XAI_API_KEY']}"},
    json={
        "name": "Order Support",
        "instructions": "You are a friendly order support agent for Acme Corp.",
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "lookup_order",
                    "description": "Look up the status of a customer order",
                    "parameters": {
                        "type": "object",
                        "properties": {"order_id": {"type": "string"}},
                        "required": ["order_id"],
                    },
                },
            },
            {"type": "web_search"},
        ],
        "voice": {"voice_id": "eve", "vad_threshold": 0.5, "vad_silence_duration_ms": 300},
    },
)
agent = resp.json()["agent"]
print(f"Created agent: {agent['agent_id']}")
"""

PURCHASE_AND_ASSIGN = """
import os, requests
headers = {"Authorization": f"Bearer {os.environ['XAI_API_KEY']}"}
# Purchase a number
phone = requests.post(
    "https://api.x.ai/v1/phone-numbers",
    headers=headers,
    json={"area_code": "415", "name": "Support Line"},
).json()["phone_number"]
print(f"Purchased: {phone['phone_number']}")
# Assign to agent
requests.patch(
    f"https://api.x.ai/v1/agents/{agent['agent_id']}",
    headers=headers,
    json={
        "agent": {},
        "field_mask": {"paths": ["name"]},
        "phone_number_id": phone["phone_number_id"],
    },
)
print(f"Assigned {phone['phone_number']} to {agent['agent_id']}")
"""

USE_IN_A_SESSION = """
import asyncio, json, os, requests, websockets
# Fetch agent config
headers = {"Authorization": f"Bearer {os.environ['XAI_API_KEY']}"}
agent = requests.get(
    "https://api.x.ai/v1/agents/agent_abc123def456",
    headers=headers,
).json()["agent"]
async def start_session():
    async with websockets.connect(
        "wss://api.x.ai/v1/realtime",
        additional_headers=headers,
    ) as ws:
        # Configure session from agent
        await ws.send(json.dumps({
            "type": "session.update",
            "session": {
                "voice": agent["voice"]["voice_id"],
                "instructions": agent["instructions"],
                "tools": agent["tools"],
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": agent["voice"].get("vad_threshold", 0.5),
                    "silence_duration_ms": agent["voice"].get("vad_silence_duration_ms", 300),
                },
            },
        }))
        # Now stream audio...
        print("Session configured. Ready to stream audio.")
asyncio.run(start_session())
"""

READ_UNTIL_UPDATED = """event = {}
        while event.get("type") not in ("session.updated", "error"):
            event = json.loads(await ws.recv())
        print(json.dumps(event))"""

PATCH_VOICE = """\
curl -X PATCH https://api.x.ai/v1/agents/agent_abc123def456 \\
  -H "Authorization: Bearer $XAI_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "agent": {
      "voice": {"voice_id": "leo", "vad_threshold": 0.7}
    },
    "field_mask": {"paths": ["voice"]}
  }'
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as served, Platform(served).open() as one:
        yield one


def without_times(agent: Json) -> Json:
    return {name: value for name, value in agent.items() if name not in ("updated_at", "version")}


# --- the document's examples ----------------------------------------------------------------------------------------


def test_step_1_creates_an_agent(platform: Platform) -> None:
    told = platform.run(CREATE)
    created = re.fullmatch(r"Created agent: (agent_[0-9a-z]{26})\n", told)
    assert created is not None
    agent = platform.http.get(f"/v1/agents/{created[1]}").json()["agent"]
    assert agent["instructions"] == "You are a friendly order support agent for Acme Corp."
    assert agent["voice"] == {"voice_id": "eve", "vad_threshold": 0.5, "vad_silence_duration_ms": 300}
    assert [tool["type"] for tool in agent["tools"]] == ["function", "web_search"]
    assert agent["tools"][0]["function"]["parameters"]["required"] == ["order_id"]


def test_step_2_purchases_a_number_and_assigns_it_and_the_name_stays(platform: Platform) -> None:
    told = platform.run(CREATE + PURCHASE_AND_ASSIGN)
    number, agent_id = re.findall(r"^Assigned (\+1415555\d{4}) to (agent_\w+)$", told, re.MULTILINE)[0]
    assert f"Purchased: {number}\n" in told
    agent = platform.http.get(f"/v1/agents/{agent_id}").json()["agent"]
    assert agent["name"] == "Order Support"
    assert agent["version"] == 1
    phone = platform.http.get(f"/v1/phone-numbers/{agent['phone_number_id']}").json()["phone_number"]
    assert (phone["phone_number"], phone["agent_id"], phone["origin"]) == (number, agent_id, "simulated")


def test_step_3_configures_a_realtime_session_from_the_agent(platform: Platform) -> None:
    agent = platform.create(voice={"voice_id": "ara"}, tools=[{"type": "web_search"}], instructions="Be brief.")
    went_on = USE_IN_A_SESSION.replace("# Now stream audio...", READ_UNTIL_UPDATED)
    told = platform.run(went_on, agent_id=agent["agent_id"])
    assert "Session configured. Ready to stream audio." in told
    assert '"type": "session.updated"' in told
    assert '"Be brief."' in told


def test_the_curl_example_changes_the_voice_and_everything_else_stays_the_same(platform: Platform) -> None:
    agent = platform.create(
        instructions="Be brief.", voice={"voice_id": "eve", "vad_threshold": 0.5, "vad_silence_duration_ms": 300}
    )
    platform.run(PATCH_VOICE, agent_id=agent["agent_id"])
    changed = {"voice": {"voice_id": "leo", "vad_threshold": 0.7}, "voice_id": "leo"}
    assert without_times(platform.get(agent)) == without_times(agent) | changed


def test_a_mask_of_instructions_with_an_empty_agent_clears_the_instructions(platform: Platform) -> None:
    agent = platform.create(instructions="Be brief.", language="pt-BR")
    answer = platform.patch(agent, {"agent": {}, "field_mask": {"paths": ["instructions"]}})
    assert answer.status_code == 200
    cleared = {"instructions": "", "system_prompt": ""}
    assert without_times(platform.get(agent)) == without_times(agent) | cleared


# --- field masks ----------------------------------------------------------------------------------------------------


CHANGES: list[Any] = [
    pytest.param({"agent": {"name": "B"}}, {"name": "B"}, id="without a mask what is given is changed"),
    pytest.param({"name": "B"}, {"name": "B"}, id="without an agent the fields stand beside each other"),
    pytest.param({"agent": {"name": "B", "max_turns": 9}, "field_mask": {"paths": ["name"]}}, {"name": "B"},
                 id="what is given but not masked stays"),
    pytest.param({"agent": {"name": "B"}, "field_mask": {"paths": []}}, {"name": "B"}, id="an empty mask is none"),
    pytest.param({"agent": {"name": "B"}, "fieldMask": "name,maxTurns"}, {"name": "B", "max_turns": None},
                 id="a proto-JSON mask is a text with commas and camelCase"),
    pytest.param({"agent": {"voice": {"voiceId": "sal", "vadSilenceDurationMs": 250}}, "fieldMask": {"paths": "voice"}},
                 None, id="a mask whose paths are a text is refused"),
    pytest.param({"agent": {"voice": {"voiceId": "sal", "vadSilenceDurationMs": 250}}},
                 {"voice_id": "sal",
                  "voice": {"voice_id": "sal", "vad_threshold": 0.5, "vad_silence_duration_ms": 250}},
                 id="camelCase is taken, and the voice object is replaced whole"),
    pytest.param({"agent": {}, "field_mask": {"paths": ["voice"]}},
                 {"voice": {"voice_id": "eve", "vad_threshold": 0.5}, "voice_id": "eve"},
                 id="a cleared voice is that of a new agent"),
    pytest.param({"agent": {}, "field_mask": {"paths": ["tools", "collection_ids", "greeting", "metadata"]}},
                 {"tools": [], "collection_ids": [], "greeting": None, "metadata": {}},
                 id="several fields are cleared at once"),
    pytest.param({"agent": {"greeting": None}}, {"greeting": None}, id="null clears"),
    pytest.param({"system_prompt": "Be long."}, {"instructions": "Be long.", "system_prompt": "Be long."},
                 id="the system prompt is the instructions"),
    pytest.param({"voice_id": "ara"},
                 {"voice_id": "ara",
                  "voice": {"voice_id": "ara", "vad_threshold": 0.3, "vad_silence_duration_ms": 900}},
                 id="the voice's id by itself leaves the turn detection"),
    pytest.param({"status": "paused"}, {"status": "paused"}, id="an agent is paused"),
    pytest.param({"voice": {"voice_id": "rex"}},
                 {"voice": {"voice_id": "rex", "vad_threshold": 0.5}},
                 id="another turn detection leaves the limits of pauses"),
    pytest.param({"callerSilence": {"afterMs": 5000}, "fillers": None},
                 {"caller_silence": {"after_ms": 5000, "reengagements": 2, "goodbye": None},
                  "fillers": dict.fromkeys(("late_reply_ms", "late_tool_ms", "reply_words", "tool_words"))},
                 id="what is left out of a policy is as on a new agent"),
    pytest.param({"agent": {},
                  "field_mask": "interruption,endpointing,speculation,caller_silence,noise_reduction,recording"},
                 {"interruption": "confirmed", "speculation": True, "caller_silence": None, "noise_reduction": None,
                  "recording": None,
                  "endpointing": {"shortest_pause_ms": None, "longest_pause_ms": None}},
                 id="a cleared conduct is that of a new agent"),
    pytest.param({"agent": {"agentId": "agent_1", "unknown": 1}}, {}, id="unknown fields are ignored"),
    pytest.param({}, {}, id="nothing asked for changes nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "changes"), CHANGES)
def test_a_change(platform: Platform, body: Json, changes: Json | None) -> None:
    agent = platform.create(**FULL)
    answer = platform.patch(agent, body)
    assert answer.status_code == (400 if changes is None else 200), answer.text
    assert without_times(platform.get(agent)) == without_times(agent) | (changes or {})


def test_an_agent_sent_back_as_it_came_is_the_same_agent(platform: Platform) -> None:
    agent = platform.create(**FULL)
    answer = platform.patch(agent, {"agent": agent})
    assert answer.status_code == 200
    assert platform.get(agent) == agent


REFUSED_CHANGES: list[Any] = [
    pytest.param({"agent": {}, "field_mask": {"paths": ["name"]}}, "agent.name", id="the name cannot be cleared"),
    pytest.param({"agent": {"name": None}}, "agent.name", id="the name cannot be null"),
    pytest.param({"agent": {"instructions": "x"}, "field_mask": {"paths": ["name", "instructions"]}}, "agent.name",
                 id="a change that clears the name changes nothing else either"),
    pytest.param({"agent": {"name": "B"}, "field_mask": {"paths": ["name", "nmae"]}}, "field_mask.paths[1]",
                 id="an unknown path is named"),
    pytest.param({"agent": {"name": "B"}, "fieldMask": {"paths": ["agent_id"]}}, "fieldMask.paths[0]",
                 id="a path that is not for clients is named in the client's spelling"),
    pytest.param({"agent": {"voice": {"vad_threshold": 1.5}}}, "agent.voice.vad_threshold",
                 id="a threshold over 1 is named by its path"),
    pytest.param({"agent": {"voice": {"vadThreshold": "loud"}}}, "agent.voice.vadThreshold",
                 id="a wrong type is named by its path in the client's spelling"),
    pytest.param({"agent": {"voice": {"voiceId": " "}}}, "agent.voice.voiceId",
                 id="a blank voice is named by its path"),
    pytest.param({"agent": {"callerSilence": {"afterMs": 8000, "goodbye": " "}}}, "agent.callerSilence.goodbye",
                 id="a goodbye without words is named by its path in the client's spelling"),
    pytest.param({"agent": {"name": "B"}, "name": "C"}, "agent", id="fields within the agent and beside it"),
    pytest.param({"instructions": "a", "system_prompt": "b"}, "system_prompt", id="two texts that disagree"),
    pytest.param({"agent": []}, "agent", id="an agent that is no object"),
    pytest.param({"field_mask": 3}, "field_mask", id="a mask that is a number"),
    pytest.param({"status": "deleted"}, "status", id="deleting by status"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "param"), REFUSED_CHANGES)
def test_a_refused_change_names_the_field_and_changes_nothing(platform: Platform, body: Json, param: str) -> None:
    agent = platform.create(**FULL)
    answer = platform.patch(agent, body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert platform.get(agent) == agent
