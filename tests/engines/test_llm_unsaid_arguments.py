"""What a small model made up for a call, and what callers did say, in whatever words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.llm.unsaid_arguments import unsaid_arguments
from vivavoce.engines.ports import ChatMessage, FunctionTool, ToolCall


def made_up(arguments: dict[str, Any], *said: str, asked: str = "", **schemas: Any) -> Sequence[str]:
    """What was made up of these arguments, all required, after the caller said this, asked by the agent or not."""
    properties = {name: schemas.get(name, {}) for name in arguments}
    tool = FunctionTool("tool", "", {"properties": properties, "required": list(arguments)})
    before = [ChatMessage("system", "You work for Acme.")]
    before += [ChatMessage("assistant", asked)] if asked else []
    messages = [*before, *(ChatMessage("user", each) for each in said)]
    return unsaid_arguments(ToolCall("c1", "tool", json.dumps(arguments)), (tool,), messages)


MADE_UP: dict[str, tuple[dict[str, Any], str]] = {
    "a number that nobody said": ({"order_id": "12345"}, "Where is my order?"),
    "a date in place of a number": ({"order_id": "2022-06-14"}, "Who won the final last night?"),
    "a telephone number that nobody said": ({"phone": "123-456-7890"}, "Please call me back."),
    "John Doe": ({"name": "John Doe"}, "I'd like to book a table."),
    "a name that nobody said": ({"patient_name": "Dr. Johnson"}, "Do I have to fast?"),
    "a title that nobody said": ({"title": "The Great Gatsby"}, "I am looking for a book."),
    "a placeholder": ({"phone": "your_phone_number"}, "Please call Ruth Adler back."),
    "a placeholder in brackets": ({"city": "<city>"}, "What is the weather like?"),
    "a time that nobody said": ({"time": "noon"}, "A table for two tomorrow, please."),
    "a day that nobody said": ({"day": "Wednesday"}, "I'd like to book a table."),
    "a number of guests that nobody said": ({"guests": 2}, "I'd like to book a table."),
}


@pytest.mark.parametrize(("arguments", "said"), MADE_UP.values(), ids=MADE_UP.keys())
def test_what_nobody_said_is_made_up(arguments: dict[str, Any], said: str) -> None:
    assert made_up(arguments, said) == list(arguments)


SAID: dict[str, tuple[dict[str, Any], str]] = {
    "digits said one by one": ({"order_id": "4571"}, "It's 4 5 7 1."),
    "digits said as words": ({"order_id": "AB103"}, "It's A B one oh three."),
    "a telephone number in groups": ({"phone": "+5550172"}, "You can reach me at 555-0172."),
    "a name": ({"name": "Ruth Adler"}, "My name is Ruth Adler."),
    "a name of which a part was said": ({"name": "Mr. Miller"}, "It's Miller."),
    "a day in other words": ({"day": "2026-11-22"}, "Tomorrow, please."),
    "a time in other words": ({"time": "19:00"}, "At seven, please."),
    "a time of day": ({"time": "18:30"}, "Some time in the evening."),
    "a time on the clock": ({"time": "18:30"}, "6:30 would be fine."),
    "a number of guests": ({"guests": 4}, "There are four of us."),
    "guests without a number": ({"guests": 2}, "A table for me and my wife, for both of us."),
    "a summary": ({"reason": "late delivery"}, "It did not come in time."),
    "words to look for": ({"query": "price of a blood test"}, "How much is that?"),
    "one of a list": ({"kind": "billing"}, "My invoice is wrong."),
    "a truth": ({"urgent": True}, "Please be quick."),
}


@pytest.mark.parametrize(("arguments", "said"), SAID.values(), ids=SAID.keys())
def test_what_was_said_is_not_made_up(arguments: dict[str, Any], said: str) -> None:
    assert not made_up(arguments, said, kind={"enum": ["billing", "other"]})


def test_nobody_is_asked_twice() -> None:
    assert made_up({"time": "noon"}, "I do not care.", asked="For what time?") == []
    assert made_up({"time": "noon"}, "I do not care.", asked="Under what name?") == ["time"]


def test_callers_who_do_not_speak_english_are_not_asked_for_times() -> None:
    assert made_up({"time": "20:00"}, "Vorrei un tavolo domani sera alle otto") == []


def test_what_the_result_of_a_tool_said_was_said() -> None:
    tool = FunctionTool("tool", "", {"properties": {"order_id": {}}, "required": ["order_id"]})
    messages = [ChatMessage("user", "My last order?"), ChatMessage("tool", '{"order": "A 77"}', call_id="c0")]
    assert unsaid_arguments(ToolCall("c1", "tool", '{"order_id": "A77"}'), (tool,), messages) == []


def test_arguments_that_are_not_required_are_left_alone() -> None:
    tool = FunctionTool("tool", "", {"properties": {"order_id": {}}})
    call = ToolCall("c1", "tool", '{"order_id": "12345"}')
    assert unsaid_arguments(call, (tool,), [ChatMessage("user", "Hi")]) == []


def test_a_tool_that_there_is_not_has_no_arguments() -> None:
    assert unsaid_arguments(ToolCall("c1", "tool", "{}"), (), []) == []


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["id", "name", "time", "day", "guests", "note"]))
def test_any_text_is_judged_without_an_error(value: str, said: str, name: str) -> None:
    assert made_up({name: value}, said) in ([], [name])
