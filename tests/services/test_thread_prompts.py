"""A thread as the model is told it: windows that rarely move, tools' answers behind their calls, turns counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.ports import ChatMessage, ToolCall
from vivavoce.services.thread_prompts import WINDOW_MESSAGES, told, turns_in, window_of
from vivavoce.store.records import NewMessage


def _call(call_id: str) -> NewMessage:
    tool_call = {"call_id": call_id, "name": "weather", "arguments": '{"city": "Oslo"}'}
    return NewMessage("assistant", "", tool_call=tool_call)


def _result(call_id: str, content: str = "sunny") -> NewMessage:
    return NewMessage("tool", content, tool_call={"call_id": call_id, "name": "", "arguments": ""})


_CALLED = ChatMessage("assistant", "", (ToolCall("a", "weather", '{"city": "Oslo"}'),))
_ANSWERED = ChatMessage("tool", "sunny", call_id="a")
_HELLO = NewMessage("user", "Hello")


@pytest.mark.parametrize(
    ("messages", "prompt"),
    [
        pytest.param([], [], id="an empty thread tells nothing"),
        pytest.param(
            [NewMessage("system", "Be kind."), _HELLO, NewMessage("assistant", "Hi!")],
            [ChatMessage("system", "Be kind."), ChatMessage("user", "Hello"), ChatMessage("assistant", "Hi!")],
            id="words are told in order and by role",
        ),
        pytest.param(
            [NewMessage("user", ""), _HELLO], [ChatMessage("user", "Hello")], id="empty messages are not told"
        ),
        pytest.param([_call("a"), _result("a")], [_CALLED, _ANSWERED], id="a call is told with its answer"),
        pytest.param(
            [_call("a"), NewMessage("assistant", "One moment."), _result("a")],
            [_CALLED, _ANSWERED, ChatMessage("assistant", "One moment.")],
            id="an answer stands right behind its call",
        ),
        pytest.param([_call("a"), _HELLO], [ChatMessage("user", "Hello")], id="a call without an answer is left out"),
        pytest.param([_result("a"), _HELLO], [ChatMessage("user", "Hello")], id="an answer without a call is left out"),
        pytest.param(
            [_call("a"), _result("a"), _call("a")], [_CALLED, _ANSWERED], id="an id that comes twice is told once"
        ),
        pytest.param(
            [NewMessage("tool", "sunny"), NewMessage("assistant", "", tool_call={"call_id": 5})],
            [],
            id="calls that are kept in a shape that is not ours are left out",
        ),
    ],
)
def test_told(messages: list[NewMessage], prompt: list[ChatMessage]) -> None:
    assert told(messages) == prompt


@pytest.mark.parametrize(
    ("roles", "turns"),
    [
        pytest.param([], 0, id="nothing said is no turn"),
        pytest.param(["assistant"], 0, id="a greeting is no turn"),
        pytest.param(["user"], 1, id="a question is a turn"),
        pytest.param(["user", "user", "assistant"], 1, id="two messages in a row are one turn"),
        pytest.param(["user", "system", "user"], 1, id="a system message does not end a turn"),
        pytest.param(["assistant", "user", "assistant", "user"], 2, id="every question after an answer is a turn"),
    ],
)
def test_turns_in(roles: list[str], turns: int) -> None:
    assert turns_in(roles) == turns


@given(st.integers(0, 5_000))
def test_a_window_is_never_too_large_and_begins_where_the_one_before_began_or_far_behind(count: int) -> None:
    number, length = window_of(count)
    next_number, next_length = window_of(count + 1)
    assert length == count if count <= WINDOW_MESSAGES else WINDOW_MESSAGES // 2 <= length <= WINDOW_MESSAGES
    began, begins = count - length, count + 1 - next_length
    assert (next_number, begins) == (number, began) or (next_number == number + 1 and begins >= began + 50)


@given(
    st.lists(
        st.one_of(
            st.builds(NewMessage, st.sampled_from(["user", "assistant", "system"]), st.text(max_size=3)),
            st.builds(_call, st.sampled_from("abc")),
            st.builds(_result, st.sampled_from("abc")),
        ),
        max_size=12,
    )
)
def test_every_call_is_followed_by_its_answer(messages: list[Any]) -> None:
    prompt = told(messages)
    for place, message in enumerate(prompt):
        if message.tool_calls:
            assert prompt[place + 1].call_id == message.tool_calls[0].call_id
        if message.role == "tool":
            assert prompt[place - 1].tool_calls[0].call_id == message.call_id
