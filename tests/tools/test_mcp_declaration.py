"""Declarations of MCP servers: what they say of addresses, proofs, filters and approvals; and names for models."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation.tool_policy import Approval, OnInterruption, ToolFailure
from vivavoce.tools.mcp_declaration import ToolFilter, read_mcp
from vivavoce.tools.mcp_source import NAME_LENGTH_MAXIMUM, model_names
from vivavoce.tools.ports import ToolError

SERVER = {"type": "mcp", "server_url": "https://mcp.example/mcp", "server_label": "kitchen"}
_MODEL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@pytest.mark.parametrize(
    ("declared", "headers"),
    [
        pytest.param({}, {}, id="nothing is sent where nothing is given"),
        pytest.param({"authorization": "abc"}, {"authorization": "Bearer abc"}, id="a token alone is a bearer's"),
        pytest.param({"authorization": "Basic abc"}, {"authorization": "Basic abc"}, id="another scheme stays"),
        pytest.param(
            {"authorization": "{{ secret.KITCHEN }}"},
            {"authorization": "Bearer {{ secret.KITCHEN }}"},
            id="a secret stands for a token",
        ),
        pytest.param(
            {"headers": {"X-Key": "k", "Authorization": "Token t"}, "authorization": "abc"},
            {"x-key": "k", "authorization": "Bearer abc"},
            id="authorization comes before a header of the same name",
        ),
    ],
)
def test_what_proves_who_asks(declared: dict[str, Any], headers: dict[str, str]) -> None:
    assert dict(read_mcp(SERVER | declared).headers) == headers


async def test_secrets_are_put_in_their_places_and_never_shown() -> None:
    async def secrets(organisation_id: str, names: Collection[str]) -> Mapping[str, str]:
        return {name: f"s3cret-{organisation_id}-{name}" for name in names if name != "GONE"}

    server = read_mcp(SERVER | {"headers": {"X-Key": "a {{secret.ONE}} b {{secret.TWO}}"}})
    endpoint = await server.endpoint("org", secrets)
    assert dict(endpoint.headers) == {"x-key": "a s3cret-org-ONE b s3cret-org-TWO"}
    assert "s3cret" not in repr(endpoint)
    assert "secret.ONE" not in repr(server)
    gone = read_mcp(SERVER | {"authorization": "{{secret.GONE}}"})
    with pytest.raises(ToolError, match="The secret 'GONE' is not stored"):
        await gone.endpoint("org", secrets)


@pytest.mark.parametrize(
    ("required", "read_only_tool", "order"),
    [
        pytest.param(None, None, None, id="nothing said: the policy decides"),
        pytest.param("never", Approval.NOBODY, Approval.NOBODY, id="never"),
        pytest.param("always", Approval.CLIENT, Approval.CLIENT, id="always: the client is asked"),
        pytest.param("caller", Approval.CALLER, Approval.CALLER, id="caller: the caller is asked"),
        pytest.param({"always": {"tool_names": ["order"]}}, None, Approval.CLIENT, id="some always, the rest not"),
        pytest.param(
            {"never": {"read_only": True}}, Approval.NOBODY, Approval.CLIENT, id="some never, the rest always"
        ),
        pytest.param(
            {"always": {"tool_names": ["order"]}, "never": {"tool_names": ["order", "echo"]}},
            Approval.NOBODY,
            Approval.CLIENT,
            id="where both fit, asking is safer",
        ),
    ],
)
def test_who_has_to_agree(required: Any, read_only_tool: Approval | None, order: Approval | None) -> None:
    declared = SERVER if required is None else SERVER | {"require_approval": required}
    approvals = read_mcp(declared).approvals
    assert approvals.of("echo", read_only=True) == read_only_tool
    assert approvals.of("order", read_only=False) == order


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        pytest.param(None, {"echo", "order"}, id="no filter takes all"),
        pytest.param([], {"echo", "order"}, id="an empty list is no filter"),
        pytest.param(["order"], {"order"}, id="names"),
        pytest.param({"tool_names": ["echo", "order"], "read_only": True}, {"echo"}, id="names and read only"),
        pytest.param({"read_only": False}, {"order"}, id="those that change something"),
    ],
)
def test_filters_take_what_fits(wanted: Any, taken: set[str]) -> None:
    allowed = read_mcp(SERVER | {"allowed_tools": wanted}).allowed
    assert {
        name for name, read_only in (("echo", True), ("order", False)) if allowed.takes(name, read_only=read_only)
    } == taken


def test_the_policy_goes_with_every_tool() -> None:
    policy = read_mcp(SERVER | {"policy": {"timeout_ms": 500, "on_interruption": "cancel", "confirm": True}}).policy
    assert (policy.timeout_ms, policy.on_interruption) == (500, OnInterruption.CANCEL)
    assert policy.approval is Approval.CALLER


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        pytest.param({"server_url": "ftp://mcp.example"}, "must be an http or https address", id="no web address"),
        pytest.param({"server_url": "https://u:p@mcp.example"}, "must not hold a password", id="a password in it"),
        pytest.param({"server_label": "a b"}, "letters, digits", id="a label with a space"),
        pytest.param({"require_approval": "sometimes"}, "require_approval", id="an approval that there is not"),
        pytest.param({"authorization": "a\r\nX: y"}, "one line", id="a header hidden in another"),
    ],
)
def test_what_cannot_be_meant_is_refused(declared: dict[str, Any], told: str) -> None:
    with pytest.raises(ToolError, match=told) as caught:
        read_mcp(SERVER | declared)
    assert caught.value.failure is ToolFailure.NOT_CONFIGURED


def test_a_filter_of_nothing_takes_everything() -> None:
    assert ToolFilter().takes("anything", read_only=False)


@given(
    st.lists(st.text(min_size=1, max_size=100), max_size=20, unique=True),
    st.text("abcXYZ019_-", min_size=1, max_size=64),
    st.sets(st.text("abc_-", min_size=1, max_size=3), max_size=5),
)
def test_every_tool_has_a_name_of_its_own_that_a_model_can_say(names: list[str], label: str, taken: set[str]) -> None:
    found = model_names(names, label, taken)
    assert sorted(found.values()) == sorted(names)
    assert not taken & found.keys()
    for said in found:
        assert _MODEL_NAME.fullmatch(said)


@pytest.mark.parametrize(
    ("names", "taken", "found"),
    [
        pytest.param(["look_up"], set(), {"look_up": "look_up"}, id="a good name stays"),
        pytest.param(["look.up"], set(), {"kitchen_look_up": "look.up"}, id="a dot is changed, and the label tells"),
        pytest.param(["echo"], {"echo"}, {"kitchen_echo": "echo"}, id="a taken one gets the label before it"),
    ],
)
def test_names(names: list[str], taken: set[str], found: dict[str, str]) -> None:
    assert model_names(names, "kitchen", taken) == found


def test_a_name_that_is_too_long_is_cut_and_marked() -> None:
    first, second = model_names(["a" * 80 + "1", "a" * 80 + "2"], "kitchen", set())
    assert first != second
    assert len(first) == len(second) == NAME_LENGTH_MAXIMUM
