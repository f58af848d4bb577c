"""Arguments that the caller never said and may still be used: agreed to, written in the instructions."""

from __future__ import annotations

import json

import pytest

from vivavoce.conversation.call import Call
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import Message, Part, PartKind, Role
from vivavoce.conversation.replies import ReplyOptions
from vivavoce.conversation.said_before import said_before
from vivavoce.conversation.settings import Settings, Tool
from vivavoce.engines.ports import ChatMessage
from vivavoce.services.tool_rounds import said_in
from vivavoce.tools.grounding import check_grounded
from vivavoce.tools.ports import ToolError

SCHEMA = {"type": "object", "properties": {"slot_id": {"type": "string"}}, "required": ["slot_id"]}
BOOK = Tool("book", "Books a slot.", json.dumps(SCHEMA))
OFFER = "Shall I book 3 pm, slot A17?"

CASES = [
    pytest.param("", OFFER, "Yes.", True, id="a slot that the agent has proposed and the caller agreed to"),
    pytest.param("", OFFER, "Which one is it?", False, id="a slot that the agent has proposed and nobody agreed to"),
    pytest.param("", "Shall I book it?", "Yes.", False, id="a slot that nobody named before the yes"),
    pytest.param("The free slot is A17.", "Hello!", "Book it.", True, id="a slot that the instructions name"),
    pytest.param("The free slot is B18.", "Hello!", "Book it.", False, id="another slot than the instructions name"),
]


def may_be_used(said: tuple[str, ...]) -> bool:
    try:
        check_grounded(BOOK, {"slot_id": "A17"}, said)
    except ToolError:
        return False
    return True


@pytest.mark.parametrize(("instructions", "agent", "caller", "used"), CASES)
def test_in_a_call(instructions: str, agent: str, caller: str, used: bool) -> None:
    call = Call(Settings(instructions=instructions), "")
    call.history.add(Message(ItemId("a"), Role.ASSISTANT, (Part(PartKind.OUTPUT_AUDIO, agent),)))
    call.history.add(Message(ItemId("b"), Role.USER, (Part(PartKind.INPUT_AUDIO, caller),)))
    assert may_be_used(said_before(call, ReplyOptions())) == used


@pytest.mark.parametrize(("instructions", "agent", "caller", "used"), CASES)
def test_in_writing(instructions: str, agent: str, caller: str, used: bool) -> None:
    said = (ChatMessage("system", instructions), ChatMessage("assistant", agent), ChatMessage("user", caller))
    assert may_be_used(said_in(said)) == used
