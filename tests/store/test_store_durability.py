"""What was acknowledged stays: through killed writers, through many writers at once, through a cancelled one.

Where only transactions matter, the tests write to a ledger of their own rather than to what the store keeps.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
import sqlite3
import sys
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, select, text

from vivavoce.agents.definition import AgentDefinition
from vivavoce.store.database import Database
from vivavoce.store.errors import StoreUnavailableError
from vivavoce.store.records import FIRST_ORGANISATION
from vivavoce.store.schema import agent_versions, agents
from vivavoce.store.store import Store

ROUNDS = 6
SEED = 20261121
# Several writers of agents and keys; only what was printed is known to the world.
WRITE_UNTIL_KILLED = """
import asyncio, hashlib, os, sys
from vivavoce.agents.definition import AgentDefinition
from vivavoce.store.records import FIRST_ORGANISATION
from vivavoce.store.store import Store

async def write(store, writer):
    for number in range(1_000_000):
        name = f"{sys.argv[1]}.{writer}.{number}"
        digest = hashlib.sha256(name.encode())
        if writer % 2:
            made = await store.keys.create(name, digest.hexdigest())
            print(made.record.key_id, name, flush=True)
        else:
            instructions = digest.hexdigest() * (1 + digest.digest()[0])
            made = await store.agents.add(FIRST_ORGANISATION, AgentDefinition(name, instructions))
            print(made.agent_id, name, flush=True)

async def main():
    async with await Store.open(os.environ["DATABASE"]) as store, asyncio.TaskGroup() as writers:
        for writer in range(4):
            writers.create_task(write(store, writer))

asyncio.run(main())
"""


async def _assert_kept(store: Store, identifier: str, name: str) -> None:
    """What was acknowledged under this id is there, exactly as it was written."""
    digest = hashlib.sha256(name.encode())
    if identifier.startswith("key_"):
        key = await store.keys.verify(digest.hexdigest())
        assert key is not None, name
        assert (key.key_id, key.name) == (identifier, name)
        return
    found = await store.agents.get(FIRST_ORGANISATION, identifier)
    assert found is not None, name
    assert found.definition == AgentDefinition(name, digest.hexdigest() * (1 + digest.digest()[0]))
    assert [version.definition for version in await store.agents.versions(found)] == [found.definition]


async def _torn(store: Store) -> list[str]:
    """Agents without their first version: half of what was written in one transaction."""
    whole = select(agent_versions.c.agent_id)
    async with store._database.reading() as connection:
        return list((await connection.execute(select(agents.c.name).where(agents.c.id.not_in(whole)))).scalars())


@pytest.fixture
async def database(store_url: str) -> AsyncGenerator[Database]:
    """The database with an empty ledger."""
    opened = Database(store_url)
    async with opened.writing() as connection:
        await connection.execute(text("CREATE TABLE ledger (id VARCHAR(64) PRIMARY KEY, content TEXT NOT NULL)"))
    yield opened
    await opened.close()


async def _write(database: Database, entry: str) -> None:
    async with database.writing() as connection:
        await connection.execute(text("INSERT INTO ledger VALUES (:id, 'by hand')"), {"id": entry})


async def _entries(database: Database) -> dict[str, str]:
    async with database.reading() as connection:
        rows = await connection.execute(text("SELECT id, content FROM ledger ORDER BY id"))
        return {row.id: row.content for row in rows}


async def _start_writers(name: str, url: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WRITE_UNTIL_KILLED,
        name,
        env=os.environ | {"DATABASE": url},
        stdout=asyncio.subprocess.PIPE,
    )


async def _kill_after(process: asyncio.subprocess.Process, acknowledgements: int) -> dict[str, str]:
    """Kill it at once when it has acknowledged so many; the ids and names that it had acknowledged by then."""
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(acknowledgements)]
    process.kill()
    lines += (await process.stdout.read()).splitlines(keepends=True)
    assert await process.wait() == -signal.SIGKILL
    pairs = [line.decode().split() for line in lines if line.endswith(b"\n")]
    return dict(pairs)


async def test_writers_that_are_killed_at_any_moment_lose_nothing_that_they_acknowledged(store_url: str) -> None:
    moments = random.Random(SEED)
    acknowledged: dict[str, str] = {}
    for number in range(ROUNDS):
        wanted = moments.randint(1, 60)
        newly = await _kill_after(await _start_writers(f"round{number}", store_url), wanted)
        assert len(newly) >= wanted
        acknowledged |= newly
        async with await Store.open(store_url) as store:
            for identifier, name in acknowledged.items():
                await _assert_kept(store, identifier, name)
            assert await _torn(store) == []
        _assert_the_file_is_whole(store_url)
    assert {identifier.partition("_")[0] for identifier in acknowledged} == {"agent", "key"}


def _assert_the_file_is_whole(url: str) -> None:
    """SQLite only: PostgreSQL's own process was not killed, so its files are not in question."""
    parsed = make_url(url)
    if parsed.drivername.startswith("sqlite"):
        with closing(sqlite3.connect(Path(parsed.database or ""))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_writers_of_several_processes_wait_for_each_other(store_url: str) -> None:
    processes = [await _start_writers(f"process{number}", store_url) for number in range(3)]
    acknowledged = await asyncio.gather(*(_kill_after(process, 20) for process in processes))
    async with await Store.open(store_url) as store:
        for identifier, name in [pair for kept in acknowledged for pair in kept.items()]:
            await _assert_kept(store, identifier, name)
        assert await _torn(store) == []


async def test_many_writers_in_one_process_all_succeed(database: Database) -> None:
    async with asyncio.TaskGroup() as writers:
        for index in range(60):
            writers.create_task(_write(database, f"entry {index}"), name=f"writer {index}")
    assert len(await _entries(database)) == 60


async def test_readers_go_on_side_by_side_while_a_write_is_open_and_see_nothing_of_it(database: Database) -> None:
    everybody_reads = asyncio.Barrier(4)

    async def read() -> int:
        async with database.reading() as connection:
            found = (await connection.execute(text("SELECT count(*) FROM ledger"))).scalar_one()
            await everybody_reads.wait()
            return int(found)

    async with database.writing() as connection:
        await connection.execute(text("INSERT INTO ledger VALUES ('open', 'not yet')"))
        assert await asyncio.gather(*(read() for _ in range(4))) == [0] * 4
    assert list(await _entries(database)) == ["open"]


async def test_writers_that_wait_for_a_slow_one_keep_no_reader_waiting(tmp_path: Path) -> None:
    """SQLite: one writer at a time, and those who wait hold no connection that a reader could need."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/file.db", connections=2)
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE ledger (id TEXT, content TEXT)"))
    async with database.writing(), asyncio.TaskGroup() as waiting:
        writers = [waiting.create_task(_write(database, "patient"), name="patient writer") for _ in range(40)]
        for _ in range(50):
            assert await _entries(database) == {}
        assert not any(writer.done() for writer in writers)
        for writer in writers:
            writer.cancel()
    assert await _entries(database) == {}
    await database.close()


async def test_a_writer_that_is_cancelled_changes_nothing_and_leaves_the_door_open(database: Database) -> None:
    await _write(database, "kept")
    inside = asyncio.Event()

    async def write_for_ever() -> None:
        async with database.writing() as connection:
            await connection.execute(text("DELETE FROM ledger"))
            inside.set()
            await asyncio.Event().wait()

    writer = asyncio.create_task(write_for_ever())
    await inside.wait()
    writer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer
    await _write(database, "later")
    assert list(await _entries(database)) == ["kept", "later"]


async def test_a_reader_sees_one_state_while_a_writer_changes_it(database: Database) -> None:
    count = text("SELECT count(*) FROM ledger")
    async with database.reading() as reader:
        assert (await reader.execute(count)).scalar_one() == 0
        await _write(database, "meanwhile")
        assert (await reader.execute(count)).scalar_one() == 0
    assert list(await _entries(database)) == ["meanwhile"]


async def test_a_reader_that_tries_to_write_is_refused(database: Database) -> None:
    with pytest.raises(StoreUnavailableError, match=r"read-?only"):
        async with database.reading() as connection:
            await connection.execute(text("INSERT INTO ledger VALUES ('sly', '')"))
    assert await _entries(database) == {}
