"""Files that documents are made of: their bytes on the shelf, their records in the store. Without state of its own."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from vivavoce.agents import checks
from vivavoce.agents.identifiers import Kind, parse
from vivavoce.services.callers import Caller
from vivavoce.services.knowledge.shelf import FileShelf
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.files import FileContent, FileRecord, StoredFiles
from vivavoce.store.records import Page, PageRequest

NAME_LENGTH_MAXIMUM = 255
MEDIA_TYPE_LENGTH_MAXIMUM = 255
UNKNOWN_MEDIA_TYPE = "application/octet-stream"


class FileService:
    """Every method raises `UnknownRecordError` for what is not there, another organisation's included, and
    `InvalidFieldError` for a value that cannot be. `wake`: somebody has to look after what follows.
    """

    def __init__(self, files: StoredFiles, shelf: FileShelf, wake: Callable[[], None]) -> None:
        self._files = files
        self._shelf = shelf
        self._wake = wake

    async def keep(
        self, caller: Caller, name: str, media_type: str | None, source: BinaryIO, *, is_entry: bool = False
    ) -> FileRecord:
        """Keep what `source` holds. `is_entry`: a text written into a collection. Raises `FileTooLargeError`."""
        own, media_type = own_name(name), media_type or UNKNOWN_MEDIA_TYPE
        checks.optional_text("content_type", media_type, MEDIA_TYPE_LENGTH_MAXIMUM)
        file_id = self._files.new_id()
        kept = await asyncio.to_thread(self._shelf.keep, file_id, source)
        content = FileContent(own, media_type, kept.size_bytes, kept.sha256)
        return await self._files.add(caller.organisation_id, file_id, content, is_entry=is_entry)

    async def get(self, caller: Caller, file_id: str) -> FileRecord:
        identifier = parse(Kind.FILE, file_id)
        found = None if identifier is None else await self._files.get(caller.organisation_id, identifier)
        if found is None:
            raise UnknownRecordError("file", file_id)
        return found

    async def list(self, caller: Caller, request: PageRequest) -> Page[FileRecord]:
        return await self._files.list(caller.organisation_id, request)

    def path_of(self, file: FileRecord) -> Path:
        """Where its bytes are."""
        return self._shelf.path_of(file.file_id)

    async def rewrite(self, file: FileRecord, name: str | None, text: str | None) -> None:
        """Give a written text another name or other words. Raises `FileTooLargeError`."""
        content = file.content
        if text is not None:
            checks.storable("text", text)
            kept = await asyncio.to_thread(self._shelf.keep, file.file_id, io.BytesIO(text.encode()))
            content = FileContent(content.name, content.media_type, kept.size_bytes, kept.sha256)
        renamed = content.name if name is None else own_name(name)
        await self._files.replace(file, FileContent(renamed, content.media_type, content.size_bytes, content.sha256))

    async def delete(self, caller: Caller, file_id: str) -> FileRecord:
        """The file, its bytes, and its documents in every collection."""
        found = await self.get(caller, file_id)
        await self._files.delete(found)
        await asyncio.to_thread(self._shelf.remove, found.file_id)
        self._wake()
        return found


def own_name(name: str) -> str:
    """A file's own name, without the folders that some programs send along. Raises `InvalidFieldError`."""
    own = name.replace("\\", "/").rpartition("/")[2].strip()
    checks.text("name", own, NAME_LENGTH_MAXIMUM)
    return own
