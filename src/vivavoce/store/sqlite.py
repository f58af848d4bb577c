"""SQLite: one file, many readers, one writer at a time. Part of a `Database`; ends with it.

Writers of this process wait for each other in a fair queue (SQLite's own waiting is not fair); writers of other
processes are waited for up to five seconds. Readers have connections of their own: with the write-ahead log they go on
reading the last committed state while somebody writes or commits (https://sqlite.org/wal.html, section 2.2).
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from vivavoce.store.errors import StoreError, StoreUnavailableError

BUSY_TIMEOUT_MS = 5_000
_PRIVATE_FILE = 0o600
_PRIVATE_DIRECTORY = 0o700
_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    # what is deleted is overwritten, for it may be what somebody wants nobody to read
    "PRAGMA secure_delete=ON",
)
_ONLY_READ = "PRAGMA query_only=ON"


class SqliteFile:
    """The file and the connections to it."""

    def __init__(self, path: Path, connections: int) -> None:
        """Make the file ready, open no connection yet. Raises `StoreError`."""
        self.dialect_name: Literal["sqlite", "postgresql"] = "sqlite"
        self._path = path
        _make_private_file(path)
        self.reader = _engine(path, connections, (*_PRAGMAS, _ONLY_READ), "BEGIN")
        # IMMEDIATE: no transaction finds out half-way that it may not write
        self.writer = _engine(path, 1, _PRAGMAS, "BEGIN IMMEDIATE")
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def write_turn(self) -> AsyncGenerator[None]:
        async with self._turn:
            yield

    def translated(self, error: DBAPIError | PoolTimeoutError | OSError) -> StoreError:
        if isinstance(error, DBAPIError) and not isinstance(error, OperationalError):
            return StoreError(
                f"the database {self._path} cannot be used ({error.orig}): "
                "put back a copy that works, or give another data directory with --data"
            )
        reason = error.orig if isinstance(error, DBAPIError) else error
        return StoreUnavailableError(
            f"the database {self._path} did not answer ({reason}): "
            "check the space left on its disk and whether another program holds it, then try again"
        )

    def scrubbed(self, error: DBAPIError) -> DBAPIError:
        # SQLite names tables and columns in its errors, never values.
        return error

    async def forget_log(self) -> bool:
        """Bring the write-ahead log into the file and empty it; whether that was possible now."""
        async with self.write_turn(), self.writer.connect() as connection:
            await connection.exec_driver_sql("COMMIT")
            busy = (await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
            await connection.exec_driver_sql("BEGIN")
            await connection.rollback()
        return not busy

    async def close(self) -> None:
        await self.reader.dispose()
        await self.writer.dispose()


def _engine(path: Path, connections: int, pragmas: tuple[str, ...], begin: str) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        # the connection used last has the pages in its cache
        pool_use_lifo=True,
    )
    event.listen(engine.sync_engine, "connect", _prepare_with(pragmas))
    event.listen(engine.sync_engine, "begin", _begin_with(begin))
    return engine


def _prepare_with(pragmas: tuple[str, ...]) -> Callable[[Any, object], None]:
    def prepare(connection: Any, _record: object) -> None:
        # The driver must not open transactions of its own; `_begin_with` says when one starts and of which kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    return prepare


def _begin_with(statement: str) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return begin


def _make_private_file(path: Path) -> None:
    """Create what is missing, readable by its owner only.

    A directory that was there keeps its mode: `--data` may name one that others share. The database file never does.
    """
    try:
        if not path.parent.is_dir():
            path.parent.parent.mkdir(parents=True, exist_ok=True)
            path.parent.mkdir(mode=_PRIVATE_DIRECTORY, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, _PRIVATE_FILE))
        if stat.S_IMODE(path.stat().st_mode) != _PRIVATE_FILE:
            path.chmod(_PRIVATE_FILE)
    except OSError as error:
        raise StoreError(
            f"the database {path} cannot be opened ({error.strerror}): "
            "make its directory writable for this user, or give another one with --data"
        ) from error
