"""The platform API over a full database: how long lists, single objects and new ones take, and paging to the end.

A server of its own on one core, this process (the client) on the others. The database is filled first; then requests
are sent at a fixed rate whatever the answers do, and each is timed from the moment at which it was due.

    python -m bench.platform_api [--agents 10000] [--sessions 100000] [--rate 50] [--seconds 60] [--database-url URL]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from sqlalchemy import insert

from bench.figures import percentile, print_stages
from bench.server import KEY, measured_server
from vivavoce.agents.definition import AgentDefinition
from vivavoce.agents.identifiers import new_identifier
from vivavoce.store import schema
from vivavoce.store.database import Database, sqlite_url
from vivavoce.store.records import FIRST_ORGANISATION, SessionDetails
from vivavoce.store.store import Store

SERVER_CORE = 0
ROWS_AT_ONCE = 2_000
PAGE_LENGTH = 100
COMPARED_PAGES = 20
INSTRUCTIONS = "You help callers of a shop with their orders. Answer in one or two short spoken sentences. " * 8


@dataclass(frozen=True, slots=True)
class Wanted:
    agents: int
    sessions: int
    rate: float
    seconds: float
    database_url: str | None


async def fill(url: str, wanted: Wanted) -> None:
    """Agents, and sessions of a year that are over, in bulk."""
    async with await Store.open(url):
        pass
    database = Database(url)
    now = datetime.now(UTC)
    agent_ids = [new_identifier("agent", int(now.timestamp() * 1000)) for _ in range(wanted.agents)]
    try:
        for some in _batches(_agent_rows(agent_ids, now)):
            async with database.writing() as connection:
                await connection.execute(insert(schema.agents), some)
                versions = [
                    {"agent_id": row["id"], "version": 1, "definition": row["definition"], "created_at": now}
                    for row in some
                ]
                await connection.execute(insert(schema.agent_versions), versions)
        for some in _batches(_session_rows(agent_ids, wanted.sessions, now)):
            threads = [_thread_row(row) for row in some]
            async with database.writing() as connection:
                await connection.execute(insert(schema.threads), threads)
                await connection.execute(insert(schema.sessions), some)
    finally:
        await database.close()


def _agent_rows(agent_ids: list[str], now: datetime) -> Iterator[dict[str, Any]]:
    for number, agent_id in enumerate(agent_ids):
        definition = AgentDefinition(name=f"Agent {number}", instructions=INSTRUCTIONS)
        yield {
            "id": agent_id,
            "organisation_id": FIRST_ORGANISATION,
            "name": definition.name,
            "paused": False,
            "version": 1,
            "definition": msgspec.to_builtins(definition),
            "created_at": now,
            "updated_at": now,
        }


def _session_rows(agent_ids: list[str], count: int, now: datetime) -> Iterator[dict[str, Any]]:
    chance = random.Random(7)
    for number in range(count):
        begun = now - timedelta(days=365 * (1 - number / count))
        unix_ms = int(begun.timestamp() * 1000)
        yield {
            "id": new_identifier("sess", unix_ms),
            "organisation_id": FIRST_ORGANISATION,
            "agent_id": chance.choice(agent_ids),
            "thread_id": new_identifier("thr", unix_ms),
            "status": "completed",
            "dialect": "realtime",
            "channel": "web",
            "details": msgspec.to_builtins(SessionDetails(metadata={"customer": number})),
            "created_at": begun,
            "started_at": begun,
            "ended_at": begun + timedelta(minutes=3),
            "last_active_at": begun + timedelta(minutes=3),
            "expires_at": begun + timedelta(hours=1),
            "end_reason": "hung_up",
        }


def _thread_row(session: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": session["thread_id"],
        "organisation_id": session["organisation_id"],
        "agent_id": session["agent_id"],
        "status": "active",
        "metadata": {},
        "message_count": 0,
        "created_at": session["created_at"],
        "updated_at": session["ended_at"],
    }


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while some := list(itertools.islice(rows, ROWS_AT_ONCE)):
        yield some


async def measure(http: httpx.AsyncClient, wanted: Wanted) -> dict[str, list[float]]:
    """Milliseconds of each kind of request, from the moment at which it was due to its last byte."""
    page = (await http.get("/v1/agents", params={"limit": PAGE_LENGTH})).raise_for_status().json()
    agent_ids = [agent["agent_id"] for agent in page["agents"]]
    sessions = (await http.get("/v1/sessions", params={"limit": PAGE_LENGTH})).raise_for_status().json()
    session_ids = [session["session_id"] for session in sessions["sessions"]]
    new = {"name": "New", "instructions": INSTRUCTIONS, "voice": {"voice_id": "eve"}}
    chance = random.Random(11)
    kinds = {
        "list agents": lambda: http.get("/v1/agents"),
        "list sessions": lambda: http.get("/v1/sessions"),
        "get an agent": lambda: http.get(f"/v1/agents/{chance.choice(agent_ids)}"),
        "get a session": lambda: http.get(f"/v1/sessions/{chance.choice(session_ids)}"),
        "create an agent": lambda: http.post("/v1/agents", json=new),
    }
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}

    async def ask(kind: str, due: float) -> None:
        (await kinds[kind]()).raise_for_status()
        taken[kind].append((asyncio.get_running_loop().time() - due) * 1000)

    begun = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as tasks:
        for number, kind in zip(range(int(wanted.rate * wanted.seconds)), itertools.cycle(kinds)):
            due = begun + number / wanted.rate
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            tasks.create_task(ask(kind, due))
    return taken


async def page_through(http: httpx.AsyncClient, path: str) -> list[float]:
    """Milliseconds of every page from the first to the last, one after the other."""
    taken: list[float] = []
    token: str | None = None
    while True:
        query = {"limit": str(PAGE_LENGTH)} | ({} if token is None else {"pagination_token": token})
        begun = time.perf_counter()
        answer = (await http.get(path, params=query)).raise_for_status()
        taken.append((time.perf_counter() - begun) * 1000)
        token = answer.json()["pagination_token"]
        if token is None:
            return taken


def report_paging(what: str, pages: list[float]) -> None:
    first, last = pages[1 : COMPARED_PAGES + 1], pages[-COMPARED_PAGES - 1 : -1]
    ratio = statistics.median(last) / statistics.median(first)
    print(
        f"{what}: {len(pages)} pages of {PAGE_LENGTH}; median of the first {COMPARED_PAGES} "
        f"{statistics.median(first):.1f} ms, of the last {COMPARED_PAGES} {statistics.median(last):.1f} ms "
        f"(ratio {ratio:.2f})"
    )


async def main(wanted: Wanted) -> None:
    with tempfile.TemporaryDirectory() as place:
        data = Path(place)
        begun = time.monotonic()
        await fill(wanted.database_url or sqlite_url(data), wanted)
        print(f"{wanted.agents} agents and {wanted.sessions} sessions stored in {time.monotonic() - begun:.0f} s")
        more = () if wanted.database_url is None else ("--database-url", wanted.database_url)
        arguments = ("--engines", "scripted", "--no-journal", *more)
        with measured_server(*arguments, data=data) as server:
            server.process.cpu_affinity([SERVER_CORE])
            headers = {"authorization": f"Bearer {KEY}"}
            async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False, timeout=30) as http:
                taken = await measure(http, wanted)
                together = [value for values in taken.values() for value in values]
                print_stages(f"{wanted.rate:g} requests a second on one core", taken | {"all": together})
                print(json.dumps({kind: round(percentile(values, 95), 1) for kind, values in taken.items()}))
                report_paging("agents", await page_through(http, "/v1/agents"))
                report_paging("sessions", await page_through(http, "/v1/sessions"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--database-url", default=None)
    asyncio.run(main(Wanted(**vars(parser.parse_args()))))
