"""What can go wrong in the store, named by who must act. Messages say what to do and never hold a secret."""

from __future__ import annotations


class StoreError(Exception):
    """The database cannot be used as it is; a person must do what the message says."""


class DatabaseTooNewError(StoreError):
    """A newer vivavoce has migrated this database; this one must not touch it."""


class StoreUnavailableError(StoreError):
    """The database did not answer this time (locked, disk full, gone); trying again later may work."""


class UnknownRecordError(StoreError):
    """There is no record with this id (or it was deleted)."""

    def __init__(self, kind: str, record_id: str) -> None:
        super().__init__(f"there is no {kind} with the id {record_id[:80]!r}")
        self.kind = kind
        self.record_id = record_id


class DuplicateRecordError(StoreError):
    """A record with this id exists already."""


class InvalidKeyError(StoreError):
    """This text cannot serve as an API key."""


class VaultError(StoreError):
    """A stored secret cannot be read, or the key that reads it is missing or wrong; a person must put it back."""


class TooManySessionsError(StoreError):
    """The organisation has as many open sessions as it may have."""

    def __init__(self, maximum: int) -> None:
        super().__init__(f"{maximum} sessions are open, which is as many as may be; end one first")
        self.maximum = maximum
