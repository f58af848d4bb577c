"""`make bench-talk`: recorded speech through a running server, in real time, one call a clip.

Measured by the client: from the caller's last speech sample going out to the agent's first audio coming in. The
stages between come from the server. Words are compared with what was said.

    python -m bench.talk [--profile standard|small] [--voice NAME] [--rounds N] [--stt …] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import time
from dataclasses import dataclass, field

import jiwer
import numpy as np

from bench.corpus import Clip, clips, comparable
from bench.figures import percentile, print_stages
from bench.server import KEY, MeasuredServer, measured_server
from vivavoce.client.realtime import RealtimeClient
from vivavoce.engines.ports import VOICE_RATE_HZ
from vivavoce.media.pcm import pcm16_from_samples

FRAME_SECONDS = 0.02
QUIET_SECONDS = 8.0
INSTRUCTIONS = (
    "You are Viva, a friendly receptionist of a small web shop, on the telephone. Answer in one or two short spoken "
    "sentences. If you do not know something, say so and offer to take a message."
)
STAGES = ("endpoint", "transcript", "first_token", "first_sentence", "first_speech", "first_audio")


@dataclass(slots=True)
class Answered:
    """What one clip gave."""

    clip: Clip
    heard: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    answer_ms: float | None = None
    stages: dict[str, float | None] = field(default_factory=dict)


async def ask(url: str, clip: Clip, voice: str) -> Answered:
    """Call, say the clip in real time, wait for the answer."""
    answered = Answered(clip)
    session = {
        "instructions": INSTRUCTIONS,
        "audio": {"output": {"voice": voice}, "input": {"transcription": {"model": "default"}}},
        "vivavoce": {"timings": True},
    }
    async with RealtimeClient.connect(url, KEY) as call:
        await call.update_session(session)
        await asyncio.sleep(2.5)  # the greeting, or the caller's breath: the prompt's prefix is read meanwhile
        spoken_at = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as tasks:
            speaking = tasks.create_task(speak(call, clip, spoken_at))
            async with asyncio.timeout(len(clip.samples) / VOICE_RATE_HZ + QUIET_SECONDS + 30):
                await _listen(call, answered, spoken_at)
            speaking.cancel()
    return answered


async def speak(call: RealtimeClient, clip: Clip, spoken_at: asyncio.Future[float]) -> None:
    quiet = np.zeros(round(QUIET_SECONDS * VOICE_RATE_HZ), np.float32)
    audio = pcm16_from_samples(np.concatenate([clip.samples, quiet]))
    step = round(FRAME_SECONDS * VOICE_RATE_HZ) * 2
    clock = asyncio.get_running_loop()
    begun = clock.time()
    for number, start in enumerate(range(0, len(audio), step)):
        await asyncio.sleep(max(0.0, begun + number * FRAME_SECONDS - clock.time()))
        await call.append_audio(audio[start : start + step])
        if not spoken_at.done() and (number + 1) * FRAME_SECONDS >= clip.speech_end_seconds:
            spoken_at.set_result(begun + clip.speech_end_seconds)


async def _listen(call: RealtimeClient, answered: Answered, spoken_at: asyncio.Future[float]) -> None:
    first_audio_at: dict[str, float] = {}
    async for event in call:
        match event["type"]:
            case "response.output_audio.delta":
                first_audio_at.setdefault(event["response_id"], asyncio.get_running_loop().time())
                assert base64.b64decode(event["delta"])
            case "conversation.item.input_audio_transcription.completed":
                answered.heard.append(event["transcript"])
            case "vivavoce.turn.timings":
                answered.stages = event["stages"]
            case "response.done" if spoken_at.done() and event["response"]["status"] == "completed":
                at = first_audio_at.get(event["response"]["id"])
                answered.said = [part.get("transcript", "") for part in event["response"]["output"][0]["content"]]
                if at is not None and at > spoken_at.result():
                    answered.answer_ms = (at - spoken_at.result()) * 1000
                return
            case "error":
                raise SystemExit(f"the server refused: {event['error']}")
            case _:
                pass


async def measure(server: MeasuredServer, voice: str, rounds: int) -> list[Answered]:
    found: list[Answered] = []
    for number in range(rounds):
        for clip in clips():
            answered = await ask(server.url, clip, voice)
            time_text = f"{answered.answer_ms:.0f} ms" if answered.answer_ms is not None else "before the end"
            print(
                f"[{number + 1}] {clip.name}: {time_text}: {' | '.join(answered.heard)!r} -> {answered.said}",
                flush=True,
            )
            found.append(answered)
    return found


def word_error_rate(found: list[Answered], *, sphinx: bool) -> float:
    """Over the clips whose words are known; sphinx: only Debian's sentences."""
    known = [one for one in found if one.clip.words is not None and (one.clip.sphinx or not sphinx)]
    return float(
        jiwer.wer(
            [comparable(one.clip.words or "") for one in known], [comparable(" ".join(one.heard)) for one in known]
        )
    )


def report(server: MeasuredServer, found: list[Answered], *, as_json: bool) -> None:
    answers = [one.answer_ms for one in found if one.answer_ms is not None]
    stages = {
        f"speech end to {stage.replace('_', ' ')} (server)": [
            float(value) for one in found if (value := one.stages.get(stage)) is not None
        ]
        for stage in STAGES
    }
    print_stages("Answer time", {"last speech sample to first audio (client)": answers, **stages})
    figures = {
        "answers": len(answers),
        "answer_p50_ms": round(percentile(answers, 50)),
        "answer_p95_ms": round(percentile(answers, 95)),
        "turns_cut_in": sum(len(one.heard) > 1 for one in found),
        "word_error_rate_sphinx_percent": round(100 * word_error_rate(found, sphinx=True), 2),
        "word_error_rate_all_percent": round(100 * word_error_rate(found, sphinx=False), 2),
        "ready_seconds": round(server.ready_seconds, 2),
        "resident_mb": round(server.resident_mb),
        "peak_resident_mb": round(server.peak_resident_mb),
    }
    if as_json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name.replace('_', ' ')}: {value}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="standard")
    parser.add_argument("--voice", default="eve")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--stt", default="moonshine")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    begun = time.monotonic()
    with measured_server("--profile", chosen.profile, "--stt", chosen.stt) as server:
        found = asyncio.run(measure(server, chosen.voice, chosen.rounds))
        report(server, found, as_json=chosen.json)
    print(f"took {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
