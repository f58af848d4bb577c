"""OpenAI's own Python client, unmodified, by base URL alone."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from tests.serving import KEY, Served, scripted_settings, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as one:
        yield one


@pytest.fixture
async def connection(served: Served) -> AsyncIterator[AsyncRealtimeConnection]:
    client = AsyncOpenAI(base_url=f"{served.url}/v1", api_key=KEY)
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
    noise = np.random.default_rng(5).integers(-9000, 9000, 24_000, dtype=np.int16).tobytes()
    await connection.input_audio_buffer.append(audio=base64.b64encode(noise).decode())
    await connection.input_audio_buffer.append(audio=base64.b64encode(bytes(48_000)).decode())
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


async def test_a_wrong_key_is_told_as_such(served: Served) -> None:
    client = AsyncOpenAI(base_url=f"{served.url}/v1", api_key="wrong", max_retries=0)
    with pytest.raises(Exception, match="401"):
        async with client.realtime.connect(model="gpt-realtime"):
            pass
    await client.close()
