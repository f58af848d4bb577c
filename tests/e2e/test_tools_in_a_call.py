"""Tools that the server runs, over a real socket: called, answered with, told to who asked, kept in the transcript."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.serving import KEY, Served, scripted_settings, serving
from tests.webhook_receiver import Receiver, answer, receiving
from vivavoce.config import PlatformSettings
from vivavoce.engines.ports import GenerationRequest, ToolCall
from vivavoce.engines.scripted.language_model import Reply, ScriptedLanguageModel

TEXT = {"output_modalities": ["text"]}
SHIPPED = answer(200, "content-type: application/json\r\n", b'{"status": "shipped"}')
BEARER = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that may call servers of its own machine, and whose model looks orders up."""
    settings = scripted_settings(tmp_path_factory.mktemp("data"), platform=PlatformSettings(private_webhooks=True))
    with serving(settings) as one:
        engines = one.server.engines
        assert engines is not None
        model = engines.language_model
        assert isinstance(model, ScriptedLanguageModel)
        model._decide = looks_orders_up
        yield one


def looks_orders_up(request: GenerationRequest) -> Reply:
    """Calls the tool where it is offered, and tells what it brought."""
    last = request.messages[-1]
    if last.role == "tool":
        return f"The desk says: {last.text}"
    if "order 7" in last.text and any(tool.name == "look_up" for tool in request.tools):
        return ToolCall("call_1", "look_up", '{"order_id": "7"}')
    return "I cannot look that up."


def webhook(receiver: Receiver, secret: str = "a secret") -> dict[str, Any]:
    return {
        "type": "webhook",
        "name": "look_up",
        "description": "Looks an order up.",
        "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
        "request": {"method": "POST", "url": receiver.url, "headers": {"X-Desk": secret}},
        "policy": {"retries": 0},
    }


@asynccontextmanager
async def _calling(served: Served, query: str = "") -> AsyncGenerator[ClientConnection]:
    url = f"{served.websocket_url}?{query}"
    async with connect(url, additional_headers=BEARER, max_size=None, proxy=None) as socket:
        yield socket


async def _until(socket: ClientConnection, *kinds: str) -> list[dict[str, Any]]:
    """The events up to the first of the last of these kinds, when the others have come before it."""
    found: list[dict[str, Any]] = []
    wanted = list(kinds)
    while wanted:
        async with asyncio.timeout(30):
            found.append(json.loads(await socket.recv()))
        assert found[-1]["type"] != "error", found[-1]
        if found[-1]["type"] == wanted[0]:
            wanted.pop(0)
    return found


def _one(found: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(event for event in found if event["type"] == kind)


async def _send(socket: ClientConnection, kind: str, **fields: Any) -> None:
    await socket.send(json.dumps({"type": kind, **fields}))


async def _configure(socket: ClientConnection, **session: Any) -> dict[str, Any]:
    await _send(socket, "session.update", session={**TEXT, "vivavoce": {"tool_calls": True}, **session})
    updated: dict[str, Any] = (await _until(socket, "session.updated"))[-1]["session"]
    return updated


async def _ask(socket: ClientConnection, words: str) -> None:
    """Type something and ask for an answer, which waits until the session's tools are there."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": words}]}
    await _send(socket, "conversation.item.create", item=item)
    await _send(socket, "response.create")


def _written(done: Mapping[str, Any]) -> str:
    return str(done["response"]["output"][0]["content"][0]["text"])


TOOL_CALL = ("vivavoce.tool_call.started", "vivavoce.tool_call.ended", "response.created", "response.done")


def _http(served: Served) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=served.url, headers=BEARER, trust_env=False, timeout=60)


async def _transcript(served: Served, session_id: str) -> list[dict[str, Any]]:
    """What is kept of a session, when its call has ended."""
    async with asyncio.timeout(30):
        await asyncio.to_thread(served.inside, served.server.directory._empty.wait)
    async with _http(served) as http:
        session = (await http.get(f"/v1/sessions/{session_id}")).json()
        messages: list[dict[str, Any]] = (await http.get(f"/v1/threads/{session['thread_id']}/messages")).json()["data"]
    return messages[::-1]  # the newest come first; ids of one moment have no order


async def _agent(served: Served, **fields: Any) -> str:
    async with _http(served) as http:
        made = await http.post("/v1/agents", json={"name": "Desk", "instructions": "Be brief.", **fields})
    assert made.status_code == 201, made.text
    return str(made.json()["agent_id"])


async def test_a_webhook_of_the_clients_is_called_answered_with_and_kept(served: Served) -> None:
    async with receiving(SHIPPED) as receiver, _calling(served) as socket:
        session_id = (await _until(socket, "session.created"))[-1]["session"]["id"]
        shown = await _configure(socket, tools=[webhook(receiver)])
        assert "a secret" not in json.dumps(shown)
        await _ask(socket, "Where is order 7?")
        found = await _until(socket, *TOOL_CALL)
    started, ended = _one(found, TOOL_CALL[0]), _one(found, TOOL_CALL[1])
    assert (started["kind"], started["name"], started["waits_for"]) == ("webhook", "look_up", "nobody")
    assert json.loads(started["arguments"]) == {"order_id": "7"}
    assert (ended["call_id"], ended["error"]) == (started["call_id"], None)
    assert json.loads(ended["output"]) == {"status": "shipped"}
    assert "shipped" in _written(found[-1])
    assert not [event["type"] for event in found if "mcp" in event["type"]]
    assert {item["type"] for event in found if (item := event.get("item"))} == {"message"}
    assert [request.headers["x-desk"] for request in receiver.received] == ["a secret"]
    said = await _transcript(served, session_id)
    assert [message["role"] for message in said] == ["user", "assistant", "tool", "assistant"]
    made, over = said[1]["tool_call"], said[2]["tool_call"]
    about = {"call_id": started["call_id"], "name": "look_up", "kind": "webhook", "asked_by": "agent"}
    assert {key: made[key] for key in about} == {key: over[key] for key in about} == about
    assert (over["failure"], over["duration_ms"]) == (None, ended["duration_ms"])
    assert said[2]["content"] == ended["output"]


async def test_what_fails_is_told_truthfully_to_everybody(served: Served) -> None:
    async with receiving(answer(500)) as receiver, _calling(served) as socket:
        session_id = (await _until(socket, "session.created"))[-1]["session"]["id"]
        await _configure(socket, tools=[webhook(receiver)])
        await _ask(socket, "Where is order 7?")
        found = await _until(socket, *TOOL_CALL)
    ended = _one(found, TOOL_CALL[1])
    assert ended["error"] == {"code": ended["error"]["code"], "message": ended["output"]}
    assert ended["output"] in _written(found[-1])
    over = (await _transcript(served, session_id))[2]
    assert (over["tool_call"]["failure"], over["content"]) == (ended["error"]["code"], ended["output"])


async def test_an_agents_webhook_runs_in_calls_and_in_writing(served: Served) -> None:
    async with receiving(SHIPPED) as receiver:
        agent = await _agent(served, tools=[webhook(receiver)])
        async with _calling(served, f"agent_id={agent}") as socket:
            created = (await _until(socket, "session.created"))[-1]["session"]
            assert created["tools"] == [], "a client that asked for nothing is not shown what it may not know"
            await _configure(socket)
            await _ask(socket, "Where is order 7?")
            assert "shipped" in _written((await _until(socket, *TOOL_CALL))[-1])
        async with _http(served) as http:
            shown = (await http.get(f"/v1/agents/{agent}")).json()["tools"]
            asked = {"model": agent, "messages": [{"role": "user", "content": "Where is order 7?"}]}
            completion = (await http.post("/v1/chat/completions", json=asked)).json()
    assert "a secret" not in json.dumps(shown)
    choice = completion["choices"][0]
    assert ("shipped" in choice["message"]["content"], choice["finish_reason"]) == (True, "stop")
    assert [request.headers["x-desk"] for request in receiver.received] == ["a secret"] * 2


async def test_an_agents_webhook_that_the_client_sends_back_as_it_was_shown_is_the_agents(served: Served) -> None:
    async with receiving(SHIPPED) as receiver:
        agent = await _agent(served, tools=[webhook(receiver)])
        async with _http(served) as http:
            shown = (await http.get(f"/v1/agents/{agent}")).json()["tools"]
        async with _calling(served, f"agent_id={agent}") as socket:
            await _configure(socket, tools=shown)
            await _ask(socket, "Where is order 7?")
            await _until(socket, *TOOL_CALL)
    assert receiver.received[0].headers["x-desk"] == "a secret"


async def test_a_bad_tool_leaves_the_former_ones_in_force(served: Served) -> None:
    async with receiving(SHIPPED) as receiver, _calling(served) as socket:
        await _configure(socket, tools=[webhook(receiver)])
        bad = {"type": "mcp", "server_label": "shop", "server_url": "nowhere"}
        await _send(socket, "session.update", session={"tools": [bad]})
        while (event := json.loads(await socket.recv()))["type"] != "error":
            pass
        assert event["error"]["param"] == "session.tools[0].server_url"
        await _ask(socket, "Where is order 7?")
        assert "shipped" in _written((await _until(socket, *TOOL_CALL))[-1])


async def test_a_server_of_tools_that_nobody_can_reach_is_told_and_the_call_goes_on(served: Served) -> None:
    async with receiving() as gone:
        port = gone.port
    async with _calling(served) as socket:
        server = {"type": "mcp", "server_label": "shop", "server_url": f"http://127.0.0.1:{port}/mcp"}
        await _send(socket, "session.update", session={**TEXT, "tools": [server]})
        found = await _until(socket, "mcp_list_tools.in_progress", "mcp_list_tools.failed")
        item = next(event["item"] for event in found if event["type"] == "conversation.item.added")
        assert (item["type"], item["server_label"], item["id"]) == ("mcp_list_tools", "shop", found[-1]["item_id"])
        await _ask(socket, "Hello")
        assert _written((await _until(socket, "response.done"))[-1]) == "I cannot look that up."


def _written_below(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_a_call_that_is_resumed_has_its_tools_again(served: Served) -> None:
    async with receiving(SHIPPED) as receiver:
        async with _calling(served) as socket:
            conversation = (await _until(socket, "conversation.created"))[-1]["conversation"]["id"]
            await _configure(socket, tools=[webhook(receiver, "only this call's")], resumption={"enabled": True})
            await _ask(socket, "Where is order 7?")
            await _until(socket, *TOOL_CALL)
            kept = await asyncio.to_thread(_written_below, served.server._settings.data)
            assert any(path.parent.name == "resumption" for path in kept)
            assert not [path for path, content in kept.items() if b"only this call's" in content]
        async with _calling(served, f"conversation_id={conversation}") as socket:
            await _configure(socket, resumption={"enabled": True})  # what xAI asks of who comes back
            await _ask(socket, "And now, where is order 7?")
            await _until(socket, *TOOL_CALL)
    assert [request.headers["x-desk"] for request in receiver.received] == ["only this call's"] * 2
