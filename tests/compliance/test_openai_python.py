"""OpenAI's own Python client, unmodified, by base URL alone."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeFunctionToolParam

from tests.compliance import claims
from tests.compliance.talking_server import HEARD, STORY, TalkingServer, talking_server
from tests.serving import KEY

SPEECH = base64.b64encode(np.random.default_rng(5).integers(-9000, 9000, 24_000, dtype=np.int16).tobytes()).decode()
SILENCE = base64.b64encode(bytes(48_000)).decode()
WEATHER: RealtimeFunctionToolParam = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TalkingServer]:
    with talking_server(tmp_path_factory.mktemp("data")) as one:
        yield one


@pytest.fixture
async def connection(server: TalkingServer) -> AsyncIterator[AsyncRealtimeConnection]:
    client = AsyncOpenAI(base_url=f"{server.served.url}/v1", api_key=KEY)
    async with client.realtime.connect(model="gpt-realtime") as connection, asyncio.timeout(60):
        yield connection
    await client.close()


async def test_a_typed_conversation(connection: AsyncRealtimeConnection) -> None:
    await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
    await connection.conversation.item.create(
        item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say hello!"}]}
    )
    await connection.response.create()
    text = ""
    async for event in connection:
        if event.type == "response.output_text.delta":
            text += event.delta
        elif event.type == "response.done":
            assert event.response.status == "completed"
            break
    assert "Say hello!" in text


async def test_a_spoken_conversation(connection: AsyncRealtimeConnection) -> None:
    await connection.session.update(
        session={"type": "realtime", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
    )
    await connection.input_audio_buffer.append(audio=SPEECH)
    await connection.input_audio_buffer.append(audio=SILENCE)
    kinds: list[str] = []
    audio = b""
    async for event in connection:
        kinds.append(event.type)
        if event.type == "response.output_audio.delta":
            audio += base64.b64decode(event.delta)
        elif event.type == "response.done":
            break
    order = [
        "session.created",
        "session.updated",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.input_audio_transcription.completed",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    positions = [kinds.index(kind) for kind in order]
    assert positions == sorted(positions)
    assert len(audio) > 24_000


async def ask(connection: AsyncRealtimeConnection, question: str) -> None:
    await connection.conversation.item.create(
        item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": question}]}
    )
    await connection.response.create()


async def until_done(connection: AsyncRealtimeConnection) -> list[Any]:
    """What the server tells until a reply is done."""
    events: list[Any] = []
    async for event in connection:
        events.append(event)
        if event.type == "response.done":
            break
    return events


async def test_a_function_is_called(server: TalkingServer, connection: AsyncRealtimeConnection) -> None:
    await connection.session.update(session={"type": "realtime", "output_modalities": ["text"], "tools": [WEATHER]})
    await ask(connection, "What is the weather in Bern?")
    [call] = (await until_done(connection))[-1].response.output
    assert (call.type, call.name, json.loads(call.arguments)) == ("function_call", "weather", {"city": "Bern"})
    await connection.conversation.item.create(
        item={"type": "function_call_output", "call_id": call.call_id, "output": "sunny in Bern"}
    )
    await connection.response.create()
    [said] = (await until_done(connection))[-1].response.output
    assert said.content[0].text == "The weather is sunny in Bern."
    claims.no_errors(server.tap.wires[-1])
    claims.strictly_openai(server.tap.wires[-1])


async def test_a_barge_in_cuts_what_the_agent_has_said(
    server: TalkingServer, connection: AsyncRealtimeConnection
) -> None:
    await ask(connection, "Tell me a story.")
    audio_bytes, item_id = 0, ""
    async for event in connection:
        if event.type == "response.output_audio.delta":
            audio_bytes, item_id = audio_bytes + len(base64.b64decode(event.delta)), event.item_id
        if audio_bytes > 3 * claims.AUDIO_BYTES_A_SECOND:
            break
    await connection.input_audio_buffer.append(audio=SPEECH)
    await connection.input_audio_buffer.append(audio=SILENCE)
    cancelled = (await until_done(connection))[-1].response
    assert (cancelled.status, cancelled.status_details.reason) == ("cancelled", "turn_detected")
    await connection.conversation.item.truncate(item_id=item_id, content_index=0, audio_end_ms=1500)
    events = await until_done(connection)
    assert events[-1].response.output[0].content[0].transcript == f"You said: {HEARD}"
    [truncated] = [event for event in events if event.type == "conversation.item.truncated"]
    assert truncated.audio_end_ms == 1500
    await connection.conversation.item.retrieve(item_id=item_id)
    async for event in connection:
        if event.type == "conversation.item.retrieved":
            break
    assert event.type == "conversation.item.retrieved"
    assert event.item.type == "message"
    assert event.item.role == "assistant"
    kept = event.item.content[0].transcript
    assert kept
    assert STORY.startswith(kept.rstrip(" —"))
    assert len(kept) < 1.5 * 20  # the scripted voice says 16 characters a second
    claims.no_errors(server.tap.wires[-1])
    claims.strictly_openai(server.tap.wires[-1])


async def test_a_cancel_of_nothing_is_answered_in_the_words_that_clients_look_for(
    connection: AsyncRealtimeConnection,
) -> None:
    """LiveKit passes over errors that begin with 'Cancellation failed', Pipecat over 'no active response'."""
    await connection.response.cancel()
    async for event in connection:
        if event.type == "error":
            break
    assert event.type == "error"
    assert event.error.code == "response_cancel_not_active"
    assert event.error.message == "Cancellation failed: no active response found"


async def test_a_wrong_key_is_told_as_such(server: TalkingServer) -> None:
    client = AsyncOpenAI(base_url=f"{server.served.url}/v1", api_key="wrong", max_retries=0)
    with pytest.raises(Exception, match="401"):
        async with client.realtime.connect(model="gpt-realtime"):
            pass
    await client.close()
