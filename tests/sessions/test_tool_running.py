"""Calls with tools that the server runs, through the shell, under virtual time: what the caller hears, and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.sessions.scripted_calls import Call, opened_call, scripted_engines
from tests.sessions.scripted_toolbox import ORDERS, ScriptedSource, ScriptedToolbox, tool
from vivavoce.conversation import events, notices
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import Message, Part, PartKind, Role, ServerCall
from vivavoce.conversation.replies import EndReason
from vivavoce.conversation.settings import ServerVad, Settings
from vivavoce.conversation.tool_policy import OnInterruption, ToolFailure, ToolKind, ToolPolicy, ToolSourceKey
from vivavoce.engines.ports import GenerationRequest, ToolCall
from vivavoce.engines.scripted.language_model import Reply, ScriptedLanguageModel
from vivavoce.sessions.journal import Journal, replay
from vivavoce.sessions.resuming import resume, resumed_from
from vivavoce.sessions.transcript import TranscriptBuilder
from vivavoce.tools.ports import ToolError

pytestmark = pytest.mark.looptime

SETTINGS = Settings(turn_detection=ServerVad(), tool_sources=(ORDERS,))


def answers(request: GenerationRequest) -> Reply:
    """Looks up once for each of the caller's messages, then says what came of it."""
    last = request.messages[-1]
    if last.role == "user" and request.tools:
        return ToolCall(f"call_{len(request.messages)}", "lookup", '{"id": 7}')
    return f"It says {last.text}"


def model() -> ScriptedLanguageModel:
    return ScriptedLanguageModel(answers, first_token_delay_seconds=0.1)


async def type_in(call: Call, text: str) -> None:
    item = Message(ItemId(""), Role.USER, (Part(PartKind.INPUT_TEXT, text),))
    await call.session.receive(events.ItemCreateRequested(item))
    await call.session.receive(events.ResponseRequested())


async def test_a_tool_is_run_and_its_result_is_spoken() -> None:
    source = ScriptedSource((tool(),))
    toolbox = ScriptedToolbox([source])
    async with opened_call(SETTINGS, engines=scripted_engines(language_model=model()), toolbox=toolbox) as call:
        await asyncio.sleep(0.1)
        await type_in(call, "Where is it?")
        ended = await call.outlet.until(notices.ToolCallEnded)
        done = await call.outlet.until(notices.ReplyDone, 2)
    assert ended.item.output == "shipped"
    assert ended.duration_ms == pytest.approx(500, abs=5)
    assert [item.text for item in done.reply.output if isinstance(item, Message)] == ["It says shipped"]
    assert [invocation.arguments for invocation in source.invocations] == ['{"id": 7}']
    assert toolbox.closed == 1


def spoken(call: Call) -> list[str]:
    """What the agent has said in each reply that said anything."""
    replies = [notice.reply for notice in call.outlet.told(notices.ReplyDone)]
    return [item.text for reply in replies for item in reply.output if isinstance(item, Message)]


@asynccontextmanager
async def asked_call(
    source: ScriptedSource, settings: Settings = SETTINGS, text: str = "Where is it?"
) -> AsyncIterator[Call]:
    """A call whose caller has asked for what the source looks up."""
    toolbox = ScriptedToolbox([source])
    async with opened_call(settings, engines=scripted_engines(language_model=model()), toolbox=toolbox) as call:
        await asyncio.sleep(0.1)
        await type_in(call, text)
        yield call
    assert toolbox.closed == 1
    assert source.closed == 1


@dataclass(frozen=True)
class Fault:
    name: str
    source: Callable[[], ScriptedSource]
    failure: ToolFailure | None
    output: str


BRIEFLY = ToolPolicy(timeout_ms=2000)
FAULTS = (
    Fault(
        "a tool that hangs is given up when its time is over",
        lambda: ScriptedSource((tool(policy=BRIEFLY),), seconds=3600.0),
        ToolFailure.TIMED_OUT,
        "there was no answer within 2 seconds",
    ),
    Fault(
        "a tool that does not listen to its being given up is left behind",
        lambda: ScriptedSource((tool(policy=BRIEFLY),), seconds=3600.0, stubborn=True),
        ToolFailure.TIMED_OUT,
        "there was no answer within 2 seconds",
    ),
    Fault(
        "a tool that refuses says why",
        lambda: ScriptedSource((tool(),), ToolError(ToolFailure.REFUSED, "the server answered 500")),
        ToolFailure.REFUSED,
        "the server answered 500",
    ),
    Fault(
        "a tool with a defect fails alone",
        lambda: ScriptedSource((tool(),), ZeroDivisionError("secret")),
        ToolFailure.UNREACHABLE,
        "the tool broke down",
    ),
    Fault(
        "a tool that breaks its connection fails alone",
        lambda: ScriptedSource((tool(),), ConnectionResetError("10.0.0.1")),
        ToolFailure.UNREACHABLE,
        "the tool broke down",
    ),
    Fault("a tool that answers late is waited for", lambda: ScriptedSource((tool(),), seconds=8.0), None, "shipped"),
)


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.name) for fault in FAULTS])
async def test_whatever_a_tool_does_the_caller_hears_of_it(fault: Fault) -> None:
    source = fault.source()
    async with asked_call(source) as call:
        first = await call.outlet.until(notices.ReplyDone)
        made = asyncio.get_running_loop().time()
        await call.outlet.until_audio()
        heard_after = call.outlet.audio[0][0] - made
        ended = await call.outlet.until(notices.ToolCallEnded)
        while not spoken(call) or spoken(call)[-1] != f"It says {fault.output}":
            await call.outlet.until(notices.ReplyDone, len(call.outlet.told(notices.ReplyDone)) + 1)
        await asyncio.sleep(60.0)
    assert not first.reply.output
    assert heard_after < 2.0
    assert (ended.item.output, ended.item.failure) == (fault.output, fault.failure)
    assert len(call.outlet.told(notices.ToolCallEnded)) == 1
    assert len(source.invocations) == 1, "it ran twice"
    assert call.session.end_reason is None


async def test_a_call_that_is_given_up_in_the_midst_is_cancelled_at_the_far_end() -> None:
    source = ScriptedSource((tool(policy=ToolPolicy(on_interruption=OnInterruption.CANCEL)),), seconds=3600.0)
    async with asked_call(source) as call:
        await call.outlet.until(notices.ReplyCalledTool)
        await call.ask()  # the scripted ears hear: what time is it
        ended = await call.outlet.until(notices.ToolCallEnded)
        await asyncio.sleep(0.1)
        assert source.cancelled == 1
    assert ended.item.failure is ToolFailure.CANCELLED


async def test_a_caller_who_speaks_over_the_answer_to_a_result_stops_it() -> None:
    source = ScriptedSource((tool(),), "one two three four five six seven eight nine ten eleven twelve")
    async with asked_call(source) as call:
        await call.outlet.until_audio(frames=10)
        await call.speak(0.6)
        done = await call.outlet.until(notices.ReplyDone, 2)
    assert done.reply.ended is EndReason.TURN_DETECTED
    assert len(source.invocations) == 1


async def test_what_hangs_when_the_call_ends_ends_with_it() -> None:
    source = ScriptedSource((tool(),), seconds=3600.0)
    async with asked_call(source) as call:
        await call.outlet.until(notices.ReplyCalledTool)
        await asyncio.sleep(0.1)
        call.session.close_call("expired")
        await call.outlet.until(notices.CallEnded)
        (ended,) = call.outlet.told(notices.ToolCallEnded)
    assert ended.item.failure is ToolFailure.CANCELLED
    assert source.cancelled == 1


@dataclass(frozen=True)
class Unopened:
    name: str
    source: ScriptedSource | None
    message: str


UNOPENED = (
    Unopened(
        "a server that refuses to list its tools is told of by its label",
        ScriptedSource((), opening=ToolError(ToolFailure.UNREACHABLE, "it does not answer"), label="crm"),
        "crm (it does not answer)",
    ),
    Unopened(
        "a server that takes for ever to list its tools is given up",
        ScriptedSource((), opening=3600.0, label="crm"),
        "crm (there was no answer within 20 seconds)",
    ),
    Unopened(
        "a source with a defect leaves the call going",
        ScriptedSource((), opening=KeyError("secret")),
        "a tool (the tool broke down)",
    ),
    Unopened(
        "a source that nobody declared is told of",
        ScriptedSource((), key=ToolSourceKey("webhook:other")),
        "a tool (no such tool was declared for this call)",
    ),
    Unopened("without a toolbox there are no tools", None, "a tool (this server runs no tools in this call)"),
)


@pytest.mark.parametrize("unopened", [pytest.param(each, id=each.name) for each in UNOPENED])
async def test_a_source_that_cannot_be_opened_costs_its_tools_and_nothing_else(unopened: Unopened) -> None:
    toolbox = ScriptedToolbox([unopened.source]) if unopened.source is not None else None
    engines = scripted_engines(language_model=model())
    async with opened_call(SETTINGS, engines=engines, toolbox=toolbox) as call:
        await asyncio.sleep(21.0)
        await type_in(call, "Where is it?")
        done = await call.outlet.until(notices.ReplyDone)
        failed = call.outlet.told(notices.ToolsListFailed)
    assert [item.text for item in done.reply.output if isinstance(item, Message)] == ["It says Where is it?"]
    system = call.model.requests[-1].messages[0]
    assert system.role == "system"
    assert unopened.message in system.text
    assert [notice.label for notice in failed] == (["crm"] if "crm" in unopened.message else [])


async def test_sources_that_are_no_longer_wanted_are_closed_and_what_they_ran_ends() -> None:
    source = ScriptedSource((tool(),), seconds=3600.0)
    toolbox = ScriptedToolbox([source])
    async with opened_call(SETTINGS, engines=scripted_engines(language_model=model()), toolbox=toolbox) as call:
        await asyncio.sleep(0.1)
        await type_in(call, "Where is it?")
        await call.outlet.until(notices.ReplyCalledTool)
        await asyncio.sleep(0.1)
        await call.session.receive(events.SessionConfigured(replace(SETTINGS, tool_sources=())))
        ended = await call.outlet.until(notices.ToolCallEnded)
        await asyncio.sleep(0.1)
        assert (source.cancelled, source.closed) == (1, 1)
        await call.session.receive(events.SessionConfigured(SETTINGS))
        await asyncio.sleep(0.1)
        assert source.opened == 2
    assert ended.item.failure is ToolFailure.CANCELLED


async def test_a_source_that_is_dropped_while_it_opens_is_not_opened() -> None:
    source = ScriptedSource((tool(),), opening=5.0)
    async with opened_call(SETTINGS, toolbox=ScriptedToolbox([source])) as call:
        await asyncio.sleep(1.0)
        await call.session.receive(events.SessionConfigured(replace(SETTINGS, tool_sources=())))
        await asyncio.sleep(10.0)
        await type_in(call, "Where is it?")
        await call.outlet.until(notices.ReplyDone)
        assert call.model.requests[-1].tools == ()


async def test_a_search_in_documents_begins_before_the_model_asks_for_it() -> None:
    source = ScriptedSource((tool(kind=ToolKind.FILE_SEARCH),))
    async with opened_call(SETTINGS, toolbox=ScriptedToolbox([source])) as call:
        await call.ask()
        await call.outlet.until(notices.AudioCommitted)
        assert source.searched == ["what time is it"]


async def test_a_call_with_tools_is_replayed_from_its_journal(tmp_path: Path) -> None:
    source = ScriptedSource((tool(policy=ToolPolicy(filler="One second.")),))
    path = tmp_path / "call.jsonl"
    journal = Journal(path)
    engines = scripted_engines(language_model=model())
    async with opened_call(SETTINGS, engines=engines, journal=journal, toolbox=ScriptedToolbox([source])) as call:
        await asyncio.sleep(0.1)
        await type_in(call, "Where is it?")
        await call.outlet.until(notices.ReplyDone, 3)
    assert replay(path) is None
    resumed = resume(path)
    (ran,) = (item for item in resumed.items if isinstance(item, ServerCall))
    assert (ran.output, ran.failure) == ("shipped", None)


async def test_what_ran_when_the_connection_broke_is_not_run_again(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    journal = Journal(path, tells_after_writing=True)
    source = ScriptedSource((tool(),), seconds=3600.0)
    engines = scripted_engines(language_model=model())
    async with opened_call(SETTINGS, engines=engines, journal=journal, toolbox=ScriptedToolbox([source])) as call:
        await asyncio.sleep(0.1)
        await type_in(call, "Where is it?")
        await call.outlet.until(notices.ReplyCalledTool)
        await asyncio.sleep(0.3)
        broken = path.read_bytes()
    resumed = resumed_from(broken)
    (ran,) = (item for item in resumed.items if isinstance(item, ServerCall))
    assert ran.failure is ToolFailure.CANCELLED
    assert ran.output is not None
    assert resumed.settings.tool_sources == (ORDERS,)
    again = ScriptedSource((tool(),))
    async with opened_call(
        resumed.settings,
        engines=scripted_engines(language_model=model()),
        toolbox=ScriptedToolbox([again]),
        resumed=resumed.items,
    ) as call:
        await asyncio.sleep(5.0)
        assert (again.opened, again.invocations) == (1, [])
        assert call.outlet.told(notices.ReplyCreated) == []


async def test_what_tools_were_asked_and_said_stands_in_the_transcript() -> None:
    source = ScriptedSource((tool(kind=ToolKind.MCP, label="crm"),), ToolError(ToolFailure.REFUSED, "no such order"))
    builder = TranscriptBuilder()
    async with asked_call(source) as call:
        await call.outlet.until(notices.ReplyDone, 2)
        entries = [entry for _, notice in call.outlet.notices if (entry := builder.note(notice)) is not None]
    made, ended = (entry for entry in entries if entry.tool_call is not None)
    assert (made.role, ended.role, ended.content) == ("assistant", "tool", "no such order")
    assert made.item_id != ended.item_id
    assert made.tool_call is not None
    assert ended.tool_call == replace(made.tool_call, failure=ToolFailure.REFUSED, duration_ms=500)
    assert (ended.tool_call.kind, ended.tool_call.label, ended.tool_call.asked_by) == (ToolKind.MCP, "crm", "agent")
