"""Files on the server, whatever collections they are in."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from vivavoce.client.knowledge_results import StoredFile
from vivavoce.client.pages import Pages
from vivavoce.client.results import result_of
from vivavoce.client.uploads import Progress, Upload
from vivavoce.client.wire import Wire, path_of


class Files:
    """`client.files`. Every method raises `ApiError`, `ServerUnreachableError`, `UnexpectedAnswerError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def upload(
        self, source: BinaryIO, name: str, *, content_type: str | None = None, progress: Progress | None = None
    ) -> StoredFile:
        """Keep a file without putting it into a collection. Tried once: it is never stored twice."""
        upload = Upload("file", Path(name).name, source, content_type, {}, progress)
        return result_of(StoredFile, await self._wire.upload(path_of("v1", "files"), upload))

    def list(self, *, limit: int | None = None) -> Pages[StoredFile]:
        return Pages(self._wire, path_of("v1", "files"), StoredFile, "files", {"limit": limit})

    async def get(self, file_id: str) -> StoredFile:
        return result_of(StoredFile, await self._wire.get(path_of("v1", "files", file_id)))

    async def delete(self, file_id: str) -> None:
        """Its documents go with it, from every collection."""
        await self._wire.call("DELETE", path_of("v1", "files", file_id))
