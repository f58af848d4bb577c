"""Calls in Opus, over a real socket on loopback."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.sync.client import connect

from tests.serving import KEY, scripted_settings, serving
from tests.transports.endpoint_serving import (
    Doorkeeper,
    as_base64,
    calling,
    endpoint_serving,
    frame,
    kinds,
    send,
    speech,
    type_text,
    until,
)
from vivavoce.media.opus import OpusFormat
from vivavoce.media.pcm import samples_from_pcm16

OPUS = {"format": {"type": "audio/opus"}}
BINARY = {**OPUS, "transport": "binary"}
ANSWER_SECONDS = 11 * 0.06
"""'It is noon.' is hummed for 0.06 s a character."""

Frames = list[dict[str, Any] | bytes]


def spoken_packets() -> list[bytes]:
    encoder = OpusFormat().open_encoder()
    return encoder.encode(samples_from_pcm16(speech())) + encoder.flush()


async def speak(connection: ClientConnection, *, binary: bool = False) -> None:
    for packet in spoken_packets():
        if binary:
            await connection.send(packet)
        else:
            await send(connection, "input_audio_buffer.append", audio=as_base64(packet))


def deltas(frames: Frames) -> list[bytes]:
    events = [each for each in frames if isinstance(each, dict) and each["type"] == "response.output_audio.delta"]
    return [base64.b64decode(each["delta"]) for each in events]


def assert_the_answer(packets: list[bytes], rate_hz: int = 24_000) -> None:
    opus = OpusFormat(rate_hz)
    assert {opus.length_ms(packet) for packet in packets} == {20}
    heard = opus.open_decoder().decode(packets)
    assert heard.size / rate_hz == pytest.approx(ANSWER_SECONDS, abs=0.05)
    assert np.sqrt(np.mean(heard**2)) > 0.02


async def test_a_spoken_turn_both_ways_in_events() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as caller:
        await send(caller, "session.update", session={"voice": "eve", "audio": {"input": OPUS, "output": OPUS}})
        updated = (await until(caller, "session.updated"))[-1]
        assert isinstance(updated, dict)
        assert updated["session"]["audio"]["output"]["format"] == {"type": "audio/opus"}
        await speak(caller)
        answer = await until(caller, "response.done")
        assert "conversation.item.input_audio_transcription.completed" in kinds(answer)
        assert_the_answer(deltas(answer))


async def test_a_spoken_turn_both_ways_in_binary_frames() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as caller:
        await send(caller, "session.update", session={"audio": {"input": BINARY, "output": BINARY}})
        await speak(caller, binary=True)
        answer = await until(caller, "response.done")
        assert deltas(answer) == []
        assert_the_answer([each for each in answer if isinstance(each, bytes)])


@pytest.mark.parametrize(
    ("input_audio", "output_audio"),
    [
        pytest.param(OPUS, {"format": {"type": "audio/pcmu"}}, id="Opus is heard and mu-law spoken"),
        pytest.param({"format": {"type": "audio/pcm", "rate": 24000}}, OPUS, id="PCM is heard and Opus spoken"),
    ],
)
async def test_the_directions_do_not_depend_on_each_other(
    input_audio: dict[str, Any], output_audio: dict[str, Any]
) -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as caller:
        await send(caller, "session.update", session={"audio": {"input": input_audio, "output": output_audio}})
        if input_audio is OPUS:
            await speak(caller)
        else:
            await send(caller, "input_audio_buffer.append", audio=as_base64(speech()))
        sound = deltas(await until(caller, "response.done"))
        if output_audio is OPUS:
            assert_the_answer(sound)
        else:
            assert len(b"".join(sound)) / 8_000 == pytest.approx(ANSWER_SECONDS, abs=0.05)


async def test_an_agent_speaks_at_the_rate_that_was_asked_for() -> None:
    wide = {"format": {"type": "audio/opus", "rate": 48000}}
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as caller:
        await send(caller, "session.update", session={"audio": {"output": wide}})
        await type_text(caller, "What time is it?")
        assert_the_answer(deltas(await until(caller, "response.done")), 48_000)


async def test_garbage_among_the_packets_is_told_and_the_session_goes_on() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as caller:
        await send(caller, "session.update", session={"audio": {"input": OPUS}})
        await until(caller, "session.updated")
        await send(caller, "input_audio_buffer.append", audio=as_base64(bytes([11, 0])), event_id="e7")
        told = await frame(caller)
        assert isinstance(told, dict)
        error = told["error"]
        assert (error["code"], error["param"], error["event_id"]) == ("invalid_value", "audio", "e7")
        await speak(caller)
        await until(caller, "response.done")


async def test_packets_that_sound_like_nothing_are_heard_out() -> None:
    noise = np.random.default_rng(5)
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as caller:
        await send(caller, "session.update", session={"audio": {"input": OPUS}})
        for _ in range(20):
            packet = bytes([noise.integers(32) << 3]) + noise.bytes(80)
            await send(caller, "input_audio_buffer.append", audio=as_base64(packet))
        await send(caller, "input_audio_buffer.clear")
        await until(caller, "input_audio_buffer.cleared")
        await type_text(caller, "Hello.")
        await until(caller, "response.done")


async def test_the_buffer_and_the_item_that_it_becomes_are_as_long_as_the_packets() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as caller:
        await send(
            caller,
            "session.update",
            session={"audio": {"input": {**OPUS, "turn_detection": None, "transcription": {}}}},
        )
        await speak(caller)
        await send(caller, "input_audio_buffer.commit")
        committed = (await until(caller, "input_audio_buffer.committed"))[-1]
        assert isinstance(committed, dict)
        await until(caller, "conversation.item.input_audio_transcription.completed")
        await send(caller, "conversation.item.retrieve", item_id=committed["item_id"])
        retrieved = (await until(caller, "conversation.item.retrieved"))[-1]
        assert isinstance(retrieved, dict)
        # a recording has no messages to tell its packets apart: it is PCM
        sound = samples_from_pcm16(base64.b64decode(retrieved["item"]["content"][0]["audio"]))
        assert sound.size / 24_000 == pytest.approx(len(spoken_packets()) * 0.02, abs=0.01)
        assert np.sqrt(np.mean(sound[:20_000] ** 2)) > 0.05


async def test_the_formats_may_change_in_the_middle_of_a_session() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as caller:
        for audio_format in ("audio/opus", "audio/pcm", "audio/opus"):
            audio = {"format": {"type": audio_format}}
            await send(caller, "session.update", session={"audio": {"input": audio, "output": audio}})
            if audio_format == "audio/opus":
                await speak(caller)
            else:
                await send(caller, "input_audio_buffer.append", audio=as_base64(speech()))
            sound = deltas(await until(caller, "response.done"))
            if audio_format == "audio/opus":
                assert_the_answer(sound)
            else:
                assert len(b"".join(sound)) / 48_000 == pytest.approx(ANSWER_SECONDS, abs=0.05)


def test_a_secret_and_a_connection_that_goes_on_bring_their_formats(tmp_path: Any) -> None:
    def told(websocket: Any, kind: str) -> dict[str, Any]:
        while True:
            event: dict[str, Any] = json.loads(websocket.recv(timeout=30))
            if event["type"] == kind:
                return event

    session = {"type": "realtime", "audio": {"input": OPUS, "output": OPUS}}
    with serving(scripted_settings(tmp_path)) as served:
        headers = {"authorization": f"Bearer {KEY}"}
        made = httpx.post(f"{served.url}/v1/realtime/client_secrets", json={"session": session}, headers=headers)
        secret = {"Authorization": f"Bearer {made.json()['value']}"}
        with connect(served.websocket_url, additional_headers=secret, proxy=None) as websocket:
            created = told(websocket, "session.created")["session"]
            assert created["audio"]["output"]["format"] == {"type": "audio/opus"}
            conversation_id = told(websocket, "conversation.created")["conversation"]["id"]
            websocket.send(json.dumps({"type": "session.update", "session": {"resumption": {"enabled": True}}}))
            told(websocket, "session.updated")
        address = f"{served.websocket_url}?conversation_id={conversation_id}"
        with connect(address, additional_headers=secret, proxy=None) as websocket:
            again = told(websocket, "session.created")["session"]
            assert again["audio"]["input"]["format"] == again["audio"]["output"]["format"] == {"type": "audio/opus"}
            for packet in spoken_packets():
                websocket.send(packet)
            delta = told(websocket, "response.output_audio.delta")["delta"]
            assert OpusFormat().length_ms(base64.b64decode(delta)) == 20
