"""The beta dialect, spoken by OpenAI's own Python client: flat sessions and the older names of events."""

from __future__ import annotations

import asyncio
import base64
import json
import warnings
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest
from openai import AsyncOpenAI
from openai.resources.beta.realtime.realtime import AsyncRealtimeConnection
from openai.types.beta.realtime.session_update_event_param import SessionTool

from tests.compliance.talking_server import HEARD, STORY, TalkingServer, talking_server
from tests.serving import KEY

SPEECH = base64.b64encode(np.random.default_rng(5).integers(-9000, 9000, 24_000, dtype=np.int16).tobytes()).decode()
SILENCE = base64.b64encode(bytes(48_000)).decode()
WEATHER: SessionTool = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}

GA_NAMES = ("response.output_audio", "response.output_text", "conversation.item.added", "conversation.item.done")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TalkingServer]:
    with talking_server(tmp_path_factory.mktemp("data")) as one:
        yield one


@pytest.fixture
async def connection(server: TalkingServer) -> AsyncIterator[AsyncRealtimeConnection]:
    client = AsyncOpenAI(websocket_base_url=f"ws://{server.address}/v1", api_key=KEY)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the client warns of its own beta
        realtime = client.beta.realtime
    async with realtime.connect(model="gpt-4o-realtime-preview") as connection, asyncio.timeout(60):
        yield connection
    await client.close()


async def until_done(connection: AsyncRealtimeConnection, replies: int = 1) -> list[Any]:
    """What the server tells until so many replies are done."""
    events: list[Any] = []
    async for event in connection:
        events.append(event)
        replies -= event.type == "response.done"
        if replies == 0:
            break
    return events


def only(events: list[Any], kind: str) -> list[Any]:
    return [event for event in events if event.type == kind]


def in_the_beta_dialect(server: TalkingServer, events: list[Any]) -> None:
    wire = server.tap.wires[-1]
    assert wire.headers["openai-beta"] == "realtime=v1"
    names = {event.type for event in events}
    assert not {name for name in names if name.startswith(GA_NAMES)}, names
    assert not wire.told("error"), wire.story()


async def ask(connection: AsyncRealtimeConnection, question: str) -> None:
    await connection.conversation.item.create(
        item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": question}]}
    )
    await connection.response.create()


async def test_a_written_turn(server: TalkingServer, connection: AsyncRealtimeConnection) -> None:
    await connection.session.update(session={"modalities": ["text"], "instructions": "You are friendly."})
    await ask(connection, "Is the shop open?")
    events = await until_done(connection)
    in_the_beta_dialect(server, events)
    [updated] = only(events, "session.updated")
    assert updated.session.modalities == ["text"]
    assert updated.session.input_audio_format == "pcm16"
    assert [event.text for event in only(events, "response.text.done")] == ["You said: Is the shop open?"]
    assert "".join(event.delta for event in only(events, "response.text.delta")) == "You said: Is the shop open?"


async def test_a_spoken_turn(server: TalkingServer, connection: AsyncRealtimeConnection) -> None:
    await connection.session.update(
        session={"input_audio_transcription": {"model": "whisper-1"}, "turn_detection": {"type": "server_vad"}}
    )
    await connection.input_audio_buffer.append(audio=SPEECH)
    await connection.input_audio_buffer.append(audio=SILENCE)
    events = await until_done(connection)
    in_the_beta_dialect(server, events)
    [heard] = only(events, "conversation.item.input_audio_transcription.completed")
    assert heard.transcript == HEARD
    assert [event.transcript for event in only(events, "response.audio_transcript.done")] == [f"You said: {HEARD}"]
    assert sum(len(base64.b64decode(event.delta)) for event in only(events, "response.audio.delta")) > 48_000
    assert [event.item.role for event in only(events, "conversation.item.created")] == ["user", "assistant"]


async def test_a_function_is_called(server: TalkingServer, connection: AsyncRealtimeConnection) -> None:
    await connection.session.update(session={"modalities": ["text"], "tools": [WEATHER], "tool_choice": "auto"})
    await ask(connection, "What is the weather in Bern?")
    events = await until_done(connection)
    [call] = only(events, "response.function_call_arguments.done")
    assert json.loads(call.arguments) == {"city": "Bern"}
    await connection.conversation.item.create(
        item={"type": "function_call_output", "call_id": call.call_id, "output": "sunny in Bern"}
    )
    await connection.response.create()
    events += await until_done(connection)
    in_the_beta_dialect(server, events)
    assert [event.text for event in only(events, "response.text.done")] == ["The weather is sunny in Bern."]


async def test_a_barge_in(server: TalkingServer, connection: AsyncRealtimeConnection) -> None:
    await connection.session.update(session={"turn_detection": {"type": "server_vad"}})
    await ask(connection, "Tell me a story.")
    audio_bytes = 0
    async for event in connection:
        if event.type == "response.audio.delta":
            audio_bytes += len(base64.b64decode(event.delta))
        if audio_bytes > 96_000:
            break
    assert event.type == "response.audio.delta"
    await connection.input_audio_buffer.append(audio=SPEECH)
    await connection.input_audio_buffer.append(audio=SILENCE)
    events = await until_done(connection)
    [cancelled] = only(events, "response.done")
    assert (cancelled.response.status, cancelled.response.status_details.reason) == ("cancelled", "turn_detected")
    await connection.conversation.item.truncate(item_id=event.item_id, content_index=0, audio_end_ms=1500)
    events += await until_done(connection)
    in_the_beta_dialect(server, events)
    assert only(events, "conversation.item.truncated")
    heard = [message.text for message in server.requests[-1].messages if message.role == "assistant"]
    assert all(STORY.startswith(text.rstrip(" —")) and len(text) < len(STORY) / 2 for text in heard)
