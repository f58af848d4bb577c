"""What was said in a thread, as the language model is given it, and how many turns that was. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from vivavoce.engines.ports import ChatMessage, ToolCall
from vivavoce.store.records import NewMessage

WINDOW_MESSAGES = 100
"""No more than this of a thread is told to the model."""

_STEP = WINDOW_MESSAGES // 2


def window_of(message_count: int) -> tuple[int, int]:
    """Which part of a thread the model is told: its number, and how many of the newest messages it holds.

    The window holds 50 to 100 messages and moves on by 50 at a time: between two moves a prompt only grows at its end,
    so the model's cache of it stays good.
    """
    if message_count <= WINDOW_MESSAGES:
        return 0, message_count
    number = -(-(message_count - WINDOW_MESSAGES) // _STEP)
    return number, message_count - number * _STEP


def told(messages: Sequence[NewMessage]) -> list[ChatMessage]:
    """The prompt for messages in the order in which they were said.

    A tool's answer stands right behind its call. Calls without an answer, answers without a call (it may lie before
    the first message) and empty messages are left out, since many models refuse a prompt with them.
    """
    answers = {call_id: said.content for said in messages if said.role == "tool" and (call_id := _call_id(said))}
    prompt: list[ChatMessage] = []
    for said in messages:
        if said.role == "tool":
            continue
        if said.content:
            prompt.append(ChatMessage(said.role, said.content))
        if said.role == "assistant" and (call_id := _call_id(said)) in answers:
            prompt.append(ChatMessage("assistant", "", (_call(call_id, said.tool_call or {}),)))
            prompt.append(ChatMessage("tool", answers.pop(call_id), call_id=call_id))
    return prompt


def turns_in(roles: Iterable[str]) -> int:
    """How often the user has had the word: messages that follow each other without an answer are one turn."""
    turns = 0
    waiting = False
    for role in roles:
        turns += role == "user" and not waiting
        waiting = role == "user" or (waiting and role != "assistant")
    return turns


def _call_id(said: NewMessage) -> str:
    found = (said.tool_call or {}).get("call_id")
    return found if isinstance(found, str) else ""


def _call(call_id: str, tool_call: Mapping[str, object]) -> ToolCall:
    return ToolCall(call_id, str(tool_call.get("name") or "tool"), str(tool_call.get("arguments") or "{}"))
