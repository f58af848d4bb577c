"""Clients that lose their connection at any instant, and servers that are killed: nothing that was told is lost.

VIVAVOCE_DROPS is how many drops there are; `VIVAVOCE_DROPS=1000 pytest tests/e2e/test_resumption.py` is the long run.
`found.json` in the test's folder says what was found again.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import random
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.test_killed_server import KEY, server
from tests.resuming_client import ResumingClient, drop

DROPS = int(os.environ.get("VIVAVOCE_DROPS", "60"))
CONVERSATIONS = 6
ROUNDS_A_SERVER = 5
"""In each round every conversation is dropped once; in the last one by killing the server."""


async def drop_until_killed(clients: list[ResumingClient], url: str, process: subprocess.Popen[str]) -> None:
    address = f"ws{url.removeprefix('http')}/v1/realtime"
    for number in range(ROUNDS_A_SERVER):
        held = await asyncio.gather(*(client.hold(address) for client in clients))
        if number == ROUNDS_A_SERVER - 1:
            process.send_signal(signal.SIGKILL)
        await asyncio.gather(*(drop(websocket) for websocket in held))


@pytest.mark.timeout(60 + 4 * DROPS)
def test_a_sequence_of_random_drops_and_deaths_of_the_server_loses_nothing_that_was_told(tmp_path: Path) -> None:
    clients = [ResumingClient(random.Random(seed), KEY) for seed in range(CONVERSATIONS)]
    servers = math.ceil(DROPS / (CONVERSATIONS * ROUNDS_A_SERVER))
    for _ in range(servers):
        with server(tmp_path) as (url, process):
            asyncio.run(drop_until_killed(clients, url, process))
    found = sum((client.checked for client in clients), start=Counter[str]())
    drops = servers * CONVERSATIONS * ROUNDS_A_SERVER
    (tmp_path / "found.json").write_text(json.dumps({"drops": drops, "deaths": servers, **found}))
    assert min(found[kind] for kind in ("message", "function_call", "function_call_output", "cut messages")) > 0
    assert found["pending calls"] > 0
