"""One SQLite database: its file, its connections, its transactions.

Owned by the `Store` that opened it; ends with `close`. Writers of this process wait for each other in a fair queue
(SQLite's own waiting is not fair); writers of other processes are waited for up to five seconds.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from vivavoce.store.errors import StoreError, StoreUnavailableError

DATABASE_FILE_NAME = "vivavoce.db"
BUSY_TIMEOUT_MS = 5_000
_PRIVATE_FILE = 0o600
_PRIVATE_DIRECTORY = 0o700
_BEGIN = "sqlite_begin"
_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)


def sqlite_url(data_directory: Path) -> str:
    """The URL of the database in a data directory."""
    path = data_directory.expanduser().absolute() / DATABASE_FILE_NAME
    return URL.create("sqlite+aiosqlite", database=str(path)).render_as_string(hide_password=False)


class Database:
    """Connections to one database file and the two kinds of transaction on it."""

    def __init__(self, url: str) -> None:
        """Make the file ready, open no connection yet. Raises `StoreError`."""
        parsed = _parsed(url)
        self.path = Path(parsed.database or "")
        _make_private_file(self.path)
        engine = create_async_engine(parsed, hide_parameters=True)
        event.listen(engine.sync_engine, "connect", _prepare_connection)
        event.listen(engine.sync_engine, "begin", _begin)
        self._engine: AsyncEngine = engine
        self._reader = engine.execution_options(**{_BEGIN: "BEGIN"})
        self._writer = engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        self._write_turn = asyncio.Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that sees one state of the database. Raises `StoreUnavailableError`, `StoreError`."""
        try:
            async with self._reader.begin() as connection:
                yield connection
        except (DBAPIError, PoolTimeoutError) as error:
            raise self._translated(error) from error

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that is on disk when the block has ended. Raises `StoreUnavailableError`, `StoreError`.

        `IntegrityError` passes through: only the caller knows what the clash means.
        """
        async with self._write_turn:
            try:
                async with self._writer.begin() as connection:
                    yield connection
            except IntegrityError:
                raise
            except (DBAPIError, PoolTimeoutError) as error:
                raise self._translated(error) from error

    async def close(self) -> None:
        await self._engine.dispose()

    def _translated(self, error: DBAPIError | PoolTimeoutError) -> StoreError:
        if isinstance(error, DBAPIError) and not isinstance(error, OperationalError):
            return StoreError(
                f"the database {self.path} cannot be used ({error.orig}): "
                "put back a copy that works, or give another data directory with --data"
            )
        reason = error.orig if isinstance(error, DBAPIError) else error
        return StoreUnavailableError(
            f"the database {self.path} did not answer ({reason}): "
            "check the space left on its disk and whether another program holds it, then try again"
        )


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            "this is not a database URL; an example: sqlite+aiosqlite:////srv/voice/vivavoce.db"
        ) from error
    if parsed.drivername != "sqlite+aiosqlite" or not parsed.database or parsed.database == ":memory:":
        raise StoreError(f"{parsed.drivername} is not supported: use a file, sqlite+aiosqlite:///PATH")
    return parsed


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


def _prepare_connection(connection: Any, _record: object) -> None:
    # The driver must not open transactions of its own; `_begin` says when one starts and of which kind.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))
