"""The bytes of files, on the disk beside the database: one file each, named by its id, for their owner only.

Synchronous: callers run it in threads. Owned by the composition root; holds nothing open.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

FILE_BYTES_MAXIMUM = 50 * 1024 * 1024
_COPIED_AT_ONCE = 1024 * 1024
_PRIVATE_FILE = 0o600
_PRIVATE_DIRECTORY = 0o700
_UNFINISHED = ".part"


class FileTooLargeError(Exception):
    """More than `FILE_BYTES_MAXIMUM`; nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class KeptBytes:
    size_bytes: int
    sha256: str


class FileShelf:
    """A directory of files. Every method raises `OSError` where the disk does."""

    def __init__(self, directory: Path, bytes_maximum: int = FILE_BYTES_MAXIMUM) -> None:
        self._directory = directory
        self._bytes_maximum = bytes_maximum

    def path_of(self, file_id: str) -> Path:
        return self._directory / file_id

    def keep(self, file_id: str, source: BinaryIO) -> KeptBytes:
        """Copy what `source` holds; it is on disk, whole, or not at all. Raises `FileTooLargeError`."""
        self._directory.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        path = self.path_of(file_id)
        unfinished = path.with_name(path.name + _UNFINISHED)
        digest, size = hashlib.sha256(), 0
        try:
            unfinished.touch(_PRIVATE_FILE)
            with unfinished.open("wb") as written:
                for piece in _pieces(source):
                    size += len(piece)
                    if size > self._bytes_maximum:
                        raise FileTooLargeError
                    digest.update(piece)
                    written.write(piece)
                written.flush()
                os.fsync(written.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        return KeptBytes(size, digest.hexdigest())

    def remove(self, file_id: str) -> None:
        """Overwritten by nobody: what a disk keeps of a deleted file is the disk's matter."""
        self.path_of(file_id).unlink(missing_ok=True)

    def names(self, older_than: float) -> list[str]:
        """The ids of the files that were last written before this moment (Unix seconds), unfinished ones too."""
        found: list[str] = []
        if self._directory.is_dir():
            for path in self._directory.iterdir():
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < older_than:
                        found.append(path.name)
        return found

    def remove_all(self, file_ids: Iterable[str]) -> None:
        for file_id in file_ids:
            self.remove(file_id)


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    while piece := source.read(_COPIED_AT_ONCE):
        yield piece
