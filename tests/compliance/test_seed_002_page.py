"""The Python code of the second seed's page, taken from the page itself and run with another host, key and agent.

The page is no part of the project: it lies beside a development checkout, and only there the test exists. What it shows
is shown everywhere by `tests/api/test_seed_002_xai.py` and by the clients of this folder.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compliance import claims
from tests.compliance.environments import ROOT
from tests.compliance.talking_server import TalkingServer, talking_server
from tests.serving import KEY

PAGES = sorted((ROOT.parent / "shared" / "seeds").glob("002_*.txt"))


def code_blocks(page: str) -> list[str]:
    """The Python blocks: from a line of imports, as many lines as are code. The page has lost its indentation."""
    lines = page.splitlines()
    blocks: list[str] = []
    for start, line in enumerate(lines):
        if re.match(r"import \w+(, \w+)+$", line):
            ends = range(len(lines), start, -1)
            indented = (_indented(lines[start:end]) for end in ends)
            blocks.append(next(block for block in indented if _compiles(block)))
    return blocks


def _indented(lines: list[str]) -> str:
    depth, inner, done = 0, 0, []
    for line in lines:
        if line.startswith("asyncio.run("):
            inner = 0
        done.append("    " * inner + line)
        depth += sum(line.count(opening) for opening in "([{") - sum(line.count(closing) for closing in ")]}")
        inner += depth == 0 and line.endswith(":")
    return "\n".join(done) + "\n"


def _compiles(block: str) -> bool:
    try:
        compile(block, "page", "exec")
    except SyntaxError:
        return False
    return True


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TalkingServer]:
    with talking_server(tmp_path_factory.mktemp("data")) as one:
        yield one


def run(server: TalkingServer, code: str, agent_id: str | None = None) -> str:
    """What the code prints against our server."""
    code = code.replace("https://api.x.ai", server.served.url).replace("wss://api.x.ai", f"ws://{server.address}")
    if agent_id is not None:
        code = code.replace("agent_abc123def456", agent_id)
    environment = {**os.environ, "XAI_API_KEY": KEY}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, f"{code}\n{ended.stderr}"
    return ended.stdout


def check(server: TalkingServer, page: Path) -> None:
    creating, calling, talking = code_blocks(page.read_text())
    told = run(server, creating + calling)
    [agent_id] = re.findall(r"Created agent: (\S+)", told)
    assert f"to {agent_id}" in told
    assert "Session configured" in run(server, talking, agent_id)
    wire = server.tap.wires[-1]
    claims.no_errors(wire)
    assert wire.sent("session.update")


if PAGES:

    def test_the_code_of_the_page_runs(server: TalkingServer) -> None:
        check(server, PAGES[0])
