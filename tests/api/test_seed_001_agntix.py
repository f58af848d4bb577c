"""Seed 001, the API of Agntix: the document's own requests with only host and key changed, and what is around them."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import AsyncGenerator, Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from livekit.api import TokenVerifier
from tests.agntix_client import (
    AS_JSON,
    DOCUMENTED_AGENT,
    LIVEKIT,
    MADE,
    Json,
    agent,
    chat,
    client_of,
    opened,
    refused,
    serving_agntix,
)
from tests.serving import KEY, Served, scripted_settings, serving
from websockets.asyncio.client import connect

from vivavoce.agents.definition import AgentDefinition
from vivavoce.engines.ports import TextGenerated
from vivavoce.services.callers import Caller
from vivavoce.services.chatting import AnswerPart, ChatService
from vivavoce.services.errors import UpstreamFailedError
from vivavoce.store.records import FIRST_ORGANISATION

FIRST_EXAMPLE = """
curl --request POST \\
  --url https://api.agntix.ai/v1/voice/sessions \\
  --header 'Content-Type: application/json' \\
  --header 'x-api-key: <api-key>' \\
  --data '
{
  "agentId": "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
  "metadata": {
    "callerId": "+1-555-000-0001"
  }
}
'
"""
SECOND_EXAMPLE = """
curl -X POST https://api.agntix.ai/v1/voice/sessions \\
  -H "x-api-key: pk_live_••••" \\
  -H "Content-Type: application/json" \\
  -d '{
    "agentId": "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
    "metadata": { "callerId": "+15550001234" }
  }'
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_agntix(tmp_path_factory.mktemp("data")) as one:
        yield one


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with client_of(served) as client:
        yield client


def curl(command: str, served: Served) -> httpx.Response:
    """Send what the command line would send, to this server and with this key."""
    line = command.replace("\\\n", "").replace("https://api.agntix.ai", served.url)
    words = shlex.split(line)[1:]
    method, url, headers, body = "GET", "", {}, ""
    arguments = iter(words)
    for word in arguments:
        match word:
            case "-X" | "--request":
                method = next(arguments)
            case "-H" | "--header":
                name, _, value = next(arguments).partition(": ")
                headers[name] = KEY if name == "x-api-key" else value
            case "-d" | "--data":
                body = next(arguments)
            case "--url":
                url = next(arguments)
            case _:
                url = word
    with httpx.Client(trust_env=False) as client:
        return client.request(method, url, headers=headers, content=body)


# --- the document ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "caller_id"),
    [
        pytest.param(FIRST_EXAMPLE, "+1-555-000-0001", id="the request at the head of the page"),
        pytest.param(SECOND_EXAMPLE, "+15550001234", id="the curl of the code examples"),
    ],
)
def test_the_documents_own_request_opens_a_session(
    served: Served, http: httpx.Client, command: str, caller_id: str
) -> None:
    answer = curl(command, served)
    assert answer.status_code == 201, answer.text
    session = answer.json()
    assert list(session)[:5] == ["id", "agentId", "token", "serverUrl", "createdAt"]
    assert session["id"].startswith("vs_01")
    assert UUID(session["agentId"]) == UUID(DOCUMENTED_AGENT)
    assert session["serverUrl"] == "wss://livekit.example"
    assert session["createdAt"].endswith("Z")
    assert http.get(f"/v1/voice/sessions/{session['id']}").json()["metadata"] == {"callerId": caller_id}


def test_livekits_own_verifier_takes_the_token(http: httpx.Client) -> None:
    session = opened(http)
    claims = TokenVerifier(LIVEKIT.api_key, LIVEKIT.api_secret).verify(session["token"])
    assert claims.video is not None
    assert (claims.video.room, claims.video.room_join) == (session["id"], True)
    assert (claims.video.can_publish, claims.video.can_subscribe) == (True, True)
    assert claims.identity == f"caller-{session['id']}"
    ids = {"sessionId": session["id"], "agentId": session["agentId"]}
    assert json.loads(claims.metadata) == ids
    assert claims.room_config is not None
    dispatched = [(each.agent_name, json.loads(each.metadata)) for each in claims.room_config.agents]
    assert dispatched == [("vivavoce", ids)]


def test_the_clients_words_are_not_in_the_token_that_everybody_in_the_room_reads(http: httpx.Client) -> None:
    body = {"agentId": DOCUMENTED_AGENT, "metadata": {"note": "x" * 10_000}}
    assert len(http.post("/v1/voice/sessions", json=body).json()["token"]) < 2_000


def test_a_client_without_livekit_talks_over_the_websocket_and_the_transcript_is_read_here(
    served: Served, http: httpx.Client
) -> None:
    session = opened(http, agent(http, welcomeMessage="Acme, good day."))
    words = asyncio.run(_asked(session["websocketUrl"], "Is anybody there?"))
    assert words == "You said: Is anybody there?"
    closed = http.post(f"/v1/voice/sessions/{session['id']}/end").json()
    assert (closed["state"], closed["endReason"]) == ("CLOSED", "RESOLVED")
    assert closed["startedAt"] is not None
    page = http.get(f"/v1/chat/chat/sessions/{session['id']}/messages").json()
    said = [(each["role"], each["content"]) for each in page["data"]]
    assert said[0] == ("ASSISTANT", "Acme, good day.")
    assert ("USER", "Is anybody there?") in said
    assert said[-1][0] == "ASSISTANT"
    assert page["pagination"] == {"page": 1, "limit": 50, "total": len(said), "totalPages": 1}
    again = http.get(f"/v1/chat/chat/sessions/{session['id']}").json()
    assert (again["id"], again["type"], again["platform"]) == (session["id"], "VOICE", "VOICE")


async def _asked(url: str, question: str) -> str:
    """The answer to a question that is typed into a call, once the agent has greeted."""
    async with asyncio.timeout(60), connect(url, proxy=None) as socket:
        async for frame in socket:
            event = json.loads(frame)
            if event["type"] == "response.done":
                break
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": question}]}
        await socket.send(json.dumps({"type": "conversation.item.create", "item": item}))
        await socket.send(json.dumps({"type": "response.create"}))
        async for frame in socket:
            event = json.loads(frame)
            if event["type"] == "response.output_audio_transcript.done":
                return str(event["transcript"])
    raise AssertionError("the call ended without an answer")


# --- what an agent needs --------------------------------------------------------------------------------------------

UNFIT = [
    pytest.param({"voiceEnabled": False}, '{"voiceEnabled": true}', id="an agent that is not voice-enabled"),
    pytest.param(
        {"voicePipelineMode": None}, '{"voicePipelineMode": "pipeline"}', id="an agent without a pipeline mode"
    ),
]


@pytest.mark.parametrize(("lacking", "advice"), UNFIT)
def test_who_cannot_speak_gets_no_session_and_the_answer_says_what_to_patch(
    http: httpx.Client, lacking: Json, advice: str
) -> None:
    mute = agent(http, **lacking)
    answer = http.post("/v1/voice/sessions", json={"agentId": mute})
    assert refused(answer) == (400, "SESSION_CREATION_ERROR")
    assert f"PATCH /v2/chat/agents/{mute} with {advice}" in answer.json()["error"]["message"]
    assert http.patch(f"/v2/chat/agents/{mute}", content=advice, headers=AS_JSON).status_code == 200
    assert opened(http, mute)["agentId"] == mute


def test_agents_say_nothing_unless_they_are_told_to(http: httpx.Client) -> None:
    made = http.post("/v2/chat/agents", json=MADE).json()
    assert (made["voiceEnabled"], made["voicePipelineMode"]) == (False, None)


def test_an_agent_of_another_dialect_speaks_without_being_told_to(served: Served, http: httpx.Client) -> None:
    caller = Caller(FIRST_ORGANISATION)
    agents = served.server._app.state.api.platform.agents
    other = served.inside(lambda: agents.create(caller, AgentDefinition("Plain", instructions="Be brief.")))
    assert opened(http, other.agent_id)["agentId"] == opened(http, str(other.seq))["agentId"]
    shown = http.get(f"/v2/chat/agents/{other.agent_id}").json()
    assert (shown["fullName"], shown["systemPrompt"], shown["voiceEnabled"]) == ("Plain", "Be brief.", True)


def test_a_paused_agent_takes_no_sessions(http: httpx.Client) -> None:
    paused = agent(http, isActive=False)
    assert refused(http.post("/v1/voice/sessions", json={"agentId": paused})) == (409, "SESSION_CREATION_ERROR")
    assert http.patch(f"/v2/chat/agents/{paused}", json={"isActive": True}).json()["isActive"] is True
    opened(http, paused)


def test_without_livekit_keys_the_answer_is_409_and_no_session_is_left_behind(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with serving(scripted_settings(tmp_path_factory.mktemp("bare"))) as bare, client_of(bare) as http:
        answer = http.post("/v1/voice/sessions", json={"agentId": agent(http)})
        assert refused(answer) == (409, "LIVEKIT_NOT_CONFIGURED")
        assert "LIVEKIT_API_SECRET" in answer.json()["error"]["message"]
        assert http.get("/v1/voice/sessions").json()["pagination"]["total"] == 0


def test_a_repeated_idempotency_key_opens_no_second_session(http: httpx.Client) -> None:
    body = {"agentId": DOCUMENTED_AGENT}
    first, second = (http.post("/v1/voice/sessions", json=body, headers={"idempotency-key": "once"}) for _ in range(2))
    assert first.json() == second.json()


# --- agents ---------------------------------------------------------------------------------------------------------


def test_an_agent_is_shown_as_it_was_made(http: httpx.Client) -> None:
    body = {
        "fullName": "Customer Support Bot",
        "description": "Handles tier-1 customer queries",
        "role": "You are a helpful, concise support agent for Acme Inc.",
        "language": "pt-BR",
        "systemPrompt": "You specialize in billing.",
        "specialInstructions": "Never promise refunds.",
        "modelId": "96f3b0a3-1234-5678-abcd-ef1234567890",
        "sttModelId": "moonshine",
        "ttsModelId": "kokoro",
        "ttsVoiceId": "ara",
        "voiceEnabled": True,
        "voicePipelineMode": "hybrid",
        "knowledgeStoreId": "store-1",
        "welcomeMessage": "Hello.",
        "welcomeAllowInterruptions": False,
        "isActive": False,
        "isPublic": True,
        "metadata": {"team": "one"},
    }
    tool = {"toolId": "550e8400-e29b-41d4-a716-446655440000", "toolDescription": "Looks up a balance."}
    made = http.post("/v2/chat/agents", json=body | {"tools": [tool], "unknownField": {"is": "ignored"}})
    assert made.status_code == 201, made.text
    shown = http.get(f"/v2/chat/agents/{made.json()['id']}").json()
    assert shown == made.json()
    assert {name: shown[name] for name in body} == body
    assert shown["model"]["id"] == body["modelId"]
    assert shown["agentKnowledgeStore"] == {"knowledgeStoreId": "store-1"}
    assert [each["tool"]["id"] for each in shown["agentTools"]] == [tool["toolId"]]
    assert shown["agentTools"][0]["tool"]["description"] == "Looks up a balance."


def test_an_update_changes_what_it_has_and_null_puts_back(http: httpx.Client) -> None:
    one = agent(http, systemPrompt="Be kind.", ttsVoiceId="ara", specialInstructions="Hurry.")
    changed = http.patch(
        f"/v2/chat/agents/{one}", json={"fullName": "Renamed", "systemPrompt": None, "voiceEnabled": None}
    ).json()
    assert (changed["fullName"], changed["systemPrompt"], changed["voiceEnabled"]) == ("Renamed", "", False)
    assert (changed["ttsVoiceId"], changed["specialInstructions"], changed["role"]) == ("ara", "Hurry.", MADE["role"])
    assert changed["updatedAt"] > changed["createdAt"]


def test_tools_of_an_update_replace_the_former_ones_and_keep_functions_that_are_named_again(
    served: Served, http: httpx.Client
) -> None:
    function = {"type": "function", "name": "look_up", "description": "Looks up.", "parameters": {"type": "object"}}
    definition = AgentDefinition("Other", tools=(function, {"type": "web_search"}))
    agents = served.server._app.state.api.platform.agents
    made = served.inside(lambda: agents.create(Caller(FIRST_ORGANISATION), definition))
    shown = http.get(f"/v2/chat/agents/{made.agent_id}").json()
    assert [each["tool"]["id"] for each in shown["agentTools"]] == ["look_up", "web_search"]
    merged = [{"toolId": each["tool"]["id"]} for each in shown["agentTools"][:1]] + [{"toolId": "new-tool-uuid"}]
    http.patch(f"/v2/chat/agents/{made.agent_id}", json={"tools": merged}).raise_for_status()
    kept = served.inside(lambda: agents.get(Caller(FIRST_ORGANISATION), made.agent_id)).definition.tools
    assert kept == (function, {"type": "tool_reference", "id": "new-tool-uuid"})
    assert http.patch(f"/v2/chat/agents/{made.agent_id}", json={"tools": []}).json()["agentTools"] == []


def test_a_deleted_agent_is_gone_and_its_sessions_are_over(http: httpx.Client) -> None:
    one = agent(http)
    session = opened(http, one)
    gone = http.delete(f"/v2/chat/agents/{one}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert refused(http.get(f"/v2/chat/agents/{one}")) == (404, "AGENT_NOT_FOUND")
    assert http.get(f"/v1/voice/sessions/{session['id']}").json()["state"] == "CLOSED"


@pytest.mark.parametrize("path", ["/v1/chat/agents", "/v2/chat/agents"])
def test_agents_are_listed_searched_and_counted(http: httpx.Client, path: str) -> None:
    for number in range(3):
        agent(http, fullName=f"Listed at {path} {number}", isActive=number != 1)
    found = http.get(path, params={"search": f"listed AT {path}", "limit": 2}).json()
    assert [each["fullName"][-1] for each in found["data"]] == ["2", "1"]
    assert found["pagination"] == {"page": 1, "limit": 2, "total": 3, "totalPages": 2}
    rest = http.get(path, params={"search": f"Listed at {path}", "limit": 2, "page": 2}).json()
    assert [each["fullName"][-1] for each in rest["data"]] == ["0"]
    active = http.get(path, params={"search": f"Listed at {path}", "isActive": True}).json()
    assert [each["fullName"][-1] for each in active["data"]] == ["2", "0"]


def test_page_numbers_outside_the_bounds_are_brought_within_them(http: httpx.Client) -> None:
    told = http.get("/v2/chat/agents", params={"page": -3, "limit": 5_000}).json()["pagination"]
    assert (told["page"], told["limit"]) == (1, 100)
    assert http.get("/v2/chat/agents", params={"page": 10**30, "limit": 0}).json()["data"] == []


# --- sessions -------------------------------------------------------------------------------------------------------


def test_voice_sessions_are_listed_by_agent_and_state(http: httpx.Client) -> None:
    one = agent(http)
    first, second = opened(http, one), opened(http, one)
    chat(http, one)
    http.patch(f"/v1/voice/sessions/{first['id']}/close", json={"reason": "ABANDONED"}).raise_for_status()
    path = "/v1/voice/sessions"
    listed = http.get(path, params={"agentId": one}).json()
    assert [each["id"] for each in listed["data"]] == [second["id"], first["id"]]
    still = http.get(path, params={"agentId": one, "state": "OPEN"}).json()["data"]
    assert [each["id"] for each in still] == [second["id"]]
    over = http.get(path, params={"agentId": one, "state": "CLOSED"}).json()["data"]
    assert [(each["id"], each["endReason"]) for each in over] == [(first["id"], "ABANDONED")]
    both = http.get("/v1/chat/chat/sessions", params={"agentId": one}).json()
    assert [each["type"] for each in both["data"]] == ["CHAT", "VOICE", "VOICE"]
    assert both["pagination"]["total"] == 3
    written = http.get("/v1/chat/chat/sessions", params={"agentId": one, "sessiontype": "CHAT"}).json()
    assert [each["type"] for each in written["data"]] == ["CHAT"]


@pytest.mark.parametrize("reason", ["expired", "broke", "agent_deleted", "RESOLVED"])
def test_a_client_that_closes_a_session_closes_it_well_whatever_it_says(http: httpx.Client, reason: str) -> None:
    session = chat(http)
    closed = http.patch(f"/v1/chat/chat/sessions/{session['id']}/close", json={"reason": reason}).json()
    assert (closed["state"], closed["endReason"]) == ("CLOSED", reason.upper())


def test_ending_twice_changes_nothing(http: httpx.Client) -> None:
    session = opened(http)
    first = http.post(f"/v1/voice/sessions/{session['id']}/end", json={"reason": "DONE"}).json()
    assert http.post(f"/v1/voice/sessions/{session['id']}/end", json={"reason": "AGAIN"}).json() == first


def test_a_chat_session_begins_open_and_keeps_what_it_was_given(http: httpx.Client) -> None:
    made = chat(http, platform="WEB", metadata={"userId": "usr_123", "locale": "en-US"})
    assert made["id"].startswith("ses_")
    assert (made["agentId"], made["platform"], made["state"]) == (DOCUMENTED_AGENT, "WEB", "OPEN")
    assert made["metadata"] == {"userId": "usr_123", "locale": "en-US"}
    assert http.get(f"/v1/chat/chat/sessions/{made['id']}").json()["platform"] == "WEB"
    assert chat(http)["platform"] == "SDK"


def test_a_message_is_answered_whole(http: httpx.Client) -> None:
    path = f"/v1/chat/chat/sessions/{chat(http)['id']}/messages"
    answer = http.post(path, json={"content": "What is my plan?", "stream": False})
    assert answer.status_code == 200
    message = answer.json()
    assert (message["role"], message["content"]) == ("ASSISTANT", "You said: What is my plan?")
    listed = http.get(path).json()["data"]
    assert [(each["role"], each["content"]) for each in listed] == [
        ("USER", "What is my plan?"),
        ("ASSISTANT", "You said: What is my plan?"),
    ]
    assert listed[1]["id"] == message["id"]


@pytest.mark.parametrize("asked", [{}, {"stream": True}], ids=["unless told otherwise", "where it is asked for"])
def test_an_answer_is_streamed(http: httpx.Client, asked: Json) -> None:
    path = f"/v1/chat/chat/sessions/{chat(http)['id']}/messages"
    with http.stream("POST", path, json={"content": "What is my plan?"} | asked) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    events = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    assert "".join(event["delta"] for event in events) == "You said: What is my plan?"
    assert len(events) > 1
    assert {event["id"] for event in events} == {http.get(path).json()["data"][1]["id"]}


def test_a_stream_that_breaks_says_so_and_is_not_done(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    session = chat(http)

    async def breaking(*_: Any, **__: Any) -> AsyncGenerator[AnswerPart]:
        yield TextGenerated("Half an")
        raise UpstreamFailedError("model_failed", "The language model could not answer.")

    monkeypatch.setattr(ChatService, "answer_stream", breaking)
    answer = http.post(f"/v1/chat/chat/sessions/{session['id']}/messages", json={"content": "Hi"})
    first, last = (json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line)
    assert first["delta"] == "Half an"
    assert last["error"]["code"] == "MODEL_FAILED"
    assert last["error"]["requestId"] == answer.headers["x-request-id"]


def test_an_answer_that_cannot_begin_has_a_status_of_its_own(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = chat(http)

    async def failing(*_: Any, **__: Any) -> AsyncGenerator[AnswerPart]:
        for part in [TextGenerated("")][1:]:
            yield part
        raise UpstreamFailedError("model_failed", "The language model could not answer.")

    monkeypatch.setattr(ChatService, "answer_stream", failing)
    answer = http.post(f"/v1/chat/chat/sessions/{session['id']}/messages", json={"content": "Hi"})
    assert refused(answer) == (502, "MODEL_FAILED")


def test_a_chat_goes_on_with_what_was_said_before_in_another_session(http: httpx.Client) -> None:
    first = chat(http)
    ask = {"content": "Remember me.", "stream": False}
    http.post(f"/v1/chat/chat/sessions/{first['id']}/messages", json=ask).raise_for_status()
    second = chat(http, threadId=first["threadId"])
    assert second["threadId"] == first["threadId"]
    assert http.get(f"/v1/chat/chat/sessions/{second['id']}/messages").json()["data"] == []


def test_messages_go_only_to_open_chat_sessions(http: httpx.Client) -> None:
    spoken, written = opened(http), chat(http)
    http.patch(f"/v1/chat/chat/sessions/{written['id']}/close", json={"reason": "RESOLVED"}).raise_for_status()
    ask = {"content": "Hi"}
    assert refused(http.post(f"/v1/chat/chat/sessions/{written['id']}/messages", json=ask)) == (409, "SESSION_EXPIRED")
    assert refused(http.post(f"/v1/chat/chat/sessions/{spoken['id']}/messages", json=ask)) == (400, "INVALID_SESSION")


# --- numbers, voices, models ----------------------------------------------------------------------------------------


def test_phone_numbers_are_kept_and_assigned(http: httpx.Client) -> None:
    body = {"provider": "twilio", "number": "+15550001234", "agentId": DOCUMENTED_AGENT}
    made = http.post("/v1/chat/phone-numbers", json=body)
    assert made.status_code == 201
    number = made.json()
    assert {name: number[name] for name in body} == body
    assert number["id"].startswith("pn_")
    assert refused(http.post("/v1/chat/phone-numbers", json=body)) == (409, "ALREADY_EXISTS")
    other = agent(http)
    changed = http.patch(f"/v1/chat/phone-numbers/{number['id']}", json={"agentId": other}).json()
    assert (changed["agentId"], changed["provider"]) == (other, "twilio")
    listed = http.get("/v1/chat/phone-numbers").json()
    assert [each["agentId"] for each in listed["data"]] == [other]
    assert http.patch(f"/v1/chat/phone-numbers/{number['id']}", json={"agentId": None}).json()["agentId"] is None


def test_voices_models_and_providers_are_listed(http: httpx.Client) -> None:
    voices = http.get("/v1/voice/voices").json()["data"]
    assert {"id", "name", "provider", "language", "gender", "previewUrl"} <= voices[0].keys()
    assert http.get("/v1/voice/voices", params={"language": "en"}).json()["data"] == voices
    assert http.get("/v1/voice/voices", params={"language": "e"}).json()["data"] == []
    assert http.get("/v1/voice/voices", params={"provider": "elsewhere"}).json()["data"] == []
    assert http.get("/v1/voice/voices", params={"provider": voices[0]["provider"]}).json()["data"] == voices
    types = {kind: http.get("/v1/voice/models", params={"type": kind}).json()["data"] for kind in ("TTS", "STT", "STS")}
    assert [len(types[kind]) for kind in ("TTS", "STT", "STS")] == [1, 1, 0]
    assert http.get("/v1/voice/models").json()["data"] == types["TTS"] + types["STT"]
    slugs = {each["slug"] for each in http.get("/v1/voice/providers").json()["data"]}
    assert slugs == {voices[0]["provider"], types["STT"][0]["id"]}
