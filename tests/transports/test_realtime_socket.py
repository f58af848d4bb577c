"""The realtime socket against a real server on loopback: who comes in, what bad input does, how a call ends."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.serving import KEY, Served, scripted_settings, serving

BEARER = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as one:
        yield one


@asynccontextmanager
async def called(served: Served, query: str = "", **options: Any) -> AsyncIterator[ClientConnection]:
    headers = options.pop("additional_headers", BEARER)
    async with connect(
        served.websocket_url + query, additional_headers=headers, max_size=None, proxy=None, **options
    ) as socket:
        assert (await event(socket))["type"] == "session.created"
        assert (await event(socket))["type"] == "conversation.created"
        yield socket


async def event(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(30):
        received: dict[str, Any] = json.loads(await socket.recv())
        return received


async def until_closed(socket: ClientConnection) -> None:
    while True:
        await event(socket)


async def until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        received = await event(socket)
        if received["type"] == kind:
            return received
        assert received["type"] != "error", received


async def send(socket: ClientConnection, kind: str, **fields: Any) -> None:
    await socket.send(json.dumps({"type": kind, **fields}))


async def is_alive(socket: ClientConnection) -> bool:
    """The session goes on: a typed question is answered."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Still there?"}]}
    await send(socket, "conversation.item.create", item=item)
    await send(socket, "response.create", response={"output_modalities": ["text"]})
    return bool((await until(socket, "response.done"))["response"]["status"] == "completed")


def loud(seconds: float) -> str:
    noise = np.random.default_rng(3).integers(-9000, 9000, round(24_000 * seconds), dtype=np.int16)
    return base64.b64encode(noise.tobytes()).decode()


def silence(seconds: float) -> str:
    return base64.b64encode(bytes(2 * round(24_000 * seconds))).decode()


WRONG_KEYS = {
    "without a key": {},
    "with a wrong key": {"Authorization": "Bearer vv_wrong"},
    "with another scheme": {"Authorization": f"Basic {KEY}"},
}


@pytest.mark.parametrize("headers", WRONG_KEYS.values(), ids=WRONG_KEYS.keys())
async def test_a_caller_is_refused_before_the_upgrade(served: Served, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(served.websocket_url, additional_headers=headers, proxy=None)
    assert refused.value.response.status_code == 401
    error = json.loads(refused.value.response.body)["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_api_key")
    assert "vivavoce keys create" in error["message"]


async def test_an_unknown_agent_is_refused_before_the_upgrade(served: Served) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(served.websocket_url + "?agent_id=agent_nobody", additional_headers=BEARER, proxy=None)
    assert refused.value.response.status_code == 404
    assert json.loads(refused.value.response.body)["error"]["param"] == "agent_id"


async def test_a_browser_brings_its_key_in_a_subprotocol(served: Served) -> None:
    offered = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{KEY}")]
    async with called(served, additional_headers={}, subprotocols=offered) as socket:
        assert socket.subprotocol == "realtime"


async def test_the_demo_agent_greets_and_answers_speech(served: Served) -> None:
    async with called(served, "?agent_id=default") as socket:
        await send(socket, "session.update", session={"audio": {"input": {"transcription": {"model": "any"}}}})
        greeted = await until(socket, "response.done")
        assert "Viva" in greeted["response"]["output"][0]["content"][0]["transcript"]
        await send(socket, "input_audio_buffer.append", audio=loud(1.0))
        for _ in range(10):
            await send(socket, "input_audio_buffer.append", audio=silence(0.1))
        transcript = await until(socket, "conversation.item.input_audio_transcription.completed")
        assert transcript["transcript"]
        audio = base64.b64decode((await until(socket, "response.output_audio.delta"))["delta"])
        assert audio
        assert (await until(socket, "response.done"))["response"]["status"] == "completed"


async def test_telephone_audio_comes_back_as_it_was_asked_for(served: Served) -> None:
    telephone = {"format": {"type": "audio/pcmu"}}
    async with called(served) as socket:
        await send(socket, "session.update", session={"audio": {"input": telephone, "output": telephone}})
        updated = await until(socket, "session.updated")
        assert updated["session"]["audio"]["output"]["format"]["type"] == "audio/pcmu"
        await send(socket, "response.create", response={})
        seconds = 0.0
        while (received := await event(socket))["type"] != "response.done":
            if received["type"] == "response.output_audio.delta":
                seconds += len(base64.b64decode(received["delta"])) / 8000
        assert seconds > 0.3


BAD_INPUT = {
    "malformed JSON": ('{"type": ', "invalid_json", None),
    "a frame of 0 bytes": ("", "invalid_json", None),
    "an unknown event type": ('{"type":"session.destroy","event_id":"e1"}', "invalid_value", "e1"),
    "wrong base64": ('{"type":"input_audio_buffer.append","audio":"*","event_id":"e2"}', "invalid_value", "e2"),
    "an odd byte count": ('{"type":"input_audio_buffer.append","audio":"AAAA","event_id":"e3"}', "invalid_value", "e3"),
    "an unknown item to delete": (
        '{"type":"conversation.item.delete","item_id":"item_x","event_id":"e4"}',
        "item_delete_invalid_item_id",
        "e4",
    ),
    "an unknown item to retrieve": (
        '{"type":"conversation.item.retrieve","item_id":"item_x","event_id":"e5"}',
        "item_retrieve_invalid_item_id",
        "e5",
    ),
    "an unknown item to truncate": (
        '{"type":"conversation.item.truncate","item_id":"x","content_index":0,"audio_end_ms":1,"event_id":"e6"}',
        "item_truncate_invalid_item_id",
        "e6",
    ),
    "an unknown item to follow": (
        (
            '{"type":"conversation.item.create","event_id":"e7","previous_item_id":"x",'
            '"item":{"type":"message","role":"user","content":[]}}'
        ),
        "item_create_invalid_previous_item_id",
        "e7",
    ),
    "a commit of nothing": (
        '{"type":"input_audio_buffer.commit","event_id":"e8"}',
        "input_audio_buffer_commit_empty",
        "e8",
    ),
    "a cancel of nothing": ('{"type":"response.cancel","event_id":"e9"}', "response_cancel_not_active", "e9"),
    "an unknown voice": (
        '{"type":"session.update","event_id":"e10","session":{"audio":{"output":{"voice":"nobody"}}}}',
        "invalid_value",
        "e10",
    ),
}


@pytest.mark.parametrize(("frame", "code", "event_id"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
async def test_bad_input_is_told_and_the_session_goes_on(
    served: Served, frame: str, code: str, event_id: str | None
) -> None:
    async with called(served) as socket:
        await socket.send(frame)
        told = await event(socket)
        assert told["type"] == "error"
        assert told["error"].keys() == {"type", "code", "message", "param", "event_id"}
        assert (told["error"]["code"], told["error"]["event_id"]) == (code, event_id)
        assert await is_alive(socket)


async def test_a_second_response_is_refused_while_the_first_is_under_way(served: Served) -> None:
    async with called(served) as socket:
        await send(socket, "response.create")
        await send(socket, "response.create", event_id="second")
        await until(socket, "response.created")
        while (told := await event(socket))["type"] != "error":
            pass
        assert told["error"]["code"] == "conversation_already_has_active_response"
        assert told["error"]["event_id"] == "second"
        await send(socket, "response.cancel")
        done = await until(socket, "response.done")
        assert (done["response"]["status"], done["response"]["status_details"]["reason"]) == (
            "cancelled",
            "client_cancelled",
        )


async def test_audio_after_a_commit_begins_the_next_turn(served: Served) -> None:
    async with called(served) as socket:
        await send(socket, "session.update", session={"audio": {"input": {"turn_detection": None}}})
        for _ in range(2):
            await send(socket, "input_audio_buffer.append", audio=loud(0.5))
            await send(socket, "input_audio_buffer.commit")
        first = await until(socket, "input_audio_buffer.committed")
        second = await until(socket, "input_audio_buffer.committed")
        assert first["item_id"] != second["item_id"]
        assert second["previous_item_id"] == first["item_id"]


async def test_15_mib_of_audio_in_one_frame_are_heard_and_more_is_refused(served: Served) -> None:
    async with called(served) as socket:
        await send(socket, "session.update", session={"audio": {"input": {"turn_detection": None}}})
        await until(socket, "session.updated")
        fifteen = base64.b64encode(bytes(15 * 1024 * 1024)).decode()
        await send(socket, "input_audio_buffer.append", audio=fifteen)
        await send(socket, "input_audio_buffer.append", audio=fifteen + "AAAA", event_id="too much")
        told = await event(socket)
        assert (told["error"]["code"], told["error"]["event_id"]) == ("invalid_value", "too much")
        await send(socket, "input_audio_buffer.clear")
        await until(socket, "input_audio_buffer.cleared")
        assert await is_alive(socket)


async def test_a_client_that_vanishes_leaves_nothing_behind(served: Served) -> None:
    before = served.inside(_tasks)
    async with called(served, "?agent_id=default") as socket:
        await until(socket, "response.output_audio.delta")
        await send(socket, "input_audio_buffer.append", audio=loud(0.05))
        socket.transport.abort()
    async with asyncio.timeout(60):
        while len(served.server.directory) or served.inside(_tasks) > before:  # noqa: ASYNC110 - nobody tells a test of this
            await asyncio.sleep(0.05)


async def test_a_client_that_reads_too_slowly_is_closed_with_the_reason(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vivavoce.transports.outlet.WAITING_BYTES_MAXIMUM", 64 * 1024)
    async with called(served) as socket:
        socket.transport.pause_reading()
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x" * 20_000}]}
        async with asyncio.timeout(60):
            while len(served.server.directory):
                await send(socket, "conversation.item.create", item=item)
        socket.transport.resume_reading()
        with pytest.raises(ConnectionClosed) as closed:
            await until_closed(socket)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "the client reads too slowly")


async def test_twenty_callers_at_once_are_all_answered(served: Served) -> None:
    async def call() -> str:
        async with called(served) as socket:
            await send(socket, "input_audio_buffer.append", audio=loud(0.6))
            for _ in range(8):
                await send(socket, "input_audio_buffer.append", audio=silence(0.1))
            return str((await until(socket, "response.done"))["response"]["status"])

    assert await asyncio.gather(*(call() for _ in range(20))) == ["completed"] * 20


async def test_a_server_that_is_full_says_so(tmp_path: Path) -> None:
    with serving(scripted_settings(tmp_path, maximum_sessions=1)) as small:
        async with called(small):
            with pytest.raises(InvalidStatus) as refused:
                await connect(small.websocket_url, additional_headers=BEARER, proxy=None)
            assert refused.value.response.status_code == 429
            assert refused.value.response.headers["retry-after"] == "15"
            assert json.loads(refused.value.response.body)["error"]["code"] == "at_capacity"


async def test_a_server_that_ends_closes_its_calls(tmp_path: Path) -> None:
    with serving(scripted_settings(tmp_path)) as one:
        socket = await connect(one.websocket_url, additional_headers=BEARER, proxy=None)
        assert (await event(socket))["type"] == "session.created"
    with pytest.raises(ConnectionClosed):
        await until_closed(socket)


async def _tasks() -> int:
    return len(asyncio.all_tasks())
