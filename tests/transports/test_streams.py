"""Sound as binary frames, and the stream of a session that was made before, over a real socket on loopback."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from websockets.exceptions import InvalidStatus

from tests.transports.endpoint_serving import (
    PLAN,
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
from vivavoce.conversation.settings import Settings

GREETING = replace(PLAN, settings=Settings(greeting="Good morning. How can I help you today?"))
STREAM = "/v1/sessions/ses_7/stream"


async def test_the_doorkeeper_hears_of_the_session_in_the_path() -> None:
    async with endpoint_serving(Doorkeeper()) as served:
        async with calling(served.url(f"{STREAM}?token=t")) as caller:
            await until(caller, "session.created")
        async with calling(served.url("/v1/realtime"), additional_headers={"X-Api-Key": "k"}) as caller:
            await until(caller, "session.created")
        first, *_, second = served.doorkeeper.requests
        assert (first.session_id, first.query["token"]) == ("ses_7", "t")
        assert (second.session_id, second.headers["x-api-key"]) == (None, "k")


async def test_who_begins_a_stream_with_sound_is_answered_with_sound() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url(STREAM)) as caller:
        await until(caller, "conversation.created")
        await caller.send(speech())
        answer = await until(caller, "response.done")
        sound = b"".join(each for each in answer if isinstance(each, bytes))
        assert len(sound) > 24_000
        assert "response.output_audio_transcript.delta" in kinds(answer)
        assert "response.output_audio.delta" not in kinds(answer)


async def test_who_begins_a_stream_with_an_event_is_answered_with_events() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url(STREAM)) as caller:
        await send(caller, "session.update", session={"audio": {"input": {"transcription": {}}}})
        await caller.send(speech())
        answer = await until(caller, "response.done")
        assert "response.output_audio.delta" in kinds(answer)
        assert not [each for each in answer if isinstance(each, bytes)]


async def test_a_greeting_comes_in_events_until_the_first_frame_is_sound() -> None:
    async with endpoint_serving(Doorkeeper(GREETING)) as served, calling(served.url(STREAM)) as caller:
        await until(caller, "response.output_audio.delta")
        await caller.send(b"\x00" * 960)
        rest = await until(caller, "response.done")
        assert [each for each in rest if isinstance(each, bytes)]
        assert isinstance(rest[0], dict)


async def test_a_stream_may_ask_for_sound_from_the_start() -> None:
    async with (
        endpoint_serving(Doorkeeper(GREETING)) as served,
        calling(served.url(f"{STREAM}?format=binary")) as caller,
    ):
        created = await frame(caller)
        assert isinstance(created, dict)
        assert created["session"]["audio"]["output"]["transport"] == "binary"
        greeting = await until(caller, "response.done")
        assert [each for each in greeting if isinstance(each, bytes)]
        assert "response.output_audio.delta" not in kinds(greeting)


async def test_a_stream_may_ask_for_events_and_still_send_sound() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url(f"{STREAM}?format=json")) as caller:
        await caller.send(speech())
        assert "response.output_audio.delta" in kinds(await until(caller, "response.done"))


async def test_a_stream_of_another_format_is_refused_before_the_upgrade() -> None:
    async with endpoint_serving(Doorkeeper()) as served:
        with pytest.raises(InvalidStatus) as refused:
            async with calling(served.url(f"{STREAM}?format=opus")):
                pass
        assert refused.value.response.status_code == 400
        error = json.loads(refused.value.response.body)["error"]
        assert (error["code"], error["param"]) == ("invalid_value", "format")
        assert not served.doorkeeper.begun


@pytest.mark.parametrize(
    "chunk_bytes",
    [pytest.param(960, id="frames of 20 ms are heard"), pytest.param(1001, id="frames of odd lengths are heard")],
)
async def test_binary_frames_on_the_realtime_path(chunk_bytes: int) -> None:
    audio = speech()
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as caller:
        await send(caller, "session.update", session={"audio": {"input": {"transcription": {}}}})
        for start in range(0, len(audio), chunk_bytes):
            await caller.send(audio[start : start + chunk_bytes])
        answer = await until(caller, "response.done")
        assert "conversation.item.input_audio_transcription.completed" in kinds(answer)
        assert "response.output_audio.delta" in kinds(answer)


async def test_an_empty_binary_frame_is_passed_over() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as caller:
        await caller.send(b"")
        await type_text(caller, "Hello.")
        await until(caller, "response.done")


async def test_sound_of_16_khz_is_heard_and_answered_at_16_khz() -> None:
    pcm = {"format": {"type": "audio/pcm", "rate": 16000}}
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as caller:
        await send(caller, "session.update", session={"voice": "eve", "audio": {"input": pcm, "output": pcm}})
        await send(caller, "input_audio_buffer.append", audio=as_base64(speech(rate_hz=16_000)))
        answer = await until(caller, "response.done")
        deltas = [each["delta"] for each in answer if isinstance(each, dict) and each["type"].endswith("audio.delta")]
        # 'It is noon.' is hummed for 0.06 s a character
        assert len(b"".join(map(base64.b64decode, deltas))) / 32_000 == pytest.approx(11 * 0.06, abs=0.05)
