"""The databases for the tests of collections: a test that asks for `store` or `known` runs on each of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
from tests.knowing import Knowing, knowing
from tests.postgresql import Cluster, programs_with_pgvector, running_cluster

from vivavoce.store import sqlite
from vivavoce.store.database import sqlite_url
from vivavoce.store.store import Store


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def postgresql_url(postgresql_cluster: Cluster) -> Iterator[str]:
    with postgresql_cluster.database(migrated=True) as name:
        yield postgresql_cluster.url(name)


@pytest.fixture(scope="session")
def pgvector_cluster() -> Iterator[Cluster]:
    with running_cluster(programs_with_pgvector()) as cluster:
        yield cluster


@pytest.fixture
def pgvector_url(pgvector_cluster: Cluster) -> Iterator[str]:
    with pgvector_cluster.database(migrated=True) as name:
        yield pgvector_cluster.url(name)


@pytest.fixture(
    params=[
        pytest.param("sqlite", id="on SQLite"),
        pytest.param("postgresql", id="on PostgreSQL"),
        pytest.param("pgvector", id="on PostgreSQL with pgvector"),
    ],
)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that nobody has written to."""
    return sqlite_url(tmp_path) if request.param == "sqlite" else str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def store(store_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Store]:
    """An open store that does not wait for the disk."""
    hasty = tuple(each.replace("synchronous=FULL", "synchronous=OFF") for each in sqlite._PRAGMAS)
    monkeypatch.setattr(sqlite, "_PRAGMAS", hasty)
    async with await Store.open(store_url) as opened:
        yield opened


@pytest.fixture
def known(store: Store, tmp_path: Path) -> Knowing:
    return knowing(store, tmp_path)
