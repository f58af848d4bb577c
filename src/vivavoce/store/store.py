"""The store: everything that outlives the process. The composition root opens one and closes it at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from vivavoce.store.agents import StoredAgents
from vivavoce.store.database import Database
from vivavoce.store.keys import StoredKeys
from vivavoce.store.migrating import is_up_to_date, migrate


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Store:
    """The parts of the database: `agents` and `keys`. Make one with `await Store.open(url)`; end it with `close`."""

    def __init__(self, database: Database, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._database = database
        self.agents = StoredAgents(database, now)
        self.keys = StoredKeys(database, now, monotonic)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        now: Callable[[], datetime] = _utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Self:
        """Open the database at `url` (`sqlite_url(data_directory)`), making and migrating it where needed.

        Raises `DatabaseTooNewError` for one that a newer version made, `StoreUnavailableError` when it does not answer,
        `StoreError` for anything else that a person must mend.
        """
        async with AsyncExitStack() as on_failure:
            database = Database(url)
            on_failure.push_async_callback(database.close)
            async with database.reading() as connection:
                ready = await connection.run_sync(is_up_to_date)
            if not ready:
                async with database.writing() as connection:
                    await connection.run_sync(migrate)
            on_failure.pop_all()
            return cls(database, now, monotonic)

    async def close(self) -> None:
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
