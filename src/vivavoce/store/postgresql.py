"""PostgreSQL: a bounded pool of connections to one server. Part of a `Database`; ends with it.

Readers get a read-only transaction at REPEATABLE READ (one snapshot, never a serialization failure: PostgreSQL manual,
section 13.2.2), writers one at READ COMMITTED; the server lets writers of different rows go side by side.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Literal

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import create_async_engine

from vivavoce.store.errors import StoreError, StoreUnavailableError

try:
    import asyncpg  # type: ignore[import-untyped]
except ImportError:  # an extra: who stays with SQLite does not need it
    asyncpg = None

CONNECT_SECONDS = 10.0
STATEMENT_SECONDS = 120.0
POOL_WAIT_SECONDS = 10.0
# Classes of SQLSTATE (PostgreSQL manual, appendix A) that say nothing against what was asked: connection lost, clash of
# transactions, out of resources, object in use, operator at work.
_PASSING_CLASSES = frozenset({"08", "40", "53", "55", "57"})
_READ_ONLY_SERVER = "25006"
_BAD_VALUE_CLASS = "22"
_NOT_LET_IN_CLASS = "28"
_NO_SUCH_DATABASE = "3D000"


class _ServerError(Exception):
    """What the server said, without the DETAIL that quotes rows."""


class PostgresqlServer:
    """The server and the connections to it."""

    def __init__(self, url: URL, connections: int) -> None:
        """Open no connection yet. Raises `StoreError` when the driver is missing."""
        if asyncpg is None:
            raise StoreError("PostgreSQL needs a driver that is not installed: pip install 'vivavoce[postgresql]'")
        self.dialect_name: Literal["sqlite", "postgresql"] = "postgresql"
        host = url.host or url.query.get("host") or "this machine"
        self._where = f"the PostgreSQL database {url.database or 'of the default name'!r} on {host}"
        # asyncpg reads the URL itself, because then libpq's parameters work as its manual has them (sslmode and so on).
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            hide_parameters=True,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            pool_pre_ping=True,
            pool_use_lifo=True,
        )
        self._engine = engine
        self.reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self.writer = engine.execution_options(isolation_level="READ COMMITTED")

    @asynccontextmanager
    async def write_turn(self) -> AsyncGenerator[None]:
        yield

    def translated(self, error: DBAPIError | PoolTimeoutError | OSError) -> StoreError:
        if not isinstance(error, DBAPIError):
            return self._unavailable(str(error) or type(error).__name__)
        state = str(getattr(error.orig, "sqlstate", None) or "")
        reason = _said(error)
        if error.connection_invalidated or not state or state[:2] in _PASSING_CLASSES or state == _READ_ONLY_SERVER:
            return self._unavailable(reason)
        if state[:2] == _BAD_VALUE_CLASS:
            return StoreError(
                f"{self._where} does not take a value ({reason}): this is a defect of vivavoce, report it"
            )
        return StoreError(
            f"{self._where} cannot be used ({reason}): "
            "restore a backup that works, or give another database with --database-url"
        )

    def scrubbed(self, error: DBAPIError) -> DBAPIError:
        kind = IntegrityError if isinstance(error, IntegrityError) else DBAPIError
        return kind(error.statement, None, _ServerError(_said(error)), hide_parameters=True)

    async def forget_log(self) -> bool:
        """The server vacuums on its own."""
        return True

    async def close(self) -> None:
        await self._engine.dispose()

    def _unavailable(self, reason: str) -> StoreUnavailableError:
        return StoreUnavailableError(
            f"{self._where} did not answer ({reason}): check that the server runs, can be reached from here "
            "and takes more connections, then try again"
        )

    async def _connect(self) -> Any:
        try:
            return await asyncpg.connect(
                self._dsn,
                timeout=CONNECT_SECONDS,
                command_timeout=STATEMENT_SECONDS,
                server_settings={"application_name": "vivavoce"},
            )
        except asyncpg.PostgresError as error:
            raise self._refused(error) from None
        except OSError as error:
            raise self._unavailable(str(error) or "no answer in time") from error
        except (asyncpg.InterfaceError, ValueError):
            # The error may quote the URL, and the URL may hold a password.
            raise StoreError(
                f"the URL of {self._where} cannot be used: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, "
                "special characters of the password as %XX"
            ) from None

    def _refused(self, error: Any) -> StoreError:
        state = str(error.sqlstate or "")
        if state[:2] == _NOT_LET_IN_CLASS:
            return StoreError(
                f"{self._where} did not let us in ({error.args[0]}): "
                "correct the user and the password in --database-url, or allow them in the server's pg_hba.conf"
            )
        if state == _NO_SUCH_DATABASE:
            return StoreError(
                f"{self._where} does not exist: make it with `createdb`, or correct its name in --database-url"
            )
        if state[:2] in _PASSING_CLASSES:
            return self._unavailable(str(error.args[0]))
        return StoreError(f"{self._where} refused the connection ({error.args[0]}): correct --database-url")


def _said(error: DBAPIError) -> str:
    """What went wrong, without values: complaints about one quote it, and so may the lines behind the first."""
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state[:2] == _BAD_VALUE_CLASS:
        return f"SQLSTATE {state}"
    return next(iter(str(error.orig).splitlines()), type(error.orig).__name__)
