"""The whole server behind the benchmark's caller: a WebSocket of the realtime protocol over loopback. A driver.

Runs in the project's environment: `python -m bench.peers.server_agent < plan`. Server and client share the process, so
its clock is one, and its processor time is that of both.
"""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from bench.peers.caller import Line, hold
from bench.peers.plan import HEARING_HZ, VOICE_HZ, WAIT_SECONDS, Plan
from bench.peers.stub_engines import instructions
from bench.peers.vivavoce_agent import LINES, engines
from bench.server import KEY
from vivavoce.app import server as server_module
from vivavoce.app.engines import PARTS
from vivavoce.app.http import http_server, listen
from vivavoce.app.server import running
from vivavoce.client.realtime import RealtimeClient
from vivavoce.config import EngineSet, ServerSettings, VoiceActivityChoice
from vivavoce.sessions.ports import Engines


class Client:
    """Plays what the server sends and flushes when it is told that the caller speaks."""

    def __init__(self, line: Line, realtime: RealtimeClient) -> None:
        self._line = line
        self._realtime = realtime
        self.ready = asyncio.Event()

    async def hear(self, frame: bytes) -> None:
        await self._realtime.append_audio(frame)

    async def listen(self) -> None:
        async for event in self._realtime:
            match event["type"]:
                case "response.output_audio.delta":
                    self._line.play(base64.b64decode(event["delta"]))
                case "input_audio_buffer.speech_started":
                    self._line.loudspeaker.stop(self._line.now)
                case "session.updated":
                    self.ready.set()
                case "error":
                    raise RuntimeError(event["error"]["message"])
                case _:
                    pass


def session(plan: Plan, key: str) -> dict[str, Any]:
    """`matched`: 300 ms of silence end a turn. `defaults`: as it comes."""
    heard: dict[str, Any] = {
        "format": {"type": "audio/pcm", "rate": HEARING_HZ},
        "transcription": {"keyterms": [key]},
    }
    if plan.settings != "defaults":
        heard["turn_detection"] = {"type": "server_vad", "silence_duration_ms": round(WAIT_SECONDS * 1000)}
    spoken = {"format": {"type": "audio/pcm", "rate": VOICE_HZ}}
    return {"instructions": instructions(key), "audio": {"input": heard, "output": spoken}}


async def _stub_engines(settings: ServerSettings, loaded: Callable[[str], None], *_: object) -> Engines:  # noqa: ARG001
    for part in PARTS:
        loaded(part)
    return engines()


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    """The address of a server of this process whose engines are the stubs."""
    # the server takes its engines from the settings, which name no stubs
    vars(server_module)["load_engines"] = _stub_engines
    with tempfile.TemporaryDirectory() as data:
        settings = ServerSettings(
            data=Path(data),
            engines=EngineSet.SCRIPTED,
            voice_activity=VoiceActivityChoice.SILERO,
            api_key=KEY,
        )
        async with running(settings) as server:
            listening = listen("127.0.0.1", 0)
            listening.listen()
            http = http_server(server)
            running_http = asyncio.create_task(http.serve([listening]))
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                http.should_exit = True
                await running_http


_address: list[str] = []


@asynccontextmanager
async def connect(plan: Plan, line: Line) -> AsyncIterator[Client]:
    """The first line brings the server up, and takes it down when it ends, after all others."""
    if not _address:
        async with serving() as address:
            _address.append(address)
            async with _call(address, plan, line) as client:
                yield client
    else:
        async with _call(_address[0], plan, line) as client:
            yield client


@asynccontextmanager
async def _call(address: str, plan: Plan, line: Line) -> AsyncIterator[Client]:
    key = f"line_{line.number}"
    LINES[key] = line
    async with RealtimeClient.connect(address, KEY) as realtime:
        client = Client(line, realtime)
        listening = asyncio.create_task(client.listen(), name=key)
        await realtime.update_session(session(plan, key))
        await client.ready.wait()
        yield client
        listening.cancel()


if __name__ == "__main__":
    hold(connect, uvloop.run)
