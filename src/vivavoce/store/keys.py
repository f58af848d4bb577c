"""The API keys in the database. Part of a `Store`.

Only SHA-256 digests are kept: a key has 238 random bits, so there is nothing to guess and no salt is needed. A digest
that was verified a moment ago is answered from memory, so a busy server asks the database once in some seconds per
key; a key that another process revokes stops working within that time, one that this process revokes at once.

How long a look-up takes tells nothing: what is compared is a digest, and nobody can choose the digest of a guess.
"""

from __future__ import annotations

import secrets
import string
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from vivavoce.agents.identifiers import new_identifier
from vivavoce.store.database import Database
from vivavoce.store.errors import DuplicateRecordError, InvalidKeyError, StoreUnavailableError, UnknownRecordError
from vivavoce.store.records import ALL_SCOPES, FIRST_ORGANISATION, ApiKeyRecord, KeyId, NewApiKey, OrganisationId
from vivavoce.store.schema import api_keys

KEY_PREFIX = "vv_"
KEY_PREFIXES = (KEY_PREFIX, "xai-", "nur_", "pk_live_", "ah_live_", "acp_")
"""Ours, and those that clients of the five APIs expect; which one a key has changes nothing."""
KEY_RANDOM_CHARACTERS = 40
KEY_LENGTH_MINIMUM = 8
KEY_LENGTH_MAXIMUM = 256
TRUSTED_SECONDS = 5.0
TRUSTED_KEYS_MAXIMUM = 1_024
USE_NOTED_EVERY = timedelta(minutes=1)
_BASE62 = string.digits + string.ascii_letters
_COLUMNS = tuple(column for column in api_keys.c if column is not api_keys.c.secret_sha256)


class StoredKeys:
    """Creates, verifies and revokes API keys.

    `now` gives UTC, `monotonic` seconds for how long a verified digest is trusted. Every method raises
    `StoreUnavailableError` when the database does not answer.
    """

    def __init__(self, database: Database, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._database = database
        self._now = now
        self._monotonic = monotonic
        self._revocations = 0
        self._trusted: OrderedDict[str, tuple[ApiKeyRecord, float]] = OrderedDict()

    async def create(
        self,
        name: str,
        secret: str | None = None,
        *,
        organisation_id: OrganisationId = FIRST_ORGANISATION,
        prefix: str = KEY_PREFIX,
        scopes: Sequence[str] = ALL_SCOPES,
    ) -> NewApiKey:
        """A new key; its secret is random, behind `prefix`, unless given.

        Raises `InvalidKeyError`, `DuplicateRecordError`.
        """
        _check_description(name, prefix, scopes)
        plain = _random_secret(prefix) if secret is None else secret
        _check(plain)
        now = self._now()
        key_id = KeyId(new_identifier("key", int(now.timestamp() * 1000)))
        shown = prefix if plain.startswith(prefix) else ""
        kept_scopes = tuple(scope for scope in ALL_SCOPES if scope in scopes)
        record = ApiKeyRecord(key_id, name, plain[-4:], now, None, None, organisation_id, shown, kept_scopes)
        row = {
            "id": key_id,
            "organisation_id": organisation_id,
            "name": name,
            "prefix": shown,
            "scopes": list(kept_scopes),
            "secret_sha256": _digest(plain),
            "last4": record.last4,
            "created_at": now,
        }
        try:
            async with self._database.writing() as connection:
                await connection.execute(insert(api_keys).values(**row))
        except IntegrityError as error:
            raise DuplicateRecordError("this secret is an API key already (it may be a revoked one)") from error
        return NewApiKey(record, plain)

    async def ensure(self, name: str, secret: str) -> ApiKeyRecord:
        """The key with this secret, made if it is not there. Raises `InvalidKeyError`, also for a revoked one."""
        _check(secret)
        found = await self._find(api_keys.c.secret_sha256 == _digest(secret))
        if found is None:
            return (await self.create(name, secret)).record
        if found.revoked_at is not None:
            raise InvalidKeyError(f"the key {found.name!r} ({found.key_id}) was revoked: choose another secret")
        return found

    async def verify(self, plain: str) -> ApiKeyRecord | None:
        """The key whose secret this is, or None for a wrong, revoked or impossible one."""
        if _fault_of(plain) is not None:
            return None
        digest = _digest(plain)
        now = self._monotonic()
        revocations = self._revocations
        trusted = self._trusted.get(digest)
        if trusted is not None and now < trusted[1]:
            return trusted[0]
        self._trusted.pop(digest, None)
        record = await self._find(api_keys.c.secret_sha256 == digest)
        if record is None or record.revoked_at is not None:
            return None
        # What was read before a revocation may be the revoked key: it is answered but not remembered.
        if revocations == self._revocations:
            self._trusted[digest] = (record, now + TRUSTED_SECONDS)
        if len(self._trusted) > TRUSTED_KEYS_MAXIMUM:
            self._trusted.popitem(last=False)
        await self._note_use(record)
        return record

    async def list(self, organisation_id: OrganisationId = FIRST_ORGANISATION) -> Sequence[ApiKeyRecord]:
        """Every key that the organisation ever made, oldest first, the revoked ones too."""
        own = select(*_COLUMNS).where(api_keys.c.organisation_id == organisation_id)
        async with self._database.reading() as connection:
            rows = await connection.execute(own.order_by(api_keys.c.created_at, api_keys.c.id))
            return [_record_of(row) for row in rows]

    async def get(self, organisation_id: OrganisationId, key_id: str) -> ApiKeyRecord | None:
        return await self._find((api_keys.c.organisation_id == organisation_id) & (api_keys.c.id == key_id))

    async def count(self, organisation_id: OrganisationId = FIRST_ORGANISATION) -> int:
        """How many keys of the organisation work."""
        own = (api_keys.c.organisation_id == organisation_id, api_keys.c.revoked_at.is_(None))
        query = select(func.count()).select_from(api_keys).where(*own)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).scalar_one()

    async def revoke(self, key_id: str, organisation_id: OrganisationId = FIRST_ORGANISATION) -> ApiKeyRecord:
        """Make a key useless for ever; no harm if it was. Raises `UnknownRecordError`."""
        own = (api_keys.c.id == key_id) & (api_keys.c.organisation_id == organisation_id)
        mark = update(api_keys).where(own, api_keys.c.revoked_at.is_(None))
        async with self._database.writing() as connection:
            await connection.execute(mark.values(revoked_at=self._now()))
        self._revocations += 1
        for digest in [digest for digest, (record, _) in self._trusted.items() if record.key_id == key_id]:
            del self._trusted[digest]
        record = await self._find(own)
        if record is None:
            raise UnknownRecordError("API key", key_id)
        return record

    async def _find(self, condition: ColumnElement[bool]) -> ApiKeyRecord | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(*_COLUMNS).where(condition))).one_or_none()
        return None if row is None else _record_of(row)

    async def _note_use(self, record: ApiKeyRecord) -> None:
        now = self._now()
        long_ago = now - USE_NOTED_EVERY
        if record.last_used_at is not None and record.last_used_at > long_ago:
            return
        stale = or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at <= long_ago)
        # A caller is not turned away because the note of the visit could not be written.
        with suppress(StoreUnavailableError):
            async with self._database.writing() as connection:
                await connection.execute(
                    update(api_keys).where(api_keys.c.id == record.key_id, stale).values(last_used_at=now)
                )


def _check_description(name: str, prefix: str, scopes: Sequence[str]) -> None:
    if not name.strip() or len(name) > 255 or any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in name):
        raise InvalidKeyError("the name of a key must have 1 to 255 characters")
    if prefix not in KEY_PREFIXES:
        raise InvalidKeyError(f"the prefix of a key must be one of {', '.join(KEY_PREFIXES)}")
    if not scopes or set(scopes) - set(ALL_SCOPES):
        raise InvalidKeyError(f"the scopes of a key are one or more of {', '.join(ALL_SCOPES)}")


def _random_secret(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_BASE62) for _ in range(KEY_RANDOM_CHARACTERS))


def _fault_of(secret: str) -> str | None:
    """Why this text cannot be a key. A key must fit in an HTTP header and be no trivial guess."""
    if not KEY_LENGTH_MINIMUM <= len(secret) <= KEY_LENGTH_MAXIMUM:
        return f"an API key must have {KEY_LENGTH_MINIMUM} to {KEY_LENGTH_MAXIMUM} characters"
    if any(not "!" <= character <= "~" for character in secret):
        return "an API key may hold only visible ASCII characters and no space"
    return None


def _check(secret: str) -> None:
    if (fault := _fault_of(secret)) is not None:
        raise InvalidKeyError(fault)


def _digest(plain: str) -> str:
    return sha256(plain.encode()).hexdigest()


def _record_of(row: Row[Any]) -> ApiKeyRecord:
    return ApiKeyRecord(
        KeyId(row.id),
        row.name,
        row.last4,
        row.created_at,
        row.last_used_at,
        row.revoked_at,
        OrganisationId(row.organisation_id),
        row.prefix,
        tuple(row.scopes),
    )
