"""Files that organisations have given: what they are called and how large they are. Part of a `Store`.

Their bytes lie beside the database, not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, exists, insert, select, update

from vivavoce.agents.identifiers import Kind, new_identifier
from vivavoce.store.database import Database
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import OrganisationId, Page, PageRequest
from vivavoce.store.rows import Clock, fetch_page, named, unix_ms
from vivavoce.store.schema import knowledge_documents, knowledge_files


@dataclass(frozen=True, slots=True)
class FileContent:
    """What is known of the bytes of a file."""

    name: str
    media_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A stored file. `is_entry`: it is a text that was written into a collection, and goes with it."""

    file_id: str
    seq: int
    organisation_id: OrganisationId
    content: FileContent
    is_entry: bool
    created_at: datetime


class StoredFiles:
    """Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    def new_id(self) -> str:
        """An id for a file whose bytes are to be written before it is added."""
        return new_identifier(Kind.FILE, unix_ms(self._now()))

    async def add(
        self, organisation_id: OrganisationId, file_id: str, content: FileContent, *, is_entry: bool = False
    ) -> FileRecord:
        row = {
            "id": file_id,
            "organisation_id": organisation_id,
            "is_entry": is_entry,
            "created_at": self._now(),
            **_columns(content),
        }
        async with self._database.writing() as connection:
            added = await connection.execute(insert(knowledge_files).values(**row).returning(*knowledge_files.c))
            return file_of(added.one())

    async def get(self, organisation_id: OrganisationId, identifier: str | int) -> FileRecord | None:
        table = knowledge_files
        query = select(table).where(
            table.c.organisation_id == organisation_id, named(table, identifier), table.c.deleted_at.is_(None)
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else file_of(row)

    async def list(self, organisation_id: OrganisationId, request: PageRequest) -> Page[FileRecord]:
        table = knowledge_files
        conditions = [table.c.organisation_id == organisation_id, table.c.deleted_at.is_(None)]
        async with self._database.reading() as connection:
            return await fetch_page(connection, table, conditions, request, file_of)

    async def replace(self, file: FileRecord, content: FileContent) -> FileRecord:
        """The file has other bytes now. Raises `UnknownRecordError` for one that is gone."""
        table = knowledge_files
        change = update(table).where(table.c.seq == file.seq, table.c.id == file.file_id, table.c.deleted_at.is_(None))
        async with self._database.writing() as connection:
            changed = await connection.execute(change.values(**_columns(content)).returning(*table.c))
            row = changed.one_or_none()
        if row is None:
            raise UnknownRecordError("file", file.file_id)
        return file_of(row)

    async def delete(self, file: FileRecord) -> None:
        """The file is gone at once; its row stays until the passages of its documents are gone too."""
        table, documents = knowledge_files, knowledge_documents
        async with self._database.writing() as connection:
            now = self._now()
            mark = update(documents).where(documents.c.file_id == file.file_id, documents.c.deleted_at.is_(None))
            await connection.execute(mark.values(deleted_at=now, updated_at=now, is_due=True, claimed_until=None))
            gone = update(table).where(table.c.id == file.file_id)
            await connection.execute(gone.values(deleted_at=now, name="", sha256=""))
            await connection.execute(delete(table).where(table.c.id == file.file_id, ~_is_used()))

    async def known(self, file_ids: set[str]) -> set[str]:
        """Those of these that are there and not deleted."""
        table = knowledge_files
        found: set[str] = set()
        wanted = sorted(file_ids)
        async with self._database.reading() as connection:
            for first in range(0, len(wanted), 500):
                some = wanted[first : first + 500]
                query = select(table.c.id).where(table.c.id.in_(some), table.c.deleted_at.is_(None))
                found.update((await connection.execute(query)).scalars())
        return found


def _is_used() -> Any:
    return exists().where(knowledge_documents.c.file_id == knowledge_files.c.id)


def _columns(content: FileContent) -> dict[str, Any]:
    return {
        "name": content.name,
        "media_type": content.media_type,
        "size_bytes": content.size_bytes,
        "sha256": content.sha256,
    }


def file_of(row: Row[Any]) -> FileRecord:
    content = FileContent(row.name, row.media_type, row.size_bytes, row.sha256)
    return FileRecord(row.id, row.seq, OrganisationId(row.organisation_id), content, row.is_entry, row.created_at)
