"""A faithful double of a realtime server, for the tests of the client and of `vivavoce talk`.

It speaks the OpenAI GA events over a real WebSocket on 127.0.0.1, in the order of a real server. It has no clock: it
hears by the loudness of the audio, counts time in samples received, and answers at once. A test owns one and ends it.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

RATE_HZ = 24_000
KEY = "vv_the_right_key"
NO_KEY = {
    "error": {
        "type": "invalid_request_error",
        "code": "invalid_api_key",
        "message": "This API key is wrong; the server printed one.",
        "param": None,
        "event_id": None,
    }
}
_LOUD = 0.02
_SILENCE_SAMPLES = RATE_HZ // 2
_DELTA_SAMPLES = RATE_HZ // 10

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agent says to a turn: the words it understood, its own words and for how long it speaks."""

    heard: str = "hello there"
    words: str = "Hi, how are you?"
    voice_ms: int = 1_000
    status: str = "completed"
    functions: tuple[tuple[str, str], ...] = ()


@dataclass
class FakeServer:
    """Settings that a test chooses, and what the server has received."""

    greeting: Answer | None = None
    answers: list[Answer] = field(default_factory=lambda: [Answer()])
    turn_detection: Mapping[str, Any] | None = field(default_factory=lambda: {"type": "semantic_vad"})
    drop_on: str | None = None
    close_on: tuple[str, int, str] | None = None
    errors_on: dict[str, Event] = field(default_factory=dict)
    greets_after_ms: int = 0
    lags_by_ms: int = 0
    deaf: bool = False
    never_answers: bool = False
    url: str = ""
    received: list[Event] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    appended: int = 0
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    _heard_more: asyncio.Event = field(default_factory=asyncio.Event)

    def count_audio(self) -> None:
        self.appended += 1
        self._heard_more.set()

    async def until_heard(self, appended: int) -> None:
        """Wait for that many pieces of audio, or for the end of the call."""
        while self.appended < appended and not self.hung_up.is_set():
            self._heard_more.clear()
            await self._heard_more.wait()

    def end_call(self) -> None:
        self.hung_up.set()
        self._heard_more.set()

    def received_types(self) -> list[str]:
        """The types of the client's events in order, without the audio."""
        return [event["type"] for event in self.received if event["type"] != "input_audio_buffer.append"]

    def heard_audio(self) -> bytes:
        """All audio that the client has sent."""
        return b"".join(base64.b64decode(event["audio"]) for event in self.received if "audio" in event)


@asynccontextmanager
async def running(server: FakeServer) -> AsyncGenerator[FakeServer]:
    """Serve until the block ends."""

    async def call(connection: ServerConnection) -> None:
        try:
            await FakeCall(server, connection).carry()
        except ConnectionClosed:
            pass
        finally:
            server.end_call()

    def admit(connection: ServerConnection, request: Request) -> Response | None:
        server.paths.append(request.path)
        if request.headers.get("Authorization") == f"Bearer {KEY}":
            return None
        refused = connection.respond(HTTPStatus.UNAUTHORIZED, json.dumps(NO_KEY))
        del refused.headers["Content-Type"]
        refused.headers["Content-Type"] = "application/json"
        return refused

    listening: Server
    async with serve(call, "127.0.0.1", 0, process_request=admit, close_timeout=1) as listening:
        host, port = listening.sockets[0].getsockname()[:2]
        server.url = f"http://{host}:{port}"
        yield server


class FakeCall:
    """One connection."""

    def __init__(self, server: FakeServer, connection: ServerConnection) -> None:
        self._server = server
        self._connection = connection
        self._answers = list(server.answers)
        self._session: Event = {
            "id": "sess_1",
            "object": "realtime.session",
            "type": "realtime",
            "audio": {
                "input": {"turn_detection": server.turn_detection, "transcription": None},
                "output": {"voice": "eve"},
            },
            "output_modalities": ["audio"],
        }
        self._numbers = 0
        self._heard_samples = 0
        self._silent_samples = 0
        self._speaking: str | None = None
        self._greeting = server.greeting
        self._on_the_way: list[bytes] = []

    async def carry(self) -> None:
        await self._send("session.created", session=self._session)
        await self._send("conversation.created", conversation={"id": "conv_1", "object": "realtime.conversation"})
        async for message in self._connection:
            event = json.loads(message)
            self._server.received.append(event)
            await self._receive(event)
            if event["type"] == "input_audio_buffer.append":
                self._server.count_audio()

    async def _receive(self, event: Event) -> None:
        kind = event["type"]
        if kind == self._server.drop_on:
            self._connection.transport.abort()
            return
        if self._server.close_on is not None and kind == self._server.close_on[0]:
            await self._connection.close(self._server.close_on[1], self._server.close_on[2])
            return
        if kind in self._server.errors_on:
            error = self._server.errors_on[kind] | {"event_id": event.get("event_id")}
            await self._send("error", error=error)
            return
        match kind:
            case "session.update":
                await self._update(event["session"])
            case "input_audio_buffer.append":
                self._on_the_way.append(base64.b64decode(event["audio"], validate=True))
                if sum(map(len, self._on_the_way)) > self._server.lags_by_ms * RATE_HZ * 2 // 1000:
                    await self._hear(self._on_the_way.pop(0))
            case "input_audio_buffer.commit":
                await self._commit(self._speaking or self._name("item"))
            case "conversation.item.create":
                await self._add_item({"id": self._name("item"), "status": "completed"} | event["item"])
            case "conversation.item.truncate":
                fields = {name: event[name] for name in ("item_id", "content_index", "audio_end_ms")}
                await self._send("conversation.item.truncated", **fields)
            case "response.create":
                await self._answer(self._next_answer(), None)
            case _:
                message = f"there is no event '{kind}'"
                error = {"type": "invalid_request_error", "code": "invalid_event", "message": message, "param": "type"}
                await self._send("error", error=error | {"event_id": event.get("event_id")})

    async def _update(self, changes: Event) -> None:
        assert changes.get("type") == "realtime", "GA clients must name the type of the session"
        self._session = _merged(self._session, changes)
        await self._send("session.updated", session=self._session)
        await self._greet_when_due()

    async def _greet_when_due(self) -> None:
        due = self._heard_samples * 1000 // RATE_HZ >= self._server.greets_after_ms
        if due and self._greeting is not None:
            greeting, self._greeting = self._greeting, None
            await self._answer(greeting, None)

    # --- hearing ----------------------------------------------------------------------------------------------------

    async def _hear(self, audio: bytes) -> None:
        samples = np.frombuffer(audio, dtype="<i2").astype(np.float64) / 32_768
        self._heard_samples += samples.size
        await self._greet_when_due()
        if self._server.turn_detection is None or self._server.deaf:
            return
        loud = samples.size > 0 and float(np.sqrt(np.mean(samples**2))) > _LOUD
        if loud and self._speaking is None:
            self._speaking = self._name("item")
            at_ms = self._heard_samples * 1000 // RATE_HZ
            await self._send("input_audio_buffer.speech_started", item_id=self._speaking, audio_start_ms=at_ms)
        self._silent_samples = 0 if loud else self._silent_samples + samples.size
        if self._speaking is not None and self._silent_samples >= _SILENCE_SAMPLES:
            item_id, self._speaking = self._speaking, None
            at_ms = (self._heard_samples - self._silent_samples) * 1000 // RATE_HZ
            await self._send("input_audio_buffer.speech_stopped", item_id=item_id, audio_end_ms=at_ms)
            await self._commit(item_id)

    async def _commit(self, item_id: str) -> None:
        answer = self._next_answer(take=False)
        await self._send("input_audio_buffer.committed", item_id=item_id, previous_item_id=None)
        content = [{"type": "input_audio", "transcript": None}]
        await self._add_item({"id": item_id, "type": "message", "role": "user", "content": content})
        if self._session["audio"]["input"]["transcription"] is not None:
            stem = "conversation.item.input_audio_transcription"
            for piece in _pieces(answer.heard):
                await self._send(f"{stem}.delta", item_id=item_id, content_index=0, delta=piece)
            usage = {"type": "duration", "seconds": 1.0}
            await self._send(
                f"{stem}.completed", item_id=item_id, content_index=0, transcript=answer.heard, usage=usage
            )
        detection = self._server.turn_detection
        asked = detection is not None and detection.get("create_response") is not False
        if answer.heard and asked and not self._server.never_answers:
            await self._answer(self._next_answer(), item_id)

    # --- answering --------------------------------------------------------------------------------------------------

    async def _answer(self, answer: Answer, asked_by: str | None) -> None:
        response_id, item_id = self._name("resp"), self._name("item")
        response: Event = {"id": response_id, "object": "realtime.response", "status": "in_progress", "output": []}
        await self._send("response.created", response=response)
        written = self._session["output_modalities"] == ["text"]
        where = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}
        item = {"id": item_id, "object": "realtime.item", "type": "message", "role": "assistant", "content": []}
        await self._send("response.output_item.added", response_id=response_id, output_index=0, item=item)
        await self._send("conversation.item.added", item=item, previous_item_id=asked_by)
        await self._send("response.content_part.added", **where, part={"type": "text" if written else "audio"})
        words = "output_text" if written else "output_audio_transcript"
        for piece in _pieces(answer.words):
            await self._send(f"response.{words}.delta", **where, delta=piece)
        if not written:
            await self._speak(answer.voice_ms, where)
        if self._session.get("vivavoce", {}).get("timings") and asked_by is not None:
            await self._time(response_id, item_id)
        await self._send("response.output_item.done", response_id=response_id, output_index=0, item=item)
        for name, arguments in answer.functions:
            called = {**where, "call_id": "call_1", "name": name, "arguments": arguments}
            await self._send("response.function_call_arguments.done", **called)
        details: Event = {"type": answer.status}
        if answer.status == "failed":
            details["error"] = {
                "type": "server_error",
                "code": "model_failed",
                "message": "the model ran out of memory",
            }
        done = response | {"status": answer.status, "status_details": details, "output": [item], "usage": {}}
        await self._send("response.done", response=done)

    async def _speak(self, voice_ms: int, where: Event) -> None:
        voice = tone(voice_ms / 1000, 330)
        step = _DELTA_SAMPLES * 2
        for start in range(0, len(voice), step):
            delta = base64.b64encode(voice[start : start + step]).decode()
            await self._send("response.output_audio.delta", **where, delta=delta)
        await self._send("response.output_audio.done", **where)

    async def _time(self, response_id: str, item_id: str) -> None:
        stages = {"speech_end": 0, "soft_end": 70, "endpoint": 300, "transcript": 350, "first_token": 500}
        stages |= {"first_speech": 780, "first_audio": 800}
        for complete in (False, True):
            timings = {"response_id": response_id, "item_id": item_id, "complete": complete, "stages": stages}
            await self._send("vivavoce.turn.timings", **timings)

    async def _add_item(self, item: Event) -> None:
        await self._send("conversation.item.added", item=item, previous_item_id=None)
        await self._send("conversation.item.done", item=item, previous_item_id=None)

    def _next_answer(self, *, take: bool = True) -> Answer:
        if not self._answers:
            return Answer()
        return self._answers.pop(0) if take else self._answers[0]

    def _name(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}_{self._numbers}"

    async def _send(self, kind: str, **fields: Any) -> None:
        await self._connection.send(json.dumps({"type": kind, "event_id": self._name("event"), **fields}))


class TickingClock:
    """A clock for clients of a `FakeServer`: it jumps from moment to moment, as soon as the server has heard so far.

    A client that sends one piece of audio and then sleeps finds the answer to that piece when it wakes.
    """

    def __init__(self, server: FakeServer) -> None:
        self._server = server
        self._now = 0.0
        self._sleeps = 0

    def now(self) -> float:
        return self._now

    async def sleep_until(self, moment: float) -> None:
        self._sleeps += 1
        await self._server.until_heard(self._sleeps)
        # What the server answered is on its way back through the loopback socket: let the loop read it.
        for _ in range(5):
            await asyncio.sleep(0)
        self._now = max(self._now, moment)


def tone(seconds: float, hertz: float, rate_hz: int = RATE_HZ) -> bytes:
    """A loud tone as mono 16-bit PCM."""
    moments = np.arange(round(seconds * rate_hz)) / rate_hz
    return (np.sin(2 * np.pi * hertz * moments) * 16_000).astype("<i2").tobytes()


def silence(seconds: float, rate_hz: int = RATE_HZ) -> bytes:
    return bytes(round(seconds * rate_hz) * 2)


def _pieces(text: str) -> list[str]:
    words = text.split(" ")
    return [word if index == 0 else f" {word}" for index, word in enumerate(words)] if text else []


def _merged(current: Event, changes: Event) -> Event:
    merge: Callable[[Any, Any], Any] = lambda old, new: (  # noqa: E731
        _merged(old, new) if isinstance(old, dict) and isinstance(new, dict) else new
    )
    return current | {name: merge(current.get(name), value) for name, value in changes.items()}
