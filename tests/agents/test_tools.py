"""What an agent may call: declarations in every form, and whatever else a client may send instead."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.tools import check_tools, declared, functions_of
from vivavoce.engines.ports import FunctionTool

SCHEMA = {"type": "object", "properties": {"order": {"type": "string"}}}
LOOK_UP = FunctionTool("look_up", "Looks up.", SCHEMA)
FLAT = {"type": "function", "name": "look_up", "description": "Looks up.", "parameters": SCHEMA}
NESTED = {"type": "function", "function": {key: value for key, value in FLAT.items() if key != "type"}}


@pytest.mark.parametrize(
    ("tools", "functions"),
    [
        pytest.param([FLAT], (LOOK_UP,), id="a function as the Realtime API has it"),
        pytest.param([NESTED], (LOOK_UP,), id="a function as Chat Completions have it"),
        pytest.param([NESTED["function"]], (LOOK_UP,), id="a function that does not say what it is"),
        pytest.param([{"name": "f"}], (FunctionTool("f", "", {}),), id="nothing but a name"),
        pytest.param(
            [{"name": "f", "description": None, "parameters": None}], (FunctionTool("f", "", {}),), id="nulls"
        ),
        pytest.param(
            [{"type": "web_search"}, {"type": "web_search"}, {"type": "mcp", "server_url": "https://x"}, FLAT],
            (LOOK_UP,),
            id="tools of the house beside a function, even twice",
        ),
        pytest.param([{"type": "tool_reference", "id": "t1"}], (), id="a tool that is declared elsewhere"),
        pytest.param([declared(LOOK_UP)], (LOOK_UP,), id="what we declare ourselves"),
    ],
)
def test_a_good_declaration_is_taken_and_its_functions_are_found(
    tools: list[Any], functions: tuple[FunctionTool, ...]
) -> None:
    check_tools(tools)
    assert functions_of(tools) == functions


@pytest.mark.parametrize(
    ("tool", "param"),
    [
        pytest.param("web_search", "", id="a word"),
        pytest.param(None, "", id="null"),
        pytest.param({"type": "teleport"}, ".type", id="an unknown type"),
        pytest.param({"type": None, "name": "f"}, ".type", id="a type that is null"),
        pytest.param({"type": ["function"], "name": "f"}, ".type", id="a list of types"),
        pytest.param({"type": "function"}, ".name", id="a function without a name"),
        pytest.param({"type": "function", "name": 3}, ".name", id="a number for a name"),
        pytest.param({"type": "function", "name": "a b"}, ".name", id="a name with a space"),
        pytest.param({"type": "function", "name": "f" * 65}, ".name", id="a name too long"),
        pytest.param({"type": "function", "function": "f"}, ".function", id="a nested word"),
        pytest.param({"type": "function", "function": {}}, ".function.name", id="a nested nothing"),
        pytest.param({"name": "f", "description": ["x"]}, ".description", id="a list for a description"),
        pytest.param({"name": "f", "description": 0}, ".description", id="zero for a description"),
        pytest.param({"name": "f", "parameters": "{}"}, ".parameters", id="a text for parameters"),
        pytest.param({"name": "f", "parameters": []}, ".parameters", id="an empty list for parameters"),
        pytest.param({"name": "f", "parameters": False}, ".parameters", id="false for parameters"),
        pytest.param({"name": "f", "parameters": {"x": "y" * 70_000}}, "", id="a declaration too long"),
        pytest.param({"name": "f", "description": "\ud800"}, "", id="half of a surrogate pair"),
        pytest.param({"name": "f", "x": float("nan")}, "", id="what JSON cannot say"),
    ],
)
def test_a_bad_declaration_is_refused_by_the_path_of_its_fault(tool: Any, param: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        check_tools([{"type": "web_search"}, tool])
    assert caught.value.param == f"tools[1]{param}"


WEBHOOK: dict[str, Any] = {
    "type": "webhook",
    "name": "find",
    "description": "Finds.",
    "parameters": SCHEMA,
    "request": {"method": "GET", "url": "https://example.com/{{order}}"},
}
DESK = {"name": "desk", "number": "+14155550123"}


@pytest.mark.parametrize(
    "tool",
    [
        pytest.param(WEBHOOK, id="a webhook"),
        pytest.param({**WEBHOOK, "parameters": None, "request": {"url": "http://x"}}, id="a webhook without arguments"),
        pytest.param(
            {**WEBHOOK, "request": {"url": "https://x:8443/a?k={{secret.KEY}}", "headers": {"X-A": "{{call_id}}"}}},
            id="a webhook with a secret and a port",
        ),
        pytest.param(
            {**WEBHOOK, "policy": {"timeout_ms": 100, "on_interruption": "cancel", "retries": 5, "confirm": True}},
            id="a webhook with a policy",
        ),
        pytest.param({**WEBHOOK, "sign": True, "signing_secret": "KEY"}, id="a webhook that signs"),
        pytest.param(
            {**WEBHOOK, "response": {"pick": {"a": "b.c"}, "maximum_characters": 10}}, id="a webhook that picks"
        ),
        pytest.param({"type": "system", "name": "end_call"}, id="an end of the call"),
        pytest.param({"type": "system", "name": "skip_turn", "description": "Listens."}, id="a turn that is skipped"),
        pytest.param({"type": "system", "name": "transfer_call", "destinations": [DESK]}, id="a transfer"),
        pytest.param({"type": "system", "name": "send_dtmf", "policy": {"filler": "Dialling."}}, id="tones"),
    ],
)
def test_what_the_server_runs_is_taken_and_is_no_function(tool: dict[str, Any]) -> None:
    check_tools([tool, FLAT])
    assert functions_of([tool, FLAT]) == (LOOK_UP,)


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        pytest.param({"name": "a b"}, ".name", id="a name with a space"),
        pytest.param({"description": " "}, ".description", id="no description"),
        pytest.param({"parameters": []}, ".parameters", id="a list for parameters"),
        pytest.param({"parameters": {"type": "string"}}, ".parameters.type", id="parameters that are no object"),
        pytest.param({"parameters": {"properties": {"a": {"type": 1}}}}, ".parameters.properties.a.type", id="a type"),
        pytest.param({"request": None}, ".request", id="no request"),
        pytest.param({"request": {"url": "https://x", "method": "get"}}, ".request.method", id="an unknown method"),
        pytest.param({"request": {}}, ".request.url", id="no address"),
        pytest.param({"request": {"url": "ftp://x/"}}, ".request.url", id="another scheme"),
        pytest.param({"request": {"url": "https://{{order}}/x"}}, ".request.url", id="a host by the model"),
        pytest.param({"request": {"url": "https://x{{order}}/x"}}, ".request.url", id="half a host by the model"),
        pytest.param({"request": {"url": "https://x:80{{order}}/"}}, ".request.url", id="a port by the model"),
        pytest.param({"request": {"url": "{{order}}"}}, ".request.url", id="an address by the model"),
        pytest.param({"request": {"url": "https://a:b@x/"}}, ".request.url", id="a password in the address"),
        pytest.param({"request": {"url": "https://x/#a"}}, ".request.url", id="a fragment"),
        pytest.param({"request": {"url": "https://x/{{order"}}, ".request.url", id="braces without an end"),
        pytest.param({"request": {"url": "https://x/{{}}"}}, ".request.url", id="braces around nothing"),
        pytest.param({"request": {"url": "https://x/{{secret}}"}}, ".request.url", id="a secret without a name"),
        pytest.param({"request": {"url": "https://x/{{colour}}"}}, ".request", id="an argument that is not declared"),
        pytest.param({"request": {"url": "https://x", "headers": []}}, ".request.headers", id="a list of headers"),
        pytest.param(
            {"request": {"url": "https://x", "headers": {"a b": "c"}}}, ".request.headers.a b", id="no header's name"
        ),
        pytest.param(
            {"request": {"url": "https://x", "headers": {"Host": "y"}}}, ".request.headers.Host", id="a header of ours"
        ),
        pytest.param({"request": {"url": "https://x", "query": {"a": []}}}, ".request.query.a", id="a list in a query"),
        pytest.param(
            {"request": {"url": "https://x", "method": "GET", "body": {}}}, ".request.body", id="a body where none is"
        ),
        pytest.param(
            {"request": {"url": "https://x", "body": "a", "headers": {"content-type": "application/json"}}},
            ".request.body",
            id="JSON that is none",
        ),
        pytest.param({"response": {"pick": 3}}, ".response.pick", id="a number to pick"),
        pytest.param({"response": {"pick": {"a": ""}}}, ".response.pick.a", id="nothing to pick"),
        pytest.param({"response": {"maximum_characters": 0}}, ".response.maximum_characters", id="no character"),
        pytest.param({"policy": []}, ".policy", id="a list for a policy"),
        pytest.param({"policy": {"timeout_ms": 99}}, ".policy.timeout_ms", id="too short a time"),
        pytest.param({"policy": {"retries": 6}}, ".policy.retries", id="too many repetitions"),
        pytest.param({"policy": {"on_interruption": "stop"}}, ".policy.on_interruption", id="an unknown end"),
        pytest.param({"sign": "yes"}, ".sign", id="a yes"),
        pytest.param({"sign": True}, ".signing_secret", id="a signature without a secret"),
        pytest.param({"type": "system", "name": "hang_up"}, ".name", id="an unknown system tool"),
        pytest.param({"type": "system", "name": "transfer_call"}, ".destinations", id="a transfer to nowhere"),
        pytest.param(
            {"type": "system", "name": "end_call", "destinations": [DESK]}, ".destinations", id="an end to somewhere"
        ),
        pytest.param(
            {"type": "system", "name": "transfer_call", "destinations": [DESK, DESK]}, ".destinations[1].name", id="two"
        ),
        pytest.param(
            {"type": "system", "name": "transfer_call", "destinations": [{"name": "a", "number": "911"}]},
            ".destinations[0].number",
            id="a number that is none",
        ),
        pytest.param(
            {"type": "system", "name": "transfer_call", "destinations": [{"name": "a", "sip_uri": "a@b"}]},
            ".destinations[0].sip_uri",
            id="a SIP URI that is none",
        ),
    ],
)
def test_a_tool_that_could_not_run_is_refused_by_the_path_of_its_fault(changed: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        check_tools([{"type": "web_search"}, {**WEBHOOK, **changed}])
    assert caught.value.param == f"tools[1]{param}"


@pytest.mark.parametrize(
    "other", [pytest.param({**FLAT, "name": "find"}, id="a function"), pytest.param(WEBHOOK, id="another webhook")]
)
def test_a_webhook_cannot_have_the_name_of_another_tool(other: dict[str, Any]) -> None:
    with pytest.raises(InvalidFieldError, match="earlier tool") as caught:
        check_tools([other, WEBHOOK])
    assert caught.value.param == "tools[1].name"


def test_two_functions_cannot_have_one_name_in_whatever_form() -> None:
    with pytest.raises(InvalidFieldError, match="earlier tool") as caught:
        check_tools([FLAT, NESTED])
    assert caught.value.param == "tools[1].function.name"


def test_too_deep_a_declaration_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(InvalidFieldError):
        check_tools([{"name": "f", "parameters": deep}])
    while deep:  # taken apart by hand: the interpreter would do it recursively
        deep = deep["a"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["f", "g", "look_up"])
FUNCTION = st.fixed_dictionaries({}, optional={"name": NAMES | JSON, "description": JSON, "parameters": JSON})
TYPES = st.sampled_from(["function", "webhook", "system", "web_search", "mcp", "tool_reference"])
TOOL = (
    st.fixed_dictionaries({}, optional={"type": TYPES | JSON, "function": FUNCTION | JSON, "name": NAMES | JSON})
    | FUNCTION
    | JSON
)


@given(st.lists(TOOL, max_size=4))
def test_whatever_json_comes_it_is_refused_by_its_path_or_its_functions_are_found(tools: list[Any]) -> None:
    with suppress(InvalidFieldError):  # nothing else may be raised
        check_tools(tools)
        for function in functions_of(tools):
            assert isinstance(function.name, str)
            assert isinstance(function.description, str)
            assert isinstance(function.parameters, dict)
