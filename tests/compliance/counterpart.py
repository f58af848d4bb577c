"""Runs one of other people's clients as a process and reads what it lived through.

A counterpart is a script that holds its talks at once, each over one connection, and prints one line of JSON a talk:
`{"talk": name, ...what the client saw}`, with `"failure"` and a trace where a talk broke.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.compliance.environments import ROOT, installed
from tests.compliance.talking_server import TalkingServer, Wire
from tests.serving import KEY
from vivavoce.engines.ports import GenerationRequest

JS = Path(__file__).parent / "js"
LIMIT_SECONDS = 240

ONLY_SAID_IN = {
    "written": "Is the shop open?",
    "function": "What is the weather in Bern?",
    "barge_in": "Tell me a story.",
    "say": "One moment, please.",
}
"""What a client says in one talk alone: the wire of a talk is known by it. The talk `spoken` has none of these."""


@dataclass(frozen=True, slots=True)
class Encounter:
    """One talk of a client: what it told, what went over the wire, what the language model was asked."""

    told: Mapping[str, Any]
    wire: Wire
    requests: Sequence[GenerationRequest]


class Encounters:
    """The talks that one client held, by name."""

    def __init__(self, talks: Mapping[str, Mapping[str, Any]], server: TalkingServer) -> None:
        self._talks = talks
        self._wires = {_talk_on(wire): wire for wire in server.tap.wires}
        self._requests = server.requests

    def __getitem__(self, name: str) -> Encounter:
        """A talk. Fails with the client's trace and the frames where the talk broke."""
        assert name in self._wires, f"no connection for the talk '{name}'; the client told {self._talks.get(name)}"
        told, wire = self._talks[name], self._wires[name]
        assert "failure" not in told, f"{told['failure']}\n{wire.story()[-12_000:]}"
        [session, *_] = wire.told("session.created")
        mine = [request for request in self._requests if request.affinity == session["session"]["id"]]
        return Encounter(told, wire, mine)


def python_encounters(server: TalkingServer, script: str) -> Encounters:
    """Hold the talks of a script in `counterparts/`."""
    environments = installed()
    return _run([str(environments.python), "-m", f"tests.compliance.counterparts.{script}"], server, ROOT)


def javascript_encounters(server: TalkingServer, script: str, place: Path) -> Encounters:
    """Hold the talks of a script in `js/`. `place`: an empty folder, where it finds the packages that it imports."""
    environments = installed()
    (place / "node_modules").symlink_to(environments.node_modules)
    for source in JS.glob("*.mjs"):
        (place / source.name).write_text(source.read_text())
    return _run([str(environments.node), str(place / f"{script}.mjs")], server, place)


def _talk_on(wire: Wire) -> str:
    said = json.dumps([frame for by, frame in wire.frames if by == "client"])
    return next((talk for talk, words in ONLY_SAID_IN.items() if words in said), "spoken")


def _run(command: list[str], server: TalkingServer, place: Path) -> Encounters:
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    environment |= {"ADDRESS": server.address, "KEY": KEY, "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"OPENAI_AGENTS_DISABLE_TRACING": "1", "DO_NOT_TRACK": "1"}
    if server.certificate is not None:
        trusted = str(server.certificate)
        environment |= {"SSL_CERT_FILE": trusted, "NODE_EXTRA_CA_CERTS": trusted}
    ended = subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    talks: dict[str, dict[str, Any]] = {}
    for line in ended.stdout.splitlines():
        if line.startswith('{"talk"'):
            told = json.loads(line)
            talks[told["talk"]] = told
    assert ended.returncode == 0, f"{ended.stdout[-4000:]}\n{ended.stderr[-8000:]}"
    return Encounters(talks, server)
