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
TYPES = st.sampled_from(["function", "web_search", "mcp", "tool_reference"])
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
