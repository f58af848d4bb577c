"""A file on its way to the server: what is sent of it, and how far it has got.

Belongs to one upload; whoever opened the file closes it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

Progress = Callable[[int, int], None]
"""Hears of bytes that were handed to the connection, and of how many there are. Called on the event loop."""


@dataclass(frozen=True, slots=True)
class Upload:
    """`part`: the form's field for the file; `fields`: the other ones. `content_type` None: what the name says."""

    part: str
    name: str
    source: BinaryIO = field(repr=False)
    content_type: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    progress: Progress | None = None


class Watched:
    """A file that tells how much of it has been read."""

    def __init__(self, source: BinaryIO, progress: Progress) -> None:
        self._source = source
        self._progress = progress
        begin = source.tell()
        self._bytes = source.seek(0, os.SEEK_END)
        source.seek(begin)

    def read(self, size: int = -1) -> bytes:
        chunk = self._source.read(size)
        self._progress(self._source.tell(), self._bytes)
        return chunk

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        return self._source.tell()
