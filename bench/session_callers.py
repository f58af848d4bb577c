"""The callers of `bench.sessions`: plain sockets that say recorded speech, hear the answer out, and speak again.

A process of its own, told what to do by lines of JSON on its standard input, which it answers in the same way:
`{"join": 10}` connects ten callers more, `{"measure": 15}` tells what the next seconds were like. Every frame that it
sends is made beforehand, so that one core speaks for hundreds. Ends with its standard input.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import struct
import sys
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import numpy as np
import uvloop

from bench.figures import percentile
from bench.peers.clip import Clip, clip
from bench.server import KEY
from vivavoce.engines.ports import HEARING_RATE_HZ, VOICE_RATE_HZ
from vivavoce.media.pcm import pcm16_from_samples, samples_from_pcm16
from vivavoce.media.resampling import resample

FRAME_SECONDS = 0.02
FRAME_SAMPLES = round(VOICE_RATE_HZ * FRAME_SECONDS)
TICKS = 10
"""The callers speak in so many groups a frame, so that they do not all do so in the same instant."""

PAUSE_SECONDS = (0.6, 1.4)
"""Between the end of an answer and the caller's next words."""

PATIENCE_SECONDS = 8.0
LATE_SECONDS = 0.005
"""A frame that comes so long after the player ran dry is late; less is the caller's own clock."""

_AUDIO = b'"type":"response.output_audio.delta"'
_DONE = b'"type":"response.done"'
_HEAD_BYTES = 80
_PING, _PONG = 0x89, 0x8A
_DELTA = b'"delta":"'
_NO_MASK = bytes(4)


@dataclass(slots=True)
class Heard:
    """What all callers heard since it was last told."""

    voice_to_voice_ms: list[float] = field(default_factory=list)
    frames: int = 0
    late_frames: int = 0
    unanswered: int = 0
    own_late_ms: list[float] = field(default_factory=list)


class Caller(asyncio.Protocol):
    """One call, from its first byte to the end of the process."""

    def __init__(self, heard: Heard, path: str, host: str, pause_seconds: float) -> None:
        self.let_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heard = heard
        self._request = _handshake(path, host)
        self._transport: asyncio.WriteTransport | None = None
        self._rest = b""
        self._at: int | None = None
        self._speaks_at = asyncio.get_running_loop().time() + pause_seconds
        self._spoken_at: float | None = None
        self._runs_dry_at: float | None = None

    # --- out --------------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's has another parent
        self._transport.write(self._request)

    def speak(self, now: float, said: Speech) -> None:
        """20 ms more: of the clip, or of the silence around it."""
        assert self._transport is not None
        if self._at is None and now >= self._speaks_at:
            if self._spoken_at is not None:
                self._heard.unanswered += 1
                self._spoken_at = None
            self._at = 0
        if self._at is None:
            self._transport.write(said.silence)
            return
        self._transport.write(said.frames[self._at])
        if self._at == said.last:
            self._spoken_at = now
        self._at += 1
        if self._at == len(said.frames):
            self._at, self._speaks_at = None, now + PATIENCE_SECONDS

    # --- in ---------------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        if not self.let_in.done():
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            if b" 101 " not in head.partition(b"\r\n")[0]:
                raise SystemExit(f"the server did not let a caller in: {head!r}")
            self.let_in.set_result(None)
        start = 0
        while (frame := _payload_at(data, start)) is not None:
            opening, (begin, start) = start, frame
            if data[opening] == _PING:
                self._pong(data[begin:start])
            elif data.find(_AUDIO, begin, begin + _HEAD_BYTES) > 0:
                at = data.index(_DELTA, begin) + len(_DELTA)
                self._hear((data.index(b'"', at) - at) * 3 / 4 / 2 / VOICE_RATE_HZ)
            elif data.find(_DONE, begin, begin + _HEAD_BYTES) > 0:
                self._done()
        self._rest = data[start:]

    def _pong(self, payload: bytes) -> None:
        assert self._transport is not None
        self._transport.write(struct.pack("!BB", _PONG, 0x80 | len(payload)) + _NO_MASK + payload)

    def _hear(self, seconds: float) -> None:
        now, heard = asyncio.get_running_loop().time(), self._heard
        heard.frames += 1
        if self._spoken_at is not None:
            heard.voice_to_voice_ms.append((now - self._spoken_at) * 1000)
            self._spoken_at = None
        if self._runs_dry_at is None:
            self._runs_dry_at = now
        elif now > self._runs_dry_at + LATE_SECONDS:
            heard.late_frames += 1
        self._runs_dry_at = max(now, self._runs_dry_at) + seconds

    def _done(self) -> None:
        """The answer is over when it has been played."""
        now = asyncio.get_running_loop().time()
        if self._at is None:
            self._speaks_at = max(now, self._runs_dry_at or now) + random.uniform(*PAUSE_SECONDS)
        self._runs_dry_at = None


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """The clip as WebSocket frames of 20 ms; `last` holds the last speech sample."""

    frames: list[bytes]
    last: int
    silence: bytes

    @classmethod
    def of(cls, said: Clip) -> Speech:
        sound = resample(samples_from_pcm16(base64.b64decode(said.sound)), HEARING_RATE_HZ, VOICE_RATE_HZ)
        whole = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
        silence = _append(pcm16_from_samples(np.zeros(FRAME_SAMPLES, np.float32)))
        return cls([_append(pcm16_from_samples(frame)) for frame in whole], said.speech_frames[1], silence)


def _append(sound: bytes) -> bytes:
    text = json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(sound).decode()}).encode()
    return struct.pack("!BBH", 0x81, 0x80 | 126, len(text)) + _NO_MASK + text


def _handshake(path: str, host: str) -> bytes:
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {KEY}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


def _payload_at(data: bytes, start: int) -> tuple[int, int] | None:
    """Where the payload of the server's frame at `start` begins and ends; None if it has not come whole."""
    if len(data) < start + 2:
        return None
    length, begin = data[start + 1], start + 2
    if length == 126:
        length, begin = int.from_bytes(data[start + 2 : start + 4]), start + 4
    elif length == 127:
        length, begin = int.from_bytes(data[start + 2 : start + 10]), start + 10
    return (begin, begin + length) if begin + length <= len(data) else None


class Crowd:
    """All callers of the process, and the clock that they speak by."""

    def __init__(self, url: str, said: Speech) -> None:
        self._where = urlsplit(url)
        self._said = said
        self._heard = Heard()
        self._groups: list[list[Caller]] = [[] for _ in range(TICKS)]
        self._joined = 0

    async def join(self, callers: int) -> None:
        host, port = self._where.hostname or "127.0.0.1", self._where.port or 80
        for _ in range(callers):
            _, caller = await asyncio.get_running_loop().create_connection(
                lambda: Caller(self._heard, "/v1/realtime", f"{host}:{port}", random.uniform(0.5, 4.0)), host, port
            )
            await caller.let_in
            self._groups[self._joined % TICKS].append(caller)
            self._joined += 1

    async def speak(self) -> None:
        clock = asyncio.get_running_loop()
        begun, tick = clock.time(), 0
        while True:
            due = begun + tick * FRAME_SECONDS / TICKS
            await asyncio.sleep(max(0.0, due - clock.time()))
            now = clock.time()
            self._heard.own_late_ms.append((now - due) * 1000)
            for caller in self._groups[tick % TICKS]:
                caller.speak(now, self._said)
            tick += 1

    async def measure(self, seconds: float) -> dict[str, object]:
        heard = self._heard
        heard.voice_to_voice_ms, heard.own_late_ms = [], []
        heard.frames = heard.late_frames = heard.unanswered = 0
        await asyncio.sleep(seconds)
        return {
            "voice_to_voice_ms": heard.voice_to_voice_ms,
            "frames": heard.frames,
            "late_frames": heard.late_frames,
            "unanswered": heard.unanswered,
            "callers_late_p99_ms": percentile(heard.own_late_ms, 99),
        }


async def answer(url: str) -> None:
    """Do what standard input asks, until it ends."""
    crowd = Crowd(url, Speech.of(await clip()))
    asked = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
    async with asyncio.TaskGroup() as tasks:
        speaking = tasks.create_task(crowd.speak())
        while line := await asked.readline():
            order = json.loads(line)
            if "join" in order:
                await crowd.join(order["join"])
                told: dict[str, object] = {"joined": order["join"]}
            else:
                told = await crowd.measure(order["measure"])
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
        speaking.cancel()


if __name__ == "__main__":
    uvloop.run(answer(sys.argv[1]))
