"""How many callers who say nothing one core carries: 50 messages a second each, and the event loop's lag.

Scripted engines, so no model works; the server has one core (this process), the callers another (a second process,
which writes ready-made frames to plain sockets). The lag is how much later than asked a 5 ms sleep on the server's loop
ends. Beside it the processor time of one message, which other programs on the machine hardly change.

    python -m bench.idle_sessions [--sessions 400] [--seconds 20] [--profile FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import cProfile
import gc
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from bench.figures import percentile
from bench.server import KEY
from vivavoce.app.http import http_server, listen
from vivavoce.app.server import running
from vivavoce.config import EngineSet, PlatformSettings, ServerSettings
from vivavoce.services.sessions import SessionLimits

PROBE_SECONDS = 0.005
MESSAGES_A_SECOND = 50
SERVER_CORE = 0
TICKS = 10
"""The callers are served in so many groups a 20 ms, so that they do not all speak in the same instant."""


async def serve(sessions: int, seconds: float, profile: Path | None) -> None:
    with tempfile.TemporaryDirectory() as data:
        settings = ServerSettings(
            data=Path(data),
            engines=EngineSet.SCRIPTED,
            api_key=KEY,
            maximum_sessions=sessions,
            platform=PlatformSettings(limits=SessionLimits(open_maximum=sessions), requests_per_minute=100 * sessions),
            journal=False,
        )
        async with running(settings) as server:
            listening = listen("127.0.0.1", 0)
            http = http_server(server)
            serving = asyncio.create_task(http.serve([listening]))
            callers = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bench.idle_sessions",
                "--callers",
                f"http://127.0.0.1:{listening.getsockname()[1]}",
                "--sessions",
                str(sessions),
                "--seconds",
                str(seconds),
                stdout=subprocess.PIPE,
            )
            assert callers.stdout is not None
            await callers.stdout.readline()  # all have been let in and speak
            most = len(server.directory)
            gc.collect()
            gc.freeze()
            profiler = cProfile.Profile() if profile is not None else None
            begun, before = time.monotonic(), os.times()
            if profiler is not None:
                profiler.enable()
            lags = await _lags(seconds * 0.8)
            if profiler is not None:
                profiler.disable()
                profiler.dump_stats(str(profile))
            after, lasted = os.times(), time.monotonic() - begun
            rate = json.loads(await callers.stdout.readline())["messages_a_second"]
            http.should_exit = True
            await callers.wait()
            await serving
    print(f"sessions: {most}; messages a second: {rate:.0f} (asked {sessions * MESSAGES_A_SECOND})")
    print(
        f"event-loop lag over {len(lags)} probes: p50 {percentile(lags, 50):.1f} ms, p99 {percentile(lags, 99):.1f} ms,"
        f" max {max(lags):.1f} ms"
    )
    user, system = (after.user - before.user) / lasted, (after.system - before.system) / lasted
    print(
        f"processor: {user + system:.0%} of one core; {(user + system) / rate * 1e6:.1f} µs a message,"
        f" {system / rate * 1e6:.1f} of them in the kernel"
    )


async def _lags(seconds: float) -> list[float]:
    lags: list[float] = []
    now = time.monotonic()  # the loop's own clock stands still while the loop is busy, and has whole milliseconds
    end = now + seconds
    while now < end:
        before = now
        await asyncio.sleep(PROBE_SECONDS)
        now = time.monotonic()
        lags.append(max(0.0, now - before - PROBE_SECONDS) * 1000)
    return lags


# --- the callers ----------------------------------------------------------------------------------------------------


def call(url: str, sessions: int, seconds: float) -> None:
    """Connect so many sockets, then write a frame of silence to each every 20 ms."""
    where = urlsplit(url)
    assert where.hostname is not None
    connected = [_connect(where.hostname, where.port or 80) for _ in range(sessions)]
    frame = _masked(json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(960)).decode()}))
    groups = [connected[at::TICKS] for at in range(TICKS)]
    print("speaking", flush=True)
    begun, tick, written = time.monotonic(), 0, 0
    while (now := time.monotonic()) < begun + seconds:
        due = begun + tick / MESSAGES_A_SECOND / TICKS
        if now < due:
            time.sleep(due - now)
        for each in groups[tick % TICKS]:
            each.sendall(frame)
            written += 1
        tick += 1
    print(json.dumps({"messages_a_second": written / (time.monotonic() - begun)}), flush=True)
    for each in connected:
        each.close()


def _connect(host: str, port: int) -> socket.socket:
    one = socket.create_connection((host, port))
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    lines = (
        "GET /v1/realtime HTTP/1.1",
        f"Host: {host}:{port}",
        f"Authorization: Bearer {KEY}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "",
        "",
    )
    one.sendall("\r\n".join(lines).encode())
    answer = one.recv(4096)
    if b" 101 " not in answer.partition(b"\r\n")[0]:
        raise SystemExit(f"the server did not let a caller in: {answer[:200]!r}")
    return one


def _masked(text: str) -> bytes:
    payload, mask = text.encode(), os.urandom(4)
    hidden = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return struct.pack("!BBH", 0x81, 0x80 | 126, len(payload)) + mask + hidden


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--profile", type=Path, help="write what cProfile found on the server's loop")
    parser.add_argument("--callers", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    cores = set(range(os.cpu_count() or 1))
    if chosen.callers:
        os.sched_setaffinity(0, cores - {SERVER_CORE} or {SERVER_CORE})
        call(chosen.callers, chosen.sessions, chosen.seconds)
    else:
        os.sched_setaffinity(0, {SERVER_CORE})
        uvloop.run(serve(chosen.sessions, chosen.seconds, chosen.profile))


if __name__ == "__main__":
    main()
