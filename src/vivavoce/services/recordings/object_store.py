"""Recordings in a bucket that speaks S3's words, through obstore, which is there with the extra `s3`.

Recordings come in parts while their calls last; an object is there when its last part is, so what is in the bucket is
whole. Owned by the composition root; obstore keeps its connections for as long as the process lives.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from vivavoce.services.recordings.storage import READ_AT_ONCE, StorageError

MISSING = "recordings in a bucket need the extra 's3': install vivavoce[s3]"


class ObjectStorage:
    """`store` is one of obstore's: `S3Store` in production.

    Sending is for event loops: obstore's own threads do it, and none of ours waits. Reading and removing block, so they
    are called in threads.
    """

    def __init__(self, obstore: Any, store: Any) -> None:
        self._obstore = obstore
        self._store = store
        self._errors: tuple[type[Exception], ...] = (obstore.exceptions.BaseError, OSError)

    async def stream(self, name: str, pieces: AsyncIterator[bytes], part_bytes: int) -> None:
        """Pieces as they come, in parts of this size: no more than one is under way, and one waits.

        What the pieces raise takes back all parts; what is cancelled leaves them, unseen, to the bucket's rules.
        """
        try:
            await self._obstore.put_async(self._store, name, pieces, chunk_size=part_bytes, max_concurrency=1)
        except self._errors as error:
            raise _failed(error) from error

    async def send(self, name: str, source: Path, part_bytes: int) -> None:
        """A file, whole."""
        try:
            await self._obstore.put_async(self._store, name, source, chunk_size=part_bytes, max_concurrency=1)
        except self._errors as error:
            raise _failed(error) from error

    async def discard(self, name: str) -> None:
        await asyncio.to_thread(self.remove, name)

    def read(self, name: str, start: int, length: int) -> Iterator[bytes]:
        first = self._piece(name, start, min(length, READ_AT_ONCE))

        def pieces() -> Iterator[bytes]:
            yield first
            for begin in range(start + len(first), start + length, READ_AT_ONCE):
                yield self._piece(name, begin, min(start + length - begin, READ_AT_ONCE))

        return pieces()

    def remove(self, name: str) -> None:
        try:
            self._obstore.delete(self._store, name)
        except FileNotFoundError:
            return
        except self._errors as error:
            raise _failed(error) from error

    def _piece(self, name: str, start: int, length: int) -> bytes:
        if not length:
            return b""
        try:
            return bytes(self._obstore.get_range(self._store, name, start=start, length=length))
        except self._errors as error:
            raise _failed(error) from error


def open_bucket(url: str) -> ObjectStorage:
    """The bucket at `s3://BUCKET/PREFIX`; keys, region and endpoint are AWS's variables in the environment.

    Raises `StorageError` where obstore is not installed, or the address is none.
    """
    obstore = _obstore()
    try:
        return ObjectStorage(obstore, importlib.import_module("obstore.store").S3Store.from_url(url))
    except (obstore.exceptions.BaseError, ValueError) as error:
        raise StorageError(f"{url} is no bucket that can be used: {type(error).__name__}") from error


def _obstore() -> Any:
    try:
        importlib.import_module("obstore.exceptions")
        return importlib.import_module("obstore")
    except ModuleNotFoundError as error:
        raise StorageError(MISSING) from error


def _failed(error: Exception) -> StorageError:
    # what obstore says may hold addresses; whose fault it is, its kind says
    return StorageError(f"the bucket did not do it: {type(error).__name__}")
