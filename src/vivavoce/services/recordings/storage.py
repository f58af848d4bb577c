"""Where finished recordings are kept: the port, and the folder on the disk beside the database.

Synchronous: callers run it in threads. Owned by the composition root; holds nothing open.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

READ_AT_ONCE = 256 * 1024


class StorageError(Exception):
    """The storage did not do it; the message says what it said, and has no secret in it."""


class RecordingStorage(Protocol):
    """Gives files by their names, such as `org_1/sess_2-1.ogg`. Every method raises `StorageError`."""

    def read(self, name: str, start: int, length: int) -> Iterator[bytes]:
        """These bytes of a file, in pieces. Raises `StorageError` before the first piece for a file that is missing."""

    def remove(self, name: str) -> None:
        """The file is gone; so is one that was not there."""


class FolderStorage:
    """A directory of files, for their owner only."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, name: str, source: Path) -> None:
        """Take the file in, whole or not at all; `source` is gone afterwards. Raises `StorageError`."""
        kept = self._directory / name
        try:
            kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            source.replace(kept)
        except OSError as error:
            raise _failed(error) from error

    def read(self, name: str, start: int, length: int) -> Iterator[bytes]:
        try:
            file = (self._directory / name).open("rb")
        except OSError as error:
            raise _failed(error) from error

        def pieces() -> Iterator[bytes]:
            with file:
                file.seek(start)
                left = length
                while left and (piece := file.read(min(left, READ_AT_ONCE))):
                    left -= len(piece)
                    yield piece

        return pieces()

    def remove(self, name: str) -> None:
        try:
            (self._directory / name).unlink(missing_ok=True)
        except OSError as error:
            raise _failed(error) from error


def _failed(error: OSError) -> StorageError:
    return StorageError(error.strerror or "the disk failed")
