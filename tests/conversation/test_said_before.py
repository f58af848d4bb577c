"""What a call's arguments may be taken from, and what not."""

from __future__ import annotations

import itertools

import pytest
from conversation_stories import VAD

from vivavoce.conversation.call import Call
from vivavoce.conversation.identifiers import CallId, ItemId
from vivavoce.conversation.items import FunctionCallOutput, Item, Message, Part, PartKind, Role, ServerCall
from vivavoce.conversation.replies import ReplyOptions
from vivavoce.conversation.said_before import SAID_CHARACTERS, said_before
from vivavoce.conversation.settings import Settings
from vivavoce.conversation.tool_policy import ToolFailure, ToolKind

_NUMBERS = itertools.count(1)
OFFER = "Shall I book table 9 at 3 pm?"


def message(role: Role, text: str) -> Message:
    return Message(ItemId(f"m{next(_NUMBERS)}"), role, (Part(PartKind.INPUT_TEXT, text),))


def agent(text: str) -> Message:
    return message(Role.ASSISTANT, text)


def caller(text: str) -> Message:
    return message(Role.USER, text)


def ran(output: str | None, failure: ToolFailure | None = None) -> ServerCall:
    number = next(_NUMBERS)
    name, kind = "lookup", ToolKind.WEBHOOK
    return ServerCall(ItemId(f"c{number}"), CallId(f"c{number}"), name, "{}", kind, "", output=output, failure=failure)


def answered(output: str) -> FunctionCallOutput:
    return FunctionCallOutput(ItemId(f"o{next(_NUMBERS)}"), CallId("c"), output)


def found(
    *items: Item, instructions: str = "", language: str | None = None, options: ReplyOptions | None = None
) -> tuple[str, ...]:
    call = Call(Settings(instructions=instructions, language=language, turn_detection=VAD.turn_detection), "")
    for item in items:
        call.history.add(item)
    return said_before(call, options or ReplyOptions())


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param((caller("It is 7."),), ("It is 7.",), id="the caller's words count"),
        pytest.param((agent("It is 7."), caller("What?")), ("What?",), id="what the agent said does not count"),
        pytest.param(
            (agent(OFFER), caller("Yes, please.")), (OFFER, "Yes, please."), id="what the caller agreed to counts"
        ),
        pytest.param(
            (agent(OFFER), caller("Yes, but at four.")), ("Yes, but at four.",), id="a yes with a but is none"
        ),
        pytest.param(
            (agent(OFFER), caller("No."), caller("Yes.")), ("No.", "Yes."), id="a no is not made good by a yes"
        ),
        pytest.param(
            (agent("Is it 4?"), agent(OFFER), caller("Yes.")),
            (OFFER, "Yes."),
            id="of two proposals the last is agreed to",
        ),
        pytest.param(
            (agent(OFFER), caller(""), caller("Yes.")), (OFFER, "Yes."), id="a turn without words is between nothing"
        ),
        pytest.param(
            (agent(OFFER), ran("busy"), agent(""), caller("Yes.")),
            ("busy", OFFER, "Yes."),
            id="a tool between a proposal and the yes changes nothing",
        ),
        pytest.param((ran("id 7"), answered("id 8")), ("id 7", "id 8"), id="what tools brought counts"),
        pytest.param((ran(None), ran("id 7", ToolFailure.REFUSED)), (), id="what tools did not bring does not count"),
        pytest.param(
            (message(Role.SYSTEM, "Customer 7."),), ("Customer 7.",), id="what the client tells the model counts"
        ),
    ],
)
def test_what_counts_as_said(items: tuple[Item, ...], expected: tuple[str, ...]) -> None:
    assert found(*items) == expected


def test_the_instructions_count_before_everything_else() -> None:
    assert found(caller("Hi."), instructions="Customer 7.") == ("Customer 7.", "Hi.")


def test_a_replys_own_instructions_count_in_the_place_of_the_sessions() -> None:
    options = ReplyOptions(instructions="Customer 8.", input=(caller("Hi."),))
    assert found(instructions="Customer 7.", options=options) == ("Customer 8.", "Hi.")


def test_in_a_language_whose_yes_nobody_knows_any_words_agree() -> None:
    assert found(agent(OFFER), caller("Ja, gern."), language="de") == (OFFER, "Ja, gern.")


def test_of_a_long_call_the_latest_counts_and_the_instructions_do() -> None:
    long = "x" * (SAID_CHARACTERS - 4)
    assert found(caller("old"), caller(long), caller("new"), instructions="Be kind.") == ("Be kind.", long, "new")
