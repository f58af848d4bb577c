"""Tools of agents that answer in writing: run, kept in the thread, failing truthfully, never run twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.services.test_chatting import CALLER, HELLO, House

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import Approval, ToolFailure, ToolKind, ToolPolicy, ToolSourceKey
from vivavoce.engines.ports import EngineError, FunctionTool, GenerationPart, GenerationRequest, TextGenerated, ToolCall
from vivavoce.engines.ports import ToolCallGenerated as Called
from vivavoce.engines.scripted.language_model import Reply, ScriptedLanguageModel
from vivavoce.services.chatting import ChatService
from vivavoce.services.completing import CompletionEnded, CompletionPart, CompletionWish
from vivavoce.services.errors import UpstreamFailedError
from vivavoce.services.tool_rounds import ROUNDS_MAXIMUM
from vivavoce.services.written_tools import WrittenTools
from vivavoce.store.database import sqlite_url
from vivavoce.store.records import AgentRecord, PageRequest, SessionRecord
from vivavoce.store.store import Store
from vivavoce.tools.declared import CallContext, Declaration, SourceFactory
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolResult

ORDERS: dict[str, Any] = {"type": "file_search"}
SCHEMA = '{"type":"object","properties":{"id":{"type":"string"}}}'
KEY = ToolSourceKey("file_search:1")
LOOK_UP = ToolCall("call_1", "look_up", '{"id":"7"}')


@dataclass
class Desk:
    """A source with one tool, and all that was asked of it. `answer` None: it never answers."""

    policy: ToolPolicy = field(default_factory=ToolPolicy)
    answer: ToolResult | ToolError | None = field(default_factory=lambda: ToolResult("It is on its way."))
    refusal: ToolError | None = None
    asked: list[ToolInvocation] = field(default_factory=list)
    contexts: list[CallContext] = field(default_factory=list)
    open_now: int = 0

    key: ToolSourceKey = KEY
    label: str = ""

    def make(self, _: Declaration, context: CallContext, key: ToolSourceKey) -> Desk:
        self.contexts.append(context)
        self.key = key
        return self

    async def open(self) -> tuple[Tool, ...]:
        self.open_now += 1
        if self.refusal is not None:
            raise self.refusal
        return (Tool("look_up", "Looks an order up.", SCHEMA, ToolKind.FILE_SEARCH, self.policy, self.key),)

    async def invoke(self, invocation: ToolInvocation) -> ToolResult:
        self.asked.append(invocation)
        if self.answer is None:
            await asyncio.Event().wait()
        if isinstance(self.answer, ToolError):
            raise self.answer
        assert self.answer is not None
        return self.answer

    def search_ahead(self, words: str) -> None: ...

    async def close(self) -> None:
        self.open_now -= 1


@dataclass
class ToolHouse(House):
    """A house whose agents have a desk."""

    desk: Desk = field(default_factory=Desk)

    def __post_init__(self) -> None:
        super().__post_init__()
        factories: Mapping[str, SourceFactory] = {"file_search": self.desk.make}
        self.chat = ChatService(lambda: self.model, self.store, self.sessions, self.agents.get, factories=factories)

    async def clerk(self, *more: dict[str, Any], **fields: Any) -> AgentRecord:
        return await self.agent(tools=(ORDERS, *more), **fields)

    def script(self, *replies: Reply) -> None:
        self.model = ScriptedLanguageModel(list(replies))

    async def kept(self, session: SessionRecord) -> list[tuple[str, str, Mapping[str, Any] | None]]:
        page = await self.sessions.messages(session, PageRequest(limit=100, newest_first=False))
        return [(each.message.role, each.message.content, each.message.tool_call) for each in page.items]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[ToolHouse]:
    async with await Store.open(sqlite_url(tmp_path)) as store:
        yield ToolHouse(store)


# --- turns in a session -----------------------------------------------------------------------------------------------


async def test_a_tool_is_run_its_result_kept_and_the_answer_follows_from_it(house: ToolHouse) -> None:
    agent = await house.clerk()
    session = await house.session(agent)
    house.script(["Let me look.", LOOK_UP], "It is on its way.")
    _, answer = await house.chat.answer(CALLER, session, agent, "Where is order 7?")
    assert answer.message.content == "Let me look.\nIt is on its way."
    assert [(each.name, json.loads(each.arguments)) for each in house.desk.asked] == [("look_up", {"id": "7"})]
    user, made, over, said = await house.kept(session)
    assert (user[0], said[0], made[:2], over[:2]) == (
        "user",
        "assistant",
        ("assistant", ""),
        ("tool", "It is on its way."),
    )
    assert made[2] is not None
    assert over[2] is not None
    about = {"name": "look_up", "arguments": '{"id":"7"}', "kind": "file_search", "label": "", "asked_by": "agent"}
    assert {key: made[2][key] for key in about} == {key: over[2][key] for key in about} == about
    assert made[2]["call_id"] == over[2]["call_id"] == house.desk.asked[0].call_id
    assert (over[2]["failure"], over[2]["duration_ms"] >= 0) == (None, True)
    first, second = house.scripted.requests
    assert [tool.name for tool in first.tools] == ["look_up"]
    assert second.messages[-1].text == "It is on its way."
    assert second.messages[-2].tool_calls[0].call_id == second.messages[-1].call_id
    assert house.desk.contexts[0].agent_id == agent.agent_id
    assert house.desk.contexts[0].is_agents
    assert house.desk.open_now == 0


async def test_the_next_turn_knows_what_the_tool_brought(house: ToolHouse) -> None:
    agent = await house.clerk()
    session = await house.session(agent)
    house.script(LOOK_UP, "On its way.", "As I said.")
    await house.chat.answer(CALLER, session, agent, "Where is order 7?")
    await house.chat.answer(CALLER, session, agent, "Where?")
    texts = [message.text for message in house.asked.messages]
    assert texts == ["Be brief.", "Where is order 7?", "", "It is on its way.", "On its way.", "Where?"]


FAILURES = [
    pytest.param(ToolError(ToolFailure.REFUSED, "the shop is closed"), "the shop is closed", "refused", id="refused"),
    pytest.param(None, "there was no answer within 0.1 seconds", "timed_out", id="no answer in time"),
    pytest.param(
        ToolResult("status 500", ToolFailure.REFUSED), "status 500", "refused", id="a result that is a failure"
    ),
]


@pytest.mark.parametrize(("answer", "told", "failure"), FAILURES)
async def test_a_failure_is_told_to_the_model_as_it_is(
    house: ToolHouse, answer: ToolResult | ToolError | None, told: str, failure: str
) -> None:
    agent = await house.clerk()
    session = await house.session(agent)
    house.desk.answer, house.desk.policy = answer, ToolPolicy(timeout_ms=100)
    house.script(LOOK_UP, "I could not find out.")
    await house.chat.answer(CALLER, session, agent, "Where is order 7?")
    assert house.asked.messages[-1].text == told
    over = (await house.kept(session))[2]
    assert over[2] is not None
    assert (over[1], over[2]["failure"]) == (told, failure)


async def test_arguments_that_are_wrong_are_never_sent(house: ToolHouse) -> None:
    agent = await house.clerk()
    session = await house.session(agent)
    house.script(ToolCall("c", "look_up", "{broken"), "I could not.")
    await house.chat.answer(CALLER, session, agent, "Where?")
    assert house.desk.asked == []
    over = (await house.kept(session))[2]
    assert over[2] is not None
    assert over[2]["failure"] == "invalid_arguments"


async def test_a_tool_that_there_is_not_is_told_as_such(house: ToolHouse) -> None:
    agent = await house.clerk()
    session = await house.session(agent)
    house.script(ToolCall("c", "fly", "{}"), "I cannot fly.")
    await house.chat.answer(CALLER, session, agent, "Fly!")
    assert house.asked.messages[-1].text == "There is no tool 'fly'. There are: look_up."


async def test_a_source_that_cannot_be_opened_is_told_before_anything_is_promised(house: ToolHouse) -> None:
    agent = await house.clerk()
    session = await house.session(agent)
    house.desk.refusal = ToolError(ToolFailure.NOT_CONFIGURED, "its secret is missing")
    await house.chat.answer(CALLER, session, agent, "Hello")
    assert house.asked.tools == ()
    assert "file_search (its secret is missing)" in house.asked.messages[1].text
    assert house.desk.open_now == 0


async def test_what_belongs_to_a_spoken_call_is_no_matter_in_writing(house: ToolHouse) -> None:
    system = {"type": "system", "name": "end_call"}
    factories: Mapping[str, SourceFactory] = {"system": house.desk.make}
    async with WrittenTools(factories, CallContext("s", "o"), [system]) as tools:
        assert (tools.functions, tools.failures) == ((), [])


async def test_a_model_that_calls_without_end_has_to_answer_at_last(house: ToolHouse) -> None:
    agent = await house.clerk()
    session = await house.session(agent)
    house.script(["Hm.", LOOK_UP])
    await house.chat.answer(CALLER, session, agent, "Where?")
    assert len(house.desk.asked) == ROUNDS_MAXIMUM
    assert [request.tool_choice for request in house.scripted.requests] == ["auto"] * ROUNDS_MAXIMUM + ["none"]
    assert len({invocation.idempotency_key for invocation in house.desk.asked}) == ROUNDS_MAXIMUM


class BreakingLanguageModel(ScriptedLanguageModel):
    """Calls the tool, then breaks, once; then it answers."""

    def __init__(self, replies: Sequence[Reply | None]) -> None:
        super().__init__(lambda _: "")
        self._replies = list(replies)

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationPart]:
        self._requests.append(request)
        reply = self._replies.pop(0)
        if reply is None:
            raise EngineError("the model broke")
        yield Called(reply) if isinstance(reply, ToolCall) else TextGenerated(str(reply))


async def test_a_message_that_is_sent_again_does_not_run_its_tools_again(house: ToolHouse) -> None:
    agent = await house.clerk()
    session = await house.session(agent)
    house.model = BreakingLanguageModel([LOOK_UP, None, "On its way."])
    with pytest.raises(UpstreamFailedError):
        await house.chat.answer(CALLER, session, agent, "Where is order 7?", client_id="c1")
    await house.chat.answer(CALLER, session, agent, "Where is order 7?", client_id="c1")
    assert len(house.desk.asked) == 1
    assert [message.text for message in house.asked.messages][-2:] == ["", "It is on its way."]


async def test_a_tool_that_needs_a_yes_runs_when_the_user_has_said_it(house: ToolHouse) -> None:
    agent = await house.clerk()
    session = await house.session(agent)
    house.desk.policy = ToolPolicy(approval=Approval.CALLER)
    house.script(LOOK_UP, "Shall I look?", LOOK_UP, "It is on its way.", LOOK_UP, "Shall I?")
    await house.chat.answer(CALLER, session, agent, "Where is order 7?")
    assert house.desk.asked == []
    assert "has to agree first" in house.asked.messages[-1].text
    await house.chat.answer(CALLER, session, agent, "Yes")
    assert len(house.desk.asked) == 1
    await house.chat.answer(CALLER, session, agent, "And again?")
    assert len(house.desk.asked) == 1, "one yes is for one call"


async def test_a_tool_that_needs_a_clients_word_is_not_run_in_writing(house: ToolHouse) -> None:
    agent = await house.clerk()
    session = await house.session(agent)
    house.desk.policy = ToolPolicy(approval=Approval.CLIENT)
    house.script(LOOK_UP, "I may not.")
    await house.chat.answer(CALLER, session, agent, "Where is order 7?")
    assert house.desk.asked == []
    assert house.asked.messages[-1].text.startswith("Not approved")


# --- completions ------------------------------------------------------------------------------------------------------


async def _completed(house: ToolHouse, wish: CompletionWish) -> list[CompletionPart]:
    return [part async for part in house.chat.complete(CALLER, wish)]


def _text(parts: Sequence[CompletionPart]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextGenerated))


async def test_a_completion_runs_the_agents_tools_and_tells_the_client_nothing_of_them(house: ToolHouse) -> None:
    agent = await house.clerk()
    house.script(LOOK_UP, "It is on its way.")
    parts = await _completed(house, CompletionWish(agent.agent_id, HELLO))
    assert _text(parts) == "It is on its way."
    assert not [part for part in parts if isinstance(part, Called)]
    end = parts[-1]
    assert isinstance(end, CompletionEnded)
    assert end.reason == "stop"
    assert end.usage is not None
    assert end.usage.output_tokens == 6, "what both rounds took"
    assert house.desk.open_now == 0


async def test_a_function_goes_to_the_client_and_nothing_else_of_its_round_is_run(house: ToolHouse) -> None:
    agent = await house.clerk({"type": "function", "name": "clock"})
    clock = ToolCall("call_2", "clock", "{}")
    house.script([LOOK_UP, clock])
    parts = await _completed(house, CompletionWish(agent.agent_id, HELLO))
    assert [part.call for part in parts if isinstance(part, Called)] == [clock]
    assert isinstance(parts[-1], CompletionEnded)
    assert parts[-1].reason == "tool_calls"
    assert house.desk.asked == []


NOT_WANTED = [
    pytest.param({"tools": ()}, id="no tools at all"),
    pytest.param({"json_schema": {"type": "object"}}, id="JSON"),
    pytest.param({"tool_choice": "none"}, id="no calls"),
]


@pytest.mark.parametrize("wish", NOT_WANTED)
async def test_who_wants_something_else_is_not_given_the_agents_tools(house: ToolHouse, wish: dict[str, Any]) -> None:
    agent = await house.clerk()
    await _completed(house, CompletionWish(agent.agent_id, HELLO, **wish))
    assert house.asked.tools == ()
    assert house.desk.contexts == []


async def test_a_clients_function_takes_the_place_of_a_tool_of_the_same_name(house: ToolHouse) -> None:
    agent = await house.clerk()
    own = FunctionTool("look_up", "The client's.", {})
    house.script(LOOK_UP)
    parts = await _completed(house, CompletionWish(agent.agent_id, HELLO, tools=(own,)))
    assert house.asked.tools == (own,)
    assert [part.call.name for part in parts if isinstance(part, Called)] == ["look_up"]
    assert house.desk.asked == []


async def test_in_a_completion_nobody_can_say_yes(house: ToolHouse) -> None:
    agent = await house.clerk()
    house.desk.policy = ToolPolicy(approval=Approval.CALLER)
    house.script(LOOK_UP, "I may not.")
    await _completed(house, CompletionWish(agent.agent_id, HELLO))
    assert house.desk.asked == []
    assert house.asked.messages[-1].text.startswith("Not approved")
