"""What a call does when its tools break, and when the caller breaks in: nothing hangs, nothing runs twice."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.mcp_program import running_program
from tests.serving import KEY, Served, scripted_settings, serving
from tests.webhook_receiver import Receiver, answer, connections_ended, receiving
from vivavoce.config import PlatformSettings
from vivavoce.engines.ports import GenerationRequest, ToolCall
from vivavoce.engines.scripted.ears import ScriptedSpeechToText
from vivavoce.engines.scripted.language_model import Reply, ScriptedLanguageModel

Event = dict[str, Any]
SHIPPED = answer(200, "content-type: application/json\r\n", b'{"status": "shipped"}')
SHIPPED_SLOWLY = answer(200, "content-type: application/json\r\n", b'{"status": "shipped slowly"}')
"""Told at length: there is time to break in."""

HUGE = answer(200, "content-type: application/json\r\n", b'"' + b"x" * 10_000_000 + b'"')
NO_JSON = answer(200, "content-type: application/json\r\n", b"{shipped")
STARTED, ENDED = "vivavoce.tool_call.started", "vivavoce.tool_call.ended"
HEARD = "response.output_audio.delta"
FILLER = "One moment, I am looking."
MEANWHILE = "What is the weather?"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = scripted_settings(tmp_path_factory.mktemp("data"), platform=PlatformSettings(private_webhooks=True))
    with serving(settings) as one:
        engines = one.server.engines
        assert engines is not None
        assert isinstance(engines.language_model, ScriptedLanguageModel)
        assert isinstance(engines.speech_to_text, ScriptedSpeechToText)
        engines.language_model._decide = looks_up
        engines.speech_to_text.texts = (MEANWHILE,)
        yield one


def looks_up(request: GenerationRequest) -> Reply:
    """Calls the one tool for an order, tells what it brought, and has an answer to everything else."""
    last = request.messages[-1]
    if last.role == "system" and "There is now a result" in last.text:
        last = next(message for message in request.messages if message.role == "tool")
    if last.role == "tool":
        told = "The desk says this and that. " * (8 if "slowly" in last.text else 1)
        return told if "shipped" in last.text else "That did not work."
    if "order 7" in last.text:
        tool = next(tool for tool in request.tools if tool.name in ("look_up", "hang"))
        arguments = {"order_id": "7"} if tool.name == "look_up" else {"text": "7"}
        return ToolCall("call_1", tool.name, json.dumps(arguments))
    return "It is sunny."


class Gated(Receiver):
    """Answers when the gate is opened."""

    def __init__(self, *answers: bytes) -> None:
        super().__init__(list(answers))
        self.gate = asyncio.Event()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await super()._answer(reader, cast("asyncio.StreamWriter", _Held(writer, self.gate)))


class _Held:
    def __init__(self, writer: asyncio.StreamWriter, gate: asyncio.Event) -> None:
        self._writer, self._gate = writer, gate
        self._held = b""

    def write(self, content: bytes) -> None:
        self._held = content

    async def drain(self) -> None:
        await self._gate.wait()
        self._writer.write(self._held)
        await self._writer.drain()


@asynccontextmanager
async def gated(*answers: bytes) -> AsyncIterator[Gated]:
    receiver = Gated(*answers)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.gate.set()
        server.close()
        await connections_ended(receiver.serving)
        await server.wait_closed()


class Line:
    """One call: everything that was told, in its order."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.told: list[Event] = []

    async def send(self, kind: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": kind, **fields}))

    async def until(self, kind: str) -> Event:
        async with asyncio.timeout(60):
            while True:
                event: Event = json.loads(await self._socket.recv())
                assert event["type"] != "error", event
                self.told.append(event)
                if event["type"] == kind:
                    return event

    async def ask(self) -> None:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Where is order 7?"}]}
        await self.send("conversation.item.create", item=item)
        await self.send("response.create")

    async def speak_up(self) -> None:
        """The caller says `MEANWHILE`."""
        noise = np.random.default_rng(7).uniform(-0.3, 0.3, 24_000)
        sound = np.concatenate([noise, np.zeros(36_000)])
        audio = base64.b64encode((sound * 32767).astype("<i2").tobytes()).decode()
        await self.send("input_audio_buffer.append", audio=audio)

    async def answered(self, words: str) -> None:
        """A reply ends that has said this."""
        while words not in spoken(await self.until("response.done")):
            pass

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.told]

    def ended(self) -> list[Event]:
        return [event for event in self.told if event["type"] == ENDED]


def spoken(done: Event) -> str:
    parts = [part for item in done["response"]["output"] for part in item.get("content", ())]
    return " ".join(part.get("transcript") or part.get("text") or "" for part in parts)


@asynccontextmanager
async def on_the_line(served: Served, tool: Event) -> AsyncGenerator[Line]:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with connect(served.websocket_url, additional_headers=headers, max_size=None, proxy=None) as socket:
        line = Line(socket)
        await line.send("session.update", session={"tools": [tool], "vivavoce": {"tool_calls": True}})
        await line.until("session.updated")
        yield line


def webhook(receiver: Receiver, on_interruption: str = "finish", timeout_ms: int = 10_000) -> Event:
    return {
        "type": "webhook",
        "name": "look_up",
        "description": "Looks an order up.",
        "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
        "request": {"method": "POST", "url": receiver.url},
        "policy": {
            "retries": 0,
            "timeout_ms": timeout_ms,
            "filler": FILLER,
            "on_interruption": on_interruption,
        },
    }


# --- tools that break -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "code"),
    [
        pytest.param(None, "timed_out", id="hangs"),
        pytest.param(answer(500), "refused", id="answers with an error of its own"),
        pytest.param(HUGE, "unusable_result", id="answers with 10 MB"),
        pytest.param(NO_JSON, "unusable_result", id="answers with what is no JSON"),
        pytest.param(b"", "unreachable", id="disconnects"),
    ],
)
async def test_the_caller_hears_of_a_tool_that(served: Served, told: bytes | None, code: str) -> None:
    async with receiving(told) as receiver, on_the_line(served, webhook(receiver, timeout_ms=1000)) as line:
        await line.ask()
        ended = await line.until(ENDED)
        await line.answered("That did not work.")
    assert ended["error"]["code"] == code
    assert (len(receiver.received), len(line.ended())) == (1, 1)


async def test_an_answer_that_comes_too_late_changes_nothing(served: Served) -> None:
    async with gated(SHIPPED) as receiver, on_the_line(served, webhook(receiver, timeout_ms=1000)) as line:
        await line.ask()
        ended = await line.until(ENDED)
        receiver.gate.set()
        await line.answered("That did not work.")
    assert ended["error"]["code"] == "timed_out"
    assert (len(receiver.received), len(line.ended())) == (1, 1)


async def test_the_caller_hears_something_before_a_slow_tool_has_ended(served: Served) -> None:
    async with gated(SHIPPED) as receiver, on_the_line(served, webhook(receiver)) as line:
        await line.ask()
        await line.until(HEARD)
        assert line.ended() == []
        receiver.gate.set()
        await line.answered("The desk says")
    assert len(receiver.received) == 1


async def test_a_server_of_tools_that_dies_in_the_middle_of_a_call_ends_it_truthfully(
    served: Served, tmp_path: Path
) -> None:
    async with running_program(tmp_path) as program:
        tool = {"type": "mcp", "server_label": "shop", "server_url": program.url, "require_approval": "never"}
        async with on_the_line(served, tool) as line:
            await line.ask()
            assert await program.carried_out() == "hang 7"
            await program.kill()
            ended = await line.until(ENDED)
            await line.answered("That did not work.")
            assert program.notes == ["hang 7"]
    assert ended["error"]["code"] == "unreachable"
    assert len(line.ended()) == 1


# --- a caller who breaks in -----------------------------------------------------------------------------------------


async def test_who_breaks_in_before_a_call_is_made_has_no_call(served: Served) -> None:
    engines = served.server.engines
    assert engines is not None
    assert isinstance(engines.language_model, ScriptedLanguageModel)
    engines.language_model._first_token_delay_seconds = 2.0
    try:
        async with receiving(SHIPPED) as receiver, on_the_line(served, webhook(receiver)) as line:
            await line.ask()
            await line.until("response.created")
            await line.speak_up()
            await line.answered("It is sunny.")
    finally:
        engines.language_model._first_token_delay_seconds = 0.0
    assert (receiver.received, STARTED in line.kinds()) == ([], False)


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        pytest.param("cancel", "cancelled", id="that is to be cancelled gives it up"),
        pytest.param("finish", None, id="that is to finish hears of it later"),
        pytest.param("background", None, id="in the background hears of it when there is time"),
    ],
)
async def test_who_breaks_in_while_a_call_runs(served: Served, policy: str, code: str | None) -> None:
    async with gated(SHIPPED) as receiver, on_the_line(served, webhook(receiver, policy)) as line:
        await line.ask()
        await receiver.came.wait()
        await line.speak_up()
        if code is not None:
            ended = await line.until(ENDED)
            await line.answered("It is sunny.")
        else:
            await line.answered("It is sunny.")
            assert line.ended() == []
            receiver.gate.set()
            await line.answered("The desk says")
            (ended,) = line.ended()
    assert (ended["error"] or {"code": None})["code"] == code
    assert (len(receiver.received), len(line.ended())) == (1, 1)


async def test_who_breaks_in_while_the_result_is_told_is_answered_and_nothing_runs_again(served: Served) -> None:
    async with receiving(SHIPPED_SLOWLY) as receiver, on_the_line(served, webhook(receiver)) as line:
        await line.ask()
        await line.until(ENDED)
        await line.until("response.output_audio_transcript.delta")
        await line.speak_up()
        await line.answered("It is sunny.")
    assert (len(receiver.received), len(line.ended())) == (1, 1)
