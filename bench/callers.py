"""`python -m bench.callers`: several callers at once with the embedded models, against one caller in the same run.

Real speech in real time over the WebSocket. First audio: from the caller's last speech sample going out to the agent's
first audio coming in. A player that starts with the first audio and plays in real time tells where it ran dry: inside a
piece of speech (callers hear a gap), or between two pieces (they hear a longer pause). Nothing else may run meanwhile.

    python -m bench.callers [--callers N] [--rounds N] [--clips N] [--profile standard|small] [--voice NAME] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from bench.corpus import Clip, clips
from bench.figures import percentile
from bench.server import KEY, MeasuredServer, measured_server
from bench.talk import INSTRUCTIONS, QUIET_SECONDS, speak
from vivavoce.client.errors import UpgradeRefusedError
from vivavoce.client.realtime import RealtimeClient
from vivavoce.engines.ports import VOICE_RATE_HZ

BREATH_SECONDS = 2.5
"""Between the connection and the first word: the prompt's beginning is read meanwhile."""

ADMIT_ALL = ("--maximum-loop-lag-ms", "0", "--maximum-engine-wait-ms", "0")
"""How badly callers are served is to be measured, not whom the server refuses."""

LOOK_SECONDS = 2.0
HEARD_GAP_SECONDS = 0.02
"""A shorter gap is the client's own clock."""


@dataclass(slots=True)
class Player:
    """Plays one reply from its first audio on, in real time. `gaps`: (seconds dry, whether between two pieces)."""

    runs_dry_at: float | None = None
    new_piece: bool = False
    gaps: list[tuple[float, bool]] = field(default_factory=list)

    def take(self, now: float, seconds: float) -> None:
        """This much audio has come."""
        dry = 0.0 if self.runs_dry_at is None else now - self.runs_dry_at
        if dry > HEARD_GAP_SECONDS:
            self.gaps.append((dry, self.new_piece))
        self.new_piece = False
        self.runs_dry_at = max(now, self.runs_dry_at or now) + seconds


@dataclass(slots=True)
class Figures:
    """What one part of the run gave, in milliseconds."""

    first_audio: list[float] = field(default_factory=list)
    gaps_inside: list[float] = field(default_factory=list)
    gaps_between: list[float] = field(default_factory=list)
    replies: int = 0
    unanswered: int = 0
    refused: int = 0
    loop_lag_p50: list[float] = field(default_factory=list)
    loop_lag_p99: list[float] = field(default_factory=list)
    stalls: int = 0
    engine_wait_p95: dict[str, float] = field(default_factory=dict)

    def keep(self, player: Player) -> None:
        for seconds, between in player.gaps:
            (self.gaps_between if between else self.gaps_inside).append(seconds * 1000)

    def look(self, load: dict[str, Any]) -> None:
        lag = load["loop_lag_ms"]
        self.loop_lag_p50.append(lag["p50"])
        self.loop_lag_p99.append(lag["p99"])
        self.stalls = load["loop_stalls"]
        for engine, wait in load["engines"].items():
            self.engine_wait_p95[engine] = max(self.engine_wait_p95.get(engine, 0.0), wait["wait_p95_ms"])


async def call(url: str, clip: Clip, voice: str, figures: Figures) -> None:
    """Call, say the clip, hear the answer to its end, hang up."""
    session = {"instructions": INSTRUCTIONS, "audio": {"output": {"voice": voice}}}
    async with RealtimeClient.connect(url, KEY) as one:
        await one.update_session(session)
        await asyncio.sleep(BREATH_SECONDS)
        spoken_at: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as tasks:
            speaking = tasks.create_task(speak(one, clip, spoken_at))
            try:
                async with asyncio.timeout(len(clip.samples) / VOICE_RATE_HZ + QUIET_SECONDS + 40):
                    await _hear(one, spoken_at, figures)
            except TimeoutError:
                figures.unanswered += 1
            speaking.cancel()


async def _hear(one: RealtimeClient, spoken_at: asyncio.Future[float], figures: Figures) -> None:
    clock = asyncio.get_running_loop()
    players: dict[str, Player] = {}
    first_at: dict[str, float] = {}
    async for event in one:
        match event["type"]:
            case "response.output_audio.delta":
                audio = base64.b64decode(event["delta"])
                first_at.setdefault(event["response_id"], clock.time())
                player = players.setdefault(event["response_id"], Player())
                player.take(clock.time(), len(audio) / 2 / VOICE_RATE_HZ)
            case "response.output_audio_transcript.delta":
                players.setdefault(event["response_id"], Player()).new_piece = True
            case "response.done" if spoken_at.done() and event["response"]["status"] == "completed":
                at = first_at.get(event["response"]["id"])
                figures.replies += 1
                figures.keep(players.get(event["response"]["id"], Player()))
                if at is not None and at > spoken_at.result():
                    figures.first_audio.append((at - spoken_at.result()) * 1000)
                return
            case "error":
                raise SystemExit(f"the server refused: {event['error']}")
            case _:
                pass


@asynccontextmanager
async def _looking(url: str, figures: Figures) -> AsyncIterator[None]:
    """Ask the server for its load until the block ends."""

    async def look() -> None:
        async with httpx.AsyncClient(base_url=url) as http:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                figures.look((await http.get("/readyz")).json())

    async with asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(look())
        yield
        looking.cancel()


async def measure(server: MeasuredServer, said: Sequence[Clip], callers: int, rounds: int, voice: str) -> Figures:
    """Every caller says the clips one after the other, each beginning with another one."""
    figures = Figures()

    async def hold(number: int) -> None:
        for turn in range(rounds * len(said)):
            try:
                await call(server.url, said[(turn + number) % len(said)], voice, figures)
            except UpgradeRefusedError:
                figures.refused += 1

    async with _looking(server.url, figures), asyncio.TaskGroup() as tasks:
        for number in range(callers):
            tasks.create_task(hold(number))
    return figures


def _row(figures: Figures) -> dict[str, float]:
    return {
        "answers": len(figures.first_audio),
        "unanswered": figures.unanswered,
        "refused": figures.refused,
        "first audio p50 ms": round(percentile(figures.first_audio, 50)),
        "first audio p95 ms": round(percentile(figures.first_audio, 95)),
        "gaps inside a piece": len(figures.gaps_inside),
        "longest ms": round(max(figures.gaps_inside, default=0.0)),
        "gaps between pieces": len(figures.gaps_between),
        "longest between ms": round(max(figures.gaps_between, default=0.0)),
        "gaps an answer ms": round(sum(figures.gaps_inside + figures.gaps_between) / max(1, figures.replies)),
        "loop lag p50 ms": round(percentile(figures.loop_lag_p50, 50), 1),
        "loop lag p99 ms, worst": round(max(figures.loop_lag_p99, default=0.0), 1),
        "loop stalls": figures.stalls,
        **{f"{engine}: wait p95 ms": round(wait) for engine, wait in sorted(figures.engine_wait_p95.items())},
    }


def report(one: Figures, many: Figures, callers: int, *, as_json: bool) -> None:
    alone, together = _row(one), _row(many)
    ratio = percentile(many.first_audio, 95) / percentile(one.first_audio, 95)
    if as_json:
        print(json.dumps({"1": alone, str(callers): together, "p95_ratio": round(ratio, 2)}))
        return
    table = Table(title="Callers at once, embedded models", title_justify="left")
    table.add_column("")
    for heading in ("1 caller", f"{callers} callers"):
        table.add_column(heading, justify="right")
    for name in together:
        table.add_row(name, str(alone.get(name, "")), str(together[name]))
    Console().print(table)
    print(f"first audio p95: {ratio:.2f} times the single caller's (target: at most 2); no gap inside a piece")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--clips", type=int, default=5)
    parser.add_argument("--profile", default="standard")
    parser.add_argument("--voice", default="eve")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    said = clips()[: chosen.clips]
    with measured_server("--profile", chosen.profile, *ADMIT_ALL) as server:
        one = asyncio.run(measure(server, said, 1, chosen.rounds, chosen.voice))
        many = asyncio.run(measure(server, said, chosen.callers, chosen.rounds, chosen.voice))
    report(one, many, chosen.callers, as_json=chosen.json)


if __name__ == "__main__":
    main()
