"""Both databases for the tests of the store: a test that asks for `store_url` or `store` runs on each of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
from tests.postgresql import Cluster, running_cluster

from vivavoce.store.database import sqlite_url
from vivavoce.store.store import Store

BOTH = [pytest.param("sqlite", id="on SQLite"), pytest.param("postgresql", id="on PostgreSQL")]


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def postgresql_url(postgresql_cluster: Cluster) -> Iterator[str]:
    """A PostgreSQL database with every table, empty otherwise."""
    with postgresql_cluster.database(migrated=True) as name:
        yield postgresql_cluster.url(name)


@pytest.fixture
def new_postgresql_url(postgresql_cluster: Cluster) -> Iterator[str]:
    """A PostgreSQL database without a table."""
    with postgresql_cluster.database(migrated=False) as name:
        yield postgresql_cluster.url(name)


@pytest.fixture(params=BOTH)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that nobody has written to."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture(params=BOTH)
def new_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that nobody has opened: no table is there."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    return str(request.getfixturevalue("new_postgresql_url"))


@pytest.fixture
async def store(store_url: str) -> AsyncGenerator[Store]:
    async with await Store.open(store_url) as opened:
        yield opened
