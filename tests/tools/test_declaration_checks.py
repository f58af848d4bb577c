"""What declarations of tools may say, and which field is named when they say something else."""

from __future__ import annotations

from typing import Any

import pytest

from vivavoce.conversation.tool_policy import AS_USUAL, Approval, OnInterruption, ToolPolicy
from vivavoce.tools.declaration_checks import DeclarationError, check_declaration, check_labels, policy_of

SERVER: dict[str, Any] = {"type": "mcp", "server_label": "orders", "server_url": "https://tools.example/mcp"}

GOOD = [
    pytest.param(SERVER, id="a server of tools with its address and its label"),
    pytest.param(
        {**SERVER, "allowed_tools": ["look_up"], "headers": {"X-Team": "a b"}, "authorization": "secret"},
        id="a server that lets in with a header and offers one tool",
    ),
    pytest.param(
        {**SERVER, "allowed_tools": {"tool_names": ["look_up"], "read_only": True}}, id="OpenAI's filter of tools"
    ),
    pytest.param(
        {**SERVER, "require_approval": {"never": {"tool_names": ["look_up"]}}}, id="OpenAI's filter of approvals"
    ),
    pytest.param({**SERVER, "server_url": "http://127.0.0.1:8000/sse"}, id="a server of this machine with its port"),
    pytest.param(
        {"type": "file_search", "vector_store_ids": ["collection_1"], "max_num_results": 50},
        id="as many results as there may be",
    ),
    pytest.param({"type": "web_search", "allowed_domains": ["a.example"] * 5}, id="five domains"),
    pytest.param(
        {"type": "web_search", "allowed_domains": [], "excluded_domains": ["a.example"]},
        id="an empty list beside the other one says nothing",
    ),
    pytest.param(
        {"type": "x_search", "allowed_x_handles": ["xai"] * 20, "from_date": "2026-01-01", "to_date": "2026-01-01"},
        id="twenty handles and one day",
    ),
    pytest.param({"type": "x_search", "from_date": "2026-01-01T10:00:00Z"}, id="a date with its time"),
    pytest.param({"type": "web_search", "policy": None}, id="no policy"),
    pytest.param({"type": "someone_elses", "anything": 1}, id="a type that is checked elsewhere"),
]


@pytest.mark.parametrize("declaration", GOOD)
def test_a_good_declaration_is_passed(declaration: dict[str, Any]) -> None:
    check_declaration(declaration, "tools[0]")


BAD = [
    pytest.param({**SERVER, "server_label": ""}, "server_label", id="a server without a label"),
    pytest.param({**SERVER, "server_label": "my server"}, "server_label", id="a label that is no identifier"),
    pytest.param({**SERVER, "server_url": None}, "server_url", id="a server without an address"),
    pytest.param({**SERVER, "server_url": "ftp://a.example"}, "server_url", id="an address of another protocol"),
    pytest.param({**SERVER, "server_url": "https://"}, "server_url", id="an address of nobody"),
    pytest.param({**SERVER, "server_url": "https://a.example:x"}, "server_url", id="a port that is no number"),
    pytest.param(
        {"type": "mcp", "server_label": "mail", "connector_id": "connector_gmail"},
        "connector_id",
        id="a connector of OpenAI's",
    ),
    pytest.param({**SERVER, "headers": ["a"]}, "headers", id="headers that are a list"),
    pytest.param({**SERVER, "headers": {"A": "b\r\nC: d"}}, "headers.A", id="a header that smuggles another one in"),
    pytest.param({**SERVER, "headers": {"a b": "c"}}, "headers", id="a header whose name has a space"),
    pytest.param({**SERVER, "authorization": 5}, "authorization", id="a secret that is a number"),
    pytest.param({**SERVER, "allowed_tools": "look_up"}, "allowed_tools", id="allowed tools that are no list"),
    pytest.param({**SERVER, "allowed_tools": ["ok", ""]}, "allowed_tools[1]", id="an allowed tool without a name"),
    pytest.param({**SERVER, "require_approval": "sometimes"}, "require_approval", id="an approval that there is not"),
    pytest.param(
        {**SERVER, "require_approval": {"always": ["a"]}}, "require_approval.always", id="an approval of a bare list"
    ),
    pytest.param({"type": "file_search", "max_num_results": 0}, "max_num_results", id="no results at all"),
    pytest.param({"type": "file_search", "max_num_results": 51}, "max_num_results", id="too many results"),
    pytest.param({"type": "file_search", "max_num_results": True}, "max_num_results", id="a truth for a number"),
    pytest.param({"type": "file_search", "vector_store_ids": "one"}, "vector_store_ids", id="one id instead of a list"),
    pytest.param({"type": "web_search", "allowed_domains": ["a"] * 6}, "allowed_domains", id="six domains"),
    pytest.param(
        {"type": "web_search", "allowed_domains": ["a"], "excluded_domains": ["b"]},
        "excluded_domains",
        id="allowed and excluded domains",
    ),
    pytest.param({"type": "web_search", "location": "Berlin"}, "location", id="a place that is no object"),
    pytest.param(
        {"type": "web_search", "user_location": {"city": 3}}, "user_location.city", id="a city that is a number"
    ),
    pytest.param({"type": "x_search", "excluded_x_handles": ["a"] * 21}, "excluded_x_handles", id="too many handles"),
    pytest.param(
        {"type": "x_search", "allowed_x_handles": ["a"], "excluded_x_handles": ["b"]},
        "excluded_x_handles",
        id="allowed and excluded handles",
    ),
    pytest.param({"type": "x_search", "from_date": "yesterday"}, "from_date", id="a day that is no date"),
    pytest.param(
        {"type": "x_search", "from_date": "2026-02-01", "to_date": "2026-01-01"},
        "to_date",
        id="an end before the start",
    ),
    pytest.param({"type": "function", "policy": []}, "policy", id="a policy that is no object"),
    pytest.param({"policy": {"timeout_ms": 5}}, "policy.timeout_ms", id="a time-out that nobody can meet"),
    pytest.param({"policy": {"timeout_ms": 1e9}}, "policy.timeout_ms", id="a time-out that is no whole number"),
    pytest.param({"policy": {"on_interruption": "shout"}}, "policy.on_interruption", id="an unknown way of stopping"),
    pytest.param({"policy": {"confirm": "yes"}}, "policy.confirm", id="a confirmation in words"),
    pytest.param({"policy": {"filler": " "}}, "policy.filler", id="an empty filler"),
    pytest.param({"policy": {"retries": 6}}, "policy.retries", id="too many retries"),
    pytest.param(
        {"type": "function", "function": {"name": "f", "policy": {"retries": -1}}},
        "function.policy.retries",
        id="a policy inside a nested function",
    ),
]


@pytest.mark.parametrize(("declaration", "field"), BAD)
def test_what_cannot_be_used_is_refused_with_the_path_of_its_field(declaration: dict[str, Any], field: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        check_declaration(declaration, "tools[2]")
    assert refused.value.param == f"tools[2].{field}"
    assert "secret" not in str(refused.value)


def test_two_servers_cannot_have_one_label() -> None:
    with pytest.raises(DeclarationError) as refused:
        check_labels([SERVER, {"type": "web_search"}, {**SERVER, "server_url": "https://b.example"}], "tools")
    assert refused.value.param == "tools[2].server_label"


POLICIES = [
    pytest.param({}, AS_USUAL, id="nothing said is as usual"),
    pytest.param(
        {"timeout_ms": 500, "on_interruption": "background", "confirm": True, "filler": "Looking."},
        ToolPolicy(500, OnInterruption.BACKGROUND, Approval.CALLER, "Looking."),
        id="everything said",
    ),
    pytest.param({"timeout_ms": None, "confirm": False}, AS_USUAL, id="null says nothing"),
]


@pytest.mark.parametrize(("policy", "expected"), POLICIES)
def test_a_policy_is_read_beside_the_type_and_inside_the_function(policy: dict[str, Any], expected: ToolPolicy) -> None:
    assert policy_of({"type": "webhook", "policy": policy}) == expected
    assert policy_of({"type": "function", "function": {"name": "f", "policy": policy}}) == expected


def test_what_a_policy_leaves_out_is_as_it_was_begun() -> None:
    begun = ToolPolicy(approval=Approval.CLIENT, filler="Wait.")
    assert policy_of({"policy": {"timeout_ms": 700}}, begun) == ToolPolicy(
        700, begun.on_interruption, Approval.CLIENT, "Wait."
    )
