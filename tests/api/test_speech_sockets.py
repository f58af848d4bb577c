"""xAI's speech sockets, at a real server with scripted engines."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest
from tests.serving import KEY, Served, scripted_settings, serving
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedOK, InvalidStatus

from vivavoce.engines.scripted import ScriptedTextToSpeech
from vivavoce.media.g711 import mu_law_from_samples
from vivavoce.media.pcm import Samples, pcm16_from_samples

HEARD = "Hello, can you hear me?"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as one:
        yield one


def address(served: Served, path: str) -> str:
    return f"ws://127.0.0.1:{served.port}{path}"


def opened(served: Served, path: str) -> connect:
    return connect(address(served, path), additional_headers={"authorization": f"Bearer {KEY}"}, proxy=None)


async def tell(socket: ClientConnection, **event: Any) -> None:
    await socket.send(json.dumps(event))


async def told(socket: ClientConnection) -> dict[str, Any]:
    event = json.loads(await socket.recv())
    assert isinstance(event, dict)
    return event


async def until(socket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    events = [await told(socket)]
    while events[-1]["type"] != kind:
        events.append(await told(socket))
    return events


def sound_of(events: list[dict[str, Any]]) -> bytes:
    return b"".join(base64.b64decode(event["delta"]) for event in events if event["type"] == "audio.delta")


def voice(served: Served) -> ScriptedTextToSpeech:
    engines = served.server.engines
    assert engines is not None
    assert isinstance(engines.text_to_speech, ScriptedTextToSpeech)
    return engines.text_to_speech


# --- text to speech -------------------------------------------------------------------------------------------------

SPEAK = "/v1/tts?voice=ara&language=auto&codec=pcm&sample_rate=24000"


async def test_utterance_after_utterance_is_spoken_on_one_socket(served: Served) -> None:
    async with opened(served, SPEAK) as socket:
        for text in ("Good morning to you.", "And a good night to all."):
            for start in range(0, len(text), 5):
                await tell(socket, type="text.delta", delta=text[start : start + 5])
            await tell(socket, type="text.done")
            events = await until(socket, "audio.done")
            assert {event["type"] for event in events} == {"audio.delta", "audio.done"}
            assert len(sound_of(events)) == pytest.approx(len(text) * 0.06 * 48_000, rel=0.05)


async def test_bare_words_are_understood(served: Served) -> None:
    async with opened(served, SPEAK) as socket:
        for word in "Can you hear me over there?".split():
            await tell(socket, type="text.delta", delta=word)
        await tell(socket, type="text.done")
        await until(socket, "audio.done")
    assert " ".join(request.text for request in voice(served).requests).endswith("Can you hear me over there?")


async def test_clearing_stops_the_voice_and_the_socket_goes_on(served: Served) -> None:
    async with opened(served, SPEAK) as socket:
        await tell(socket, type="text.delta", delta="This is one of many sentences. " * 400)
        await until(socket, "audio.delta")
        await tell(socket, type="text.clear")
        await until(socket, "audio.clear")
        assert voice(served).active == 0
        await tell(socket, type="text.delta", delta="Short now.")
        await tell(socket, type="text.done")
        assert len(sound_of(await until(socket, "audio.done"))) == pytest.approx(10 * 0.06 * 48_000, rel=0.05)


async def test_the_times_of_the_characters_come_in_deltas_of_their_own(served: Served) -> None:
    async with opened(served, f"{SPEAK}&with_timestamps=true") as socket:
        await tell(socket, type="text.delta", delta="Hi there. Who is it?")
        await tell(socket, type="text.done")
        timed = [event for event in await until(socket, "audio.done") if "audio_timestamps" in event]
    assert [event["delta"] for event in timed] == [""] * len(timed)
    characters = "".join(character for event in timed for character in event["audio_timestamps"]["graph_chars"])
    starts = [times[0] for event in timed for times in event["audio_timestamps"]["graph_times"]]
    assert characters == "Hi there. Who is it?"
    assert starts == sorted(starts)


async def test_an_utterance_of_nothing_is_done_at_once(served: Served) -> None:
    async with opened(served, SPEAK) as socket:
        await tell(socket, type="text.done")
        assert (await told(socket))["type"] == "audio.done"


WRONG_WORDS = [
    pytest.param("no JSON", id="what is no JSON"),
    pytest.param("[]", id="what is no object"),
    pytest.param('{"type": "text.delta"}', id="a delta without its text"),
    pytest.param('{"type": "dance"}', id="an event that there is not"),
    pytest.param(json.dumps({"type": "text.delta", "delta": "x" * 15_001}), id="more text than an utterance may have"),
]


@pytest.mark.parametrize("frame", WRONG_WORDS)
async def test_what_cannot_be_followed_is_told_and_the_socket_goes_on(served: Served, frame: str) -> None:
    async with opened(served, SPEAK) as socket:
        await socket.send(frame)
        error = await told(socket)
        assert (error["type"], error["code"]) == ("error", "invalid_event")
        await tell(socket, type="text.done")
        assert (await told(socket))["type"] == "audio.done"


# --- speech to text -------------------------------------------------------------------------------------------------

LISTEN = "/v1/stt?sample_rate=16000&encoding=pcm&endpointing=300&language=en"


def speech(seconds: float, rate_hz: int = 16_000) -> Samples:
    sound: Samples = (0.1 * np.sin(np.arange(round(seconds * rate_hz)) * 0.1)).astype(np.float32)
    return sound


def silence(seconds: float, rate_hz: int = 16_000) -> Samples:
    return np.zeros(round(seconds * rate_hz), np.float32)


async def send_sound(socket: ClientConnection, data: bytes, frame_bytes: int = 3_201) -> None:
    for start in range(0, len(data), frame_bytes):
        await socket.send(data[start : start + frame_bytes])


async def rest_of(socket: ClientConnection) -> AsyncIterator[dict[str, Any]]:
    try:
        while True:
            yield await told(socket)
    except ConnectionClosedOK:
        return


async def test_what_is_said_is_written_down_as_it_is_said(served: Served) -> None:
    async with opened(served, f"{LISTEN}&interim_results=true&keyterm=one&keyterm=two") as socket:
        assert (await told(socket))["type"] == "transcript.created"
        await send_sound(socket, pcm16_from_samples(speech(1.5)))
        interim = (await until(socket, "transcript.partial"))[-1]
        assert (interim["is_final"], interim["speech_final"]) == (False, False)
        assert HEARD.startswith(interim["text"])
        await send_sound(socket, pcm16_from_samples(silence(0.6)))
        final = (await until(socket, "transcript.partial"))[-1]
        while not final["is_final"]:
            final = await told(socket)
        assert (final["text"], final["speech_final"], final["words"]) == (HEARD, True, [])
        assert (final["start"], final["duration"]) == (0.0, pytest.approx(1.5, abs=0.05))
        await send_sound(socket, pcm16_from_samples(speech(1.0)))
        await tell(socket, type="audio.done")
        left = [event async for event in rest_of(socket)]
    assert [event["type"] for event in left if event.get("is_final", True)] == ["transcript.done"]
    assert (left[-1]["text"], left[-1]["duration"]) == (HEARD, pytest.approx(3.1, abs=0.01))
    assert socket.close_code == 1000


async def test_finalizing_ends_an_utterance_in_its_midst(served: Served) -> None:
    async with opened(served, LISTEN) as socket:
        await told(socket)
        await send_sound(socket, pcm16_from_samples(speech(1.0)))
        await tell(socket, type="finalize")
        final = await told(socket)
        assert (final["text"], final["is_final"], final["speech_final"]) == (HEARD, True, True)
        await tell(socket, type="finalize")
        assert (await told(socket))["text"] == ""
        await tell(socket, type="audio.done")
        assert [event["text"] async for event in rest_of(socket)] == [""]


async def test_the_turn_detector_is_asked_where_the_client_wants_it(served: Served) -> None:
    async with opened(served, f"{LISTEN}&smart_turn=0.7") as socket:
        await told(socket)
        await send_sound(socket, pcm16_from_samples(np.concatenate([speech(1.0), silence(0.6)])))
        assert (await told(socket))["end_of_turn_confidence"] == 0.9


async def test_g711_is_heard_too(served: Served) -> None:
    async with opened(served, "/v1/stt?sample_rate=8000&encoding=mulaw") as socket:
        await told(socket)
        await socket.send(mu_law_from_samples(np.concatenate([speech(1.0, 8_000), silence(0.6, 8_000)])))
        assert (await told(socket))["text"] == HEARD


async def test_a_word_that_cannot_be_followed_is_told(served: Served) -> None:
    async with opened(served, LISTEN) as socket:
        await told(socket)
        await socket.send("dance")
        assert (await told(socket))["code"] == "invalid_event"


# --- who gets in ----------------------------------------------------------------------------------------------------

REFUSED = [
    pytest.param("/v1/tts?voice=nobody", KEY, 400, "invalid_value", "voice", id="a voice that there is not"),
    pytest.param("/v1/tts?codec=opus", KEY, 400, "invalid_value", "codec", id="a codec that there is not"),
    pytest.param("/v1/tts?codec=pcm&sample_rate=7", KEY, 400, "invalid_value", "sample_rate", id="no such rate"),
    pytest.param("/v1/tts?language=ja", KEY, 400, "invalid_value", "language", id="a language nobody speaks"),
    pytest.param("/v1/stt?sample_rate=x", KEY, 400, "invalid_value", "sample_rate", id="a rate that is no number"),
    pytest.param("/v1/stt?encoding=opus", KEY, 400, "unsupported_format", "encoding", id="Opus is not taken"),
    pytest.param(
        "/v1/stt?diarize=true", KEY, 400, "unsupported_parameter", "diarize", id="speakers are not told apart"
    ),
    pytest.param("/v1/stt?channels=2", KEY, 400, "unsupported_parameter", "multichannel", id="one channel only"),
    pytest.param("/v1/stt?language=xx", KEY, 400, "invalid_value", "language", id="a language nobody understands"),
    pytest.param("/v1/tts", "wrong", 401, "invalid_api_key", None, id="a wrong key may not speak"),
    pytest.param("/v1/stt", "wrong", 401, "invalid_api_key", None, id="a wrong key may not listen"),
]


@pytest.mark.parametrize(("path", "key", "status", "code", "param"), REFUSED)
async def test_who_is_turned_away_learns_why(
    served: Served, path: str, key: str, status: int, code: str, param: str | None
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(address(served, path), additional_headers={"x-api-key": key}, proxy=None):
            pass
    answer = refused.value.response
    error = json.loads(bytes(answer.body))["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)


async def test_a_browser_brings_its_key_in_a_sub_protocol(served: Served) -> None:
    offered: Any = [f"xai-client-secret.{KEY}"]
    async with connect(address(served, LISTEN), subprotocols=offered, proxy=None) as socket:
        assert socket.subprotocol == f"xai-client-secret.{KEY}"
        assert (await told(socket))["type"] == "transcript.created"


async def test_a_key_in_the_query_opens_too(served: Served) -> None:
    async with connect(address(served, f"{LISTEN}&token={KEY}"), proxy=None) as socket:
        assert (await told(socket))["type"] == "transcript.created"
