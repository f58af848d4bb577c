"""The client against a faithful server: what it sends, what it hands out, what it says when something is wrong."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from tests.fake_realtime_server import KEY, Answer, FakeServer, running, tone
from websockets.asyncio.server import ServerConnection, serve

from vivavoce.client.errors import (
    ClosedByServerError,
    InvalidServerUrlError,
    NotRealtimeError,
    ServerUnreachableError,
    UnauthorizedError,
    UpgradeRefusedError,
)
from vivavoce.client.realtime import EVENT_BYTES_MAXIMUM, RealtimeClient, realtime_url


@pytest.mark.parametrize(
    ("base_url", "query", "url"),
    [
        pytest.param("http://127.0.0.1:8080", {}, "ws://127.0.0.1:8080/v1/realtime", id="an address becomes a socket"),
        pytest.param("https://voice.example/", {}, "wss://voice.example/v1/realtime", id="https stays encrypted"),
        pytest.param("ws://[::1]:9", {}, "ws://[::1]:9/v1/realtime", id="an IPv6 address works"),
        pytest.param("http://h/v1", {}, "ws://h/v1/realtime", id="an address as other clients want it works"),
        pytest.param("wss://h/a/v1/realtime", {}, "wss://h/a/v1/realtime", id="the whole address works"),
        pytest.param("http://h/proxied", {}, "ws://h/proxied/v1/realtime", id="a path in front is kept"),
        pytest.param(
            "http://h?x=1", {"agent_id": "a b&c"}, "ws://h/v1/realtime?agent_id=a+b%26c", id="a query is quoted"
        ),
    ],
)
def test_the_address_of_the_socket_for_the_address_of_a_server(base_url: str, query: dict[str, str], url: str) -> None:
    assert realtime_url(base_url, query) == url


@pytest.mark.parametrize(
    "base_url", ["127.0.0.1:8080", "localhost", "ftp://h", "http://", "http://h:port", "http://[::1"]
)
def test_what_is_no_address_is_refused_with_an_example_or_a_reason(base_url: str) -> None:
    with pytest.raises(InvalidServerUrlError, match="is no address of a server"):
        realtime_url(base_url)


async def _events_until(call: RealtimeClient, last: str) -> list[dict[str, Any]]:
    events = []
    async for event in call:
        events.append(event)
        if event["type"] == last:
            return events
    raise AssertionError(f"the call ended before {last}: {events}")


async def test_a_whole_text_turn_as_the_server_sees_it_and_as_the_client_hears_it() -> None:
    async with running(FakeServer(answers=[Answer(words="Two words.")])) as server:
        async with RealtimeClient.connect(server.url, KEY, "agent_1", model="m") as call:
            await call.update_session({"output_modalities": ["text"]})
            await call.create_message("Say two words.")
            await call.create_response()
            events = await _events_until(call, "response.done")
        await server.hung_up.wait()
    assert [event["type"] for event in events[:4]] == [
        "session.created",
        "conversation.created",
        "session.updated",
        "conversation.item.added",
    ]
    assert "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta") == "Two words."
    assert server.paths == ["/v1/realtime?agent_id=agent_1&model=m"]
    content = [{"type": "input_text", "text": "Say two words."}]
    assert server.received == [
        {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}},
        {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}},
        {"type": "response.create"},
    ]


async def test_every_shorthand_sends_the_event_that_the_protocol_names() -> None:
    async with running(FakeServer(turn_detection=None)) as server, RealtimeClient.connect(server.url, KEY) as call:
        await call.append_audio(b"\x01\x02" * 4)
        await call.commit_audio()
        await call.clear_audio()
        await call.create_message("before", role="assistant")
        await call.create_function_output("call_9", "42")
        await call.create_response({"instructions": "Be brief."})
        await call.cancel_response()
        await call.cancel_response("resp_1")
        await call.truncate_item("item_1", 1500, "mine")
        await call.acknowledge_playback("resp_1", 480)
        await call.send({"type": "the.end"})
        while (await _events_until(call, "error"))[-1]["error"]["message"] != "there is no event 'the.end'":
            pass
    assert server.received[:-1] == [
        {"type": "input_audio_buffer.append", "audio": base64.b64encode(b"\x01\x02" * 4).decode()},
        {"type": "input_audio_buffer.commit"},
        {"type": "input_audio_buffer.clear"},
        {
            "type": "conversation.item.create",
            "item": {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "before"}]},
        },
        {
            "type": "conversation.item.create",
            "item": {"type": "function_call_output", "call_id": "call_9", "output": "42"},
        },
        {"type": "response.create", "response": {"instructions": "Be brief."}},
        {"type": "response.cancel"},
        {"type": "response.cancel", "response_id": "resp_1"},
        {
            "type": "conversation.item.truncate",
            "item_id": "item_1",
            "content_index": 0,
            "audio_end_ms": 1500,
            "event_id": "mine",
        },
        {"type": "vivavoce.output_audio.played", "response_id": "resp_1", "played_ms": 480},
    ]


async def test_a_spoken_turn_is_answered_with_a_voice() -> None:
    async with (
        running(FakeServer(answers=[Answer(voice_ms=250)])) as server,
        RealtimeClient.connect(server.url, KEY) as call,
    ):
        await call.append_audio(tone(0.5, 440))
        for _ in range(6):
            await call.append_audio(bytes(4800))
        events = await _events_until(call, "response.done")
    voice = b"".join(
        base64.b64decode(each["delta"]) for each in events if each["type"] == "response.output_audio.delta"
    )
    assert voice == tone(0.25, 330)


@pytest.mark.parametrize("key", [None, "vv_a_wrong_key"])
async def test_without_the_right_key_the_servers_own_explanation_is_raised_and_the_key_is_not_repeated(
    key: str | None,
) -> None:
    async with running(FakeServer()) as server:
        with pytest.raises(
            UnauthorizedError, match="HTTP 401: This API key is wrong; the server printed one"
        ) as caught:
            async with RealtimeClient.connect(server.url, key):
                pass
    assert caught.value.status == 401
    assert "vv_" not in str(caught.value)


async def test_an_error_event_is_an_event_and_the_call_goes_on() -> None:
    complaint = {"type": "invalid_request_error", "code": "bad", "message": "No.", "param": None}
    async with (
        running(FakeServer(errors_on={"response.cancel": complaint})) as server,
        RealtimeClient.connect(server.url, KEY) as call,
    ):
        await call.send({"type": "response.cancel", "event_id": "mine"})
        errors = await _events_until(call, "error")
        assert errors[-1]["error"] == complaint | {"event_id": "mine"}
        await call.create_response()
        assert (await _events_until(call, "response.done"))[-1]["response"]["status"] == "completed"


async def test_a_line_that_drops_in_the_middle_is_told_from_a_good_end() -> None:
    async with (
        running(FakeServer(drop_on="response.create")) as server,
        RealtimeClient.connect(server.url, KEY) as call,
    ):
        await call.create_response()
        with pytest.raises(ClosedByServerError, match="code 1006") as caught:
            await _events_until(call, "response.done")
        assert caught.value.code == 1006
        with pytest.raises(ClosedByServerError):
            await call.create_response()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param(1001, "the session is too old", id="a server that goes away"),
        pytest.param(1008, "you read too slowly", id="a server that has had enough"),
        pytest.param(4000, "", id="a server with a code of its own"),
    ],
)
async def test_a_server_that_closes_for_a_reason_is_quoted(code: int, reason: str) -> None:
    async with (
        running(FakeServer(close_on=("response.create", code, reason))) as server,
        RealtimeClient.connect(server.url, KEY) as call,
    ):
        await call.create_response()
        with pytest.raises(ClosedByServerError) as caught:
            await _events_until(call, "response.done")
    assert (caught.value.code, caught.value.reason) == (code, reason)
    assert str(caught.value) == f"the server closed the connection (code {code}{': ' + reason if reason else ''})"


async def test_a_server_that_closes_in_good_order_ends_the_events() -> None:
    async with (
        running(FakeServer(close_on=("response.create", 1000, ""))) as server,
        RealtimeClient.connect(server.url, KEY) as call,
    ):
        await call.create_response()
        assert [event["type"] async for event in call] == ["session.created", "conversation.created"]


async def test_leaving_the_block_hangs_up_even_when_the_block_fails() -> None:
    async with running(FakeServer()) as server:
        with pytest.raises(ZeroDivisionError):
            async with RealtimeClient.connect(server.url, KEY):
                raise ZeroDivisionError
        await server.hung_up.wait()


@asynccontextmanager
async def _speaking(message: str | bytes) -> AsyncGenerator[str]:
    async def call(connection: ServerConnection) -> None:
        await connection.send(message)
        await connection.wait_closed()

    async with serve(call, "127.0.0.1", 0, max_size=None) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        pytest.param("hello", "not JSON", id="words"),
        pytest.param(b"\x00\xff\x00", "not JSON", id="bytes"),
        pytest.param("[1, 2]", "no event", id="a list"),
        pytest.param('{"kind": "x"}', "no event", id="an object without a type"),
        pytest.param('{"type": 7}', "no event", id="a type that is no text"),
    ],
)
async def test_a_server_that_speaks_something_else_is_recognised(message: str | bytes, complaint: str) -> None:
    async with _speaking(message) as url, RealtimeClient.connect(url, KEY) as call:
        with pytest.raises(NotRealtimeError, match=complaint):
            await _events_until(call, "anything")


async def test_an_event_of_many_megabytes_arrives_whole() -> None:
    filling = "a" * (EVENT_BYTES_MAXIMUM - 100)
    async with _speaking(f'{{"type": "big", "filling": "{filling}"}}') as url, RealtimeClient.connect(url, KEY) as call:
        assert len((await _events_until(call, "big"))[0]["filling"]) == len(filling)


async def test_an_event_beyond_the_limit_ends_the_call_instead_of_filling_the_memory() -> None:
    filling = "a" * EVENT_BYTES_MAXIMUM
    async with _speaking(f'{{"type": "big", "filling": "{filling}"}}') as url, RealtimeClient.connect(url, KEY) as call:
        with pytest.raises(ClosedByServerError):
            await _events_until(call, "big")


@asynccontextmanager
async def _answering(answer: bytes | None) -> AsyncGenerator[str]:
    """Something that is no WebSocket server: sends these bytes to every request, or nothing at all."""
    done = asyncio.Event()
    serving: set[asyncio.Task[None] | None] = set()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await done.wait()
        else:
            writer.write(answer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        done.set()
        server.close()
        await server.wait_closed()
        await asyncio.gather(*(task for task in serving if task is not None))


@pytest.mark.parametrize(
    ("status_line", "body", "status", "message"),
    [
        pytest.param(
            b"404 Not Found", b'{"error": {"message": "No such agent."}}', 404, "No such agent.", id="an agent"
        ),
        pytest.param(b"503 Unavailable", b"starting", 503, "starting", id="a server that is not ready"),
        pytest.param(b"502 Bad Gateway", b"<html>nginx</html>", 502, "", id="a page for people is left out"),
        pytest.param(
            b"500 Oops", b'{"error": "text"}', 500, '{"error": "text"}', id="an error of another shape is shown"
        ),
    ],
)
async def test_a_refused_upgrade_carries_the_status_and_the_servers_words(
    status_line: bytes, body: bytes, status: int, message: str
) -> None:
    answer = b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status_line, len(body), body)
    async with _answering(answer) as url:
        with pytest.raises(UpgradeRefusedError) as caught:
            async with RealtimeClient.connect(url, KEY):
                pass
    assert (caught.value.status, caught.value.message) == (status, message)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", id="a web server that ignores the upgrade"),
        pytest.param(b"220 mail.example ESMTP\r\n", id="a mail server"),
        pytest.param(b"", id="somebody who hangs up"),
    ],
)
async def test_somebody_else_at_the_address_is_recognised(answer: bytes) -> None:
    async with _answering(answer) as url:
        with pytest.raises((ServerUnreachableError, UpgradeRefusedError), match=r"does not speak WebSocket|HTTP 200"):
            async with RealtimeClient.connect(url, KEY):
                pass


async def test_a_server_that_never_answers_is_given_up() -> None:
    async with _answering(None) as url:
        with pytest.raises(ServerUnreachableError, match=r"127\.0\.0\.1:\d+ did not answer within 0.05 s"):
            async with RealtimeClient.connect(url, KEY, open_timeout_seconds=0.05):
                pass


async def test_nobody_at_the_address_is_said_with_the_address() -> None:
    async with _answering(b"") as url:
        pass
    with pytest.raises(ServerUnreachableError, match=r"no connection to 127\.0\.0\.1:\d+ \(Connect"):
        async with RealtimeClient.connect(url, KEY):
            pass


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machines_own_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "ws_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with running(FakeServer()) as server:
        for url in (server.url, server.url.replace("127.0.0.1", "localhost")):
            async with RealtimeClient.connect(url, KEY) as call:
                assert (await _events_until(call, "session.created"))[0]["session"]["id"] == "sess_1"
