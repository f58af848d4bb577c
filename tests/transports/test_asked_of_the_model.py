"""What a session lets the model do, on the wire: how many functions it may call, and whether its prompt may be cut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter
from starlette.websockets import WebSocket

from tests.transports.protocol_states import CLOCK, Talk, message
from vivavoce.conversation.settings import Settings
from vivavoce.dialects.realtime.asking import Asked
from vivavoce.engines.llm.prompt_fitting import PromptTooLongError
from vivavoce.engines.ports import GenerationPart, GenerationRequest, ToolCall
from vivavoce.engines.scripted.ears import ScriptedSpeechToText, ScriptedTurnDetector, ScriptedVoiceActivity
from vivavoce.engines.scripted.language_model import ScriptedLanguageModel
from vivavoce.engines.scripted.voice import ScriptedTextToSpeech
from vivavoce.sessions.ports import Engines
from vivavoce.transports.admission import CallPlan
from vivavoce.transports.connection import AudioFraming, Connection

pytestmark = pytest.mark.looptime

STRICT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


class Client(Talk):
    """Keeps whole events."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    async def send_text(self, data: str) -> None:
        self.events.append(json.loads(data))
        await super().send_text(data)

    def responses(self) -> list[dict[str, Any]]:
        return [event["response"] for event in self.events if event["type"] == "response.done"]


class ShortOfSight(ScriptedLanguageModel):
    """A model that can read nothing whole."""

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationPart]:
        if request.keeps_all_messages:
            raise PromptTooLongError(5000, 3072)
        async for part in super().generate(request):
            yield part


async def responses(model: ScriptedLanguageModel, *told: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What became of the responses that these events ask for, in text."""
    client = Client()
    engines = Engines(
        ScriptedVoiceActivity(), ScriptedTurnDetector(), ScriptedSpeechToText(), model, ScriptedTextToSpeech()
    )
    settings = Settings(instructions="Be brief.")
    plan = CallPlan("sess_1", "conv_1", "vivavoce", settings)
    connection = Connection(cast(WebSocket, client), plan, engines, {"eve": "eve"}.get, AudioFraming.JSON, Asked())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(connection.hold())
        await client.tell("session.update", session={"output_modalities": ["text"], "tools": [CLOCK]})
        for kind, fields in told:
            await client.tell(kind, **fields)
        await client.hang_up()
    for event in client.events:
        if event["type"].startswith("response."):
            STRICT.validate_python(event)
    return client.responses()


def twice() -> ScriptedLanguageModel:
    return ScriptedLanguageModel([[ToolCall("call_1", "clock", "{}"), ToolCall("call_2", "clock", "{}")]])


ASK = ("conversation.item.create", {"item": message("user")})
CALLS = [
    pytest.param({}, {}, 2, id="a response may call several functions"),
    pytest.param({"parallel_tool_calls": True}, {}, 2, id="a session may allow it"),
    pytest.param({"parallel_tool_calls": None}, {}, 2, id="null is the default"),
    pytest.param({"parallel_tool_calls": False}, {}, 1, id="a session may forbid it"),
    pytest.param({}, {"parallel_tool_calls": False}, 1, id="one response may forbid it"),
    pytest.param({"parallel_tool_calls": False}, {"parallel_tool_calls": True}, 2, id="a response counts more"),
]


@pytest.mark.parametrize(("session", "response", "calls"), CALLS)
async def test_how_many_functions_a_response_calls(session: Any, response: Any, calls: int) -> None:
    (done,) = await responses(
        twice(), ("session.update", {"session": session}), ASK, ("response.create", {"response": response})
    )
    assert [item["type"] for item in done["output"]] == ["function_call"] * calls
    assert done["status"] == "completed"


async def test_with_truncation_disabled_a_prompt_that_does_not_fit_fails_and_says_so() -> None:
    off = ("session.update", {"session": {"truncation": "disabled"}})
    on = ("session.update", {"session": {"truncation": "auto"}})
    failed, done = await responses(
        ShortOfSight(["Fine."]), off, ASK, ("response.create", {}), on, ("response.create", {})
    )
    assert failed["status"] == "failed"
    assert "5000 tokens" in failed["status_details"]["error"]["message"]
    assert "truncation is 'disabled'" in failed["status_details"]["error"]["message"]
    assert done["status"] == "completed"
