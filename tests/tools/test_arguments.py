"""Arguments as a model wrote them: put right where that does no harm, refused in a sentence that helps, never run."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import ToolFailure, ToolSourceKey
from vivavoce.tools import invoking
from vivavoce.tools.arguments import ARGUMENTS_CHARACTERS_MAXIMUM, read_arguments
from vivavoce.tools.invoking import CheckedSource, invoke, prepared
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolResult
from vivavoce.tools.schemas import UnusableSchemaError, check_schema, is_tame

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Za-z ]+$", "minLength": 2},
        "count": {"type": "integer", "minimum": 1, "maximum": 9},
        "weight": {"type": "number"},
        "speed": {"type": "string", "enum": ["Standard", "Next Day"]},
        "gift": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "place": {"type": "object", "properties": {"floor": {"type": "integer"}}, "required": ["floor"]},
        "kin": {"$ref": "#/$defs/kin"},
        "free": {},
    },
    "$defs": {"kin": {"type": "integer"}},
    "required": ["name"],
    "additionalProperties": False,
}
TOOL = Tool("order", "", json.dumps(SCHEMA))


def refusal_of(arguments: str, tool: Tool = TOOL) -> str:
    with pytest.raises(ToolError) as caught:
        read_arguments(tool, arguments)
    assert caught.value.failure is ToolFailure.INVALID_ARGUMENTS
    return caught.value.message


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param({}, {}, id="nothing besides"),
        pytest.param({"count": "3"}, {"count": 3}, id="a whole number as a text"),
        pytest.param({"count": " 3 "}, {"count": 3}, id="a number with spaces around"),
        pytest.param({"count": "3.0"}, {"count": 3}, id="a whole number with a point"),
        pytest.param({"count": 3.0}, {"count": 3}, id="a whole number that is none in Python"),
        pytest.param({"weight": "2.5"}, {"weight": 2.5}, id="a number as a text"),
        pytest.param({"kin": "4"}, {"kin": 4}, id="a number behind a reference"),
        pytest.param({"gift": "Yes"}, {"gift": True}, id="a yes"),
        pytest.param({"gift": "false"}, {"gift": False}, id="a false as a text"),
        pytest.param({"speed": "next_day"}, {"speed": "Next Day"}, id="one of a few, spelled otherwise"),
        pytest.param({"tags": "new"}, {"tags": ["new"]}, id="one where several may be"),
        pytest.param({"tags": '["a", "b"]'}, {"tags": ["a", "b"]}, id="a list as a text"),
        pytest.param({"tags": [1]}, {"tags": ["1"]}, id="a number where texts are wanted"),
        pytest.param({"place": '{"floor": "2"}'}, {"place": {"floor": 2}}, id="an object as a text"),
        pytest.param({"count": None, "speed": ""}, {}, id="nothing for what may be left out"),
        pytest.param({"free": None}, {"free": None}, id="null where anything goes"),
        pytest.param({"free": "3"}, {"free": "3"}, id="a text where anything goes"),
    ],
)
def test_what_does_no_harm_is_put_right(written: dict[str, Any], read: dict[str, Any]) -> None:
    assert read_arguments(TOOL, json.dumps({"name": "Ada", **written})) == {"name": "Ada", **read}


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param('"{\\"name\\": \\"Ada\\"}"', id="an object written twice over"),
        pytest.param(' {"name": "Ada"}\n', id="space around it"),
    ],
)
def test_an_object_is_read_however_it_is_wrapped(arguments: str) -> None:
    assert read_arguments(TOOL, arguments) == {"name": "Ada"}


@pytest.mark.parametrize(
    "arguments", [pytest.param("", id="nothing"), pytest.param("null", id="null"), pytest.param("{}", id="an object")]
)
def test_no_arguments_are_an_empty_object(arguments: str) -> None:
    assert read_arguments(Tool("f", "", ""), arguments) == {}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        pytest.param({"name": None}, "must be a text, not null", id="null for what is required"),
        pytest.param({"name": 7}, 'must match ^[A-Za-z ]+$, which "7" does not', id="a number against a pattern"),
        pytest.param({"name": "A"}, "at least 2 characters", id="a text too short"),
        pytest.param({"count": "3x"}, "'count' must be a whole number, not \"3x\"", id="trailing junk"),
        pytest.param({"count": "1e3"}, "must be a whole number", id="a number that nobody writes so"),
        pytest.param({"count": 2.5}, "must be a whole number, not 2.5", id="a broken number"),
        pytest.param({"count": True}, "must be a whole number, not true", id="true for a number"),
        pytest.param({"count": 0}, "must be at least 1", id="too few"),
        pytest.param({"count": 10}, "must be at most 9", id="too many"),
        pytest.param({"speed": "slow"}, 'must be one of "Standard", "Next Day", not "slow"', id="none of a few"),
        pytest.param({"gift": "maybe"}, "must be true or false", id="a maybe"),
        pytest.param({"tags": ["a", "b", "c"]}, "at most 2 items", id="too long a list"),
        pytest.param({"place": {}}, "'place.floor' is missing", id="a part that is missing"),
        pytest.param({"place": "{floor"}, "not valid JSON", id="a broken object as a text"),
        pytest.param({"colour": "red"}, "'colour' was unexpected", id="what the tool does not take"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(written: dict[str, Any], told: str) -> None:
    sentence = refusal_of(json.dumps({"name": "Ada", **written}))
    assert told in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param("", "The argument 'name' is missing: take it from what the caller said", id="nothing at all"),
        pytest.param('{"name": "Ada"', "not valid JSON", id="half an object"),
        pytest.param('{"name": "Ada"} and so on', "not valid JSON", id="words after the object"),
        pytest.param('["Ada"]', "must be one JSON object", id="a list"),
        pytest.param('{"weight": NaN}', "not valid JSON", id="what is no number"),
        pytest.param('{"weight": 1e999}', "not valid JSON", id="a number without end"),
        pytest.param('{"name": "\\ud800"}', "not valid JSON", id="half of a surrogate pair"),
        pytest.param("[" * 50_000, "not valid JSON", id="lists without end"),
        pytest.param(" " * (ARGUMENTS_CHARACTERS_MAXIMUM + 1), "longer than", id="more than can be read"),
    ],
)
def test_what_is_no_object_is_refused(arguments: str, told: str) -> None:
    assert told in refusal_of(arguments)


def test_several_that_are_missing_are_told_together() -> None:
    tool = Tool("f", "", json.dumps({"type": "object", "required": ["a", "b"]}))
    assert "'a' and 'b' are missing: take them" in refusal_of("{}", tool)


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        pytest.param([], "", id="a list"),
        pytest.param({"type": "string"}, "type", id="the schema of a text"),
        pytest.param({"properties": {"a": {"type": "strin"}}}, "properties.a.type", id="a type that is none"),
        pytest.param({"properties": {"a": {"pattern": "("}}}, "properties.a.pattern", id="a pattern that is none"),
        pytest.param({"required": "a"}, "required", id="one required name as a text"),
        pytest.param({"properties": {"a": {"$ref": "http://x/y"}}}, "properties.a.$ref", id="a schema elsewhere"),
        pytest.param({"$ref": "#/$defs/none"}, "", id="a reference to nothing"),
        pytest.param({"$ref": "#"}, "", id="a reference to itself"),
    ],
)
def test_a_schema_that_is_none_is_refused_by_its_path(schema: Any, path: str) -> None:
    with pytest.raises(UnusableSchemaError) as caught:
        check_schema(schema)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("pattern", "tame"),
    [
        pytest.param(r"^[A-Z]{2}-?\d{3,}$", True, id="a code"),
        pytest.param(r"^(?:\d{3}-)?\d{4}$", True, id="a part that may be missing"),
        pytest.param(r"^[^@\s]+@[^@\s]+\.[a-z]+$", True, id="an address"),
        pytest.param(r"[(a+)]+$", True, id="brackets that are only characters"),
        pytest.param(r"(a+)+$", False, id="repetition of a repetition"),
        pytest.param(r"((a+))+$", False, id="the same, wrapped"),
        pytest.param(r"(a|a)*$", False, id="repetition of a choice"),
        pytest.param(r"(.*a){11}", False, id="a repetition eleven times"),
        pytest.param(r"(a*)\1*b", False, id="a reference back"),
        pytest.param(r".*.*.*.*x", False, id="many repetitions"),
    ],
)
def test_a_pattern_is_tried_only_where_it_is_sure_to_end(pattern: str, tame: bool) -> None:
    assert is_tame(pattern) is tame


def test_a_pattern_that_might_not_end_is_not_tried() -> None:
    tool = Tool("f", "", json.dumps({"properties": {"a": {"pattern": "^(a+)+$"}}}))
    assert read_arguments(tool, json.dumps({"a": "a" * 60 + "!"})) == {"a": "a" * 60 + "!"}


def test_a_schema_that_cannot_be_read_lets_the_arguments_through() -> None:
    assert read_arguments(Tool("f", "", '{"$ref": "http://x"}'), '{"a": 1}') == {"a": 1}


# --- What the shell calls ---------------------------------------------------------------------------------------------


class Recorder:
    """A source that keeps what it was called with."""

    def __init__(self) -> None:
        self.called: list[ToolInvocation] = []

    @property
    def key(self) -> ToolSourceKey:
        return ToolSourceKey("webhook:test")

    label = ""

    async def open(self) -> tuple[Tool, ...]:
        return (ORDER,)

    async def invoke(self, invocation: ToolInvocation) -> ToolResult:
        self.called.append(invocation)
        return ToolResult("done")

    def search_ahead(self, words: str) -> None: ...

    async def close(self) -> None: ...


ORDER = Tool("f", "", json.dumps({"properties": {"id": {"type": "string"}}, "required": ["id"]}))


def invocation_of(arguments: str, *said: str) -> ToolInvocation:
    return ToolInvocation("sess_1", "call_1", "f", arguments, 5.0, "key", said)


async def test_a_call_in_order_reaches_the_source_with_its_arguments_put_right() -> None:
    source = Recorder()
    assert await invoke(source, ORDER, invocation_of(' {"id": 48213}', "It is 4 8 2 1 3.")) == ToolResult("done")
    assert [call.arguments for call in source.called] == ['{"id":"48213"}']


@pytest.mark.parametrize(
    ("arguments", "failure"),
    [
        pytest.param("{}", ToolFailure.INVALID_ARGUMENTS, id="what does not fit the schema"),
        pytest.param('{"id": "48213"}', ToolFailure.NOT_SAID, id="what nobody said"),
    ],
)
@pytest.mark.parametrize("said", [pytest.param("Hm.", id="a word"), pytest.param("Hm. " * 1000, id="a long talk")])
async def test_a_call_that_is_not_in_order_reaches_nobody(arguments: str, failure: ToolFailure, said: str) -> None:
    source = Recorder()
    with pytest.raises(ToolError) as caught:
        await invoke(source, ORDER, invocation_of(arguments, said))
    assert caught.value.failure is failure
    assert source.called == []


async def test_much_that_was_said_is_looked_through_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    beside: list[bool] = []

    def watched(tool: Tool, arguments: str, said: Any) -> str:
        try:
            beside.append(asyncio.get_running_loop() is None)
        except RuntimeError:
            beside.append(True)
        return prepared(tool, arguments, said)

    monkeypatch.setattr(invoking, "prepared", watched)
    await invoke(Recorder(), ORDER, invocation_of('{"id": "7"}', "seven", "word " * 1000))
    await invoke(Recorder(), ORDER, invocation_of('{"id": "7"}', "seven"))
    assert beside == [True, False]


async def test_a_checked_source_lets_through_only_calls_that_are_in_order() -> None:
    source = Recorder()
    checked = CheckedSource(source)
    assert await checked.open() == (ORDER,)
    assert (checked.key, checked.label) == (source.key, source.label)
    with pytest.raises(ToolError, match="has not said the id"):
        await checked.invoke(invocation_of('{"id": "48213"}'))
    await checked.invoke(invocation_of('{"id": "48213"}', "four eight two one three"))
    assert len(source.called) == 1


async def test_a_checked_source_knows_only_the_tools_that_it_opened_with() -> None:
    source = Recorder()
    with pytest.raises(ToolError) as caught:
        await CheckedSource(source).invoke(invocation_of("{}"))
    assert caught.value.failure is ToolFailure.UNKNOWN_TOOL
    assert source.called == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PROPERTIES = st.dictionaries(st.sampled_from(list(SCHEMA["properties"])), JSON, max_size=4)  # type: ignore[call-overload]


@given(st.text(max_size=60) | (JSON | PROPERTIES).map(json.dumps))
def test_whatever_a_model_writes_is_an_object_that_fits_or_a_sentence(arguments: str) -> None:
    told = ""
    try:
        read = prepared(TOOL, arguments, [])
    except ToolError as error:
        read, told = '{"name":"Ada"}', error.message
    assert read_arguments(TOOL, read) == json.loads(read)
    assert not told or told.endswith(".")
