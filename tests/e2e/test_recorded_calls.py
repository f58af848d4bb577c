"""A call over a real socket that is recorded: told first, heard afterwards, both sides in their places."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Iterator
from dataclasses import replace

import httpx
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from websockets.asyncio.client import connect

from tests.serving import KEY, Served, scripted_settings, serving
from vivavoce.config import RecordingSettings
from vivavoce.services.recordings.service import RecordingChoice

CONSENT = "This call is recorded."
HEADERS = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = scripted_settings(tmp_path_factory.mktemp("recorded"))
    with serving(replace(settings, recording=RecordingSettings(RecordingChoice(enabled=True)))) as one:
        yield one


def _agent(served: Served, **fields: object) -> str:
    body = {"name": "Desk", "greeting": "Good day!"} | fields
    answer = httpx.post(f"{served.url}/v1/agents", json=body, headers=HEADERS)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["agent_id"])


async def _call(served: Served, agent: str) -> tuple[str, str]:
    """Listen to the greeting with a tone in the microphone: the session, and what the agent said."""
    tone = (0.005 * np.sin(2 * np.pi * 440 * np.arange(2_400) / 24_000) * 32_767).astype("<i2").tobytes()
    append = json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(tone).decode()})
    async with connect(f"{served.websocket_url}?agent_id={agent}", additional_headers=HEADERS) as socket:
        session_id, said = "", ""
        for _ in range(5):
            await socket.send(append)
        async with asyncio.timeout(30):
            async for frame in socket:
                event = json.loads(frame)
                session_id = session_id or event.get("session", {}).get("id", "")
                if event["type"] == "response.output_audio_transcript.done":
                    said = event["transcript"]
                if event["type"] == "response.done":
                    break
    return session_id, said


async def test_the_caller_is_told_and_both_sides_are_heard_afterwards(served: Served) -> None:
    agent = await asyncio.to_thread(_agent, served, recording={"consent": CONSENT, "format": "wav"})
    session_id, said = await _call(served, agent)
    assert said == f"{CONSENT} Good day!"
    async with httpx.AsyncClient(base_url=served.url, headers=HEADERS) as http:
        async with asyncio.timeout(30):
            address = f"/v1/sessions/{session_id}/recording/info"
            while (info := (await http.get(address)).json())["state"] in {"recording", "uploading"}:
                await asyncio.to_thread(lambda: None)
        assert (info["state"], info["format"]) == ("ready", "wav")
        answer = await http.get(f"/v1/sessions/{session_id}/recording")
    sound, rate_hz = soundfile.read(io.BytesIO(answer.content), dtype="float32")
    assert (len(answer.content), len(sound) * 1000 // rate_hz) == (info["bytes"], info["duration_ms"])
    caller, agent_side = sound[:, 0], sound[:, 1]
    assert np.abs(caller[2_400:9_600]).max() > 0.004
    assert np.abs(agent_side).max() > 0.01


async def test_an_agent_that_did_not_ask_is_not_recorded(served: Served) -> None:
    agent = await asyncio.to_thread(_agent, served)
    session_id, said = await _call(served, agent)
    assert said == "Good day!"
    async with httpx.AsyncClient(base_url=served.url, headers=HEADERS) as http:
        assert (await http.get(f"/v1/sessions/{session_id}/recording/info")).json()["state"] == "none"
        assert (await http.get(f"/v1/sessions/{session_id}/recording")).status_code == 404


async def test_a_call_in_which_everything_is_written_has_a_recording_of_silence(served: Served) -> None:
    agent = await asyncio.to_thread(_agent, served, greeting=None, recording={"format": "opus"})
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Good day"}]}
    wishes = (
        {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}},
        {"type": "conversation.item.create", "item": item},
        {"type": "response.create"},
    )
    async with connect(f"{served.websocket_url}?agent_id={agent}", additional_headers=HEADERS) as socket:
        session_id = ""
        for wish in wishes:
            await socket.send(json.dumps(wish))
        async with asyncio.timeout(30):
            async for frame in socket:
                event = json.loads(frame)
                session_id = session_id or event.get("session", {}).get("id", "")
                if event["type"] == "response.done":
                    break
    async with httpx.AsyncClient(base_url=served.url, headers=HEADERS) as http:
        address = f"/v1/sessions/{session_id}/recording"
        async with asyncio.timeout(30):
            while (info := (await http.get(f"{address}/info")).json())["state"] in {"recording", "uploading"}:
                await asyncio.to_thread(lambda: None)
        assert (info["state"], info["failure"]) == ("ready", None)
        sound, _ = soundfile.read(io.BytesIO((await http.get(address)).content), dtype="float32")
    assert np.abs(sound).max() < 0.001
