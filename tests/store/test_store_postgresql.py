"""What only PostgreSQL does: refuse a password, lose a connection, quote rows in its errors."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, text
from sqlalchemy.exc import IntegrityError
from tests.postgresql import OUTSIDER, OUTSIDER_PASSWORD, Cluster

from vivavoce.store.database import Database
from vivavoce.store.errors import StoreError, StoreUnavailableError

# by name, because a printed error quotes the lines of this file
SECRET = "sesame"
visits = Table("visits", MetaData(), Column("name", String(64), primary_key=True), Column("number", Integer))


@pytest.fixture
async def database(new_postgresql_url: str) -> AsyncGenerator[Database]:
    opened = Database(new_postgresql_url, connections=2)
    async with opened.writing() as connection:
        await connection.run_sync(visits.create)
    yield opened
    await opened.close()


async def _use(url: str) -> None:
    database = Database(url)
    try:
        async with database.reading() as connection:
            await connection.execute(text("SELECT 1"))
    finally:
        await database.close()


def _printed(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
async def test_every_usual_way_of_writing_the_scheme_is_understood(new_postgresql_url: str, scheme: str) -> None:
    await _use(new_postgresql_url.replace("postgresql", scheme, 1))


async def test_a_password_with_special_characters_opens_the_door(postgresql_cluster: Cluster) -> None:
    await _use(postgresql_cluster.url("postgres", user=OUTSIDER, password=OUTSIDER_PASSWORD.replace(" ", "%20")))


async def test_a_wrong_password_is_named_with_what_to_do_and_never_shown(postgresql_cluster: Cluster) -> None:
    with pytest.raises(StoreError, match=r"did not let us in .*correct the user and the password") as caught:
        await _use(postgresql_cluster.url("postgres", user=OUTSIDER, password=SECRET))
    assert SECRET not in _printed(caught.value)
    assert not isinstance(caught.value, StoreUnavailableError)


async def test_a_database_that_does_not_exist_is_named_with_what_to_do(postgresql_cluster: Cluster) -> None:
    with pytest.raises(StoreError, match=r"'nowhere' on .* does not exist: make it with `createdb`"):
        await _use(postgresql_cluster.url("nowhere"))


async def test_a_server_that_is_not_there_is_unavailable_and_its_password_is_not_shown() -> None:
    with pytest.raises(StoreUnavailableError, match="check that the server runs") as caught:
        await _use(f"postgresql://me:{SECRET}@127.0.0.1:1/db")
    assert SECRET not in _printed(caught.value)


async def test_a_url_that_the_driver_refuses_is_named_without_its_password(postgresql_cluster: Cluster) -> None:
    with pytest.raises(StoreError, match="special characters of the password as %XX") as caught:
        await _use(f"postgresql://me:{SECRET}@127.0.0.1:1/db?sslmode=nonsense")
    assert SECRET not in _printed(caught.value)


async def test_a_missing_driver_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivavoce.store.postgresql.asyncpg", None)
    with pytest.raises(StoreError, match=r"pip install 'vivavoce\[postgresql\]'"):
        Database("postgresql://me@host/db")


async def test_a_connection_that_is_lost_fails_its_transaction_and_the_next_one_gets_another(
    database: Database,
) -> None:
    async def write() -> None:
        async with database.writing() as connection:
            await connection.execute(visits.insert().values(name="lost"))
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StoreUnavailableError, match="did not answer"):
        await write()
    async with database.reading() as connection:
        assert (await connection.execute(visits.select())).all() == []


async def test_connections_that_died_while_nobody_used_them_are_not_noticed(
    database: Database, postgresql_cluster: Cluster
) -> None:
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'vivavoce'"
    async with database.reading(), database.reading():
        pass
    assert postgresql_cluster.execute(others).split() == ["t", "t"]
    async with database.writing() as connection:
        await connection.execute(visits.insert().values(name="after"))


async def test_a_clash_passes_through_without_the_row_that_clashed(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(visits.insert().values(name=SECRET))
    with pytest.raises(IntegrityError, match="visits_pkey") as caught:
        async with database.writing() as connection:
            await connection.execute(visits.insert().values(name=SECRET))
    assert SECRET not in _printed(caught.value)


async def test_a_statement_that_cannot_work_is_no_passing_trouble_and_shows_no_values(database: Database) -> None:
    with pytest.raises(StoreError, match=r"cannot be used .*--database-url") as caught:
        async with database.writing() as connection:
            await connection.execute(text("INSERT INTO nowhere VALUES (:value)"), {"value": SECRET})
    assert not isinstance(caught.value, StoreUnavailableError)
    assert SECRET not in _printed(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"name": f"{SECRET}\0"}, id="a text with a zero character is refused and not shown"),
        pytest.param({"name": SECRET * 20}, id="a text that is too long is refused and not shown"),
        pytest.param({"name": "one", "number": SECRET}, id="a text in the place of a number is refused and not shown"),
    ],
)
async def test_a_value_that_the_database_cannot_hold(database: Database, values: dict[str, object]) -> None:
    with pytest.raises(StoreError, match=r"does not take a value \(SQLSTATE 22") as caught:
        async with database.writing() as connection:
            await connection.execute(visits.insert().values(**values))
    assert not isinstance(caught.value, StoreUnavailableError)
    assert SECRET not in _printed(caught.value)


async def test_two_writers_work_side_by_side(database: Database) -> None:
    both = asyncio.Barrier(2)

    async def write(name: str) -> None:
        async with database.writing() as connection:
            await connection.execute(visits.insert().values(name=name))
            await both.wait()

    await asyncio.gather(write("one"), write("two"))
    async with database.reading() as connection:
        assert len((await connection.execute(visits.select())).all()) == 2


async def test_writers_that_block_each_other_for_ever_are_told_to_try_again(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(visits.insert(), [{"name": "one", "number": 0}, {"name": "two", "number": 0}])
    both = asyncio.Barrier(2)

    async def write(first: str, second: str) -> None:
        async with database.writing() as connection:
            await connection.execute(visits.update().where(visits.c.name == first).values(number=1))
            await both.wait()
            await connection.execute(visits.update().where(visits.c.name == second).values(number=2))

    ends = await asyncio.gather(write("one", "two"), write("two", "one"), return_exceptions=True)
    failed = [end for end in ends if end is not None]
    assert [type(end) for end in failed] == [StoreUnavailableError]
    assert "deadlock" in str(failed[0])


async def test_a_pool_with_nothing_left_is_unavailable_after_a_while(
    new_postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vivavoce.store.postgresql.POOL_WAIT_SECONDS", 0.01)
    database = Database(new_postgresql_url, connections=1)
    async with database.reading():
        with pytest.raises(StoreUnavailableError, match="did not answer"):
            async with database.reading():
                raise AssertionError("a second connection was opened")
    await database.close()


async def test_an_insert_knows_what_to_do_on_a_conflict(store_url: str) -> None:
    database = Database(store_url)
    async with database.writing() as connection:
        await connection.run_sync(visits.create)
    statement = database.insert(visits).values(name="guest", number=1)
    again = statement.on_conflict_do_update(index_elements=["name"], set_={"number": visits.c.number + 1})
    for _ in range(3):
        async with database.writing() as connection:
            await connection.execute(again)
    async with database.writing() as connection:
        await connection.execute(statement.on_conflict_do_nothing())
    async with database.reading() as connection:
        assert (await connection.execute(visits.select())).all() == [("guest", 3)]
    await database.close()
