"""Opening a database: made when missing, migrated when old, refused when it is not ours to touch."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine

from vivavoce.store.database import DATABASE_FILE_NAME, Database, sqlite_url
from vivavoce.store.errors import DatabaseTooNewError, StoreError, StoreUnavailableError
from vivavoce.store.schema import metadata
from vivavoce.store.store import Store

OPEN_ONCE = """
import asyncio, sys
from pathlib import Path
from vivavoce.store.database import sqlite_url
from vivavoce.store.store import Store

async def main():
    async with await Store.open(sqlite_url(Path(sys.argv[1]))) as store:
        await store.keys.create("one of many")

asyncio.run(main())
"""


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _share(path: Path, mode: int) -> None:
    path.chmod(mode)


async def _made(directory: Path) -> Path:
    async with await Store.open(sqlite_url(directory)):
        return directory / DATABASE_FILE_NAME


async def test_a_missing_database_is_made_with_every_table_and_can_be_used_at_once(tmp_path: Path) -> None:
    async with await Store.open(sqlite_url(tmp_path / "data")) as store:
        assert await store.agents.count() == 0
        assert await store.keys.count() == 0


async def test_the_migrations_build_exactly_the_tables_that_the_schema_describes(tmp_path: Path) -> None:
    path = await _made(tmp_path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


async def test_a_database_that_is_up_to_date_is_opened_without_writing_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _made(tmp_path)

    def refuse(_connection: Connection) -> None:
        raise AssertionError("migrated a database that needed nothing")

    monkeypatch.setattr("vivavoce.store.store.migrate", refuse)
    async with await Store.open(sqlite_url(tmp_path)) as store:
        assert await store.keys.count() == 0


async def test_a_database_of_a_newer_version_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = await _made(tmp_path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(DatabaseTooNewError, match=r"newer vivavoce made this database \(schema 9999.*--data"):
        await Store.open(sqlite_url(tmp_path))
    assert path.read_bytes() == before


async def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_FILE_NAME
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreError, match=r"not a vivavoce database .it holds recipes"):
        await Store.open(sqlite_url(tmp_path))


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE_NAME).write_bytes(b"dear diary" * 100)
    with pytest.raises(StoreError, match=r"file is not a database.*--data") as caught:
        await Store.open(sqlite_url(tmp_path))
    assert not isinstance(caught.value, StoreUnavailableError)


async def test_a_data_directory_that_cannot_be_made_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(StoreError, match=r"file/data/vivavoce.db cannot be opened .*--data"):
        await Store.open(sqlite_url(tmp_path / "file" / "data"))


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        pytest.param(
            "postgresql+asyncpg://me:secret@host/db", "is not supported", id="another kind of database is refused"
        ),
        pytest.param("sqlite+aiosqlite://", "is not supported", id="a database in memory is refused"),
        pytest.param("nonsense", "not a database URL", id="a text that is no URL is refused"),
    ],
)
async def test_a_url_that_cannot_work_is_refused_without_repeating_its_password(url: str, complaint: str) -> None:
    with pytest.raises(StoreError, match=complaint) as caught:
        await Store.open(url)
    assert "secret" not in str(caught.value)


async def test_the_database_and_its_new_directory_are_for_their_owner_only(tmp_path: Path) -> None:
    async with await Store.open(sqlite_url(tmp_path / "data")) as store:
        await store.keys.create("makes the journal appear")
        modes = {path.name: _mode(path) for path in (tmp_path / "data").iterdir()}
    assert _mode(tmp_path / "data") == 0o700
    assert set(modes.values()) == {0o600}
    assert f"{DATABASE_FILE_NAME}-wal" in modes


async def test_a_database_that_others_could_read_is_closed_to_them_and_a_shared_directory_stays_shared(
    tmp_path: Path,
) -> None:
    path = await _made(tmp_path)
    _share(path, 0o644)
    _share(tmp_path, 0o755)
    await _made(tmp_path)
    assert _mode(path) == 0o600
    assert _mode(tmp_path) == 0o755


async def test_every_connection_writes_through_to_the_disk_and_minds_foreign_keys(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path))
    wanted = {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 5000}
    async with database.reading() as reader, database.writing() as writer:
        for connection in (reader, writer):
            found = {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in wanted}
            assert found == wanted
    await database.close()


async def test_many_processes_that_start_at_once_on_a_missing_database_all_succeed(tmp_path: Path) -> None:
    async def start() -> tuple[int | None, bytes]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", OPEN_ONCE, str(tmp_path), stderr=asyncio.subprocess.PIPE
        )
        _, errors = await process.communicate()
        return process.returncode, errors

    results = await asyncio.gather(*(start() for _ in range(6)))
    assert results == [(0, b"")] * 6
    async with await Store.open(sqlite_url(tmp_path)) as store:
        assert await store.keys.count() == 6


async def test_a_failed_migration_leaves_the_database_empty_so_that_the_next_start_can_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.create_index", _power_cut)
        with pytest.raises(RuntimeError, match="power cut"):
            await Store.open(sqlite_url(tmp_path))
    with closing(sqlite3.connect(tmp_path / DATABASE_FILE_NAME)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    async with await Store.open(sqlite_url(tmp_path)) as store:
        assert await store.agents.count() == 0


def _power_cut(*_arguments: object, **_options: object) -> None:
    raise RuntimeError("power cut")
