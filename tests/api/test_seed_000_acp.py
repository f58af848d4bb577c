"""Seed 000, the ACP API: its request with only host and key changed, the call that follows, its sibling endpoints."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.acp_client import Json, client, made_agent, opened, sent, session_of
from tests.serving import KEY, Served, scripted_settings, serving
from tests.transports.endpoint_serving import as_base64, calling, send, speech, type_text, until
from websockets.exceptions import InvalidStatus

from vivavoce.config import PlatformSettings
from vivavoce.services.callers import Caller
from vivavoce.services.sessions import SessionLimits
from vivavoce.services.upstream_xai import UpstreamXaiSettings
from vivavoce.store.records import FIRST_ORGANISATION

XAI_KEY = "xai-0123456789-abcdef"
SECRET = {"value": "xai-realtime-client-secret-abc123", "expires_at": 1_900_000_000}

DOCUMENTED = {
    "voiceSession": {
        "id",
        "agentId",
        "threadId",
        "bindingId",
        "provider",
        "channel",
        "status",
        "xaiCallId",
        "xaiSessionId",
        "fromNumber",
        "toNumber",
        "startedAt",
        "endedAt",
        "durationSeconds",
        "metadata",
    },
    "xai": {"realtimeUrl", "clientSecret", "websocketProtocol", "sessionUpdate"},
}
"""Every field that the document's table lists."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("acp"))) as one:
        yield one


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with client(served) as one:
        yield one


def written(served: Served, session_id: str) -> None:
    """Return when all that was said so far in a call is in the store."""
    running = served.server._platform
    assert running is not None

    async def flush() -> None:
        sessions = running.platform.sessions
        session = await sessions.get(Caller(FIRST_ORGANISATION), session_id)
        thread = await sessions.thread_of(session)
        await running.transcripts.recorder(session, thread, running.platform.now()).flush()

    served.inside(flush)


# --- the document's request -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({"authorization": f"Bearer {KEY}"}, id="with the bearer authentication of the document"),
        pytest.param({"x-api-key": KEY}, id="with the header that the vendor's browser client sends"),
    ],
)
def test_the_documents_request_is_answered_with_every_documented_field(served: Served, header: Json) -> None:
    with client(served) as http:
        agent = made_agent(http)
    url = f"{served.url}/v1/voice-agents/agents/{agent}/sessions"
    answer = httpx.post(url, headers=header, json={"title": "Voice session with Ada"}, trust_env=False)
    assert answer.status_code == 201
    body = answer.json()
    assert {"voiceSession", "thread", "xai"} <= body.keys()
    for part, names in DOCUMENTED.items():
        assert names <= body[part].keys()
    session, thread, xai = body["voiceSession"], body["thread"], body["xai"]
    assert (session["agentId"], session["provider"], session["channel"]) == (agent, "xai", "web")
    assert (session["status"], session["startedAt"], session["endedAt"]) == ("initializing", None, None)
    assert (session["threadId"], thread["title"]) == (thread["id"], "Voice session with Ada")
    assert xai["realtimeUrl"] == served.websocket_url
    assert type(xai["clientSecret"]["expiresAt"]) is int
    assert xai["clientSecret"]["expiresAt"] > time.time()
    assert xai["websocketProtocol"] == f"xai-client-secret.{xai['clientSecret']['value']}"


def test_the_body_may_be_left_out_since_it_is_optional(http: httpx.Client) -> None:
    agent = made_agent(http)
    bodies: list[dict[str, Any]] = [{}, {"json": {}}, {"json": {"nobody": "knows this"}}, {"json": {"threadId": None}}]
    for body in bodies:
        assert http.post(f"/v1/voice-agents/agents/{agent}/sessions", **body).status_code == 201


def test_the_session_update_carries_what_the_agent_is(http: httpx.Client) -> None:
    agent = made_agent(
        http,
        voiceId="ara",
        voiceInstructions="Speak slowly.",
        voiceLanguageHint="pt-BR",
        voiceTurnDetection={"type": "server_vad", "threshold": 0.6, "silenceDurationMs": 400},
        voicePronunciationReplacements={"SQL": "sequel"},
    )
    update = opened(http, agent)["xai"]["sessionUpdate"]
    assert update["type"] == "session.update"
    session = update["session"]
    assert session["instructions"] == "Be brief.\n\nSpeak slowly."
    assert session["voice"] == "ara"
    assert session["turn_detection"]["type"] == "server_vad"
    assert (session["turn_detection"]["threshold"], session["turn_detection"]["silence_duration_ms"]) == (0.6, 400)
    assert session["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert session["audio"]["output"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert session["audio"]["input"]["transcription"] == {"model": "scripted", "language_hint": "pt-BR"}
    assert session["replace"] == {"SQL": "sequel"}


# --- the call -------------------------------------------------------------------------------------------------------


async def held_call(way: Json, spoken: bytes | None) -> str:
    """What a browser does: one sub-protocol and no key, the update as it is, then a question. The answer's words."""
    protocol = way["websocketProtocol"]
    async with calling(way["realtimeUrl"], subprotocols=[protocol]) as ws:
        assert ws.subprotocol == protocol
        await ws.send(json.dumps(way["sessionUpdate"]))
        await until(ws, "session.updated")
        if spoken is None:
            await type_text(ws, "What time is it?")
        else:
            await send(ws, "input_audio_buffer.append", audio=as_base64(spoken))
        frames = await until(ws, "response.done")
    told = [each for each in frames if isinstance(each, dict)]
    assert any(each["type"] == "response.output_audio.delta" for each in told)
    return str(next(each for each in told if each["type"] == "response.output_audio_transcript.done")["transcript"])


@pytest.mark.parametrize(
    ("spoken", "answer"),
    [
        pytest.param(None, "You said: What time is it?", id="a typed question is answered"),
        pytest.param(speech(), "You said: Hello, can you hear me?", id="a spoken question is answered"),
    ],
)
def test_the_realtime_connection_gives_a_working_call(
    served: Served, http: httpx.Client, spoken: bytes | None, answer: str
) -> None:
    made = opened(http, made_agent(http, voiceTurnDetection={"type": "server_vad"}))
    assert asyncio.run(held_call(made["xai"], spoken)) == answer
    written(served, made["voiceSession"]["id"])
    found = session_of(http, made["voiceSession"]["id"])
    assert found["voiceSession"]["status"] == "active"
    assert found["voiceSession"]["startedAt"] is not None
    assert [said["role"] for said in found["thread"]["messages"]] == ["user", "assistant"]
    assert found["thread"]["messages"][1]["content"] == answer


def test_a_semantic_agent_without_the_voice_it_asks_for_is_called_all_the_same(http: httpx.Client) -> None:
    made = opened(http, made_agent(http, voiceId="nobody-here", voiceTurnDetection={"type": "semantic_vad"}))
    assert made["xai"]["sessionUpdate"]["session"]["voice"] == "eve"
    assert asyncio.run(held_call(made["xai"], speech())) == "You said: Hello, can you hear me?"


def test_the_secret_of_one_session_opens_no_other(http: httpx.Client, served: Served) -> None:
    agent = made_agent(http)
    first, second = opened(http, agent), opened(http, agent)
    url = f"ws://127.0.0.1:{served.port}/v1/sessions/{second['voiceSession']['id']}/stream"

    async def intrude() -> int:
        with pytest.raises(InvalidStatus) as caught:
            async with calling(url, subprotocols=[first["xai"]["websocketProtocol"]]):
                pass
        return caught.value.response.status_code

    assert asyncio.run(intrude()) == 401
    refused = http.get("/v1/voice-agents", headers={"authorization": f"Bearer {first['xai']['clientSecret']['value']}"})
    assert refused.status_code == 401


def test_a_thread_goes_on_in_the_next_session(served: Served, http: httpx.Client) -> None:
    agent = made_agent(http)
    first = opened(http, agent, title="Support")
    asyncio.run(held_call(first["xai"], None))
    written(served, first["voiceSession"]["id"])
    second = opened(http, agent, threadId=first["thread"]["id"])
    assert second["thread"]["id"] == first["thread"]["id"]
    assert second["thread"]["messageCount"] == 2
    listed = http.get("/v1/voice-agents/sessions", params={"threadId": first["thread"]["id"]}).json()
    assert [each["id"] for each in listed["data"]] == [made["voiceSession"]["id"] for made in (second, first)]


# --- xAI as an upstream ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Upstream:
    """Answers every request with the same, and keeps the keys that it was shown."""

    url: str
    authorizations: list[str | None] = field(default_factory=list)


@contextmanager
def one_answer_server(status: int, body: Json) -> Iterator[Upstream]:
    told = json.dumps(body).encode()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            upstream.authorizations.append(self.headers["authorization"])
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        upstream = Upstream(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, name="upstream")
        thread.start()
        try:
            yield upstream
        finally:
            server.shutdown()
            thread.join()


def brokering(directory: Path, base_url: str) -> Any:
    upstream = UpstreamXaiSettings(XAI_KEY, base_url)
    return scripted_settings(directory, platform=PlatformSettings(upstream_xai=upstream))


def test_with_a_key_of_xai_the_call_is_brokered_to_xai(tmp_path: Path) -> None:
    with (
        one_answer_server(200, SECRET) as upstream,
        serving(brokering(tmp_path, upstream.url)) as served,
        client(served) as http,
    ):
        agent = made_agent(http, voiceId="Ara", voiceModel="grok-voice-latest")
        made = opened(http, agent)
        xai = made["xai"]
        host = upstream.url.removeprefix("http")
        assert xai["realtimeUrl"] == f"ws{host}/v1/realtime?model=grok-voice-latest"
        assert xai["clientSecret"] == {"value": SECRET["value"], "expiresAt": SECRET["expires_at"]}
        assert xai["websocketProtocol"] == f"xai-client-secret.{SECRET['value']}"
        assert xai["sessionUpdate"]["session"]["voice"] == "Ara"
        assert xai["sessionUpdate"]["session"]["turn_detection"]["type"] == "server_vad"
        assert xai["sessionUpdate"]["session"]["audio"]["input"]["transcription"]["model"] == "grok-transcribe"
        assert XAI_KEY not in json.dumps(made)
        assert upstream.authorizations == [f"Bearer {XAI_KEY}"]
        # The server hears nothing of that call but what the client appends; with the first of it, the call has begun.
        session_id = made["voiceSession"]["id"]
        assert sent(http, session_id, "user", "hello", client_transcript_id="t1", item_id="item_1")[0] == 201
        assert session_of(http, session_id)["voiceSession"]["status"] == "active"
        # What was said in it is new to the next call.
        update = opened(http, agent, threadId=made["thread"]["id"])["xai"]["sessionUpdate"]
        assert "user: hello" in update["session"]["instructions"]
        # An agent that is to be held here is, whatever the server has a key of.
        own = made_agent(http, voiceProvider="vivavoce")
        assert opened(http, own)["xai"]["realtimeUrl"] == served.websocket_url


def test_an_upstream_that_refuses_is_told_as_a_bad_gateway_in_the_shape_of_acp(tmp_path: Path) -> None:
    with (
        one_answer_server(401, {"error": "no"}) as upstream,
        serving(brokering(tmp_path, upstream.url)) as served,
        client(served) as http,
    ):
        agent = made_agent(http)
        answer = http.post(f"/v1/voice-agents/agents/{agent}/sessions")
        assert answer.status_code == 502
        body = answer.json()
        assert (body["error"], body["code"]) == ("Bad Gateway", "upstream_failed")
        assert "Check the key" in body["message"]
        assert XAI_KEY not in answer.text
        [failed] = http.get("/v1/voice-agents/sessions", params={"agentId": agent}).json()["data"]
        assert failed["status"] == "failed"


# --- transcripts ----------------------------------------------------------------------------------------------------


def test_a_message_is_kept_once_however_often_it_is_appended(http: httpx.Client) -> None:
    session_id = opened(http, made_agent(http))["voiceSession"]["id"]
    first = sent(http, session_id, "user", "hello", client_transcript_id="voice-transcript-1")
    again = sent(http, session_id, "user", "hello", client_transcript_id="voice-transcript-1")
    other = sent(http, session_id, "user", "hello", client_transcript_id="voice-transcript-2")
    assert (first[0], first[1]["created"]) == (201, True)
    assert (again[0], again[1]) == (200, first[1] | {"created": False})
    assert other[1]["created"] is True
    flat = {"role": "assistant", "content": "Hi.", "clientTranscriptId": "a"}
    answers = [http.post(f"/v1/voice-agents/sessions/{session_id}/messages", json=flat).json() for _ in range(2)]
    assert [answer["created"] for answer in answers] == [True, False]
    assert len(session_of(http, session_id)["thread"]["messages"]) == 3


def test_two_sessions_of_a_thread_may_call_their_messages_the_same(http: httpx.Client) -> None:
    agent = made_agent(http)
    first = opened(http, agent)
    second = opened(http, agent, threadId=first["thread"]["id"])
    kept = [
        sent(http, made["voiceSession"]["id"], "user", "hello", client_transcript_id="1")[1] for made in (first, second)
    ]
    assert [each["created"] for each in kept] == [True, True]


async def call_and_append(
    served: Served, http: httpx.Client, made: Json, *, with_item: bool, after_call: bool
) -> list[bool]:
    """Hold a call as the vendor's client does: append each transcript with the event that brought it."""
    way, session_id = made["xai"], made["voiceSession"]["id"]
    heard: list[tuple[str, Json]] = []
    created: list[bool] = []

    async def append(role: str, event: Json) -> None:
        extra = {"item_id": event["item_id"]} if with_item else {}
        name = f"voice-transcript-{len(created)}"
        answer = await asyncio.to_thread(
            sent, http, session_id, role, event["transcript"], client_transcript_id=name, **extra
        )
        created.append(answer[1]["created"])

    async with calling(way["realtimeUrl"], subprotocols=[way["websocketProtocol"]]) as ws:
        await ws.send(json.dumps(way["sessionUpdate"]))
        await send(ws, "input_audio_buffer.append", audio=as_base64(speech()))
        for role, kind in (
            ("user", "conversation.item.input_audio_transcription.completed"),
            ("assistant", "response.output_audio_transcript.done"),
        ):
            event = (await until(ws, kind))[-1]
            assert isinstance(event, dict)
            heard.append((role, event))
            if not after_call:
                await append(role, event)
        await until(ws, "response.done")
    if after_call:
        written(served, session_id)
        for role, event in heard:
            await append(role, event)
    return created


@pytest.mark.parametrize(
    ("with_item", "after_call"),
    [
        pytest.param(True, False, id="appended at once with the item's id, as the vendor's client does"),
        pytest.param(True, True, id="appended after the call with the item's id"),
        pytest.param(False, True, id="appended after the call with its words alone"),
    ],
)
def test_what_the_server_wrote_down_itself_is_not_kept_twice(
    served: Served, http: httpx.Client, with_item: bool, after_call: bool
) -> None:
    made = opened(http, made_agent(http, voiceTurnDetection={"type": "server_vad"}))
    created = asyncio.run(call_and_append(served, http, made, with_item=with_item, after_call=after_call))
    if after_call:
        assert created == [False, False]
    session_id = made["voiceSession"]["id"]
    written(served, session_id)
    said = session_of(http, session_id)["thread"]["messages"]
    assert sorted(each["role"] for each in said) == ["assistant", "user"]


# --- grounding ------------------------------------------------------------------------------------------------------


def test_grounding_tells_the_newest_definition_and_what_was_written_elsewhere(http: httpx.Client) -> None:
    agent = made_agent(http)
    made = opened(http, agent, communicatorMode=True)
    assert made["communicator"]["enabled"] is True
    path = f"/v1{made['communicator']['groundingUrl']}"
    assert http.get(path).json()["sessionUpdate"] == made["xai"]["sessionUpdate"]
    assert asyncio.run(held_call(made["xai"], None))
    assert http.get(path).json()["sessionUpdate"] == made["xai"]["sessionUpdate"], "the call knows what it said"
    other = opened(http, agent, threadId=made["thread"]["id"])["voiceSession"]["id"]
    sent(http, other, "assistant", "The report is ready.", client_transcript_id="r")
    sent(http, made["voiceSession"]["id"], "user", "Please use metric units.", client_transcript_id="u")
    http.patch(f"/v1/voice-agents/agents/{agent}", json={"voiceInstructions": "Whisper.", "voiceId": "ara"})
    session = http.get(path).json()["sessionUpdate"]["session"]
    assert session["voice"] == "ara"
    assert re.search(
        r"^Be brief\.\n\nWhisper\.\n\n.*\nassistant: The report is ready\.\nuser: Please use metric units\.$",
        session["instructions"],
    )


# --- ends and statuses ----------------------------------------------------------------------------------------------


def test_a_session_ends_once(http: httpx.Client) -> None:
    made = opened(http, made_agent(http))
    session_id = made["voiceSession"]["id"]
    asyncio.run(held_call(made["xai"], None))
    ends = [http.post(f"/v1/voice-agents/sessions/{session_id}/end", json=body) for body in ({}, {"reason": "again"})]
    assert [end.status_code for end in ends] == [200, 200]
    first, second = (end.json()["voiceSession"] for end in ends)
    assert first == second
    assert first["status"] == "completed"
    assert first["durationSeconds"] >= 0
    status, told = sent(http, session_id, "user", "too late", client_transcript_id="late")
    assert (status, told["code"]) == (409, "session_over")


def test_a_session_that_never_began_is_cancelled(http: httpx.Client) -> None:
    session_id = opened(http, made_agent(http))["voiceSession"]["id"]
    ended = http.post(f"/v1/voice-agents/sessions/{session_id}/end").json()["voiceSession"]
    assert (ended["status"], ended["durationSeconds"]) == ("cancelled", None)


def test_an_expired_session_is_completed_and_says_so_in_its_metadata(tmp_path: Path) -> None:
    limits = SessionLimits(lifetime_seconds=0.0)
    settings = scripted_settings(tmp_path, platform=PlatformSettings(limits=limits))
    with serving(settings) as served, client(served) as http:
        session_id = opened(http, made_agent(http))["voiceSession"]["id"]
        found = session_of(http, session_id)["voiceSession"]
        assert (found["status"], found["metadata"]) == ("completed", {"end_reason": "expired"})


@pytest.mark.parametrize(
    "mode", [pytest.param("off", id="one that takes none at all"), pytest.param("phone", id="one that is only phoned")]
)
def test_an_agent_that_takes_no_calls_from_browsers_says_how_to_change_that(http: httpx.Client, mode: str) -> None:
    agent = made_agent(http, voiceMode=mode)
    refused = http.post(f"/v1/voice-agents/agents/{agent}/sessions")
    assert (refused.status_code, refused.json()["code"]) == (409, "voice_mode_off")
    assert "PATCH" in refused.json()["message"]
    http.patch(f"/v1/voice-agents/agents/{agent}", json={"voiceMode": "web_and_phone"})
    assert http.post(f"/v1/voice-agents/agents/{agent}/sessions").status_code == 201
