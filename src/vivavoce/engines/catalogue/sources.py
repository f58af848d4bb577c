"""What a source of weights is, and the nearest one: files of packages that are installed on this machine.

Owned by one pull. A source brings files into the model's work folder and reports each as soon as its checksum is
right; what was unfinished stays in the work folder for the next try.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from vivavoce.engines.catalogue.description import ModelFile, PackagedFile
from vivavoce.engines.catalogue.downloading import Fetched
from vivavoce.engines.catalogue.errors import SourceError
from vivavoce.engines.catalogue.places import sha256_of

Arrived = Callable[[ModelFile, Path], None]
"""Called on the caller's thread with a file whose bytes are right, and where they lie."""


class Source(Protocol):
    """One way to get files."""

    @property
    def name(self) -> str: ...

    def offers(self, file: ModelFile) -> bool: ...

    def worth_trying(self, files: Sequence[ModelFile]) -> bool:
        """False when it is known already that nothing can come from here; `fetch` then only says why."""
        ...

    def began(self, files: Sequence[ModelFile], work: Path) -> bool:
        """Whether an earlier pull left something of this source in the work folder."""
        ...

    def fetched_bytes(self, files: Sequence[ModelFile], work: Path) -> tuple[int, int]:
        """How many bytes have to come over the network in all, and how many of them came already."""
        ...

    def disk_bytes(self, files: Sequence[ModelFile], work: Path) -> int:
        """How much room on the disk the rest of the work takes."""
        ...

    def fetch(
        self, files: Sequence[ModelFile], work: Path, fetched: Fetched, arrived: Arrived
    ) -> tuple[SourceError, ...]:
        """Bring the files. Returns why some did not come. Raises OSError when the disk is the reason."""
        ...


def copy_installed(files: Sequence[ModelFile], work: Path, arrived: Arrived) -> None:
    """Take the files that lie inside installed packages, if their bytes are right there. Nothing is imported."""
    for file in files:
        origin = _installed_path(file.packaged) if file.packaged else None
        if origin is not None and origin.is_file() and sha256_of(origin) == file.sha256:
            copy = work / f"{file.name.replace('/', '__')}.copy"
            shutil.copyfile(origin, copy)
            arrived(file, copy)


def _installed_path(packaged: PackagedFile) -> Path | None:
    try:
        spec = importlib.util.find_spec(packaged.package)
    except ModuleNotFoundError:
        return None
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(folders[0]) / packaged.path if folders else None
