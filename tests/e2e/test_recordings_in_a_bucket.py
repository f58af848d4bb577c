"""A server that keeps its recordings in a bucket: a call is recorded, uploaded, heard in parts, and deleted."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import httpx
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from websockets.asyncio.client import connect

from tests.s3_server import S3Server, s3_server
from tests.serving import KEY, Served, scripted_settings, serving
from vivavoce.app.recordings import UNFINISHED
from vivavoce.config import RecordingSettings
from vivavoce.services.recordings.service import RecordingChoice

HEADERS = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


@pytest.fixture(scope="module")
def served(server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with ExitStack() as stack:
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in server.environment.items():
            environment.setenv(name, value)
        settings = scripted_settings(tmp_path_factory.mktemp("bucket"))
        recording = RecordingSettings(RecordingChoice(enabled=True), "s3://bucket/calls")
        yield stack.enter_context(serving(replace(settings, recording=recording)))


async def _call(served: Served, kind: str) -> str:
    """The session of a call that heard the greeting, and had a tone in its microphone."""
    body = {"name": "Desk", "greeting": "Good day!", "recording": {"format": kind}}
    async with httpx.AsyncClient(base_url=served.url, headers=HEADERS) as http:
        agent = (await http.post("/v1/agents", json=body)).json()["agent_id"]
    tone = (0.005 * np.sin(2 * np.pi * 440 * np.arange(12_000) / 24_000) * 32_767).astype("<i2").tobytes()
    async with connect(f"{served.websocket_url}?agent_id={agent}", additional_headers=HEADERS) as socket:
        session_id = ""
        await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(tone).decode()}))
        async with asyncio.timeout(30):
            async for frame in socket:
                event = json.loads(frame)
                session_id = session_id or event.get("session", {}).get("id", "")
                if event["type"] == "response.done":
                    break
    return session_id


@pytest.mark.parametrize(("kind", "suffix"), [("wav", "wav"), ("opus", "ogg")])
async def test_a_recording_comes_into_the_bucket_is_heard_and_deleted(
    served: Served, server: S3Server, kind: str, suffix: str
) -> None:
    session_id = await _call(served, kind)
    async with httpx.AsyncClient(base_url=served.url, headers=HEADERS) as http:
        path = f"/v1/sessions/{session_id}/recording"
        async with asyncio.timeout(30):
            while (info := (await http.get(f"{path}/info")).json())["state"] in {"recording", "uploading"}:
                pass
        assert (info["state"], info["failure"]) == ("ready", None)
        whole = (await http.get(path)).content
        part = await http.get(path, headers={"Range": "bytes=-100"})
        (key,) = server.keys()
        assert key.endswith(f"{session_id}-1.{suffix}")
        assert server.content(key) == whole
        assert (part.status_code, part.content) == (206, whole[-100:])
        sound, rate_hz = soundfile.read(io.BytesIO(whole), dtype="float32")
        assert len(sound) * 1000 // rate_hz == info["duration_ms"]
        assert np.abs(sound[:, 0]).max() > 0.003
        assert np.abs(sound[:, 1]).max() > 0.01
        assert (await http.delete(path)).status_code == 200
        assert server.keys() == []
        assert (await http.get(f"{path}/info")).json()["state"] == "deleted"
    assert _unfinished(served) == ["lock"]


def _unfinished(served: Served) -> list[str]:
    spool = served.server._settings.data / UNFINISHED
    return [each.name for each in spool.rglob("*") if each.is_file()]
