"""Opening a database: made when missing, migrated when old, refused when it is not ours to touch."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import JSON, Connection, TextClause, bindparam, inspect, text

from vivavoce.store.database import DATABASE_FILE_NAME, Database, sqlite_url
from vivavoce.store.errors import DatabaseTooNewError, StoreError, StoreUnavailableError
from vivavoce.store.records import FIRST_ORGANISATION, NewMessage, PageRequest
from vivavoce.store.schema import UtcDateTime, metadata
from vivavoce.store.store import Store

WORDS = "knowledge_words"
"""SQLite's index of words, and what the tables begin with that it keeps for itself."""

OPEN_ONCE = """
import asyncio, os
from vivavoce.store.store import Store

async def main():
    async with await Store.open(os.environ["DATABASE"]):
        pass

asyncio.run(main())
"""
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FORMER_AGENT = "agent_00000000000000000000000001"
FORMER_AGENT_ROW = text(
    "INSERT INTO agents (id, name, definition, created_at, updated_at) VALUES (:id, 'Old', :definition, :at, :at)"
).bindparams(bindparam("definition", type_=JSON), bindparam("at", type_=UtcDateTime))
FORMER_KEY_ROW = text(
    "INSERT INTO api_keys (id, name, secret_sha256, last4, created_at) VALUES ('key_1', 'Old', :digest, 'cret', :at)"
).bindparams(bindparam("at", type_=UtcDateTime))
FORMER_THREAD_ROW = text(
    "INSERT INTO threads (id, organisation_id, status, metadata, message_count, created_at, updated_at) "
    "VALUES ('thr_1', :organisation, 'active', '{}', 1, :at, :at)"
).bindparams(bindparam("at", type_=UtcDateTime))
FORMER_MESSAGE_ROW = text(
    "INSERT INTO messages (id, organisation_id, thread_id, role, content, interrupted, created_at) "
    "VALUES ('msg_1', :organisation, 'thr_1', 'assistant', 'One two', true, :at)"
).bindparams(bindparam("at", type_=UtcDateTime))
REVISION = text("SELECT version_num FROM alembic_version")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _share(path: Path, mode: int) -> None:
    path.chmod(mode)


async def _made(directory: Path) -> Path:
    async with await Store.open(sqlite_url(directory)):
        return directory / DATABASE_FILE_NAME


async def _execute(url: str, sql: str) -> None:
    database = Database(url)
    async with database.writing() as connection:
        await connection.execute(text(sql))
    await database.close()


async def _read(url: str, query: TextClause) -> list[Any]:
    database = Database(url)
    async with database.reading() as connection:
        found = list((await connection.execute(query)).scalars())
    await database.close()
    return found


async def _tables(url: str) -> list[str]:
    database = Database(url)
    async with database.reading() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await database.close()
    return names


def _context(connection: Connection) -> MigrationContext:
    """Without what finds words, which each of the two databases has in a way of its own."""

    def is_shared(_object: object, name: str | None, *_: object) -> bool:
        return name is None or not (name.startswith(WORDS) or name in ("words", "ix_knowledge_chunks_words"))

    return MigrationContext.configure(connection, opts={"include_object": is_shared})


async def test_a_missing_database_is_made_with_every_table(new_store_url: str) -> None:
    async with await Store.open(new_store_url):
        found = {name for name in await _tables(new_store_url) if not name.startswith(WORDS)}
        assert set(metadata.tables) | {"alembic_version"} == found


async def test_the_migrations_build_exactly_the_tables_that_the_schema_describes(store_url: str) -> None:
    async with await Store.open(store_url):
        pass
    database = Database(store_url)
    async with database.reading() as connection:
        different = await connection.run_sync(lambda sync: compare_metadata(_context(sync), metadata))
    await database.close()
    assert different == []


async def test_a_database_that_is_up_to_date_is_opened_without_writing_to_it(
    new_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await Store.open(new_store_url):
        pass

    def refuse(_connection: Connection) -> None:
        raise AssertionError("migrated a database that needed nothing")

    monkeypatch.setattr("vivavoce.store.store.migrate", refuse)
    async with await Store.open(new_store_url):
        assert len(await _read(new_store_url, REVISION)) == 1


async def test_a_database_of_a_newer_version_is_refused_and_left_as_it_was(new_store_url: str) -> None:
    async with await Store.open(new_store_url):
        pass
    await _execute(new_store_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseTooNewError, match=r"newer vivavoce made this database \(schema 9999.*--data"):
        await Store.open(new_store_url)
    assert await _read(new_store_url, REVISION) == ["9999"]


async def test_a_database_of_another_program_is_refused(new_store_url: str) -> None:
    await _execute(new_store_url, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreError, match=r"not a vivavoce database .it holds recipes.*--database-url"):
        await Store.open(new_store_url)
    assert await _tables(new_store_url) == ["recipes"]


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
        pytest.param("mysql://me:secret@host/db", "mysql is not supported", id="another kind of database is refused"),
        pytest.param("sqlite+aiosqlite://", "is not supported", id="a database in memory is refused"),
        pytest.param("nonsense", "not a database URL", id="a text that is no URL is refused"),
        pytest.param("postgresql://me:secret@host:port/db", "not a database URL", id="a port that is none is refused"),
    ],
)
async def test_a_url_that_cannot_work_is_refused_without_repeating_its_password(url: str, complaint: str) -> None:
    with pytest.raises(StoreError, match=complaint) as caught:
        await Store.open(url)
    assert "secret" not in str(caught.value)


async def test_the_database_and_its_new_directory_are_for_their_owner_only(tmp_path: Path) -> None:
    async with await Store.open(sqlite_url(tmp_path / "data")):
        await _execute(sqlite_url(tmp_path / "data"), "CREATE TABLE makes_the_journal_appear (id INTEGER)")
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


async def test_many_processes_that_start_at_once_on_a_missing_database_all_succeed(new_store_url: str) -> None:
    async def start() -> tuple[int | None, bytes]:
        environment = os.environ | {"DATABASE": new_store_url}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", OPEN_ONCE, env=environment, stderr=asyncio.subprocess.PIPE
        )
        _, errors = await process.communicate()
        return process.returncode, errors

    assert await asyncio.gather(*(start() for _ in range(5))) == [(0, b"")] * 5
    assert len(await _read(new_store_url, REVISION)) == 1


async def test_a_failed_migration_leaves_the_database_empty_so_that_the_next_start_can_try_again(
    new_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.create_index", _power_cut)
        with pytest.raises(RuntimeError, match="power cut"):
            await Store.open(new_store_url)
    assert await _tables(new_store_url) == []
    async with await Store.open(new_store_url):
        assert len(await _read(new_store_url, REVISION)) == 1


async def test_a_database_of_the_first_version_keeps_its_agents_and_keys(new_store_url: str) -> None:
    database = Database(new_store_url)
    async with database.writing() as connection:
        await connection.run_sync(_migrate_to, "0001")
    agent = {"agent_id": FORMER_AGENT, "name": "Old", "instructions": "Be old.", "created_at": "2026-01-02T03:04:05Z"}
    digest = hashlib.sha256(b"my-own-secret").hexdigest()
    for statement, values in (
        (FORMER_AGENT_ROW, {"id": FORMER_AGENT, "definition": agent, "at": NOON}),
        (FORMER_KEY_ROW, {"digest": digest, "at": NOON}),
    ):
        async with database.writing() as connection:
            await connection.execute(statement, values)
    await database.close()

    async with await Store.open(new_store_url) as store:
        found = await store.agents.first(FIRST_ORGANISATION)
        assert found is not None
        assert (found.agent_id, found.definition.name, found.created_at) == (FORMER_AGENT, "Old", NOON)
        key = await store.keys.verify("my-own-secret")
        assert key is not None
        assert key.organisation_id == FIRST_ORGANISATION


async def test_a_message_of_an_older_version_was_generated_as_it_was_heard_also_after_a_way_back(
    new_store_url: str,
) -> None:
    database = Database(new_store_url)
    async with database.writing() as connection:
        await connection.run_sync(_migrate_to, "0008")
    for statement in (FORMER_THREAD_ROW, FORMER_MESSAGE_ROW):
        async with database.writing() as connection:
            await connection.execute(statement, {"organisation": FIRST_ORGANISATION, "at": NOON})
    for revision in ("0009", "0008"):
        async with database.writing() as connection:
            await connection.run_sync(_migrate_to if revision == "0009" else _migrate_back_to, revision)
            columns = await connection.run_sync(
                lambda sync: [each["name"] for each in inspect(sync).get_columns("messages")]
            )
        assert ("generated_text" in columns) is (revision == "0009")
    await database.close()

    async with await Store.open(new_store_url) as store:
        page = await store.threads.messages(FIRST_ORGANISATION, PageRequest(), thread_id="thr_1")
        assert [each.message for each in page.items] == [NewMessage("assistant", "One two", interrupted=True)]


def _migrate_back_to(connection: Connection, revision: str) -> None:
    configuration = Config()
    configuration.set_main_option("script_location", "vivavoce.store:migrations")
    configuration.attributes["connection"] = connection
    command.downgrade(configuration, revision)


def _migrate_to(connection: Connection, revision: str) -> None:
    configuration = Config()
    configuration.set_main_option("script_location", "vivavoce.store:migrations")
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, revision)


def _power_cut(*_arguments: object, **_options: object) -> None:
    raise RuntimeError("power cut")
