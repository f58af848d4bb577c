"""Many calls at once: how long the event loop of the server is held.

Scripted engines and the real voice-activity model. The server runs on one core (this process), the callers on the
others (a second process); every caller speaks, is answered and barges in, over and over, in real time. The stall is
how much later than asked a 5 ms sleep on the server's loop ends.

    python -m bench.sessions [--sessions 20] [--seconds 30]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import uvloop

from bench.figures import percentile
from bench.server import KEY
from vivavoce.app.http import http_server, listen
from vivavoce.app.server import running
from vivavoce.client.realtime import RealtimeClient
from vivavoce.config import EngineSet, ServerSettings, VoiceActivityChoice
from vivavoce.engines.ports import Samples
from vivavoce.media.pcm import pcm16_from_samples

PROBE_SECONDS = 0.005
FRAME_SAMPLES = 480
SERVER_CORE = 0


async def serve(sessions: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as data:
        settings = ServerSettings(
            data=Path(data),
            engines=EngineSet.SCRIPTED,
            voice_activity=VoiceActivityChoice.SILERO,
            api_key=KEY,
            maximum_sessions=sessions,
        )
        async with running(settings) as server:
            listening = listen("127.0.0.1", 0)
            http = http_server(server)
            serving = asyncio.create_task(http.serve([listening]))
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            stalls: list[float] = []
            most = 0
            callers = await _callers(url, sessions, seconds)
            while callers.returncode is None and callers.stdout is not None:
                before = asyncio.get_running_loop().time()
                await asyncio.sleep(PROBE_SECONDS)
                stalls.append((asyncio.get_running_loop().time() - before - PROBE_SECONDS) * 1000)
                most = max(most, len(server.directory))
            answers = json.loads((await callers.stdout.read()).decode()) if callers.stdout is not None else {}
            http.should_exit = True
            await serving
    print(f"sessions at once: {most}; answers: {answers.get('answers')}; interrupted: {answers.get('interrupted')}")
    print(
        f"event-loop stall over {len(stalls)} probes: p50 {percentile(stalls, 50):.1f} ms, "
        f"p99 {percentile(stalls, 99):.1f} ms, max {max(stalls):.1f} ms"
    )


async def _callers(url: str, sessions: int, seconds: float) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.sessions",
        "--callers",
        url,
        "--sessions",
        str(sessions),
        "--seconds",
        str(seconds),
        stdout=subprocess.PIPE,
    )


async def call(url: str, seed: int, seconds: float) -> dict[str, int]:
    """One caller: 1.5 s of speech-like noise, 2.5 s of silence, over and over."""
    counted = {"answers": 0, "interrupted": 0}
    noise = np.random.default_rng(seed)
    loud, quiet = _speech(noise), np.zeros(round(24_000 * (1.2 + 1.6 * noise.random())), np.float32)
    audio = pcm16_from_samples(np.concatenate([loud, quiet]))
    async with RealtimeClient.connect(url, KEY) as client, asyncio.TaskGroup() as tasks:
        await client.update_session({"audio": {"input": {"transcription": {"model": "default"}}}})

        async def listen() -> None:
            async for event in client:
                if event["type"] == "response.done":
                    counted["answers" if event["response"]["status"] == "completed" else "interrupted"] += 1

        listening = tasks.create_task(listen())
        clock = asyncio.get_running_loop()
        begun = clock.time() + noise.random() * 2
        frame = 0
        while clock.time() < begun + seconds:
            await asyncio.sleep(max(0.0, begun + frame * 0.02 - clock.time()))
            start = frame * FRAME_SAMPLES * 2 % (len(audio) - FRAME_SAMPLES * 2)
            await client.append_audio(audio[start : start + FRAME_SAMPLES * 2])
            frame += 1
        listening.cancel()
    return counted


def _speech(noise: np.random.Generator) -> Samples:
    """A buzz with formants and syllables, which Silero takes for speech."""
    at = np.arange(36_000) / 24_000
    pitch = 110 + 80 * noise.random() + 12 * np.sin(2 * np.pi * 2 * at)
    phase = 2 * np.pi * np.cumsum(pitch) / 24_000
    buzz = sum(np.sin(k * phase) * np.exp(-(((k * 140 - 600) / 500) ** 2)) for k in range(1, 25))
    syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * at)
    spoken: Samples = (0.12 * buzz * syllables).astype(np.float32)
    return spoken


async def callers(url: str, sessions: int, seconds: float) -> None:
    counted = await asyncio.gather(*(call(url, seed, seconds) for seed in range(sessions)))
    print(json.dumps({key: sum(one[key] for one in counted) for key in ("answers", "interrupted")}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--callers", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.callers:
        _stay_on(set(range(os.cpu_count() or 1)) - {SERVER_CORE} or {SERVER_CORE})
        uvloop.run(callers(chosen.callers, chosen.sessions, chosen.seconds))
    else:
        _stay_on({SERVER_CORE})
        uvloop.run(serve(chosen.sessions, chosen.seconds))


def _stay_on(cores: set[int]) -> None:
    os.sched_setaffinity(0, cores)


if __name__ == "__main__":
    main()
