"""A text spoken by the real voice and written down by the real ears: the words are the same, in every format."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Literal

import jiwer
import pytest
from openai import OpenAI
from websockets.asyncio.client import ClientConnection, connect

from tests.serving import KEY, Served, serving
from vivavoce.config import ServerSettings

pytestmark = pytest.mark.models

TEXT = (
    "The quick brown fox jumps over the lazy dog. My flight to Paris leaves on Monday in the evening. "
    "Could you please send me the tickets today?"
)
WRONG_WORDS_MAXIMUM = 0.15
FRAME_BYTES = 4_800


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, models_directory: Path) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("data")
    settings = ServerSettings(data=data, profile="small", models=models_directory, api_key=KEY, journal=False)
    with serving(settings) as one:
        yield one


@pytest.fixture
def client(served: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{served.url}/v1", api_key=KEY, max_retries=0, timeout=120) as one:
        yield one


def wrong_words(heard: str) -> float:
    """The share of wrong words; marks and capitals do not count."""
    return float(jiwer.wer(_plain(TEXT), _plain(heard)))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.lower()))


@pytest.mark.parametrize(
    "wanted", [pytest.param(each, id=f"through {each}") for each in ("wav", "mp3", "opus", "flac")]
)
def test_what_is_spoken_is_understood(client: OpenAI, wanted: Literal["wav", "mp3", "opus", "flac"]) -> None:
    sound = client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format=wanted)
    heard = client.audio.transcriptions.create(
        model="whisper-1", file=(f"said.{wanted}", sound.content), response_format="verbose_json"
    )
    assert wrong_words(heard.text) <= WRONG_WORDS_MAXIMUM, heard.text
    assert heard.segments is not None
    assert heard.segments[-1].end <= heard.duration


async def test_what_is_spoken_is_understood_through_the_sockets(served: Served) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    root = f"ws://127.0.0.1:{served.port}/v1"
    async with connect(f"{root}/tts?codec=pcm&sample_rate=16000", additional_headers=headers, proxy=None) as voice:
        for word in TEXT.split():
            await voice.send(json.dumps({"type": "text.delta", "delta": f"{word} "}))
        await voice.send(json.dumps({"type": "text.done"}))
        sound = b"".join([each async for each in _sound(voice)])
    async with connect(f"{root}/stt?sample_rate=16000", additional_headers=headers, proxy=None) as ears:
        for start in range(0, len(sound), FRAME_BYTES):
            await ears.send(sound[start : start + FRAME_BYTES])
        await ears.send(json.dumps({"type": "audio.done"}))
        async with asyncio.timeout(60):
            told = [json.loads(frame) async for frame in ears]
    final = [event["text"] for event in told if event.get("is_final") or event["type"] == "transcript.done"]
    assert wrong_words(" ".join(final)) <= WRONG_WORDS_MAXIMUM, final


async def _sound(socket: ClientConnection) -> AsyncIterator[bytes]:
    async for frame in socket:
        event = json.loads(frame)
        if event["type"] == "audio.done":
            return
        yield base64.b64decode(event["delta"])
