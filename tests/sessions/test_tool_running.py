"""Calls with tools that the server runs, through the shell, under virtual time: what the caller hears, and when."""

from __future__ import annotations

import asyncio

import pytest

from tests.sessions.scripted_calls import Call, opened_call, scripted_engines
from tests.sessions.scripted_toolbox import ORDERS, ScriptedSource, ScriptedToolbox, tool
from vivavoce.conversation import events, notices
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import Message, Part, PartKind, Role
from vivavoce.conversation.settings import ServerVad, Settings
from vivavoce.engines.ports import GenerationRequest, ToolCall
from vivavoce.engines.scripted.language_model import Reply, ScriptedLanguageModel

pytestmark = pytest.mark.looptime

SETTINGS = Settings(turn_detection=ServerVad(), tool_sources=(ORDERS,))


def answers(request: GenerationRequest) -> Reply:
    """Looks up once for each of the caller's messages, then says what came of it."""
    last = request.messages[-1]
    if last.role == "user" and request.tools:
        return ToolCall(f"call_{len(request.messages)}", "lookup", '{"id": 7}')
    return f"It says {last.text}"


def engines() -> ScriptedLanguageModel:
    return ScriptedLanguageModel(answers, first_token_delay_seconds=0.1)


async def type_in(call: Call, text: str) -> None:
    item = Message(ItemId(""), Role.USER, (Part(PartKind.INPUT_TEXT, text),))
    await call.session.receive(events.ItemCreateRequested(item))
    await call.session.receive(events.ResponseRequested())


async def test_a_tool_is_run_and_its_result_is_spoken() -> None:
    source = ScriptedSource((tool(),))
    toolbox = ScriptedToolbox([source])
    async with opened_call(SETTINGS, engines=scripted_engines(language_model=engines()), toolbox=toolbox) as call:
        await asyncio.sleep(0.1)
        await type_in(call, "Where is it?")
        ended = await call.outlet.until(notices.ToolCallEnded)
        done = await call.outlet.until(notices.ReplyDone, 2)
    assert ended.item.output == "shipped"
    assert ended.duration_ms == pytest.approx(500, abs=5)
    assert [item.text for item in done.reply.output if isinstance(item, Message)] == ["It says shipped"]
    assert [invocation.arguments for invocation in source.invocations] == ['{"id": 7}']
    assert toolbox.closed == 1
