"""The official publishers: repositories of the model hub, and the plain addresses where makers publish their files.

Owned by one pull; remembers which hosts could not be reached, so that each is waited for once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from urllib.parse import quote

import httpx

from vivavoce.engines.catalogue.description import HubFile, ModelFile, WebFile
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
from vivavoce.engines.catalogue.errors import SourceError, SourceUnreachableError
from vivavoce.engines.catalogue.registries import host_of
from vivavoce.engines.catalogue.sources import Arrived
from vivavoce.engines.catalogue.streams import in_order

HUB_VARIABLE = "HF_ENDPOINT"
HUB_OFFLINE_VARIABLE = "HF_HUB_OFFLINE"
HUB_URL = "https://huggingface.co"


class OfficialPublishers:
    """Whole files from where their makers put them."""

    name = "hub"

    def __init__(self, patience: Patience, streams: int, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._client: httpx.Client | None = None
        self._patience = patience
        self._streams = streams
        self._hub_url = (environment.get(HUB_VARIABLE) or HUB_URL).rstrip("/")
        self._unreachable: dict[str, SourceUnreachableError] = {}
        if environment.get(HUB_OFFLINE_VARIABLE, "").lower() in {"1", "true", "yes", "on"}:
            host = host_of(self._hub_url)
            off = f"{host} is switched off by {HUB_OFFLINE_VARIABLE}; unset it to use the hub"
            self._unreachable[host] = SourceUnreachableError(off, host)

    def offers(self, file: ModelFile) -> bool:
        return file.official is not None

    def worth_trying(self, files: Sequence[ModelFile]) -> bool:
        return any(host_of(self._url(file)) not in self._unreachable for file in files)

    def began(self, files: Sequence[ModelFile], work: Path) -> bool:
        return any(_bytes_here(file, work) for file in files)

    def fetched_bytes(self, files: Sequence[ModelFile], work: Path) -> tuple[int, int]:
        total = sum(file.size_bytes for file in files)
        return total, sum(_bytes_here(file, work) for file in files)

    def disk_bytes(self, files: Sequence[ModelFile], work: Path) -> int:
        total, present = self.fetched_bytes(files, work)
        return total - present

    def fetch(
        self, files: Sequence[ModelFile], work: Path, fetched: Fetched, arrived: Arrived
    ) -> tuple[SourceError, ...]:
        troubles: dict[str, SourceError] = {}
        if self._client is None:
            self._client = open_client()
        downloader = Downloader(self._client, self._patience)
        jobs = [partial(self._bring, downloader, file, work, fetched) for file in files]
        with closing(in_order(jobs, self._streams, downloader.stop)) as futures:
            for file, future in zip(files, futures, strict=True):
                try:
                    arrived(file, future.result())
                except SourceError as trouble:
                    troubles[str(trouble)] = trouble
        return tuple(troubles.values())

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _bring(self, downloader: Downloader, file: ModelFile, work: Path, fetched: Fetched) -> Path:
        url, target = self._url(file), _target(file, work)
        host = host_of(url)
        if arrived_before(target, file.sha256, fetched):
            return target
        if host in self._unreachable:
            raise self._unreachable[host]
        try:
            downloader.fetch(RemoteFile(url, file.size_bytes, file.sha256), target, fetched)
        except SourceUnreachableError as trouble:
            self._unreachable[host] = trouble
            raise
        return target

    def _url(self, file: ModelFile) -> str:
        match file.official:
            case WebFile(url=url):
                return url
            case HubFile(repository=repository, revision=revision, path=path):
                return f"{self._hub_url}/{repository}/resolve/{quote(revision, safe='')}/{quote(path)}"
            case None:
                return ""


def _target(file: ModelFile, work: Path) -> Path:
    return work / f"{file.name.replace('/', '__')}.official"


def _bytes_here(file: ModelFile, work: Path) -> int:
    target = _target(file, work)
    return size_or_zero(target) + size_or_zero(part_of(target))
