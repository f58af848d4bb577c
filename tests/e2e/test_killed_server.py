"""A server that is killed at any moment has every write that it acknowledged: kill -9, start again, look."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

KEY = "vv_test_key_0123456789"
ROUNDS = 3
WRITERS = 8


@contextmanager
def server(data: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "vivavoce", "serve", "--engines", "scripted", "--port", "0", "--json"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VIVAVOCE_")}
    environment["VIVAVOCE_API_KEY"] = KEY
    with subprocess.Popen(
        [*command, "--data", str(data)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"], process
        finally:
            process.kill()


async def write_until_killed(url: str, process: subprocess.Popen[str], writes: int) -> dict[str, str]:
    """The agents and threads that the server acknowledged, by path, with their names; it is killed after `writes`."""
    acknowledged: dict[str, str] = {}

    async def write(http: httpx.AsyncClient, writer: int) -> None:
        for number in range(1_000):
            name = f"{writer}-{number}"
            try:
                made = await http.post("/v1/agents", json={"name": name})
                thread = await http.post("/v1/threads", json={"title": name})
            except httpx.TransportError:
                return
            acknowledged[f"/v1/agents/{made.raise_for_status().json()['agent_id']}"] = name
            acknowledged[f"/v1/threads/{thread.raise_for_status().json()['id']}"] = name
            if len(acknowledged) >= writes:
                process.send_signal(signal.SIGKILL)

    headers = {"authorization": f"Bearer {KEY}"}
    async with (
        httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as http,
        asyncio.TaskGroup() as tasks,
    ):
        for writer in range(WRITERS):
            tasks.create_task(write(http, writer))
    return acknowledged


def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    chance = random.Random(3)
    kept: dict[str, str] = {}
    for _ in range(ROUNDS):
        with server(tmp_path) as (url, process):
            kept |= asyncio.run(write_until_killed(url, process, chance.randrange(20, 120)))
    with (
        server(tmp_path) as (url, _),
        httpx.Client(base_url=url, headers={"authorization": f"Bearer {KEY}"}, trust_env=False) as http,
    ):
        found = {path: http.get(path).json() for path in kept}
    assert {path: (thing.get("name") or thing.get("title")) for path, thing in found.items()} == kept
    assert len(kept) > ROUNDS * 20
