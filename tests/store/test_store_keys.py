"""The API keys in the database: shown once, verified by digest, useless once revoked."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from vivavoce.store.errors import (
    DuplicateRecordError,
    InvalidKeyError,
    StoreError,
    StoreUnavailableError,
    UnknownRecordError,
)
from vivavoce.store.keys import KEY_PREFIX, TRUSTED_KEYS_MAXIMUM, TRUSTED_SECONDS, USE_NOTED_EVERY
from vivavoce.store.schema import api_keys
from vivavoce.store.store import Store


@dataclass
class HandClock:
    """A clock that moves only when told: the same seconds for the wall and for the stop watch."""

    seconds: float = 0.0
    start: datetime = field(default_factory=lambda: datetime(2026, 11, 21, 12, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


async def _everything_kept(store: Store) -> str:
    async with store._database.reading() as connection:
        return repr((await connection.execute(select(api_keys))).all())


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def store(store_url: str, clock: HandClock) -> AsyncGenerator[Store]:
    async with await Store.open(store_url, now=clock.now, monotonic=clock.monotonic) as opened:
        yield opened


@pytest.fixture
async def elsewhere(store_url: str, store: Store, clock: HandClock) -> AsyncGenerator[Store]:
    """The same database, opened by somebody else, such as the command line beside a running server."""
    async with await Store.open(store_url, now=clock.now, monotonic=clock.monotonic) as opened:
        yield opened


async def test_a_new_key_is_random_and_opens_the_door(store: Store) -> None:
    first, second = await store.keys.create("first"), await store.keys.create("second")
    assert re.fullmatch(r"vv_[0-9A-Za-z]{40}", first.secret)
    assert first.secret != second.secret
    verified = await store.keys.verify(first.secret)
    assert verified is not None
    assert (verified.key_id, verified.name) == (first.record.key_id, "first")


async def test_the_secret_is_nowhere_in_the_database_or_in_what_is_printed(store: Store) -> None:
    made = await store.keys.create("quiet")
    await store.keys.verify(made.secret)
    assert made.secret not in repr(made)
    assert made.record.last4 == made.secret[-4:]
    kept = await _everything_kept(store)
    assert made.record.key_id in kept
    assert made.secret not in kept
    assert made.secret[len(KEY_PREFIX) : -4] not in kept


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param("vv_" + "0" * 40, id="a key of the right form that was never made is wrong"),
        pytest.param("", id="an empty key is wrong"),
        pytest.param("x" * 10_000, id="a key that is far too long is wrong"),
        pytest.param("mot-de-passe-é", id="a key with a letter that no key can hold is wrong"),
        pytest.param("' OR '1'='1", id="a key that tries to be SQL is wrong"),
        pytest.param("half-surrogate-\udcff", id="a key that is no proper text is wrong"),
    ],
)
async def test_a_wrong_key_stays_outside(store: Store, attempt: str) -> None:
    await store.keys.create("somebody")
    assert await store.keys.verify(attempt) is None


async def test_the_right_key_with_one_letter_changed_or_cut_is_wrong(store: Store) -> None:
    secret = (await store.keys.create("somebody")).secret
    assert await store.keys.verify(secret.swapcase()) is None
    assert await store.keys.verify(secret[:-1]) is None


async def test_a_key_that_this_process_revokes_stops_working_at_once(store: Store) -> None:
    made = await store.keys.create("short")
    assert await store.keys.verify(made.secret) is not None
    revoked = await store.keys.revoke(made.record.key_id)
    assert revoked.revoked_at is not None
    assert await store.keys.verify(made.secret) is None
    assert await store.keys.count() == 0


async def test_a_key_that_another_process_revokes_stops_working_within_seconds(
    store: Store, elsewhere: Store, clock: HandClock
) -> None:
    made = await store.keys.create("short")
    assert await store.keys.verify(made.secret) is not None
    await elsewhere.keys.revoke(made.record.key_id)
    clock.seconds += TRUSTED_SECONDS
    assert await store.keys.verify(made.secret) is None


async def test_a_key_that_was_verified_a_moment_ago_needs_no_database(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await store.keys.create("hot")
    first = await store.keys.verify(made.secret)

    def asked() -> None:
        raise AssertionError("asked the database")

    monkeypatch.setattr(store._database, "reading", asked)
    monkeypatch.setattr(store._database, "writing", asked)
    assert await store.keys.verify(made.secret) == first


async def test_no_more_than_a_bounded_number_of_keys_is_remembered(store: Store) -> None:
    made = await store.keys.create("real")
    record = made.record
    store.keys._trusted.update({f"digest {index}": (record, 1e9) for index in range(TRUSTED_KEYS_MAXIMUM)})
    assert await store.keys.verify(made.secret) is not None
    assert len(store.keys._trusted) == TRUSTED_KEYS_MAXIMUM


async def test_a_revocation_during_a_verification_holds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await store.keys.create("unlucky")
    find = store.keys._find

    async def find_and_be_overtaken(condition: object) -> object:
        record = await find(condition)  # type: ignore[arg-type]
        monkeypatch.setattr(store.keys, "_find", find)
        await store.keys.revoke(made.record.key_id)
        return record

    monkeypatch.setattr(store.keys, "_find", find_and_be_overtaken)
    await store.keys.verify(made.secret)
    assert await store.keys.verify(made.secret) is None


async def test_the_last_use_is_noted_but_not_on_every_use(store: Store, clock: HandClock) -> None:
    made = await store.keys.create("used")

    async def last_used() -> datetime | None:
        return (await store.keys.list())[0].last_used_at

    assert await last_used() is None
    clock.seconds = 10
    await store.keys.verify(made.secret)
    first_use = clock.now()
    assert await last_used() == first_use
    clock.seconds = 10 + TRUSTED_SECONDS + 1
    await store.keys.verify(made.secret)
    assert await last_used() == first_use
    clock.seconds = 10 + USE_NOTED_EVERY.total_seconds()
    await store.keys.verify(made.secret)
    assert await last_used() == clock.now()


async def test_a_caller_gets_in_although_the_note_of_the_use_cannot_be_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await store.keys.create("patient")

    def full_disk() -> None:
        raise StoreUnavailableError("disk full")

    monkeypatch.setattr(store._database, "writing", full_disk)
    assert await store.keys.verify(made.secret) is not None


async def test_a_secret_of_ones_own_becomes_a_key_once(store: Store) -> None:
    first = await store.keys.ensure("environment", "my-own-secret")
    again = await store.keys.ensure("environment", "my-own-secret")
    assert first.key_id == again.key_id
    assert await store.keys.count() == 1
    with pytest.raises(DuplicateRecordError):
        await store.keys.create("other", "my-own-secret")


async def test_a_revoked_secret_does_not_come_back_to_life(store: Store) -> None:
    record = await store.keys.ensure("environment", "my-own-secret")
    await store.keys.revoke(record.key_id)
    with pytest.raises(InvalidKeyError, match=f"{record.key_id}. was revoked: choose another secret"):
        await store.keys.ensure("environment", "my-own-secret")


@pytest.mark.parametrize(
    ("secret", "complaint"),
    [
        pytest.param("short", "8 to 256 characters", id="a secret that is easily guessed is refused"),
        pytest.param("s" * 257, "8 to 256 characters", id="a secret that no header should carry is refused"),
        pytest.param("has a space", "visible ASCII", id="a secret with a space is refused"),
        pytest.param("line\nbreaks", "visible ASCII", id="a secret that would break a header is refused"),
    ],
)
async def test_a_secret_that_cannot_serve_as_a_key_is_refused_without_being_repeated(
    store: Store, secret: str, complaint: str
) -> None:
    for attempt in (store.keys.create("bad", secret), store.keys.ensure("bad", secret)):
        with pytest.raises(InvalidKeyError, match=complaint) as caught:
            await attempt
        assert secret not in str(caught.value)


async def test_a_key_without_a_name_is_refused(store: Store) -> None:
    with pytest.raises(InvalidKeyError, match="name of a key"):
        await store.keys.create("  ")


async def test_revoking_twice_keeps_the_first_time_and_an_unknown_key_is_said_to_be_unknown(
    store: Store, clock: HandClock
) -> None:
    made = await store.keys.create("once")
    first = await store.keys.revoke(made.record.key_id)
    clock.seconds += 60
    assert await store.keys.revoke(made.record.key_id) == first
    with pytest.raises(UnknownRecordError, match="no API key with the id 'key_nothing'"):
        await store.keys.revoke("key_nothing")


async def test_the_list_shows_every_key_oldest_first(store: Store, clock: HandClock) -> None:
    for name in ("first", "second", "third"):
        await store.keys.create(name)
        clock.seconds += 1
    assert [record.name for record in await store.keys.list()] == ["first", "second", "third"]


async def test_a_failing_statement_never_tells_the_digest(store: Store) -> None:
    async with store._database.writing() as connection:
        await connection.execute(text("DROP TABLE api_keys"))
    with pytest.raises(StoreError) as caught:
        await store.keys.create("nobody", "my-own-secret")
    assert caught.value.__cause__ is not None
    assert re.search(r"[0-9a-f]{64}|my-own-secret", f"{caught.value} {caught.value.__cause__}") is None
