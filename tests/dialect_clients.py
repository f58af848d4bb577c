"""A small client of each of the five APIs, as their documents describe it: makes an agent, opens a session, asks.

Nothing of the product is imported. A sentence is asked in writing, or aloud as 24 kHz PCM; the answer is the agent's
words. Owned by the test that calls it.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

INSTRUCTIONS = "You are a helpful assistant. Answer in one short sentence."
CHUNK_BYTES = 4_800
ANSWER_SECONDS = 60

DIALECTS = ("acp", "agntix", "xai", "agenthuman", "nuri")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the words, and the same aloud where they are to be heard (24 kHz mono PCM16)."""

    text: str
    audio: bytes | None = None


def make_agent(http: httpx.Client, dialect: str) -> str:
    """The id of a new agent, as the API names it."""
    path, body, where = _CREATIONS[dialect]
    answer = http.post(path, json=body)
    assert answer.is_success, f"{dialect}: {answer.status_code} {answer.text}"
    found: Any = answer.json()
    for step in where:
        found = found[step]
    return str(found)


_CREATIONS: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "acp": (
        "/v1/agents",
        {"name": "Made by ACP", "instructions": INSTRUCTIONS, "voiceMode": "web", "voiceId": "eve"},
        ("id",),
    ),
    "agntix": (
        "/v2/chat/agents",
        {
            "fullName": "Made by Agntix",
            "description": "Answers.",
            "role": "Assistant",
            "systemPrompt": INSTRUCTIONS,
            "voiceEnabled": True,
            "voicePipelineMode": "pipeline",
        },
        ("id",),
    ),
    "xai": (
        "/v1/agents",
        {"name": "Made by xAI", "instructions": INSTRUCTIONS, "voice": {"voice_id": "eve"}},
        ("agent", "agent_id"),
    ),
    "agenthuman": (
        "/api/v1/agents",
        {"name": "Made by AgentHuman", "instructions": INSTRUCTIONS},
        ("agent", "agent_id"),
    ),
    "nuri": (
        "/v1/agents/create",
        {"name": "Made by Nuri", "voice_id": "rachel_v2", "system_prompt": INSTRUCTIONS},
        ("id",),
    ),
}


async def ask(base_url: str, key: str, dialect: str, agent: str, question: Question) -> str:
    """Open a session with an agent over one of the APIs and ask; the words of the answer."""
    headers = {"authorization": f"Bearer {key}"}
    async with (
        asyncio.timeout(ANSWER_SECONDS),
        httpx.AsyncClient(base_url=base_url, headers=headers, trust_env=False, timeout=30) as http,
    ):
        return await _SESSIONS[dialect](http, agent, question)


async def _over_acp(http: httpx.AsyncClient, agent: str, question: Question) -> str:
    opened = await _posted(http, f"/v1/voice-agents/agents/{agent}/sessions", None)
    way = opened["xai"]
    async with connect(way["realtimeUrl"], subprotocols=[way["websocketProtocol"]], proxy=None) as socket:
        update = way["sessionUpdate"]
        await socket.send(json.dumps(update if "type" in update else {"type": "session.update", "session": update}))
        return await _answer_on(socket, question)


async def _over_agntix(http: httpx.AsyncClient, agent: str, question: Question) -> str:
    opened = await _posted(http, "/v1/voice/sessions", {"agentId": agent, "metadata": {"callerId": "+1-555-000-0001"}})
    assert opened["token"]
    assert opened["serverUrl"]
    async with connect(opened["websocketUrl"], proxy=None) as socket:
        return await _answer_on(socket, question)


async def _over_xai(http: httpx.AsyncClient, agent: str, question: Question) -> str:
    definition = (await http.get(f"/v1/agents/{agent}")).raise_for_status().json()["agent"]
    url = str(http.base_url).replace("http", "ws", 1).rstrip("/") + "/v1/realtime"
    authorization = {"authorization": http.headers["authorization"]}
    async with connect(url, additional_headers=authorization, proxy=None) as socket:
        session = {
            "voice": definition["voice"]["voice_id"],
            "instructions": definition["instructions"],
            "tools": definition["tools"],
            "turn_detection": {
                "type": "server_vad",
                "threshold": definition["voice"].get("vad_threshold", 0.5),
                "silence_duration_ms": definition["voice"].get("vad_silence_duration_ms", 300),
            },
        }
        await socket.send(json.dumps({"type": "session.update", "session": session}))
        return await _answer_on(socket, question)


async def _over_agenthuman(http: httpx.AsyncClient, agent: str, question: Question) -> str:
    named: int | str = int(agent) if agent.isdecimal() else agent
    if question.audio is not None:
        opened = await _posted(http, "/api/v1/sessions", {"agent_id": named, "session_type": "agent_voice"})
        async with connect(opened["session"]["websocket_url"], proxy=None) as socket:
            return await _answer_on(socket, question)
    opened = await _posted(http, "/api/v1/sessions", {"agent_id": named, "session_type": "agent_chat"})
    said = await _posted(
        http, f"/api/v1/sessions/{opened['session']['session_id']}/messages", {"content": question.text}
    )
    answer = said.get("reply") or said["message"]
    return str(answer["content"])


async def _over_nuri(http: httpx.AsyncClient, agent: str, question: Question) -> str:
    opened = await _posted(http, f"/v1/agents/{agent}/sessions", {"metadata": {"from": "a test"}})
    async with connect(opened["websocket_url"], proxy=None) as socket:
        return await _answer_on(socket, question)


_SESSIONS: dict[str, Callable[[httpx.AsyncClient, str, Question], Awaitable[str]]] = {
    "acp": _over_acp,
    "agntix": _over_agntix,
    "xai": _over_xai,
    "agenthuman": _over_agenthuman,
    "nuri": _over_nuri,
}


async def _posted(http: httpx.AsyncClient, path: str, body: dict[str, Any] | None) -> Any:
    answer = await (http.post(path) if body is None else http.post(path, json=body))
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    return answer.json()


async def _answer_on(socket: ClientConnection, question: Question) -> str:
    """Ask over the realtime protocol; the transcript of the answer, whose sound must have come too."""
    if question.audio is None:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": question.text}]}
        await socket.send(json.dumps({"type": "conversation.item.create", "item": item}))
        await socket.send(json.dumps({"type": "response.create"}))
    else:
        for begin in range(0, len(question.audio), CHUNK_BYTES):
            chunk = base64.b64encode(question.audio[begin : begin + CHUNK_BYTES]).decode()
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": chunk}))
    sound = 0
    words = ""
    async for frame in socket:
        event = json.loads(frame)
        match event["type"]:
            case "response.output_audio.delta":
                sound += len(event["delta"])
            case "response.output_audio_transcript.delta":
                words += event["delta"]
            case "response.done" if event["response"]["status"] == "completed":
                assert sound > 0, "the answer had no sound"
                return words
            case "error":
                raise AssertionError(event["error"])
            case _:
                pass
    raise AssertionError("the connection ended before the answer")
