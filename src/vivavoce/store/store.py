"""The store: everything that outlives the process. The composition root opens one and closes it at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from vivavoce.agents.identifiers import Kind
from vivavoce.agents.resources import Avatar, Collection, Environment, PhoneNumber, Webhook
from vivavoce.store import schema
from vivavoce.store.agents import StoredAgents
from vivavoce.store.client_secrets import StoredClientSecrets
from vivavoce.store.database import Database
from vivavoce.store.deliveries import StoredDeliveries
from vivavoce.store.documents import StoredDocuments
from vivavoce.store.files import StoredFiles
from vivavoce.store.idempotency import StoredAnswers
from vivavoce.store.indexing import StoredIndexing
from vivavoce.store.keys import StoredKeys
from vivavoce.store.migrating import is_up_to_date, migrate
from vivavoce.store.named_secrets import StoredNamedSecrets
from vivavoce.store.organisations import StoredOrganisations
from vivavoce.store.passages import StoredPassages
from vivavoce.store.recordings import StoredRecordings
from vivavoce.store.resources import StoredResources
from vivavoce.store.sessions import StoredSessions
from vivavoce.store.threads import StoredThreads
from vivavoce.store.turns import StoredTurns
from vivavoce.store.usage import StoredUsage
from vivavoce.store.vector_search import VectorTable


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _phone_number_columns(body: PhoneNumber) -> dict[str, str | None]:
    return {"number": body.number, "agent_id": body.agent_id}


@dataclass(frozen=True, slots=True)
class StoredKnowledge:
    """What collections hold: the files, the documents made of them, the work on these, and the passages."""

    files: StoredFiles
    documents: StoredDocuments
    indexing: StoredIndexing
    passages: StoredPassages


@dataclass(frozen=True, slots=True)
class StoredCalls:
    """What is kept of calls besides what was said: how fast they were, how they sounded, how many there were."""

    turns: StoredTurns
    recordings: StoredRecordings
    usage: StoredUsage


@dataclass(frozen=True, slots=True)
class StoredSecrets:
    """What programs come in with, what browsers open calls with, and what tools log in with."""

    keys: StoredKeys
    client: StoredClientSecrets
    named: StoredNamedSecrets


class Store:
    """The parts of the database. Make one with `await Store.open(url)`; end it with `close`."""

    def __init__(
        self, database: Database, vectors: VectorTable, now: Callable[[], datetime], monotonic: Callable[[], float]
    ) -> None:
        self._database = database
        self.organisations = StoredOrganisations(database, now)
        self.agents = StoredAgents(database, now)
        self.sessions = StoredSessions(database, now)
        self.threads = StoredThreads(database, now)
        self._calls = StoredCalls(StoredTurns(database, now), StoredRecordings(database, now), StoredUsage(database))
        self.phone_numbers = StoredResources(
            database, now, schema.phone_numbers, Kind.PHONE_NUMBER, PhoneNumber, _phone_number_columns
        )
        self.collections = StoredResources(database, now, schema.collections, Kind.COLLECTION, Collection)
        self.environments = StoredResources(database, now, schema.environments, Kind.ENVIRONMENT, Environment)
        self.avatars = StoredResources(database, now, schema.avatars, Kind.AVATAR, Avatar)
        self.webhooks = StoredResources(database, now, schema.webhooks, Kind.WEBHOOK, Webhook)
        self.deliveries = StoredDeliveries(database, now)
        self.answers = StoredAnswers(database, now)
        self._secrets = StoredSecrets(
            StoredKeys(database, now, monotonic), StoredClientSecrets(database, now), StoredNamedSecrets(database, now)
        )
        self.knowledge = StoredKnowledge(
            StoredFiles(database, now),
            StoredDocuments(database, now),
            StoredIndexing(database, now, vectors),
            StoredPassages(database, vectors),
        )

    @property
    def keys(self) -> StoredKeys:
        return self._secrets.keys

    @property
    def turns(self) -> StoredTurns:
        return self._calls.turns

    @property
    def recordings(self) -> StoredRecordings:
        return self._calls.recordings

    @property
    def usage(self) -> StoredUsage:
        return self._calls.usage

    @property
    def client_secrets(self) -> StoredClientSecrets:
        return self._secrets.client

    @property
    def named_secrets(self) -> StoredNamedSecrets:
        return self._secrets.named

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
            vectors = VectorTable(database)
            await vectors.make_ready()
            on_failure.pop_all()
            return cls(database, vectors, now, monotonic)

    async def close(self) -> None:
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
