"""System tools: what they are offered as, what the conversation is told to do, and calls without a line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vivavoce.conversation.tool_policy import ToolDirective, ToolFailure, ToolKind, ToolSourceKey
from vivavoce.tools.declared import CallContext
from vivavoce.tools.invoking import invoke
from vivavoce.tools.ports import Line, ToolError, ToolInvocation, ToolResult, ToolSource
from vivavoce.tools.system import system_sources

DESTINATIONS = [
    {"name": "sales", "number": "+14155550123", "description": "Orders and prices."},
    {"name": "Desk", "sip_uri": "sip:desk@example.com"},
]


class Wire:
    """A line that keeps what it was told to do."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def transfer(self, destination: str) -> None:
        self.done.append(f"transfer {destination}")

    async def send_dtmf(self, digits: str) -> None:
        self.done.append(f"press {digits}")


def source_of(name: str, line: Line | None = None, **rest: Any) -> ToolSource:
    made = system_sources(lambda session_id: line if session_id == "sess_1" else None)
    return made({"type": "system", "name": name, **rest}, CallContext("sess_1", "org_1"), ToolSourceKey("system:1"))


async def called(source: ToolSource, arguments: dict[str, Any]) -> ToolResult:
    (tool,) = await source.open()
    return await invoke(
        source, tool, ToolInvocation("sess_1", "call_1", tool.name, json.dumps(arguments), 5.0, "key", ["Bye."])
    )


async def test_a_call_ends_with_the_goodbye_that_was_chosen() -> None:
    result = await called(source_of("end_call"), {"goodbye": " Thank you, goodbye. "})
    assert (result.directive, result.goodbye) == (ToolDirective.END_CALL, "Thank you, goodbye.")


async def test_a_call_ends_without_a_word_where_it_was_said_already() -> None:
    result = await called(source_of("end_call"), {})
    assert (result.directive, result.goodbye) == (ToolDirective.END_CALL, "")


async def test_a_skipped_turn_is_silent() -> None:
    assert (await called(source_of("skip_turn"), {})).directive is ToolDirective.STAY_SILENT


@pytest.mark.parametrize(
    ("name", "rest", "arguments", "done"),
    [
        pytest.param("transfer_call", {"destinations": DESTINATIONS}, {"destination": "sales"},
                     "transfer +14155550123", id="to a number"),
        pytest.param("transfer_call", {"destinations": DESTINATIONS}, {"destination": "desk"},
                     "transfer sip:desk@example.com", id="to a SIP address, its name in another case"),
        pytest.param("send_dtmf", {}, {"digits": "1w23#"}, "press 1w23#", id="keys"),
        pytest.param("send_dtmf", {}, {"digits": 42}, "press 42", id="keys as a number"),
    ],
)  # fmt: skip
async def test_a_line_does_as_it_is_told(name: str, rest: dict[str, Any], arguments: dict[str, Any], done: str) -> None:
    line = Wire()
    result = await called(source_of(name, line, **rest), arguments)
    assert line.done == [done]
    assert result.directive is ToolDirective.ANSWER


@pytest.mark.parametrize(
    ("name", "rest", "arguments"),
    [
        pytest.param("transfer_call", {"destinations": DESTINATIONS}, {"destination": "sales"}, id="a transfer"),
        pytest.param("send_dtmf", {}, {"digits": "1"}, id="keys"),
    ],
)
async def test_a_call_without_a_line_is_told_so(name: str, rest: dict[str, Any], arguments: dict[str, Any]) -> None:
    with pytest.raises(ToolError, match="not on a telephone line") as caught:
        await called(source_of(name, **rest), arguments)
    assert caught.value.failure is ToolFailure.NOT_CONFIGURED


@pytest.mark.parametrize(
    ("name", "rest", "arguments"),
    [
        pytest.param("transfer_call", {"destinations": DESTINATIONS}, {"destination": "the boss"}, id="nobody"),
        pytest.param("send_dtmf", {}, {"digits": "1; 2"}, id="what is no key"),
        pytest.param("send_dtmf", {}, {"digits": "1" * 65}, id="too many keys"),
    ],
)
async def test_what_a_line_cannot_do_is_not_tried(name: str, rest: dict[str, Any], arguments: dict[str, Any]) -> None:
    line = Wire()
    with pytest.raises(ToolError) as caught:
        await called(source_of(name, line, **rest), arguments)
    assert caught.value.failure is ToolFailure.INVALID_ARGUMENTS
    assert line.done == []


async def test_the_model_is_told_what_a_tool_is_for() -> None:
    (tool,) = await source_of("transfer_call", destinations=DESTINATIONS, policy={"timeout_ms": 900}).open()
    assert (tool.kind, tool.source, tool.policy.timeout_ms) == (ToolKind.SYSTEM, ToolSourceKey("system:1"), 900)
    assert json.loads(tool.parameters)["properties"]["destination"]["enum"] == ["sales", "Desk"]
    assert "Orders and prices." in tool.parameters
    (own,) = await source_of("skip_turn", description="Wait.").open()
    assert (own.description, tool.description != "") == ("Wait.", True)


async def test_a_declaration_that_is_none_is_no_source() -> None:
    with pytest.raises(ToolError, match=r"tool\.name"):
        source_of("hang_up")
