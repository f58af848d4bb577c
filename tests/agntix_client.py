"""A server that speaks the API of Agntix, and what its tests ask of it again and again. Owned by the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import KEY, Served, scripted_settings, serving
from vivavoce.agents.identifiers import Kind, parse
from vivavoce.config import PlatformSettings
from vivavoce.services.livekit_tokens import LiveKitSettings

LIVEKIT = LiveKitSettings("wss://livekit.example", "APIkey", "a-secret-of-at-least-thirty-two-bytes")
DOCUMENTED_AGENT = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
SPEAKING = {"voiceEnabled": True, "voicePipelineMode": "pipeline"}
AS_JSON = {"content-type": "application/json"}
MADE = {"fullName": "Receptionist", "description": "Answers calls", "role": "You are a receptionist."}

Json = dict[str, Any]


@contextmanager
def serving_agntix(data: Path) -> Iterator[Served]:
    """A server with LiveKit keys, and an agent that has the id that the document names."""
    with serving(scripted_settings(data, platform=PlatformSettings(livekit=LIVEKIT))) as served:
        with pytest.MonkeyPatch.context() as patch, client_of(served) as http:
            patch.setattr("vivavoce.store.agents.new_identifier", lambda *_: parse(Kind.AGENT, DOCUMENTED_AGENT))
            assert http.post("/v2/chat/agents", json=MADE | SPEAKING).json()["id"] == DOCUMENTED_AGENT
        yield served


def client_of(served: Served) -> httpx.Client:
    return httpx.Client(base_url=served.url, headers={"x-api-key": KEY}, trust_env=False, timeout=30)


def agent(http: httpx.Client, **changes: Any) -> str:
    made = http.post("/v2/chat/agents", json=MADE | SPEAKING | changes)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def opened(http: httpx.Client, agent_id: str = DOCUMENTED_AGENT) -> Json:
    answer = http.post("/v1/voice/sessions", json={"agentId": agent_id})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def chat(http: httpx.Client, agent_id: str = DOCUMENTED_AGENT, **more: Any) -> Json:
    answer = http.post("/v1/chat/chat/sessions", json={"agentId": agent_id} | more)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an error, whose envelope must be the documented one."""
    told = answer.json()["error"]
    assert {"code", "message", "requestId"} <= told.keys() <= {"code", "message", "requestId", "param"}
    assert told["message"]
    assert told["requestId"] == answer.headers["x-request-id"]
    return answer.status_code, told["code"]
