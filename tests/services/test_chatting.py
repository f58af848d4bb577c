"""Answers in writing: completions by agents and models, turns in sessions, their ends, and everything that can fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.definition import AgentDefinition
from vivavoce.agents.identifiers import as_uuid, with_prefix
from vivavoce.agents.lifecycle import SessionStatus
from vivavoce.engines.ports import (
    ChatMessage,
    EngineError,
    FunctionTool,
    GenerationEnded,
    GenerationPart,
    GenerationRequest,
    GenerationUsage,
    TextGenerated,
    ToolCall,
    ToolCallGenerated,
)
from vivavoce.engines.scripted.language_model import ScriptedLanguageModel
from vivavoce.engines.serving.worker import EngineBusyError
from vivavoce.services.agents import AgentService
from vivavoce.services.callers import Caller
from vivavoce.services.chatting import LAST_ANSWER, WARM_SECONDS, AnswerKept, ChatService, QuestionKept
from vivavoce.services.completing import CompletionEnded, CompletionPart, CompletionWish
from vivavoce.services.errors import ConflictError, NotReadyError, ServiceError, UpstreamFailedError
from vivavoce.services.session_tokens import SessionTokens
from vivavoce.services.sessions import SessionLimits, SessionService, SessionWish
from vivavoce.sessions.directory import SessionDirectory
from vivavoce.store.database import sqlite_url
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import (
    FIRST_ORGANISATION,
    AgentRecord,
    NewMessage,
    OrganisationId,
    PageRequest,
    SessionRecord,
)
from vivavoce.store.store import Store

CALLER = Caller(FIRST_ORGANISATION)
STRANGER = Caller(OrganisationId("org_" + "0" * 25 + "2"))
WEATHER = {"type": "function", "name": "weather", "description": "Tells the weather.", "parameters": {}}
HELLO = (ChatMessage("user", "Hello there"),)


class FailingLanguageModel(ScriptedLanguageModel):
    """Says a word, if any, then fails."""

    def __init__(self, failure: EngineError, said: str = "") -> None:
        super().__init__()
        self._failure = failure
        self._said = said

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationPart]:
        if self._said:
            yield TextGenerated(self._said)
        raise self._failure


class WaitingLanguageModel(ScriptedLanguageModel):
    """Says 'Well ', then waits for `go_on`, then says the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = asyncio.Event()
        self.go_on = asyncio.Event()
        self.closed_early = False

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationPart]:
        try:
            yield TextGenerated("Well ")
            self.waits.set()
            await self.go_on.wait()
            yield TextGenerated("then.")
            yield GenerationEnded("stop", GenerationUsage(1, 0, 2))
        finally:
            self.closed_early = not self.go_on.is_set()


@dataclass
class Heard:
    """An announcer that remembers."""

    events: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    async def announce(self, organisation_id: OrganisationId, event_type: str, data: Mapping[str, Any]) -> None:
        self.events.append((event_type, data))


@dataclass
class House:
    """The services around a store, with a clock that tests move; `model` is the loaded language model."""

    store: Store
    model: ScriptedLanguageModel | None = field(default_factory=ScriptedLanguageModel)
    heard: Heard = field(default_factory=Heard)
    now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        tokens = SessionTokens(b"k" * 32, lambda: self.now)
        directory = SessionDirectory(10)
        self.sessions = SessionService(self.store, directory, tokens, self.heard, SessionLimits(), lambda: self.now)
        self.agents = AgentService(self.store, self.heard, self.sessions.end_all_of)
        self.chat = ChatService(
            lambda: self.model, self.store, self.sessions, self.agents.get, clock=lambda: self.seconds
        )

    @property
    def scripted(self) -> ScriptedLanguageModel:
        assert self.model is not None
        return self.model

    @property
    def asked(self) -> GenerationRequest:
        """The latest request to the model."""
        return self.scripted.requests[-1]

    async def agent(self, **fields: Any) -> AgentRecord:
        chosen: dict[str, Any] = {"name": "Viva", "instructions": "Be brief."}
        return await self.agents.create(CALLER, AgentDefinition(**(chosen | fields)))

    async def session(self, agent: AgentRecord | None = None) -> SessionRecord:
        wish = SessionWish("agenthuman", None if agent is None else agent.agent_id, channel="chat")
        return (await self.sessions.open(CALLER, wish, self.agents.get)).session

    async def said(self, session: SessionRecord) -> list[tuple[str, str]]:
        page = await self.sessions.messages(session, PageRequest(limit=1000, newest_first=False))
        return [(each.message.role, each.message.content) for each in page.items]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    async with await Store.open(sqlite_url(tmp_path)) as store:
        yield House(store)


async def _completed(house: House, wish: CompletionWish, caller: Caller = CALLER) -> list[CompletionPart]:
    return [part async for part in house.chat.complete(caller, wish)]


def _text(parts: list[CompletionPart]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextGenerated))


# --- completions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rendering",
    [
        pytest.param(lambda agent: agent.agent_id, id="by our own identifier"),
        pytest.param(lambda agent: with_prefix(agent.agent_id, "agt"), id="by the Agntix identifier"),
        pytest.param(lambda agent: as_uuid(agent.agent_id), id="by UUID"),
        pytest.param(lambda agent: str(agent.seq), id="by number"),
        pytest.param(lambda agent: agent.agent_id.upper(), id="in capitals"),
        pytest.param(lambda _: "default", id="as the default agent"),
    ],
)
async def test_an_agent_answers_with_its_instructions_and_functions(
    house: House, rendering: Callable[[AgentRecord], str]
) -> None:
    agent = await house.agent(role="You are Viva.", tools=(WEATHER, {"type": "web_search"}))
    parts = await _completed(house, CompletionWish(rendering(agent), (ChatMessage("system", "Rhyme."), *HELLO)))
    first, unavailable, *rest = house.asked.messages
    assert [first, *rest] == [
        ChatMessage("system", "You are Viva.\n\nBe brief."),
        ChatMessage("system", "Rhyme."),
        *HELLO,
    ]
    assert "web_search (this server runs no tools" in unavailable.text
    assert [tool.name for tool in house.asked.tools] == ["weather"]
    assert _text(parts) == "You said: Hello there"
    assert isinstance(parts[-1], CompletionEnded)


@pytest.mark.parametrize("name", ["vivavoce", "grok-3-fast", "gpt-4", "qwen/agent_1", "Default"])
async def test_any_other_name_is_the_server_s_model_with_the_messages_as_they_are(house: House, name: str) -> None:
    await house.agent()
    parts = await _completed(house, CompletionWish(name, HELLO))
    assert list(house.asked.messages) == list(HELLO)
    assert house.asked.tools == ()
    assert isinstance(parts[-1], CompletionEnded)
    assert parts[-1].reason == "stop"


async def test_the_client_s_own_tools_take_the_place_of_the_agent_s(house: House) -> None:
    agent = await house.agent(tools=(WEATHER,))
    own = FunctionTool("time", "Tells the time.", {})
    await _completed(house, CompletionWish(agent.agent_id, HELLO, tools=(own,)))
    assert [tool.name for tool in house.asked.tools] == ["time"]
    await _completed(house, CompletionWish(agent.agent_id, HELLO, tools=()))
    assert not house.asked.tools


async def test_what_is_wished_for_reaches_the_model(house: House) -> None:
    schema = {"type": "object"}
    wish = CompletionWish("m", HELLO, json_schema=schema, maximum_output_tokens=2, temperature=0.9)
    parts = await _completed(house, wish)
    assert (house.asked.json_schema, house.asked.maximum_output_tokens, house.asked.temperature) == (schema, 2, 0.9)
    assert parts[-1] == CompletionEnded("length", GenerationUsage(3, 0, 2))


async def test_a_required_tool_is_called(house: House) -> None:
    agent = await house.agent(tools=(WEATHER,))
    parts = await _completed(house, CompletionWish(agent.agent_id, HELLO, tool_choice="required"))
    assert parts[0] == ToolCallGenerated(ToolCall("call_2", "weather", "{}"))
    assert isinstance(parts[1], CompletionEnded)
    assert parts[1].reason == "tool_calls"


async def test_a_stop_sequence_ends_the_generation(house: House) -> None:
    house.model = ScriptedLanguageModel(["One two END three"])
    parts = await _completed(house, CompletionWish("m", HELLO, stop=("END",)))
    assert _text(parts) == "One two "
    assert parts[-1] == CompletionEnded("stop", None)
    assert house.scripted.active == 0


async def test_a_completion_leaves_no_place_in_the_cache_taken(house: House) -> None:
    await _completed(house, CompletionWish("m", HELLO))
    async with aclosing(house.chat.complete(CALLER, CompletionWish("m", HELLO))) as parts:
        await anext(parts)
    assert [request.affinity for request in house.scripted.requests] == house.scripted.released
    assert house.scripted.active == 0


@pytest.mark.parametrize(
    ("model", "caller"),
    [
        pytest.param("agent_abc123", CALLER, id="an id that is malformed"),
        pytest.param("agent_" + "0" * 26, CALLER, id="an id that nobody has"),
        pytest.param("agt_" + "0" * 26, CALLER, id="an Agntix id that nobody has"),
        pytest.param("4711", CALLER, id="a number that nobody has"),
        pytest.param("default", STRANGER, id="the default agent of an organisation without agents"),
        pytest.param("1", STRANGER, id="another organisation's agent"),
    ],
)
async def test_agents_that_are_not_there(house: House, model: str, caller: Caller) -> None:
    await house.agent()
    with pytest.raises(UnknownRecordError, match="agent"):
        await _completed(house, CompletionWish(model, HELLO), caller)
    assert house.scripted.requests == []


async def test_a_paused_agent_does_not_answer(house: House) -> None:
    agent = await house.agent(paused=True)
    with pytest.raises(ConflictError, match="paused"):
        await _completed(house, CompletionWish(agent.agent_id, HELLO))


@pytest.mark.parametrize("choice", ["required", "weather", "no_such_tool"])
async def test_a_choice_of_tools_that_are_not_there_is_refused(house: House, choice: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        await _completed(house, CompletionWish("m", HELLO, tool_choice=choice))
    assert caught.value.param == "tool_choice"


_FAILURES = [
    pytest.param(EngineError("the model broke; start it again"), UpstreamFailedError, "model_failed", id="it broke"),
    pytest.param(EngineBusyError("9 jobs wait; try again"), NotReadyError, "model_busy", id="it is busy"),
]


@pytest.mark.parametrize(("failure", "error", "code"), _FAILURES)
async def test_a_model_that_fails_is_told_with_advice(
    house: House, failure: EngineError, error: type[ServiceError], code: str
) -> None:
    house.model = FailingLanguageModel(failure)
    with pytest.raises(error, match="again") as caught:
        await _completed(house, CompletionWish("m", HELLO))
    assert caught.value.code == code


async def test_while_the_model_loads_nobody_is_answered_and_nothing_kept(house: House) -> None:
    session = await house.session()
    house.model = None
    with pytest.raises(NotReadyError):
        await _completed(house, CompletionWish("m", HELLO))
    with pytest.raises(NotReadyError):
        await house.chat.answer(CALLER, session, None, "Hello")
    assert await house.said(session) == []


# --- turns in a session ---------------------------------------------------------------------------------------------


async def test_a_turn_is_answered_kept_and_announced(house: House) -> None:
    agent = await house.agent(tools=(WEATHER,))
    session = await house.session(agent)
    question, answer = await house.chat.answer(CALLER, session, agent, "Hello")
    assert (question.message.role, question.message.content) == ("user", "Hello")
    assert (answer.message.role, answer.message.content) == ("assistant", "You said: Hello")
    assert await house.said(session) == [("user", "Hello"), ("assistant", "You said: Hello")]
    first, unavailable, last = house.asked.messages
    assert (first, last) == (ChatMessage("system", "Be brief."), ChatMessage("user", "Hello"))
    assert "weather (only in a spoken call)" in unavailable.text, "nobody is there to run a function"
    assert house.asked.tools == ()
    told = [(kind, data.get("role")) for kind, data in house.heard.events]
    assert told == [("session.started", None), ("message.added", "user"), ("message.added", "assistant")]
    assert (await house.sessions.get(CALLER, session.session_id)).status is SessionStatus.ACTIVE


async def test_a_thread_goes_on_and_its_cache_with_it(house: House) -> None:
    session = await house.session()
    await house.chat.answer(CALLER, session, None, "One")
    await house.chat.answer(CALLER, session, None, "Two")
    assert [message.text for message in house.asked.messages] == ["One", "You said: One", "Two"]
    assert len({request.affinity for request in house.scripted.requests}) == 1
    assert house.scripted.released == []


async def test_streaming_tells_the_question_the_pieces_and_the_answer(house: House) -> None:
    session = await house.session()
    parts = [part async for part in house.chat.answer_stream(CALLER, session, None, "Hi")]
    assert isinstance(parts[0], QuestionKept)
    assert [part.text for part in parts if isinstance(part, TextGenerated)] == ["You ", "said: ", "Hi"]
    assert isinstance(parts[-1], AnswerKept)
    assert not parts[-1].session_ended
    assert len(parts) == 5


async def test_a_long_thread_is_told_in_part_and_a_moved_window_is_a_new_conversation(house: House) -> None:
    session = await house.session()
    thread = await house.sessions.thread_of(session)
    for number in range(99):
        role: Any = "assistant" if number % 2 else "user"
        await house.store.threads.append(thread, NewMessage(role, f"{number}", session_id=session.session_id))
    await house.chat.answer(CALLER, session, None, "99")
    assert [message.text for message in house.asked.messages] == [*map(str, range(100))]
    await house.chat.answer(CALLER, session, None, "101")
    assert house.asked.messages[0].text == "50"
    assert house.asked.messages[-1].text == "101"
    assert house.scripted.released == [house.scripted.requests[0].affinity]


async def test_the_last_turn_says_goodbye_and_ends_the_session(house: House) -> None:
    agent = await house.agent(max_turns=2)
    session = await house.session(agent)
    await house.chat.answer(CALLER, session, agent, "One")
    assert house.asked.messages[-1].text == "One"
    parts = [part async for part in house.chat.answer_stream(CALLER, session, agent, "Two")]
    assert house.asked.messages[-1] == ChatMessage("system", LAST_ANSWER)
    assert isinstance(parts[-1], AnswerKept)
    assert parts[-1].session_ended
    ended = await house.sessions.get(CALLER, session.session_id)
    assert (ended.status, ended.end_reason) == (SessionStatus.COMPLETED, "max_turns")
    assert house.scripted.released == [house.asked.affinity]
    with pytest.raises(ConflictError) as caught:
        await house.chat.answer(CALLER, session, agent, "Three")
    assert caught.value.code == "session_over"
    assert len(await house.said(session)) == 4


async def test_a_message_that_is_sent_again_is_answered_once(house: House) -> None:
    session = await house.session()
    first = await house.chat.answer(CALLER, session, None, "Hello", client_id="c1")
    again = await house.chat.answer(CALLER, session, None, "Hello", client_id="c1")
    assert again == first
    assert len(house.scripted.requests) == 1


@pytest.mark.parametrize(("failure", "error", "code"), _FAILURES)
async def test_a_failed_answer_keeps_the_question_which_can_be_sent_again(
    house: House, failure: EngineError, error: type[ServiceError], code: str
) -> None:
    session = await house.session()
    house.model = FailingLanguageModel(failure, said="Well ")
    with pytest.raises(error) as caught:
        await house.chat.answer(CALLER, session, None, "Hello", client_id="c1")
    assert caught.value.code == code
    assert await house.said(session) == [("user", "Hello")]
    house.model = ScriptedLanguageModel()
    await house.chat.answer(CALLER, session, None, "Hello", client_id="c1")
    assert await house.said(session) == [("user", "Hello"), ("assistant", "You said: Hello")]


@pytest.mark.parametrize("reply", ["", " \n "])
async def test_an_answer_without_a_word_is_a_failure(house: House, reply: str) -> None:
    session = await house.session()
    house.model = ScriptedLanguageModel([reply])
    with pytest.raises(UpstreamFailedError) as caught:
        await house.chat.answer(CALLER, session, None, "Hello")
    assert caught.value.code == "empty_answer"
    assert await house.said(session) == [("user", "Hello")]


async def test_one_answer_at_a_time(house: House) -> None:
    session, other = await house.session(), await house.session()
    house.model = waiting = WaitingLanguageModel()
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(house.chat.answer(CALLER, session, None, "One"))
        await waiting.waits.wait()
        with pytest.raises(ConflictError) as caught:
            await house.chat.answer(CALLER, session, None, "Two")
        waiting.go_on.set()
        await house.chat.answer(CALLER, other, None, "Elsewhere")
    assert caught.value.code == "answer_in_progress"
    assert first.result()[1].message.content == "Well then."
    assert await house.said(session) == [("user", "One"), ("assistant", "Well then.")]
    await house.chat.answer(CALLER, session, None, "Three")


async def test_a_client_that_goes_stops_the_model_at_once(house: House) -> None:
    session = await house.session()
    house.model = waiting = WaitingLanguageModel()
    async with aclosing(house.chat.answer_stream(CALLER, session, None, "One")) as parts:
        async for part in parts:
            if isinstance(part, TextGenerated):
                break
    assert waiting.closed_early
    assert await house.said(session) == [("user", "One")]
    waiting.go_on.set()
    await house.chat.answer(CALLER, session, None, "Two")


async def test_another_organisation_s_session_is_not_there(house: House) -> None:
    session = await house.session()
    with pytest.raises(UnknownRecordError):
        await house.chat.answer(STRANGER, session, None, "Hello")
    assert await house.said(session) == []


@pytest.mark.parametrize("content", [pytest.param("  ", id="blank"), pytest.param("x" * 100_001, id="too long")])
async def test_a_message_that_cannot_be_kept_begins_nothing(house: House, content: str) -> None:
    session = await house.session()
    with pytest.raises(InvalidFieldError, match="content"):
        await house.chat.answer(CALLER, session, None, content)
    assert (await house.sessions.get(CALLER, session.session_id)).status is SessionStatus.INITIALIZING


async def test_a_session_past_its_time_is_not_answered(house: House) -> None:
    session = await house.session()
    house.now += timedelta(hours=2)
    with pytest.raises(ConflictError):
        await house.chat.answer(CALLER, replace(session), None, "Hello")


async def test_sessions_that_nobody_writes_in_give_their_place_in_the_cache_back(house: House) -> None:
    idle, busy = await house.session(), await house.session()
    await house.chat.answer(CALLER, idle, None, "One")
    house.seconds = WARM_SECONDS - 1
    await house.chat.answer(CALLER, busy, None, "Two")
    house.seconds = WARM_SECONDS
    house.chat.forget_idle()
    assert house.scripted.released == [house.scripted.requests[0].affinity]
    house.chat.forget(busy.session_id)
    house.chat.forget(busy.session_id)
    assert house.scripted.released == [request.affinity for request in house.scripted.requests]


async def test_the_places_kept_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivavoce.services.chatting.WARM_SESSIONS_MAXIMUM", 2)
    sessions = [await house.session() for _ in range(3)]
    for session in sessions:
        await house.chat.answer(CALLER, session, None, "Hello")
    assert house.scripted.warm == {request.affinity for request in house.scripted.requests[1:]}
