"""The WebSocket endpoint alone on a free port of 127.0.0.1, with a doorkeeper of the test's and scripted engines.

It runs on the test's own event loop and ends with the block that opened it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect

from vivavoce.conversation.settings import Settings
from vivavoce.engines.scripted.ears import ScriptedSpeechToText, ScriptedTurnDetector, ScriptedVoiceActivity
from vivavoce.engines.scripted.language_model import ScriptedLanguageModel
from vivavoce.engines.scripted.voice import ScriptedTextToSpeech
from vivavoce.sessions.directory import SessionDirectory
from vivavoce.sessions.ports import Engines
from vivavoce.transports.admission import CallPlan, CallRequest, SidebandPlan
from vivavoce.transports.uvicorn_protocol import ClosingWebSocketProtocol
from vivavoce.transports.websocket import RealtimeEndpoint

PLAN = CallPlan("sess_1", "conv_1", "vivavoce", Settings(instructions="Be brief."))


@dataclass(slots=True)
class Doorkeeper:
    """Lets everybody in with one plan, and keeps what it is asked and told. `refusal` is raised by `on_begin`."""

    plan: CallPlan = PLAN
    refusal: Exception | None = None
    requests: list[CallRequest] = field(default_factory=list)
    begun: int = 0
    ends: list[str | None] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def admit(self, request: CallRequest) -> CallPlan:
        self.requests.append(request)
        return replace(self.plan, on_begin=self._begin, on_end=self._end)

    async def admit_sideband(self, request: CallRequest) -> SidebandPlan:
        self.requests.append(request)
        return SidebandPlan(request.query["call_id"], request.query["call_id"])

    async def _begin(self) -> None:
        self.begun += 1
        if self.refusal is not None:
            raise self.refusal

    async def _end(self, reason: str | None) -> None:
        await asyncio.sleep(0)
        self.ends.append(reason)
        self.ended.set()


@dataclass(slots=True)
class EndpointServed:
    """An endpoint that can be called."""

    endpoint: RealtimeEndpoint
    directory: SessionDirectory
    doorkeeper: Doorkeeper
    model: ScriptedLanguageModel
    port: int = 0

    def url(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.port}{path}"


def scripted_endpoint(doorkeeper: Doorkeeper) -> EndpointServed:
    """An endpoint that nobody serves yet."""
    model = ScriptedLanguageModel(["It is noon."])
    engines = Engines(
        ScriptedVoiceActivity(),
        ScriptedTurnDetector(),
        ScriptedSpeechToText(["what time is it"]),
        model,
        ScriptedTextToSpeech(),
    )
    directory = SessionDirectory(4)
    endpoint = RealtimeEndpoint(doorkeeper, directory, engines, {"eve": "eve", "ara": "ara"}.get)
    return EndpointServed(endpoint, directory, doorkeeper, model)


@asynccontextmanager
async def endpoint_serving(doorkeeper: Doorkeeper) -> AsyncGenerator[EndpointServed]:
    """Serve `/v1/realtime` and `/v1/sessions/{session_id}/stream` until the block ends."""
    served = scripted_endpoint(doorkeeper)

    async def stream(websocket: WebSocket) -> None:
        await served.endpoint.serve(websocket, websocket.path_params["session_id"])

    routes = [
        WebSocketRoute("/v1/realtime", served.endpoint.serve),
        WebSocketRoute("/v1/sessions/{session_id}/stream", stream),
    ]
    config = uvicorn.Config(Starlette(routes=routes), ws=ClosingWebSocketProtocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        served.port = listening.getsockname()[1]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve([listening]), name="endpoint under test")
            try:
                yield served
            finally:
                server.should_exit = True


@asynccontextmanager
async def calling(url: str, **options: Any) -> AsyncGenerator[ClientConnection]:
    """A connection that hangs up when the block ends."""
    async with connect(url, max_size=None, proxy=None, **options) as connection:
        yield connection


async def frame(connection: ClientConnection) -> dict[str, Any] | bytes:
    """The next frame: an event, or sound."""
    async with asyncio.timeout(30):
        received = await connection.recv()
    return received if isinstance(received, bytes) else dict(json.loads(received))


async def until(connection: ClientConnection, kind: str) -> list[dict[str, Any] | bytes]:
    """Every frame up to the first event of a kind, which is the last."""
    frames: list[dict[str, Any] | bytes] = []
    while True:
        received = await frame(connection)
        frames.append(received)
        if isinstance(received, dict):
            if received["type"] == kind:
                return frames
            assert received["type"] != "error", received


def kinds(frames: list[dict[str, Any] | bytes]) -> list[str]:
    """The types of the events."""
    return [each["type"] for each in frames if isinstance(each, dict)]


async def send(connection: ClientConnection, kind: str, **fields: Any) -> None:
    await connection.send(json.dumps({"type": kind, **fields}))


async def type_text(connection: ClientConnection, words: str) -> None:
    """Say something by typing, and ask for the answer."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": words}]}
    await send(connection, "conversation.item.create", item=item)
    await send(connection, "response.create")


def speech(seconds: float = 1.0, rate_hz: int = 24_000) -> bytes:
    """Something loud and then half a second of silence, 16-bit."""
    noise = np.random.default_rng(3).integers(-9000, 9000, round(rate_hz * seconds), dtype=np.int16)
    return noise.tobytes() + bytes(rate_hz)


def as_base64(audio: bytes) -> str:
    return base64.b64encode(audio).decode()
