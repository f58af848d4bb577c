"""The platform driven over MCP by the official library's client, against a real server with scripted engines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import mcp_types
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.serving import KEY, Served, scripted_settings, serving
from vivavoce.store.records import ALL_SCOPES, FIRST_ORGANISATION

TOOLS = {
    "list_agents",
    "get_agent",
    "create_agent",
    "update_agent",
    "talk_to_agent",
    "start_session",
    "end_session",
    "list_sessions",
    "read_transcript",
    "search_knowledge",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data: Path = tmp_path_factory.mktemp("data")
    with serving(scripted_settings(data)) as server:
        yield server


@asynccontextmanager
async def driving(served: Served, key: str = KEY, mode: str = "auto") -> AsyncIterator[Client]:
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=30.0) as http:
        transport = streamable_http_client(f"{served.url}/mcp", http_client=http)
        async with Client(transport, mode=mode, cache=None) as client:
            yield client


async def asked(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    """What a tool gives; its text says the same as its structure."""
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    text = result.content[0]
    assert isinstance(text, mcp_types.TextContent)
    told: dict[str, Any] = json.loads(text.text)
    assert result.structured_content == told
    return told


async def refused(client: Client, name: str, **arguments: Any) -> str:
    result = await client.call_tool(name, arguments)
    assert result.is_error
    text = result.content[0]
    assert isinstance(text, mcp_types.TextContent)
    return text.text


def key_of(served: Served, *scopes: str, organisation: str | None = None) -> str:
    async def made() -> str:
        store = served.server._store
        assert store is not None
        if organisation is None:
            return (await store.keys.create("narrow", scopes=scopes)).secret
        other = await store.organisations.of_external(organisation, organisation)
        return (await store.keys.create("other", organisation_id=other.organisation_id, scopes=ALL_SCOPES)).secret

    return served.inside(made)


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param("auto", id="in the protocol of 2026"),
        pytest.param("legacy", id="with the handshake of the protocols before it"),
    ],
)
async def test_an_agent_is_made_talked_to_and_read_back(served: Served, mode: str) -> None:
    async with driving(served, mode=mode) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
        made = await asked(client, "create_agent", agent={"name": "Waiter", "instructions": "Take orders."})
        changed = await asked(client, "update_agent", agent_id=made["agent_id"], changes={"greeting": "Good evening."})
        assert (changed["greeting"], changed["instructions"]) == ("Good evening.", "Take orders.")
        assert await asked(client, "get_agent", agent_id=made["agent_id"]) == changed
        listed = await asked(client, "list_agents", search="Waiter")
        assert made["agent_id"] in [each["agent_id"] for each in listed["agents"]]

        first = await asked(client, "talk_to_agent", agent_id=made["agent_id"], message="A table for two, please.")
        assert first["answer"]
        again = await asked(client, "talk_to_agent", session_id=first["session_id"], message="By the window.")
        assert again["session_id"] == first["session_id"]
        read = await asked(client, "read_transcript", session_id=first["session_id"])
        assert [(each["role"], each["content"]) for each in read["messages"]] == [
            ("user", "A table for two, please."),
            ("assistant", first["answer"]),
            ("user", "By the window."),
            ("assistant", again["answer"]),
        ]
        ended = await asked(client, "end_session", session_id=first["session_id"])
        assert ended["status"] == "completed"
        over = await asked(client, "list_sessions", agent_id=made["agent_id"], state="ended")
        assert [each["session_id"] for each in over["sessions"]] == [first["session_id"]]
        said = await refused(client, "talk_to_agent", session_id=first["session_id"], message="Hello?")
        assert said.startswith("The session is over (completed)")


async def collection_with(served: Served, text: str) -> str:
    """A collection whose only document says this, and is ready to be found."""
    async with httpx.AsyncClient(base_url=served.url, headers={"authorization": f"Bearer {KEY}"}, timeout=60.0) as http:
        collection = (await http.post("/v1/collections", json={"collection_name": "Notes"})).json()
        place = f"/v1/collections/{collection['collection_id']}"
        written = (await http.post(f"{place}/texts", json={"name": "note", "text": text})).json()
        while not (await http.get(f"{place}/documents/{written['file_id']}")).json()["searchable"]:
            pass
    return str(collection["collection_id"])


@pytest.mark.parametrize("where", [pytest.param(True, id="in a collection"), pytest.param(False, id="in the newest")])
async def test_what_documents_say_is_found(served: Served, where: bool) -> None:
    collection = await collection_with(served, "The ferry leaves from pier seven.")
    async with driving(served) as client:
        chosen = {"collection_ids": [collection]} if where else {}
        passages = (await asked(client, "search_knowledge", query="Which pier is the ferry at?", **chosen))["passages"]
    best = passages[0]
    assert (best["content"], best["document"]) == ("The ferry leaves from pier seven.", "note")


async def test_a_call_is_opened_for_somebody_to_join(served: Served) -> None:
    async with driving(served) as client:
        opened = await asked(client, "start_session", channel="voice", title="Booking")
        assert opened["status"] == "initializing"
        assert opened["websocket_url"] == f"ws://127.0.0.1:{served.port}/v1/sessions/{opened['session_id']}/stream"
        assert opened["token"] != KEY
        said = await refused(client, "talk_to_agent", session_id=opened["session_id"], message="Hello?")
        assert said.startswith("This session is a call")


async def test_what_an_agents_tools_come_in_with_is_not_shown_and_not_lost(served: Served) -> None:
    kitchen = {"type": "mcp", "server_url": "https://mcp.example/", "server_label": "kitchen"}
    async with driving(served) as client:
        made = await asked(
            client, "create_agent", agent={"name": "Cook", "tools": [kitchen | {"authorization": "s3cret"}]}
        )
        assert made["tools"] == [kitchen]
        changes = {"tools": [*made["tools"], {"type": "web_search"}]}
        changed = await asked(client, "update_agent", agent_id=made["agent_id"], changes=changes)
        assert changed["tools"] == [kitchen, {"type": "web_search"}]

    async def stored() -> list[dict[str, Any]]:
        store = served.server._store
        assert store is not None
        agent = await store.agents.get(FIRST_ORGANISATION, made["agent_id"])
        assert agent is not None
        return [dict(tool) for tool in agent.definition.tools]

    assert served.inside(stored)[0]["authorization"] == "s3cret"


async def test_another_organisation_finds_nothing(served: Served) -> None:
    async with driving(served) as client:
        made = await asked(client, "create_agent", agent={"name": "Mine"})
        session = await asked(client, "start_session", agent_id=made["agent_id"])
    collection = await collection_with(served, "The door code is apple.")
    async with driving(served, key_of(served, organisation="others")) as stranger:
        assert (await asked(stranger, "list_agents"))["agents"] == []
        assert (await asked(stranger, "list_sessions"))["sessions"] == []
        assert (await asked(stranger, "search_knowledge", query="apple"))["passages"] == []
        for name, arguments in [
            ("get_agent", {"agent_id": made["agent_id"]}),
            ("update_agent", {"agent_id": made["agent_id"], "changes": {"name": "Theirs"}}),
            ("talk_to_agent", {"agent_id": made["agent_id"], "message": "Hi"}),
            ("talk_to_agent", {"session_id": session["session_id"], "message": "Hi"}),
            ("read_transcript", {"session_id": session["session_id"]}),
            ("end_session", {"session_id": session["session_id"]}),
            ("search_knowledge", {"query": "apple", "collection_ids": [collection]}),
        ]:
            assert "no" in (await refused(stranger, name, **arguments)).lower()
    async with driving(served) as client:
        assert (await asked(client, "get_agent", agent_id=made["agent_id"]))["name"] == "Mine"


async def test_a_key_can_only_do_what_its_scopes_say(served: Served) -> None:
    async with driving(served, key_of(served, "read")) as client:
        shown = {tool.name for tool in (await client.list_tools()).tools}
        assert shown == {"list_agents", "get_agent", "list_sessions", "read_transcript", "search_knowledge"}
        said = await refused(client, "create_agent", agent={"name": "X"})
        assert "lacks the scope 'write'" in said


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        pytest.param(
            "nothing", {}, "There is no tool 'nothing'; there are: list_agents", id="a tool that is not there"
        ),
        pytest.param("get_agent", {}, "agent_id: Field required.", id="a field that is missing"),
        pytest.param("get_agent", {"agent": "x"}, "agent_id: Field required.", id="a field that is misspelt"),
        pytest.param("list_agents", {"limit": 0}, "limit: Input should be greater", id="a number out of range"),
        pytest.param("create_agent", {"agent": {"name": " "}}, "name: must not be empty.", id="a name without letters"),
        pytest.param(
            "search_knowledge", {"query": "x", "collection_ids": []}, "collection_ids: List should have", id="nowhere"
        ),
        pytest.param("list_agents", {"pagination_token": "?"}, "pagination_token: is not one", id="a token of no page"),
    ],
)
async def test_what_is_wrong_is_told_to_the_model(
    served: Served, name: str, arguments: dict[str, Any], told: str
) -> None:
    async with driving(served) as client:
        assert (await refused(client, name, **arguments)).startswith(told)


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        pytest.param("POST", {}, 401, id="no key"),
        pytest.param("POST", {"authorization": "Bearer vv_wrong"}, 401, id="a wrong key"),
        pytest.param("GET", {"authorization": f"Bearer {KEY}"}, 405, id="a stream, of which there is none"),
    ],
)
async def test_who_may_not_come_in_is_told_so(
    served: Served, method: str, headers: dict[str, str], status: int
) -> None:
    async with httpx.AsyncClient(timeout=60.0) as http:
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        answer = await http.request(method, f"{served.url}/mcp", headers=headers, json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


async def test_many_clients_at_once_do_not_mix(served: Served) -> None:
    async def one(number: int) -> str:
        async with driving(served) as client:
            made = await asked(client, "create_agent", agent={"name": f"Agent {number}"})
            shown = await asked(client, "get_agent", agent_id=made["agent_id"])
            return str(shown["name"])

    assert await asyncio.gather(*map(one, range(8))) == [f"Agent {number}" for number in range(8)]
