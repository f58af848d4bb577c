"""OpenAI's own Python client, unmodified, speaking texts and writing down recordings by base URL alone."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from typing import Literal

import httpx
import pytest
from openai import AsyncOpenAI, AuthenticationError, BadRequestError, PermissionDeniedError

from tests.serving import KEY, Served, scripted_settings, serving
from vivavoce.media.audio_files import RecordingReader

TEXT = "Hello there, my friend. How are you today?"
HEARD = "Hello, can you hear me?"
"""What the scripted ears hear in anything."""

RATE_HZ = 24_000
SECONDS = 0.06 * (len("Hello there, my friend.") + len("How are you today?"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as one:
        yield one


@pytest.fixture
async def client(served: Served) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{served.url}/v1", api_key=KEY, max_retries=0, timeout=60) as one:
        yield one


def seconds_of(data: bytes) -> float:
    reader = RecordingReader(io.BytesIO(data), RATE_HZ)
    count = 0
    while (block := reader.read()) is not None:
        count += block.size
    return count / RATE_HZ


@pytest.mark.parametrize(
    ("wanted", "content_type"),
    [
        pytest.param("mp3", "audio/mpeg", id="the usual format is MP3"),
        pytest.param("opus", "audio/ogg", id="Opus comes in Ogg"),
        pytest.param("flac", "audio/flac", id="FLAC is possible"),
        pytest.param("wav", "audio/wav", id="WAV is possible"),
    ],
)
async def test_a_text_is_spoken(
    client: AsyncOpenAI, wanted: Literal["mp3", "opus", "flac", "wav"], content_type: str
) -> None:
    answer = await client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format=wanted)
    assert answer.response.headers["content-type"] == content_type
    assert seconds_of(answer.content) == pytest.approx(SECONDS, abs=0.15)


async def test_a_text_is_streamed_as_pcm(client: AsyncOpenAI) -> None:
    speech = client.audio.speech.with_streaming_response
    async with speech.create(
        model="gpt-4o-mini-tts", voice="coral", input=TEXT, response_format="pcm", instructions="Whisper."
    ) as answer:
        assert answer.headers["content-type"] == "audio/pcm"
        received = b"".join([piece async for piece in answer.iter_bytes()])
    assert len(received) / (2 * RATE_HZ) == pytest.approx(SECONDS, abs=0.1)


async def test_a_text_is_streamed_as_events(client: AsyncOpenAI) -> None:
    speech = client.audio.speech.with_streaming_response
    async with speech.create(
        model="gpt-4o-mini-tts", voice="coral", input=TEXT, response_format="pcm", stream_format="sse"
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line async for line in answer.iter_lines() if line]
    assert all('"type":"speech.audio.delta"' in line for line in lines[:-1])
    assert '"type":"speech.audio.done","usage":{"input_tokens":11,' in lines[-1]


async def test_a_recording_is_written_down(client: AsyncOpenAI) -> None:
    sound = await client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT)
    heard = await client.audio.transcriptions.create(model="whisper-1", file=("said.mp3", sound.content))
    assert heard.text == HEARD
    assert heard.usage is not None
    assert heard.usage.type == "duration"
    assert heard.usage.seconds == pytest.approx(SECONDS, abs=0.15)


async def test_a_recording_with_its_utterances(client: AsyncOpenAI) -> None:
    sound = await client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format="wav")
    heard = await client.audio.transcriptions.create(
        model="whisper-1",
        file=("said.wav", sound.content),
        response_format="verbose_json",
        timestamp_granularities=["segment", "word"],
        language="en",
        prompt="vivavoce",
        temperature=0.2,
    )
    assert (heard.text, heard.language, heard.words) == (HEARD, "english", None)
    [segment] = heard.segments or []
    assert (segment.id, segment.start, segment.text) == (0, 0.0, HEARD)
    assert segment.end == pytest.approx(heard.duration, abs=0.05)


@pytest.mark.parametrize(
    ("wanted", "written"),
    [
        pytest.param("text", f"{HEARD}\n", id="as plain text"),
        pytest.param("srt", f"1\n00:00:00,000 --> 00:00:02,400\n{HEARD}\n", id="as SubRip subtitles"),
        pytest.param("vtt", f"WEBVTT\n\n00:00:00.000 --> 00:00:02.400\n{HEARD}\n", id="as WebVTT subtitles"),
    ],
)
async def test_a_recording_as_text(client: AsyncOpenAI, wanted: Literal["text", "srt", "vtt"], written: str) -> None:
    sound = await client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format="wav")
    heard: object = await client.audio.transcriptions.create(
        model="whisper-1", file=("said.wav", sound.content), response_format=wanted
    )
    assert heard == written


async def test_a_transcript_is_streamed(client: AsyncOpenAI) -> None:
    sound = await client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format="flac")
    stream = await client.audio.transcriptions.create(
        model="gpt-4o-transcribe", file=("said.flac", sound.content), stream=True
    )
    events = [event async for event in stream]
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert [getattr(event, "delta", None) or getattr(event, "text", None) for event in events] == [HEARD, HEARD]


async def test_raw_sound_is_written_down(client: AsyncOpenAI) -> None:
    sound = await client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format="pcm")
    heard = await client.audio.transcriptions.create(
        model="whisper-1", file=("said.pcm", sound.content, "audio/pcm;rate=24000")
    )
    assert heard.usage is not None
    assert heard.usage.type == "duration"
    assert heard.usage.seconds == pytest.approx(SECONDS, abs=0.1)


async def test_what_cannot_be_done_says_so(client: AsyncOpenAI) -> None:
    with pytest.raises(BadRequestError) as refused:
        await client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format="aac")
    assert (refused.value.code, refused.value.param) == ("unsupported_format", "response_format")
    with pytest.raises(BadRequestError) as refused:
        await client.audio.speech.create(model="tts-1", voice="nobody", input=TEXT)
    assert (refused.value.code, refused.value.param) == ("invalid_value", "voice")
    # The client itself says that this call is old.
    with pytest.warns(DeprecationWarning, match="deprecated"), pytest.raises(BadRequestError) as refused:
        await client.audio.translations.create(model="whisper-1", file=("said.wav", b"RIFF"))
    assert refused.value.code == "unsupported_operation"
    with pytest.raises(BadRequestError) as refused:
        await client.audio.transcriptions.create(model="whisper-1", file=("said.webm", b"\x1a\x45\xdf\xa3" + bytes(9)))
    assert (refused.value.code, refused.value.param) == ("unsupported_format", "file")


async def test_who_may_not_speak(served: Served, client: AsyncOpenAI) -> None:
    with pytest.raises(AuthenticationError):
        await client.with_options(api_key="wrong").audio.speech.create(model="tts-1", voice="alloy", input=TEXT)
    body = {"name": "reads", "scopes": ["read"]}
    headers = {"authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=served.url, headers=headers, trust_env=False) as http:
        made = (await http.post("/v1/api-keys", json=body)).json()
    reader = client.with_options(api_key=made["secret"])
    with pytest.raises(PermissionDeniedError):
        await reader.audio.speech.create(model="tts-1", voice="alloy", input=TEXT)
