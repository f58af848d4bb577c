"""The folder in which recordings lie until the storage has them: while their calls last, and until they are filed.

Every process has a folder of its own in it, whose lock it holds as long as it lives; so what a dead process left behind
is known by its lock, and no process touches what another one still writes. Owned by the recording service of a server.
Blocks, so it is called in threads.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path

_LOCK = "lock"
_ATTEMPTS_MAXIMUM = 10


class Spool:
    """Names are such as storages know: `org_1/sess_2-1.ogg`. Every method raises `OSError`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._opening = threading.Lock()
        self._own: Path | None = None
        self._lock: int | None = None

    def path_of(self, name: str) -> Path:
        """Where this process keeps it; the folder is there."""
        path = self._opened() / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path

    def take_over(self) -> None:
        """Make what dead processes left behind this process's own."""
        if not self._directory.is_dir():
            return
        for folder in sorted(self._directory.iterdir()):
            if folder != self._own and (lock := _locked(folder / _LOCK)) is not None:
                try:
                    self._move(folder)
                finally:
                    os.close(lock)

    def names(self) -> Sequence[str]:
        """Everything of this process's own."""
        own = self._own
        found = () if own is None else (path for path in own.rglob("*") if path.is_file() and path.name != _LOCK)
        return sorted(path.relative_to(self._opened()).as_posix() for path in found)

    def close(self) -> None:
        """The process ends: what is left is there for the next one."""
        with self._opening:
            if self._lock is not None and self._own is not None:
                _remove_if_empty(self._own)
                os.close(self._lock)
            self._lock = self._own = None

    def _move(self, folder: Path) -> None:
        for path in [each for each in folder.rglob("*") if each.is_file() and each.name != _LOCK]:
            path.replace(self.path_of(path.relative_to(folder).as_posix()))
        _remove_if_empty(folder)

    def _opened(self) -> Path:
        with self._opening:
            attempts = 0
            while self._own is None:
                attempts += 1
                folder = self._directory / secrets.token_hex(4)
                folder.mkdir(parents=True, mode=0o700)
                (folder / _LOCK).touch(mode=0o600)
                lock = _locked(folder / _LOCK)
                # between the two lines another process may have found it, and taken it for a dead one's
                if lock is not None and (folder / _LOCK).exists():
                    self._own, self._lock = folder, lock
                elif attempts == _ATTEMPTS_MAXIMUM:
                    raise OSError("the folder of unfinished recordings cannot be locked")
            return self._own


def _locked(path: Path) -> int | None:
    """The lock, held; None: somebody else holds it, or there is none."""
    try:
        lock = os.open(path, os.O_RDWR)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def _remove_if_empty(folder: Path) -> None:
    """Organisations' folders without recordings go, and then the folder itself."""
    for each in sorted(folder.iterdir()):
        if each.is_dir() and not any(each.iterdir()):
            each.rmdir()
    if [each.name for each in folder.iterdir()] == [_LOCK]:
        (folder / _LOCK).unlink()
        folder.rmdir()
