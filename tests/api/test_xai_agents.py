"""Agents through the xAI API: limits, bad input, pages, deletion."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.xai_client import FULL, Json, Platform
from tests.serving import KEY, scripted_settings, serving
from websockets.sync.client import connect


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as served, Platform(served).open() as one:
        yield one


# --- limits and bad input -------------------------------------------------------------------------------------------


def tools(count: int) -> list[Json]:
    return [{"type": "function", "function": {"name": f"tool_{number}"}} for number in range(count)]


AT_THE_LIMIT: list[Any] = [
    pytest.param({"name": "n" * 255}, {"name": "n" * 256}, "name", "255", id="name"),
    pytest.param({"instructions": "i" * 256_000}, {"instructions": "i" * 256_001}, "instructions", "256000",
                 id="instructions"),
    pytest.param({"tools": tools(200)}, {"tools": tools(201)}, "tools", "200", id="tools"),
    pytest.param({"metadata": {"m": "x" * 16_375}}, {"metadata": {"m": "x" * 16_377}}, "metadata", "16384",
                 id="metadata"),
    pytest.param({"voice": {"vad_silence_duration_ms": 10_000}}, {"voice": {"vad_silence_duration_ms": 10_001}},
                 "voice.vad_silence_duration_ms", "10000", id="silence"),
    pytest.param({"voice": {"vad_threshold": 0}}, {"voice": {"vad_threshold": -0.1}}, "voice.vad_threshold", "0",
                 id="threshold"),
]  # fmt: skip


def test_ten_collections_fit_and_eleven_are_told_the_limit(platform: Platform) -> None:
    named = [{"collection_name": f"c{number}"} for number in range(11)]
    ids = [platform.http.post("/v1/collections", json=each).json()["collection_id"] for each in named]
    assert platform.create(collectionIds=ids[:10])["collection_ids"] == ids[:10]
    answer = platform.http.post("/v1/agents", json={"name": "A", "collectionIds": ids})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, "collectionIds")
    assert "10" in error["message"]


@pytest.mark.parametrize(("fits", "is_too_much", "param", "limit"), AT_THE_LIMIT)
def test_what_is_at_the_limit_fits_and_what_is_over_it_is_told_the_limit(
    platform: Platform, fits: Json, is_too_much: Json, param: str, limit: str
) -> None:
    platform.create(**fits)
    answer = platform.http.post("/v1/agents", json={"name": "A"} | is_too_much)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert limit in answer.json()["error"]["message"]


BAD_BODIES: list[Any] = [
    pytest.param("{}", "name", id="no name"),
    pytest.param('{"name": " "}', "name", id="a blank name"),
    pytest.param('{"name": 5}', "name", id="a name that is a number"),
    pytest.param('{"name": "a\\u0000b"}', "name", id="a name with a NUL"),
    pytest.param('{"name": "\\ud800"}', "name", id="a name with half of a surrogate pair"),
    pytest.param('{"name": "A", "tools": {}}', "tools", id="tools that are an object"),
    pytest.param('{"name": "A", "tools": [5]}', "tools[0]", id="a tool that is a number"),
    pytest.param('{"name": "A", "tools": [{"type": "teleport"}]}', "tools[0].type", id="an unknown kind of tool"),
    pytest.param('{"name": "A", "tools": [{"type": "web_search"}, {"type": "function", "function": {}}]}',
                 "tools[1].function.name", id="a function without a name"),
    pytest.param('{"name": "A", "tools": [{"type": "mcp", "x": "\\ud800"}]}', "tools[0]",
                 id="a tool with half of a surrogate pair"),
    pytest.param('{"name": "A", "tools": [{"type": "mcp", "x": "\\u0000"}]}', "tools[0]", id="a tool with a NUL"),
    pytest.param('{"name": "A", "metadata": {"\\ud800": 1}}', "metadata", id="a key with half of a surrogate pair"),
    pytest.param('{"name": "A", "metadata": {"x": ' + "[" * 100 + "]" * 100 + "}}", "metadata",
                 id="metadata that are nested a hundredfold"),
    pytest.param('{"name": "A", "metadata": {"x": NaN}}', "metadata", id="metadata that are no JSON"),
    pytest.param('{"name": "A", "voice": {"vad_threshold": NaN}}', "voice.vad_threshold", id="no number at all"),
    pytest.param('{"name": "A", "voice": {"vad_threshold": "0.5"}}', "voice.vad_threshold", id="a number in quotes"),
    pytest.param('{"name": "A", "voice": {"vad_threshold": true}}', "voice.vad_threshold", id="true for a number"),
    pytest.param('{"name": "A", "voice": "eve"}', "voice", id="a voice that is a text"),
    pytest.param('{"name": "A", "language": "english please"}', "language", id="a language that is none"),
    pytest.param('{"name": "A", "collection_ids": [""]}', "collection_ids[0]", id="an empty collection id"),
    pytest.param('{"name": "A", "max_turns": 0}', "max_turns", id="no turns at all"),
    pytest.param('{"name": "A", "interruption": "never"}', "interruption", id="an interruption of no kind"),
    pytest.param('{"name": "A", "callerSilence": {}}', "callerSilence.after_ms", id="silence without a length"),
    pytest.param('{"name": "A", "callerSilence": {"afterMs": 5}}', "callerSilence.afterMs", id="an agent in a hurry"),
    pytest.param('{"name": "A", "caller_silence": {"after_ms": 5000, "goodbye": " "}}', "caller_silence.goodbye",
                 id="a goodbye without words"),
    pytest.param('{"name": "A", "fillers": {"toolWords": ["Wait.", ""]}}', "fillers.toolWords[1]",
                 id="a filler without words"),
    pytest.param('{"name": "A", "endpointing": {"shortestPauseMs": 5, "longestPauseMs": 4}}',
                 "endpointing.longestPauseMs", id="a longest pause that is the shortest"),
    pytest.param('{"name": "A", "speculation": "yes"}', "speculation", id="yes for true"),
    pytest.param('{"name": "A", "noise_reduction": {"type": "near_field"}}', "noise_reduction",
                 id="noise as sessions have it"),
    pytest.param('{"name": "A", "recording": {"format": "mp3"}}', "recording.format", id="a recording as MP3"),
    pytest.param('{"name": "A", "recording": {"consent": " "}}', "recording.consent", id="a consent without words"),
    pytest.param("[]", None, id="a list"),
    pytest.param("null", None, id="null"),
    pytest.param('"agent"', None, id="a text"),
    pytest.param('{"name": "A"', None, id="half of a body"),
    pytest.param("[" * 50_000, None, id="a body that is nested beyond reading"),
    pytest.param('{"name": "A", "max_turns": 1' + "0" * 5_000 + "}", None, id="a number of five thousand digits"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "param"), BAD_BODIES)
def test_a_bad_body_is_answered_with_400_and_the_path_of_the_field(
    platform: Platform, body: str, param: str | None
) -> None:
    answer = platform.http.post("/v1/agents", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param
    assert answer.json()["error"]["message"]


NOT_THERE = ("agent_abc123def456", "agent_" + "0" * 26, "999999999", "nobody", "%00", "%ED%A0%80", "pn_" + "0" * 26)


@pytest.mark.parametrize("name", NOT_THERE)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_agent_that_is_not_there_is_404(platform: Platform, method: str, name: str) -> None:
    body = {"name": "B"} if method == "PATCH" else None
    answer = platform.http.request(method, f"/v1/agents/{name}", json=body)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "agent_not_found"


# --- list and delete ------------------------------------------------------------------------------------------------


def test_pages_lead_to_every_agent_once_the_newest_first(platform: Platform) -> None:
    made = [platform.create(name=f"Listed {number}")["agent_id"] for number in range(5)]
    seen: list[str] = []
    query: Json = {"limit": 2}
    while True:
        page = platform.http.get("/v1/agents", params=query).json()
        assert page["pagination_token"] == page["next_page_token"]
        seen += [agent["agent_id"] for agent in page["agents"]]
        if not page["has_more"]:
            break
        query["pagination_token"] = page["next_page_token"]
    assert seen[:5] == made[::-1]
    assert len(seen) == len(set(seen))


def test_the_list_shows_what_get_shows_with_the_phone_number(platform: Platform) -> None:
    agent = platform.create(phone_number_id=platform.number()["phone_number_id"])
    page = platform.http.get("/v1/agents", params={"limit": 1}).json()
    assert page["agents"] == [platform.get(agent)]
    assert agent["phone_number_id"] is not None


def test_get_is_the_flat_agent_and_the_same_under_agent(platform: Platform) -> None:
    agent = platform.create(**FULL)
    answer = platform.http.get(f"/v1/agents/{agent['agent_id']}").json()
    assert answer.pop("agent") == answer == agent
    assert answer["id"] == answer["agent_id"].replace("agent_", "agt_")
    assert platform.http.get(f"/v1/agents/{answer['id']}").json()["agent"] == agent


def test_a_deleted_agent_is_gone(platform: Platform) -> None:
    agent = platform.create()
    answer = platform.http.delete(f"/v1/agents/{agent['agent_id']}")
    assert answer.status_code == 200
    told = {"agent_id": agent["agent_id"], "id": agent["id"], "deleted": True, "status": "deleted"}
    assert answer.json() == told
    assert platform.http.get(f"/v1/agents/{agent['agent_id']}").status_code == 404
    assert platform.http.delete(f"/v1/agents/{agent['agent_id']}").status_code == 404


def test_the_same_paths_are_mounted_alone(platform: Platform) -> None:
    agent = platform.create()
    answer = platform.http.get(f"/compat/xai/v1/agents/{agent['agent_id']}")
    assert answer.json()["agent"] == agent
    assert platform.http.get("/compat/xai/v1/voices").status_code == 200


def test_a_request_sent_twice_with_one_idempotency_key_makes_one_agent(platform: Platform) -> None:
    headers = {"Idempotency-Key": "create-once"}
    first, second = (platform.http.post("/v1/agents", json={"name": "Once"}, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


# --- eagerness ------------------------------------------------------------------------------------------------------


def call_of(platform: Platform, agent: Json) -> Json:
    """What a call with the agent begins with: the turn detection in its session object."""
    headers = {"Authorization": f"Bearer {KEY}"}
    address = f"ws{platform.url[4:]}/v1/realtime?agent_id={agent['agent_id']}"
    with connect(address, additional_headers=headers) as socket:
        created = json.loads(socket.recv(timeout=10))
    return dict(created["session"]["audio"]["input"]["turn_detection"])


def test_how_eager_an_agent_is_reaches_its_calls_and_outlives_another_voice(platform: Platform) -> None:
    agent = platform.create(eagerness="low")
    assert agent["eagerness"] == "low"
    assert call_of(platform, agent)["eagerness"] == "low"
    assert platform.patch(agent, {"agent": {"eagerness": "high"}}).json()["agent"]["eagerness"] == "high"
    changed = platform.patch(agent, {"agent": {"voice": {"voice_id": "leo", "vad_threshold": 0.7}}}).json()["agent"]
    assert (changed["voice"]["voice_id"], changed["eagerness"]) == ("leo", "high")
    assert call_of(platform, agent)["eagerness"] == "high"
    versions = platform.http.get(f"/v1/agents/{agent['agent_id']}/versions").json()["versions"]
    assert [each["agent"]["eagerness"] for each in versions] == ["high", "high", "low"]
    restored = platform.http.post(f"/v1/agents/{agent['agent_id']}/versions/1/restore").json()["agent"]
    assert restored["eagerness"] == "low"
    assert platform.patch(agent, {"field_mask": {"paths": ["eagerness"]}}).json()["agent"]["eagerness"] == "auto"


def test_a_fixed_silence_decides_alone_and_the_eagerness_waits_for_its_end(platform: Platform) -> None:
    agent = platform.create(eagerness="low", voice={"vad_silence_duration_ms": 700})
    assert call_of(platform, agent)["type"] == "server_vad"
    assert platform.patch(agent, {"voice": {"voice_id": "eve"}}).json()["agent"]["eagerness"] == "low"
    assert call_of(platform, agent)["eagerness"] == "low"


def test_an_eagerness_that_there_is_not_is_refused_by_name(platform: Platform) -> None:
    answer = platform.http.post("/v1/agents", json={"name": "A", "eagerness": "keen"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "eagerness")
