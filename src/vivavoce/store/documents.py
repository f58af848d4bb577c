"""Documents: files in collections, and how far each has come on its way to being searched. Part of a `Store`.

A document has generations of passages: the one that answers (`generation`; 0 is none) and, while it is being indexed
anew, the one that is being made (`building`). Whoever asks for another index raises `building`; what then comes from
work on an earlier one is not taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.store.database import Database
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.files import FileContent, FileRecord
from vivavoce.store.records import OrganisationId, Page, PageRequest
from vivavoce.store.revisions import bump
from vivavoce.store.rows import Clock, fetch_page
from vivavoce.store.schema import knowledge_documents, knowledge_files

_NAMES_AT_ONCE = 500
_CONTENT = ("name", "media_type", "size_bytes", "sha256", "is_entry")


class DocumentStatus(StrEnum):
    """How far a document has come; the API shows it with `DOCUMENT_STATUS_` before it."""

    PROCESSING = "PROCESSING"
    CHUNKED = "CHUNKED"
    EMBEDDING = "EMBEDDING"
    WRITING = "WRITING"
    PROCESSED = "PROCESSED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A stored document. `chunks_done` of `chunks_total` passages are ready."""

    seq: int
    organisation_id: OrganisationId
    collection_id: str
    collection_seq: int
    file_id: str
    file: FileContent
    is_entry: bool
    fields: Mapping[str, Any]
    status: DocumentStatus
    error_code: str | None
    error_message: str | None
    chunks_total: int
    chunks_done: int
    generation: int
    building: int
    made_of: str | None
    failures: int
    created_at: datetime
    updated_at: datetime
    indexed_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class CollectionTotals:
    """What a collection holds: how many documents, how many bytes of files, how many passages."""

    documents: int = 0
    size_bytes: int = 0
    chunks: int = 0


class StoredDocuments:
    """Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def attach(
        self, collection_id: str, collection_seq: int, file: FileRecord, fields: Mapping[str, Any]
    ) -> DocumentRecord:
        """Put a file into a collection, to be indexed. One that is in it has new fields and is indexed anew."""
        table, now = knowledge_documents, self._now()
        again: dict[str, Any] = {
            "fields": dict(fields),
            "status": DocumentStatus.PROCESSING,
            "error_code": None,
            "error_message": None,
            "failures": 0,
            "is_due": True,
            "claimed_until": None,
            "updated_at": now,
            "deleted_at": None,
        }
        new = again | {
            "organisation_id": file.organisation_id,
            "collection_id": collection_id,
            "collection_seq": collection_seq,
            "file_id": file.file_id,
            "chunks_total": 0,
            "chunks_done": 0,
            "generation": 0,
            "building": 1,
            "created_at": now,
        }
        async with self._database.writing() as connection:
            there = self._row(collection_id, file.file_id)
            row = (await connection.execute(there.with_for_update(of=table))).one_or_none()
            if row is None:
                await connection.execute(insert(table).values(**new))
            else:
                # one that was deleted does not answer from its old passages
                revived = {"generation": 0} if row.deleted_at is not None else {}
                values = again | revived | {"building": row.building + 1}
                await connection.execute(update(table).where(table.c.seq == row.seq).values(**values))
                await bump(connection, self._database, collection_seq)
            return document_of((await connection.execute(there)).one())

    async def get(self, organisation_id: OrganisationId, collection_id: str, file_id: str) -> DocumentRecord | None:
        found = await self.named(organisation_id, collection_id, [file_id])
        return found[0] if found else None

    async def named(
        self, organisation_id: OrganisationId, collection_id: str, file_ids: Sequence[str]
    ) -> Sequence[DocumentRecord]:
        """Those of these files that are in the collection, at most 500."""
        table = knowledge_documents
        wanted = table.c.file_id.in_(list(file_ids)[:_NAMES_AT_ONCE])
        query = _joined().where(*_living(organisation_id, collection_id), wanted).order_by(table.c.seq)
        async with self._database.reading() as connection:
            return [document_of(row) for row in (await connection.execute(query)).all()]

    async def list(
        self,
        organisation_id: OrganisationId,
        collection_id: str,
        request: PageRequest,
        status: DocumentStatus | None = None,
    ) -> Page[DocumentRecord]:
        conditions = _living(organisation_id, collection_id)
        if status is not None:
            conditions.append(knowledge_documents.c.status == status)
        async with self._database.reading() as connection:
            page = await fetch_page(connection, knowledge_documents, conditions, request, lambda row: int(row.seq))
            if not page.items:
                return Page([], page.next_seq, page.total)
            query = _joined().where(knowledge_documents.c.seq.in_(page.items))
            rows = {row.seq: document_of(row) for row in (await connection.execute(query)).all()}
        return Page([rows[seq] for seq in page.items], page.next_seq, page.total)

    async def totals(self, collection_seqs: Sequence[int]) -> Mapping[int, CollectionTotals]:
        """What these collections hold, by their numbers; empty ones are left out."""
        table = knowledge_documents
        query = (
            select(
                table.c.collection_seq,
                func.count(),
                func.sum(knowledge_files.c.size_bytes),
                func.sum(table.c.chunks_total),
            )
            .join(knowledge_files, knowledge_files.c.id == table.c.file_id)
            .where(table.c.collection_seq.in_(collection_seqs), table.c.deleted_at.is_(None))
            .group_by(table.c.collection_seq)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return {row[0]: CollectionTotals(row[1], int(row[2]), int(row[3])) for row in rows}

    async def holds(self, organisation_id: OrganisationId, collection_id: str, key: str, value: Any) -> Sequence[str]:
        """The files whose documents have this value in this field."""
        table = knowledge_documents
        query = select(table.c.file_id, table.c.fields).where(*_living(organisation_id, collection_id))
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [row.file_id for row in rows if row.fields.get(key) == value]

    async def change(self, document: DocumentRecord, fields: Mapping[str, Any] | None, *, reindex: bool) -> None:
        """Give it other fields, or have it indexed anew. Raises `UnknownRecordError` for one that is gone."""
        table = knowledge_documents
        values: dict[str, Any] = {"updated_at": self._now()}
        if fields is not None:
            values["fields"] = dict(fields)
        if reindex:
            values |= anew()
        async with self._database.writing() as connection:
            living = table.c.seq == document.seq, table.c.deleted_at.is_(None)
            changed = await connection.execute(update(table).where(*living).values(**values))
            if not changed.rowcount:
                raise UnknownRecordError("document", document.file_id)
            await bump(connection, self._database, document.collection_seq)

    async def reindex(self, collection_seq: int) -> int:
        """Have all of a collection indexed anew; how many that are."""
        table = knowledge_documents
        living = table.c.collection_seq == collection_seq, table.c.deleted_at.is_(None)
        async with self._database.writing() as connection:
            return (await connection.execute(update(table).where(*living).values(**anew()))).rowcount

    async def delete(self, document: DocumentRecord) -> None:
        """It is found no more from now on; its passages go behind its back."""
        await self._delete(document.collection_seq, knowledge_documents.c.seq == document.seq)

    async def delete_all(self, collection_seq: int) -> None:
        await self._delete(collection_seq, knowledge_documents.c.collection_seq == collection_seq)

    async def _delete(self, collection_seq: int, wanted: ColumnElement[bool]) -> None:
        table, now = knowledge_documents, self._now()
        gone = update(table).where(wanted, table.c.deleted_at.is_(None))
        async with self._database.writing() as connection:
            await connection.execute(gone.values(deleted_at=now, updated_at=now, is_due=True, claimed_until=None))
            await bump(connection, self._database, collection_seq)

    def _row(self, collection_id: str, file_id: str) -> Any:
        table = knowledge_documents
        return _joined().where(table.c.collection_id == collection_id, table.c.file_id == file_id)


def anew() -> dict[str, Any]:
    """What makes a document be indexed from its beginning."""
    return {
        "building": knowledge_documents.c.building + 1,
        "status": DocumentStatus.PROCESSING,
        "error_code": None,
        "error_message": None,
        "failures": 0,
        "is_due": True,
        "claimed_until": None,
    }


def _living(organisation_id: OrganisationId, collection_id: str) -> list[ColumnElement[bool]]:
    table = knowledge_documents
    return [
        table.c.organisation_id == organisation_id,
        table.c.collection_id == collection_id,
        table.c.deleted_at.is_(None),
    ]


def _joined() -> Any:
    files = [knowledge_files.c[name] for name in _CONTENT]
    return select(knowledge_documents, *files).join(
        knowledge_files, knowledge_files.c.id == knowledge_documents.c.file_id
    )


async def fetch_documents(connection: AsyncConnection, *wanted: ColumnElement[bool]) -> Sequence[DocumentRecord]:
    """Documents, deleted ones too, with what is known of their files."""
    return [document_of(row) for row in (await connection.execute(_joined().where(*wanted))).all()]


def document_of(row: Row[Any]) -> DocumentRecord:
    return DocumentRecord(
        seq=row.seq,
        organisation_id=OrganisationId(row.organisation_id),
        collection_id=row.collection_id,
        collection_seq=row.collection_seq,
        file_id=row.file_id,
        file=FileContent(row.name, row.media_type, row.size_bytes, row.sha256),
        is_entry=row.is_entry,
        fields=row.fields,
        status=DocumentStatus(row.status),
        error_code=row.error_code,
        error_message=row.error_message,
        chunks_total=row.chunks_total,
        chunks_done=row.chunks_done,
        generation=row.generation,
        building=row.building,
        made_of=row.made_of,
        failures=row.failures,
        created_at=row.created_at,
        updated_at=row.updated_at,
        indexed_at=row.indexed_at,
        deleted_at=row.deleted_at,
    )
