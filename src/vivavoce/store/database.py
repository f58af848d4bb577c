"""One database: its connections and its transactions, whichever of the two kinds it is.

Owned by the `Store` that opened it; ends with `close`. What differs between SQLite and PostgreSQL is in `sqlite` and
`postgresql`; what the rest of the room sees is here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vivavoce.store.errors import StoreError
from vivavoce.store.postgresql import PostgresqlServer
from vivavoce.store.sqlite import SqliteFile

DATABASE_FILE_NAME = "vivavoce.db"
CONNECTIONS = 10
_SQLITE = "sqlite+aiosqlite"
_POSTGRESQL = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})
_EXAMPLES = "sqlite+aiosqlite:////srv/voice/vivavoce.db or postgresql://USER:PASSWORD@HOST/DATABASE"

DialectInsert: TypeAlias = sqlite.Insert | postgresql.Insert
Failure: TypeAlias = DBAPIError | PoolTimeoutError | OSError


class Backend(Protocol):
    """What a kind of database offers: connections for readers and writers, and what its errors mean."""

    dialect_name: Literal["sqlite", "postgresql"]
    reader: AsyncEngine
    writer: AsyncEngine

    def write_turn(self) -> AbstractAsyncContextManager[None]:
        """What a writer holds for as long as its transaction lasts."""
        ...

    def translated(self, error: Failure) -> StoreError: ...

    def scrubbed(self, error: DBAPIError) -> DBAPIError:
        """The same error without the values of rows that the server may have put into it."""
        ...

    async def forget_log(self) -> bool: ...

    async def close(self) -> None: ...


def sqlite_url(data_directory: Path) -> str:
    """The URL of the database in a data directory."""
    path = data_directory.expanduser().absolute() / DATABASE_FILE_NAME
    return URL.create(_SQLITE, database=str(path)).render_as_string(hide_password=False)


class Database:
    """Connections to one database and the two kinds of transaction on it."""

    def __init__(self, url: str, *, connections: int = CONNECTIONS) -> None:
        """Make ready what is needed, open no connection yet. At most `connections` are ever open for readers (SQLite)
        or for everybody (PostgreSQL); who comes later waits. Raises `StoreError`.
        """
        self._backend = _backend(url, connections)

    @property
    def dialect_name(self) -> Literal["sqlite", "postgresql"]:
        return self._backend.dialect_name

    def insert(self, table: Table) -> DialectInsert:
        """An insert that has `on_conflict_do_update` and `on_conflict_do_nothing`."""
        return sqlite.insert(table) if self.dialect_name == "sqlite" else postgresql.insert(table)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that sees one state of the database and may not change it.

        Raises `StoreUnavailableError`, `StoreError`.
        """
        try:
            # Closing rolls back, which ends a reading transaction as well as a commit would, one round trip cheaper.
            async with self._backend.reader.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise self._backend.translated(error) from self._backend.scrubbed(error)
        except (PoolTimeoutError, OSError) as error:
            raise self._backend.translated(error) from error

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that is on disk when the block has ended. Raises `StoreUnavailableError`, `StoreError`.

        `IntegrityError` passes through: only the caller knows what the clash means.
        """
        async with self._backend.write_turn():
            try:
                async with self._backend.writer.begin() as connection:
                    yield connection
            except IntegrityError as error:
                raise self._backend.scrubbed(error) from None
            except DBAPIError as error:
                raise self._backend.translated(error) from self._backend.scrubbed(error)
            except (PoolTimeoutError, OSError) as error:
                raise self._backend.translated(error) from error

    async def forget_log(self) -> bool:
        """Let what was deleted vanish from the log of changes too; False while somebody reads: try again later.

        Raises `StoreUnavailableError`, `StoreError`.
        """
        try:
            return await self._backend.forget_log()
        except DBAPIError as error:
            raise self._backend.translated(error) from self._backend.scrubbed(error)

    async def close(self) -> None:
        await self._backend.close()


def _backend(url: str, connections: int) -> Backend:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The text may hold a password, and so may the error: neither is repeated.
        raise StoreError(f"this is not a database URL; examples: {_EXAMPLES}") from None
    if parsed.drivername in _POSTGRESQL:
        return PostgresqlServer(parsed, connections)
    if parsed.drivername == _SQLITE and parsed.database and parsed.database != ":memory:":
        return SqliteFile(Path(parsed.database), connections)
    raise StoreError(f"{parsed.drivername} is not supported like this; examples: {_EXAMPLES}")
