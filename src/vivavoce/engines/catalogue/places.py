"""Where the weights lie on this machine and which of them are there and known to be right.

The layout is <models directory>/<model>/<file>. Beside the files lies a stamp with the checksums that were found, so
that a start does not hash a gigabyte again. The folder belongs to the user; nothing here outlives a call.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import platformdirs

from vivavoce.engines.catalogue.description import Model, ModelFile
from vivavoce.engines.catalogue.errors import CacheNotWritableError, DiskFullError, ModelError
from vivavoce.engines.catalogue.reading import load_catalogue

MODELS_VARIABLE = "VIVAVOCE_MODELS"
_STAMP = ".verified.json"
_LOCKS = ".locks"
_BLOCK_BYTES = 1 << 20

Seen = Callable[[int], None]
"""Called with the number of bytes that were just hashed."""


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What `verify` found out about one file."""

    model: str
    file: str
    result: Literal["right", "missing", "wrong size", "wrong checksum"]


def models_directory() -> Path:
    """The folder of all models: `VIVAVOCE_MODELS`, else the user's cache folder."""
    chosen = os.environ.get(MODELS_VARIABLE)
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("vivavoce")) / "models"


def model_directory(name: str, directory: Path | None = None) -> Path:
    """The folder of the model `name`, whether or not it is there."""
    return (directory or models_directory()) / name


def is_complete(model: Model, directory: Path | None = None) -> bool:
    """Whether every file is there with the right size. Cheap: nothing is hashed, `verify` does that."""
    folder = model_directory(model.name, directory)
    stamp = _read_stamp(folder)
    return all(_looks_right(folder, file, stamp) for file in model.files)


def is_known_right(model: Model, directory: Path) -> bool:
    """Whether every file was hashed and found right, and has not been touched since. Hashes nothing."""
    folder = directory / model.name
    stamp = _read_stamp(folder)
    return all(_is_stamped(folder / file.name, file, stamp) for file in model.files)


def missing_models(profile: str, directory: Path | None = None) -> tuple[Model, ...]:
    """The models of a profile (or the model of that name) that are not complete. Raises `UnknownModelError`."""
    return tuple(model for model in load_catalogue().select([profile]) if not is_complete(model, directory))


def verify(models: Iterable[Model], directory: Path | None = None, seen: Seen | None = None) -> tuple[FileCheck, ...]:
    """Hash every file of the models and compare. Nothing is deleted; the next pull replaces what is wrong here."""
    checks: list[FileCheck] = []
    for model in models:
        folder = model_directory(model.name, directory)
        for file in model.files:
            path = folder / file.name
            if not path.is_file():
                checks.append(FileCheck(model.name, file.name, "missing"))
            elif not _has_size(path, file):
                checks.append(FileCheck(model.name, file.name, "wrong size"))
            elif sha256_of(path, seen) != file.sha256:
                checks.append(FileCheck(model.name, file.name, "wrong checksum"))
                _forget_if_possible(folder, file)
            else:
                checks.append(FileCheck(model.name, file.name, "right"))
                _stamp_if_possible(folder, file)
    return tuple(checks)


def bytes_to_check(model: Model, directory: Path) -> int:
    """How many bytes `wanted_files` has to hash: files that are there, but that nobody has checked."""
    folder = directory / model.name
    stamp = _read_stamp(folder)
    return sum(
        file.size_bytes
        for file in model.files
        if _has_size(folder / file.name, file) and not _is_stamped(folder / file.name, file, stamp)
    )


def wanted_files(model: Model, directory: Path, seen: Seen | None = None) -> tuple[ModelFile, ...]:
    """The files that have to be fetched. One that nobody has hashed yet is hashed now, and deleted when it is wrong."""
    folder = directory / model.name
    stamp = _read_stamp(folder)
    wanted: list[ModelFile] = []
    for file in model.files:
        path = folder / file.name
        if _is_stamped(path, file, stamp):
            continue
        if _has_size(path, file) and sha256_of(path, seen) == file.sha256:
            _stamp_if_possible(folder, file)
        else:
            path.unlink(missing_ok=True)
            wanted.append(file)
    return tuple(wanted)


def install(file: ModelFile, arrived: Path, folder: Path) -> None:
    """Give a file whose checksum was found right its final name, in one step, and stamp it."""
    target = folder / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    with arrived.open("rb") as stream:
        # Else a power cut could leave the final name on blocks that were never written.
        os.fsync(stream.fileno())
    arrived.replace(target)
    stamp_file(folder, file)


def stamp_file(folder: Path, file: ModelFile) -> None:
    """Remember that the file was hashed and found right."""
    stamp = _read_stamp(folder) | {file.name: _mark(folder / file.name, file.sha256)}
    write_atomically(folder / _STAMP, json.dumps(stamp, indent=1).encode())


def sha256_of(path: Path, seen: Seen | None = None) -> str:
    """The file's SHA-256 in lower-case hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
            if seen is not None:
                seen(len(block))
    return digest.hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a small file so that readers see the old or the new one, never half of it."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    beside.write_bytes(content)
    beside.replace(path)


@contextmanager
def locked(model: str, directory: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the model's lock, so that two processes do not fetch it at once; `waiting` is called if another has it.

    The kernel frees the lock when its owner dies. Raises `CacheNotWritableError`, `DiskFullError`.
    """
    lock = directory / _LOCKS / f"{model}.lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        stream = lock.open("w")
    except OSError as error:
        raise disk_trouble(error, directory) from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def disk_trouble(error: OSError, directory: Path) -> ModelError:
    """The error for a models directory that could not be written: no room, or no permission."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFullError(
            f"the disk of {directory} is full; free some space, or set {MODELS_VARIABLE} to a folder on another disk, "
            "then run the same command again: it goes on where it stopped"
        )
    return CacheNotWritableError(
        f"the models directory {directory} cannot be written ({error.strerror or error}); "
        f"make it writable, or set {MODELS_VARIABLE} to a folder that is"
    )


def _looks_right(folder: Path, file: ModelFile, stamp: dict[str, Any]) -> bool:
    mark = stamp.get(file.name)
    stamped_otherwise = isinstance(mark, dict) and mark.get("sha256") != file.sha256
    return _has_size(folder / file.name, file) and not stamped_otherwise


def _has_size(path: Path, file: ModelFile) -> bool:
    try:
        return path.stat().st_size == file.size_bytes
    except OSError:
        return False


def _is_stamped(path: Path, file: ModelFile, stamp: dict[str, Any]) -> bool:
    return _has_size(path, file) and stamp.get(file.name) == _mark(path, file.sha256)


def _mark(path: Path, sha256: str) -> dict[str, Any]:
    status = path.stat()
    return {"sha256": sha256, "size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _read_stamp(folder: Path) -> dict[str, Any]:
    try:
        stamp = json.loads((folder / _STAMP).read_bytes())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _stamp_if_possible(folder: Path, file: ModelFile) -> None:
    """A read-only models directory is fine as long as everything in it is right."""
    try:
        stamp_file(folder, file)
    except OSError:
        return


def _forget_if_possible(folder: Path, file: ModelFile) -> None:
    """Drop a stamp that turned out wrong, so that the next pull looks at the file itself."""
    stamp = {name: mark for name, mark in _read_stamp(folder).items() if name != file.name}
    try:
        write_atomically(folder / _STAMP, json.dumps(stamp, indent=1).encode())
    except OSError:
        return
