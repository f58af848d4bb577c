"""Tools tried out over HTTP before an agent has them: a real receiver, a real call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.platform_application import application_open
from tests.webhook_receiver import answer, receiving


def _webhook(url: str, **more: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}
    request = {"method": "POST", "url": url}
    described = {"name": "lookup_order", "description": "Its state.", "parameters": parameters}
    return {"type": "webhook", **described, "request": request, **more}


async def test_a_declaration_shows_what_the_model_would_be_offered(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        answered = await opened.http.post("/v1/tools/list", json={"tool": _webhook("https://shop.example.com/orders")})
        told = answered.json()
    assert [tool["name"] for tool in told["data"]] == ["lookup_order"]
    assert told["error"] is None


async def test_a_tool_that_is_not_set_up_says_so(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        told = (await opened.http.post("/v1/tools/list", json={"tool": {"type": "web_search"}})).json()
    assert told["data"] == []
    assert "not set up" in told["error"]


async def test_a_call_that_may_not_leave_for_the_servers_own_network_says_so(tmp_path: Path) -> None:
    async with receiving(answer(200)) as receiver, application_open(tmp_path) as opened:
        body = {"tool": _webhook(receiver.url), "arguments": {"order_id": "12345"}}
        told = (await opened.http.post("/v1/tools/call", json=body)).json()
        assert told["failure"] is not None
        assert receiver.received == []


async def test_arguments_that_do_not_fit_the_schema_are_explained_and_nothing_is_sent(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        body = {"tool": _webhook("https://shop.example.com/orders"), "arguments": {}}
        told = (await opened.http.post("/v1/tools/call", json=body)).json()
    assert told["failure"] == "invalid_arguments"
    assert "order_id" in told["output"]


@pytest.mark.parametrize(
    "tool",
    [
        pytest.param({"type": "function", "name": "mine"}, id="a function, which the client runs"),
        pytest.param({"type": "webhook", "name": "lookup"}, id="a webhook without an address"),
        pytest.param({"type": "telepathy"}, id="a type that there is not"),
    ],
)
async def test_what_cannot_be_tried_is_refused(tmp_path: Path, tool: dict[str, Any]) -> None:
    async with application_open(tmp_path) as opened:
        answered = await opened.http.post("/v1/tools/call", json={"tool": tool})
    assert answered.status_code == 400


async def test_a_key_that_may_only_read_tries_nothing(tmp_path: Path) -> None:
    async with application_open(tmp_path) as opened:
        reader = opened.client(await opened.new_key("read"))
        answered = await reader.post("/v1/tools/call", json={"tool": {"type": "web_search"}})
    assert answered.status_code == 403
