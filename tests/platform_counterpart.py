"""A small platform for the tests of `agents`: the paths of the Agents API that it uses, in memory, over real sockets.

It answers as the API documents it, remembers what it was asked, and can be told to fail. A test owns one and ends it.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

KEY = "vv_counterpart_0123456789"
PAGE_LENGTH_MAXIMUM = 2
_MADE_AT = "2026-11-21T13:00:00+00:00"
_MASKABLE = {"name", "instructions", "tools", "voice", "collection_ids", "language", "description"}

Json = dict[str, Any]


@dataclass
class Platform:
    """What is stored, what was asked for, and how it fails: `failures` maps a path to (status, code, message)."""

    agents: dict[str, Json] = field(default_factory=dict)
    versions: dict[str, list[Json]] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)
    failures: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    completion: Json | None = None
    turns: list[Json] = field(default_factory=list)
    turn_summary: Json = field(default_factory=lambda: {"turns": 0, "stages": {}})
    key: str = KEY
    url: str = ""

    def last(self, method: str) -> Any:
        """The body of the latest request with this method."""
        return next(body for verb, _, body in reversed(self.asked) if verb == method)

    def add(self, **fields: Any) -> str:
        number = len(self.versions) + 1
        agent_id = f"agent_{number:026d}"
        voice = {"voice_id": "eve", "vad_threshold": 0.5, "vad_silence_duration_ms": 300} | fields.get("voice", {})
        filled = {"instructions": "", "tools": [], "collection_ids": [], "greeting": None} | fields | {"voice": voice}
        owned = {"agent_id": agent_id, "id": agent_id, "status": "active", "created_at": _MADE_AT}
        self.agents[agent_id] = filled | owned | {"system_prompt": filled["instructions"]}
        self.versions[agent_id] = []
        return agent_id


def _refusal(status: int, code: str, message: str, param: str | None = None) -> Response:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    error = {"type": kind, "code": code, "message": message, "param": param}
    return JSONResponse({"error": error}, status, {"X-Request-Id": "req_1"})


class Routes:
    """The answers of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def answer(self, request: Request) -> Response:
        body = json.loads(await request.body() or b"null")
        path = request.url.path
        self._platform.asked.append((request.method, path, body))
        if request.headers.get("Authorization") != f"Bearer {self._platform.key}":
            return _refusal(401, "invalid_api_key", "This API key is wrong.")
        if path in self._platform.failures:
            return _refusal(*self._platform.failures[path])
        match (request.method, path.strip("/").split("/")[1:]):
            case ("POST", ["agents"]):
                if not isinstance(body.get("name"), str):
                    return _refusal(400, "invalid_value", "name is a text", "name")
                return self._agent(self._platform.add(**body), 201)
            case ("GET", ["agents"]):
                return self._list(request)
            case (_, ["agents", agent_id, *rest]):
                if agent_id not in self._platform.agents:
                    return _refusal(404, "agent_not_found", f"There is no agent {agent_id}.")
                return self._of_one(request.method, agent_id, rest, body)
            case ("GET", ["sessions", "sess_1", "turns"]):
                return JSONResponse({"data": self._platform.turns, "has_more": False, "pagination_token": None})
            case ("GET", ["sessions", "sess_1", "turns", "summary"]):
                return JSONResponse(self._platform.turn_summary)
            case ("POST", ["chat", "completions"]):
                return JSONResponse(self._platform.completion or _echo(body))
            case _:
                pass
        return _refusal(404, "not_found", "There is nothing at this path.")

    def _of_one(self, method: str, agent_id: str, rest: list[str], body: Any) -> Response:
        platform = self._platform
        match (method, rest):
            case ("GET", []):
                return self._agent(agent_id)
            case ("PATCH", []):
                return self._patch(agent_id, body)
            case ("DELETE", []):
                del platform.agents[agent_id]
                return JSONResponse({"agent_id": agent_id, "id": agent_id, "deleted": True, "status": "deleted"})
            case ("GET", ["versions"]):
                return JSONResponse({"versions": platform.versions[agent_id]})
            case ("POST", ["versions", number, "restore"]):
                platform.agents[agent_id] = platform.versions[agent_id][int(number) - 1]["agent"]
                return self._agent(agent_id)
            case _:
                pass
        return _refusal(404, "not_found", "There is nothing at this path.")

    def _agent(self, agent_id: str, status: int = 200) -> Response:
        agent = self._platform.agents[agent_id]
        return JSONResponse(agent | {"agent": agent}, status)

    def _list(self, request: Request) -> Response:
        start = int(request.query_params.get("pagination_token", "0"))
        stored = list(self._platform.agents.values())
        end = start + min(PAGE_LENGTH_MAXIMUM, int(request.query_params.get("limit", "20")))
        more = end < len(stored)
        found = stored[start:end]
        token = str(end) if more else None
        return JSONResponse({"agents": found, "data": found, "has_more": more, "pagination_token": token})

    def _patch(self, agent_id: str, body: Json) -> Response:
        agent, given = self._platform.agents[agent_id], body["agent"]
        mask = body["field_mask"]["paths"]
        unknown = [path for path in mask if path not in _MASKABLE]
        if unknown:
            return _refusal(400, "invalid_value", f"an agent has no field {unknown[0]}", "field_mask.paths")
        only_assigns = not given and "phone_number_id" in body
        if "name" in mask and "name" not in given and not only_assigns:
            return _refusal(400, "invalid_value", "name cannot be cleared", "name")
        versions = self._platform.versions[agent_id]
        versions.append({"version": len(versions) + 1, "created_at": _MADE_AT, "agent": dict(agent)})
        cleared = {"instructions": "", "tools": [], "collection_ids": []}
        changed = {} if only_assigns else {path: given.get(path, cleared.get(path)) for path in mask}
        assigned = {"phone_number_id": body["phone_number_id"]} if "phone_number_id" in body else {}
        self._platform.agents[agent_id] = agent | changed | assigned
        return self._agent(agent_id)

    async def realtime(self, socket: WebSocket) -> None:
        if socket.headers.get("Authorization") != f"Bearer {self._platform.key}":
            await socket.send_denial_response(_refusal(401, "invalid_api_key", "This API key is wrong."))
            return
        await socket.accept()
        self._platform.connected.append(str(socket.url.query))
        with contextlib.suppress(WebSocketDisconnect):
            await self._call(socket)

    async def _call(self, socket: WebSocket) -> None:
        await socket.send_json({"type": "session.created", "session": {"id": "sess_1"}})
        said = ""
        while True:
            event = await socket.receive_json()
            self._platform.events.append(event)
            match event["type"]:
                case "session.update":
                    await socket.send_json({"type": "session.updated", "session": event["session"]})
                case "conversation.item.create":
                    said = event["item"]["content"][0]["text"]
                case "response.create":
                    await self._respond(socket, said)
                case _:
                    pass

    async def _respond(self, socket: WebSocket, said: str) -> None:
        response = {"id": f"resp_{len(self._platform.events)}", "status": "in_progress", "output": []}
        where = {"response_id": response["id"], "item_id": "item_1"}
        await socket.send_json({"type": "response.created", "response": response})
        for piece in ("You said: ", said, "\x1b[2J."):
            await socket.send_json({"type": "response.output_audio_transcript.delta", **where, "delta": piece})
        if "order" in said:
            called = {"name": "lookup_order", "arguments": '{"order_id": "ORD-42"}', "call_id": "call_1"}
            await socket.send_json({"type": "response.function_call_arguments.done", **where, **called})
        if "crash" in said:
            error = {"type": "server_error", "code": "internal_error", "message": "It broke.", "param": None}
            await socket.send_json({"type": "error", "error": error})
        await socket.send_json({"type": "response.done", "response": response | {"status": "completed"}})


def _echo(body: Json) -> Json:
    message = {"role": "assistant", "content": f"You said: {body['messages'][-1]['content']}", "tool_calls": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "chatcmpl_1", "object": "chat.completion", "model": body["model"], "choices": [choice]}


@contextmanager
def counterpart(key: str = KEY) -> Iterator[Platform]:
    """Serve until the block ends."""
    platform = Platform(key=key)
    routes = Routes(platform)
    methods = ["GET", "POST", "PATCH", "DELETE"]
    app = Starlette(
        routes=[
            WebSocketRoute("/v1/realtime", routes.realtime),
            Route("/{path:path}", routes.answer, methods=methods),
        ]
    )
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        platform.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.listen()
        config = uvicorn.Config(app, log_level="error", lifespan="off", ws="websockets-sansio")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), name="counterpart")
        thread.start()
        try:
            yield platform
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive(), "the counterpart did not end"
