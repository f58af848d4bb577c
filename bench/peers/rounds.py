"""Rounds of drivers: each run a process of its own, one after the other, A/B/A/B. Owned by one benchmark run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers.environments import LIVEKIT, PIPECAT, python_with
from bench.peers.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 900

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class System:
    """What is measured: its name in the tables, its driver's module and the interpreter that has what it needs."""

    name: str
    module: str
    python: Callable[[], Path]


def _own() -> Path:
    return Path(sys.executable)


SYSTEMS = {
    system.module.partition("_")[0]: system
    for system in (
        System("no framework", "floor_agent", _own),
        System("vivavoce", "vivavoce_agent", _own),
        System("vivavoce, WebSocket", "server_agent", _own),
        System("LiveKit Agents 1.8.9", "livekit_agent", lambda: python_with("livekit", LIVEKIT)),
        System("Pipecat 1.14.0", "pipecat_agent", lambda: python_with("pipecat", PIPECAT)),
    )
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: a system with the settings it was told."""

    system: str
    settings: str

    @property
    def name(self) -> str:
        return SYSTEMS[self.system].name


def run_rounds(rows: list[Row], plan_of: Callable[[Row], Plan], rounds: int) -> dict[Row, list[Figures]]:
    """What each row's driver told, over all rounds. A driver that breaks is reported and tells nothing."""
    pythons = {row.system: SYSTEMS[row.system].python() for row in rows}
    told: dict[Row, list[Figures]] = {row: [] for row in rows}
    for number in range(rounds):
        for row in rows:
            sys.stderr.write(f"round {number + 1} of {rounds}: {row.name}, {row.settings}\n")
            told[row] += _run(pythons[row.system], SYSTEMS[row.system].module, plan_of(row))
    return told


def _run(python: Path, module: str, plan: Plan) -> list[Figures]:
    done = subprocess.run(
        [python, "-m", f"bench.peers.{module}"],
        input=plan.to_json(),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(f"the driver {module} broke:\n{done.stderr[-4000:]}\n")
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"figures"')]
    return [json.loads(line)["figures"] for line in lines]
