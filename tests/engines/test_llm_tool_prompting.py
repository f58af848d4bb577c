"""How tools are written for small models, and how a call is told from words."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.llm.tool_prompting import (
    ReplyReader,
    output_constraint,
    repeats_answered_call,
    speech_instead,
    written_messages,
)
from vivavoce.engines.ports import (
    AffinityKey,
    ChatMessage,
    FunctionTool,
    GenerationRequest,
    TextGenerated,
    ToolCall,
    ToolCallGenerated,
)

WEATHER = FunctionTool("weather", "Tells the weather.", {"properties": {"city": {"type": "string"}}})
CLOCK = FunctionTool("clock", "Tells the time.", {"type": "object"})
OSLO = ToolCall("c1", "weather", '{"city": "Oslo"}')
ROME = ToolCall("c2", "weather", '{"city": "Rome"}')
ASKED_AND_ANSWERED = [
    ChatMessage("system", "Be kind."),
    ChatMessage("user", "Weather in Oslo?"),
    ChatMessage("assistant", "", (OSLO,)),
    ChatMessage("tool", "Clear.", call_id="c1"),
]


def _request(choice: str = "auto", *tools: FunctionTool, schema: dict[str, Any] | None = None) -> GenerationRequest:
    return GenerationRequest([ChatMessage("user", "Hi")], AffinityKey("a"), tools, choice, schema)


@pytest.mark.parametrize(
    ("messages", "written"),
    [
        pytest.param(
            [ChatMessage("system", "Be kind."), ChatMessage("user", "Hi"), ChatMessage("assistant", "Hello.")],
            [("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello.")],
            id="plain talk stays as it is",
        ),
        pytest.param(
            ASKED_AND_ANSWERED,
            [
                ("system", "Be kind."),
                ("user", "Weather in Oslo?"),
                ("assistant", '{"tool": "weather", "arguments": {"city": "Oslo"}}'),
                ("user", "Result of weather: Clear.\nTell the caller."),
            ],
            id="a call stands as the model wrote it and its answer names the tool",
        ),
        pytest.param(
            [ChatMessage("assistant", "One moment.", (OSLO, ToolCall("c2", "clock", "")))],
            [
                ("assistant", "One moment."),
                ("assistant", '{"tool": "weather", "arguments": {"city": "Oslo"}}'),
                ("assistant", '{"tool": "clock", "arguments": {}}'),
            ],
            id="words and calls of one message are separate replies",
        ),
        pytest.param(
            [ChatMessage("user", "Hi"), ChatMessage("user", "Are you there?")],
            [("user", "Hi\nAre you there?")],
            id="what the caller says twice in a row is one message",
        ),
        pytest.param(
            [ChatMessage("tool", "Clear.", call_id="lost")],
            [("user", "Result of the tool: Clear.\nTell the caller.")],
            id="an answer whose call was dropped is still told",
        ),
        pytest.param([], [], id="nothing is nothing"),
    ],
)
def test_messages_without_tools(messages: list[ChatMessage], written: list[tuple[str, str]]) -> None:
    assert [(line["role"], line["content"]) for line in written_messages(messages, [])] == written


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([ChatMessage("system", "Be kind."), ChatMessage("user", "Hi")], id="behind the system message"),
        pytest.param([ChatMessage("user", "Hi")], id="in a system message of their own"),
    ],
)
def test_tools_are_told(messages: list[ChatMessage]) -> None:
    first, *rest = written_messages(messages, [WEATHER, CLOCK])
    assert first["role"] == "system"
    assert first["content"].startswith("Be kind.\n\nYou cannot look up" if len(messages) == 2 else "You cannot look up")
    assert "- weather: Tells the weather. Needs: city\n" in first["content"]
    assert "- clock: Tells the time. Needs: nothing\n" in first["content"]
    assert rest == [{"role": "user", "content": "Hi"}]


def test_arguments_are_told_with_what_they_mean_and_what_they_may_be() -> None:
    properties = {
        "day": {"type": "string", "description": "The day."},
        "meal": {"enum": ["lunch", "dinner"], "description": "Which meal"},
        "guest": {"type": "object", "properties": {"name": {}, "phone": {}}},
        "note": {"type": "string"},
    }
    tool = FunctionTool("book", "Books.", {"properties": properties, "required": ["day", "meal", "guest"]})
    (line,) = (each for each in written_messages([], [tool])[0]["content"].splitlines() if each.startswith("- book"))
    assert line == (
        '- book: Books. Needs: day (The day), meal (Which meal; one of ["lunch", "dinner"]), guest (with name, phone), '
        "note (optional)"
    )


def test_the_prompt_of_a_turn_is_the_beginning_of_the_next() -> None:
    """Or the engine's prompt cache would be of no use."""
    turns = [*ASKED_AND_ANSWERED, ChatMessage("assistant", "It is clear."), ChatMessage("user", "Thanks")]
    whole = written_messages(turns, [WEATHER])
    for count in range(1, len(turns)):
        assert written_messages(turns[:count], [WEATHER]) == whole[:count]


@pytest.mark.parametrize(
    ("request_", "branches"),
    [
        pytest.param(
            _request("auto", WEATHER, CLOCK), ["SPEECH", "weather", "clock"], id="auto allows words and calls"
        ),
        pytest.param(_request("none", WEATHER), ["SPEECH"], id="none allows words"),
        pytest.param(_request("required", WEATHER, CLOCK), ["weather", "clock"], id="required allows calls"),
        pytest.param(_request("clock", WEATHER, CLOCK), ["clock"], id="a name allows that call"),
        pytest.param(
            _request("auto", WEATHER, schema={"type": "object"}),
            ["answer", "weather"],
            id="a schema replaces the words",
        ),
    ],
)
def test_the_grammar_has_the_branches_of_the_choice(request_: GenerationRequest, branches: list[str]) -> None:
    grammar = output_constraint(request_)["grammar"]
    assert grammar.startswith("%llguidance {}\nstart: ")
    start = grammar.splitlines()[1].removeprefix("start: ")
    assert [
        next(name for name in ("SPEECH", "answer", "weather", "clock") if name in part) for part in start.split(" | ")
    ] == branches
    assert grammar.count("%json") == sum(name != "SPEECH" for name in branches)


@pytest.mark.parametrize(
    ("request_", "constraint"),
    [
        pytest.param(_request(), {}, id="without tools and schema anything goes"),
        pytest.param(
            _request(schema={"type": "object"}), {"json_schema": {"type": "object"}}, id="a schema alone is passed on"
        ),
        pytest.param(
            _request("none", WEATHER, schema={"type": "object"}),
            {"json_schema": {"type": "object"}},
            id="a schema counts where no tool may be called",
        ),
    ],
)
def test_constraints_without_a_grammar(request_: GenerationRequest, constraint: dict[str, Any]) -> None:
    assert output_constraint(request_) == constraint


def test_arguments_are_held_to_the_schema_of_their_tool() -> None:
    grammar = output_constraint(_request("auto", WEATHER))["grammar"]
    schema = json.loads(grammar.splitlines()[2].removeprefix("a0: %json "))
    assert schema["type"] == "object"
    assert schema["properties"] == {"city": {"type": "string"}}


@pytest.mark.parametrize(
    ("pieces", "said", "held"),
    [
        pytest.param(["Hel", "lo {you}"], ["Hel", "lo {you}"], "", id="words are said at once"),
        pytest.param([" ", "\n Hello"], ["Hello"], "", id="space before the first word is dropped"),
        pytest.param([], [], "", id="nothing is nothing"),
        pytest.param(["{", '"tool": "wea', 'ther"'], [], '{"tool": "weather"', id="a call that was cut is no call"),
        pytest.param(
            ['{"tool": "jump", "arguments": {}}'], [], '{"tool": "jump", "arguments": {}}', id="nor one unknown"
        ),
        pytest.param(['{"a": 1}'], [], '{"a": 1}', id="nor another object"),
    ],
)
def test_words(pieces: list[str], said: list[str], held: str) -> None:
    reader = ReplyReader(_request("auto", WEATHER))
    assert [words for piece in pieces if (words := reader.feed(piece))] == said
    assert reader.finish() == held


_ARGUMENTS = st.dictionaries(st.text(max_size=5), st.text(max_size=10) | st.integers(), max_size=3)


@given(_ARGUMENTS, st.lists(st.integers(0, 100), max_size=6))
def test_a_call_is_read_however_it_is_cut(arguments: dict[str, Any], cuts: list[int]) -> None:
    written = json.dumps(arguments)
    raw = f'{{"tool": "weather", "arguments": {written}}}'
    places = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    reader = ReplyReader(_request("required", WEATHER))
    for begin, stop in itertools.pairwise(places):
        assert reader.feed(raw[begin:stop]) == ""
    call = reader.finish()
    assert isinstance(call, ToolCall)
    assert (call.name, call.arguments) == ("weather", written)
    assert call.call_id


@given(st.lists(st.text(max_size=8), max_size=8))
def test_without_tools_every_piece_passes(pieces: list[str]) -> None:
    reader = ReplyReader(_request())
    assert [reader.feed(piece) for piece in pieces] == pieces
    assert reader.finish() == ""


@pytest.mark.parametrize(
    ("call", "messages", "repeats"),
    [
        pytest.param(ToolCall("n", "weather", '{"city":"Oslo"}'), ASKED_AND_ANSWERED, True, id="the same call"),
        pytest.param(ROME, ASKED_AND_ANSWERED, False, id="other arguments are another call"),
        pytest.param(
            ToolCall("n", "clock", OSLO.arguments), ASKED_AND_ANSWERED, False, id="another tool is another call"
        ),
        pytest.param(
            OSLO,
            [*ASKED_AND_ANSWERED, ChatMessage("user", "Look again.")],
            False,
            id="the caller may ask for the same again",
        ),
        pytest.param(
            OSLO,
            [
                ChatMessage("assistant", "", (OSLO, ROME)),
                ChatMessage("tool", "Clear.", call_id="c1"),
                ChatMessage("tool", "Rain.", call_id="c2"),
            ],
            True,
            id="one of several that were answered together",
        ),
        pytest.param(OSLO, ASKED_AND_ANSWERED[:3], False, id="a call that has no answer yet"),
        pytest.param(ToolCall("n", "weather", "{"), ASKED_AND_ANSWERED, False, id="arguments that are no JSON"),
        pytest.param(OSLO, [], False, id="a call out of the blue"),
    ],
)
def test_a_call_that_was_just_answered_is_known(call: ToolCall, messages: list[ChatMessage], repeats: bool) -> None:
    assert repeats_answered_call(ToolCallGenerated(call), messages) == repeats


def test_words_repeat_no_call() -> None:
    assert not repeats_answered_call(TextGenerated("Clear."), ASKED_AND_ANSWERED)


LOOKUP = FunctionTool("lookup", "Looks up.", {"properties": {"order_id": {}}, "required": ["order_id"]})


def _called(arguments: str) -> ToolCallGenerated:
    return ToolCallGenerated(ToolCall("c1", "lookup", arguments))


def test_a_call_with_made_up_arguments_becomes_a_question_for_them() -> None:
    asked = GenerationRequest([ChatMessage("user", "Where is my order?")], AffinityKey("a"), (LOOKUP,))
    instead = speech_instead(_called('{"order_id": "12345"}'), asked)
    assert instead is not None
    assert instead.tool_choice == "none"
    assert list(instead.messages[:-1]) == asked.messages
    assert "what is the order id?" in instead.messages[-1].text


def test_a_call_with_what_was_said_stays_as_it_is() -> None:
    asked = GenerationRequest([ChatMessage("user", "Order one two three")], AffinityKey("a"), (LOOKUP,))
    assert speech_instead(_called('{"order_id": "123"}'), asked) is None


@pytest.mark.parametrize("choice", ["required", "lookup"])
def test_a_call_that_was_demanded_is_not_questioned(choice: str) -> None:
    asked = GenerationRequest([ChatMessage("user", "Where is my order?")], AffinityKey("a"), (LOOKUP,), choice)
    assert speech_instead(_called('{"order_id": "12345"}'), asked) is None


def test_a_call_that_was_just_answered_is_said_in_words() -> None:
    asked = GenerationRequest(ASKED_AND_ANSWERED, AffinityKey("a"), (WEATHER,))
    instead = speech_instead(ToolCallGenerated(OSLO), asked)
    assert instead is not None
    assert (instead.tool_choice, instead.messages) == ("none", ASKED_AND_ANSWERED)


def test_words_are_never_replaced() -> None:
    assert speech_instead(TextGenerated("Clear."), GenerationRequest([], AffinityKey("a"), (LOOKUP,))) is None
