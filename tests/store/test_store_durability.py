"""What was acknowledged stays: through a killed writer, through many writers at once, through a cancelled one."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from vivavoce.store.database import Database, sqlite_url
from vivavoce.store.store import Store

WRITE_UNTIL_KILLED = """
import asyncio, sys
from pathlib import Path
from vivavoce.store.database import sqlite_url
from vivavoce.store.store import Store

async def main():
    async with await Store.open(sqlite_url(Path(sys.argv[1]))) as store:
        while True:
            print((await store.keys.create("acknowledged")).record.key_id, flush=True)

asyncio.run(main())
"""


async def _start_writer(directory: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITE_UNTIL_KILLED, str(directory), stdout=asyncio.subprocess.PIPE
    )


async def test_a_writer_that_is_killed_in_the_middle_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    writer = await _start_writer(tmp_path)
    assert writer.stdout is not None
    acknowledged = [await writer.stdout.readline() for _ in range(25)]
    writer.kill()
    acknowledged += (await writer.stdout.read()).splitlines(keepends=True)
    assert await writer.wait() == -signal.SIGKILL

    whole = {line.decode().strip() for line in acknowledged if line.endswith(b"\n")}
    async with await Store.open(sqlite_url(tmp_path)) as store:
        kept = {record.key_id for record in await store.keys.list()}
    assert len(whole) >= 25
    assert whole <= kept


async def test_many_writers_in_one_process_all_succeed(tmp_path: Path) -> None:
    async with await Store.open(sqlite_url(tmp_path)) as store:
        async with asyncio.TaskGroup() as writers:
            for index in range(60):
                writers.create_task(store.keys.create(f"writer {index}"), name=f"writer {index}")
        assert await store.keys.count() == 60


async def test_writers_that_wait_for_a_slow_one_keep_no_reader_waiting(tmp_path: Path) -> None:
    async with await Store.open(sqlite_url(tmp_path)) as store:
        async with store._database.writing(), asyncio.TaskGroup() as waiting:
            writers = [waiting.create_task(store.keys.create("patient"), name="patient writer") for _ in range(40)]
            for _ in range(50):
                assert await store.keys.count() == 0
            assert not any(writer.done() for writer in writers)
            for writer in writers:
                writer.cancel()
        assert await store.keys.count() == 0


async def test_writers_of_several_processes_wait_for_each_other(tmp_path: Path) -> None:
    processes = [await _start_writer(tmp_path) for _ in range(3)]
    written: list[bytes] = []
    for process in processes:
        assert process.stdout is not None
        written += [await process.stdout.readline() for _ in range(20)]
    for process in processes:
        process.kill()
        await process.wait()
    assert all(line.startswith(b"key_") for line in written)
    async with await Store.open(sqlite_url(tmp_path)) as store:
        assert {line.decode().strip() for line in written} <= {record.key_id for record in await store.keys.list()}


async def test_a_writer_that_is_cancelled_leaves_the_door_open_for_the_next(tmp_path: Path) -> None:
    async with await Store.open(sqlite_url(tmp_path)) as store:
        database = store._database
        inside = asyncio.Event()

        async def write_for_ever() -> None:
            async with database.writing() as connection:
                await connection.execute(text("DELETE FROM api_keys"))
                inside.set()
                await asyncio.Event().wait()

        kept = await store.keys.create("kept")
        writer = asyncio.create_task(write_for_ever())
        await inside.wait()
        writer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writer
        await store.keys.create("after")
        assert [record.name for record in await store.keys.list()] == ["kept", "after"]
        assert await store.keys.verify(kept.secret) is not None


async def test_a_reader_sees_one_state_while_a_writer_changes_it(tmp_path: Path) -> None:
    async with await Store.open(sqlite_url(tmp_path)) as store:
        database = Database(sqlite_url(tmp_path))
        count = text("SELECT count(*) FROM api_keys")
        async with database.reading() as reader:
            assert (await reader.execute(count)).scalar_one() == 0
            await store.keys.create("meanwhile")
            assert (await reader.execute(count)).scalar_one() == 0
        async with database.reading() as reader:
            assert (await reader.execute(count)).scalar_one() == 1
        await database.close()
