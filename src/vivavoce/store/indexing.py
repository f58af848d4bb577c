"""Which documents are to be indexed or cleared away, and who is at it. Part of a `Store`.

Work is claimed for a while and claimed again by whoever comes when its claimant was killed. Everything that is written
for a document names the generation it belongs to; `False` says that the document is gone, or was asked anew, or that
the claim was lost, and that the work has no use any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.store.database import Database
from vivavoce.store.documents import DocumentRecord, DocumentStatus, anew, fetch_documents
from vivavoce.store.records import OrganisationId
from vivavoce.store.revisions import bump
from vivavoce.store.rows import Clock
from vivavoce.store.schema import knowledge_chunks, knowledge_documents, knowledge_files
from vivavoce.store.vector_search import VectorTable

_MERGED_PAGES = 200
_MERGES_MAXIMUM = 10_000


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A passage as it is kept. `heading`: its path of headings in one line. `content`: what is shown and searched."""

    position: int
    heading: str
    page: int | None
    content: str


@dataclass(frozen=True, slots=True)
class UnembeddedChunk:
    seq: int
    heading: str
    content: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A document that this process works on."""

    document: DocumentRecord
    claimant: str


class StoredIndexing:
    """Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database, now: Clock, vectors: VectorTable) -> None:
        self._database = database
        self._vectors = vectors
        self._now = now

    async def waiting(self) -> Sequence[OrganisationId]:
        """The organisations with work that nobody is at."""
        query = select(knowledge_documents.c.organisation_id).where(*self._free()).distinct()
        async with self._database.reading() as connection:
            return [OrganisationId(each) for each in (await connection.execute(query)).scalars()]

    async def claim(self, organisation_id: OrganisationId, claimant: str, until: datetime) -> Claim | None:
        """The piece of an organisation's work that was touched longest ago, for this process until then."""
        table = knowledge_documents
        oldest = (
            select(table.c.seq)
            .where(table.c.organisation_id == organisation_id, *self._free())
            .order_by(table.c.updated_at, table.c.seq)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        async with self._database.writing() as connection:
            seq = (await connection.execute(oldest)).scalar_one_or_none()
            if seq is None:
                return None
            values = {"claimed_by": claimant, "claimed_until": until}
            await connection.execute(update(table).where(table.c.seq == seq).values(**values))
            found = await fetch_documents(connection, table.c.seq == seq)
        return Claim(found[0], claimant)

    async def advance(self, claim: Claim, until: datetime, **values: Any) -> bool:
        """Write how far it is, and keep it for longer."""
        async with self._database.writing() as connection:
            return await self._advance(connection, claim, claimed_until=until, **values)

    async def release(self, claim: Claim) -> None:
        """Let others go first; it goes on where it is."""
        async with self._database.writing() as connection:
            await self._advance(connection, claim, claimed_until=None, updated_at=self._now())

    async def add_chunks(self, claim: Claim, until: datetime, chunks: Sequence[NewChunk]) -> bool:
        """Keep passages of the generation that is being made."""
        document, table = claim.document, knowledge_chunks
        async with self._database.writing() as connection:
            if not await self._advance(connection, claim, claimed_until=until):
                return False
            rows = [
                {
                    "collection_seq": document.collection_seq,
                    "document_seq": document.seq,
                    "generation": document.building,
                    "position": each.position,
                    "name": document.file.name,
                    "heading": each.heading,
                    "page": each.page,
                    "content": each.content,
                }
                for each in chunks
            ]
            added = await connection.execute(
                insert(table).returning(table.c.seq, table.c.position, sort_by_parameter_order=True), rows
            )
            seqs = [row.seq for row in added.all()]
            if self._database.dialect_name == "sqlite":
                await connection.execute(text(_ADD_WORDS), _words(seqs, rows))
        return True

    async def unembedded(self, claim: Claim, limit: int) -> Sequence[UnembeddedChunk]:
        """Passages of the generation that is being made that have no vector yet."""
        table = knowledge_chunks
        query = (
            select(table.c.seq, table.c.heading, table.c.content)
            .where(*_being_made(claim.document), table.c.vector.is_(None))
            .order_by(table.c.position)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [UnembeddedChunk(row.seq, row.heading, row.content) for row in rows]

    async def set_vectors(self, claim: Claim, until: datetime, vectors: Mapping[int, bytes]) -> bool:
        """Give passages their vectors, by their numbers, and count them."""
        table = knowledge_chunks
        done = knowledge_documents.c.chunks_done + len(vectors)
        async with self._database.writing() as connection:
            if not await self._advance(connection, claim, claimed_until=until, chunks_done=done):
                return False
            for seq, vector in vectors.items():
                own = table.c.seq == seq, *_being_made(claim.document)
                await connection.execute(update(table).where(*own).values(vector=vector))
            await self._vectors.put(connection, vectors)
        return True

    async def bring_over(self) -> bool:
        """Write some older vectors where the database can search them; whether there are more, see `VectorTable`."""
        return await self._vectors.fill()

    async def publish(self, claim: Claim) -> bool:
        """From now on the new passages answer, all at once, and the old ones do not."""
        document, now = claim.document, self._now()
        values = {
            "generation": document.building,
            "status": DocumentStatus.PROCESSED,
            "error_code": None,
            "error_message": None,
            "failures": 0,
            "updated_at": now,
            "indexed_at": now,
        }
        async with self._database.writing() as connection:
            if not await self._advance(connection, claim, **values):
                return False
            await bump(connection, self._database, document.collection_seq)
        return True

    async def fail(self, claim: Claim, code: str, message: str) -> bool:
        """It cannot be indexed as it is. What answered so far goes on answering."""
        values = {"status": DocumentStatus.FAILED, "error_code": code, "error_message": message, "is_due": False}
        async with self._database.writing() as connection:
            return await self._advance(connection, claim, updated_at=self._now(), claimed_until=None, **values)

    async def finish(self, claim: Claim) -> None:
        """Nothing is left to do for it."""
        async with self._database.writing() as connection:
            await self._advance(connection, claim, is_due=False, claimed_until=None)

    async def clear(self, document: DocumentRecord, keeping: Sequence[int], limit: int) -> int:
        """Delete up to `limit` passages of generations that are not to be kept; how many there were."""
        table = knowledge_chunks
        old = table.c.document_seq == document.seq, table.c.generation.not_in(list(keeping))
        columns = table.c.seq, table.c.collection_seq, table.c.name, table.c.heading, table.c.content
        async with self._database.writing() as connection:
            rows = (await connection.execute(select(*columns).where(*old).limit(limit))).all()
            if rows and self._database.dialect_name == "sqlite":
                await connection.execute(
                    text(_REMOVE_WORDS), _words([row.seq for row in rows], [row._mapping for row in rows])
                )
            await connection.execute(delete(table).where(table.c.seq.in_([row.seq for row in rows])))
        return len(rows)

    async def forget(self, document: DocumentRecord) -> None:
        """A deleted document has no passages left: delete its row, and that of its file where that is deleted."""
        table, files = knowledge_documents, knowledge_files
        async with self._database.writing() as connection:
            gone = delete(table).where(table.c.seq == document.seq, table.c.deleted_at.is_not(None))
            await connection.execute(gone)
            used = select(table.c.seq).where(table.c.file_id == document.file_id)
            unused = files.c.id == document.file_id, files.c.deleted_at.is_not(None), ~used.exists()
            await connection.execute(delete(files).where(*unused))

    async def scrub(self) -> bool:
        """Let deleted words vanish from the index of words and from the log; False: not all yet, do it again later."""
        if self._database.dialect_name == "sqlite":
            for step in range(_MERGES_MAXIMUM):
                # the first merge, by its sign, takes all parts of the index together (FTS5, section 6.8)
                pages = -_MERGED_PAGES if step == 0 else _MERGED_PAGES
                async with self._database.writing() as connection:
                    before = (await connection.exec_driver_sql("SELECT total_changes()")).scalar_one()
                    await connection.execute(text(_MERGE_WORDS), {"pages": pages})
                    after = (await connection.exec_driver_sql("SELECT total_changes()")).scalar_one()
                if after - before < 2:
                    break
        return await self._database.forget_log()

    async def collection_chunks(self, collection_seq: int, other_than: int) -> int:
        """How many passages a collection has without those of this document."""
        table = knowledge_documents
        query = select(func.coalesce(func.sum(table.c.chunks_total), 0)).where(
            table.c.collection_seq == collection_seq, table.c.seq != other_than, table.c.deleted_at.is_(None)
        )
        async with self._database.reading() as connection:
            return int((await connection.execute(query)).scalar_one())

    def _free(self) -> Sequence[ColumnElement[bool]]:
        table = knowledge_documents
        nobody = or_(table.c.claimed_until.is_(None), table.c.claimed_until <= self._now())
        return table.c.is_due.is_(True), nobody

    async def renew(self, embedder: str) -> int:
        """Have documents indexed anew whose vectors another embedder made; how many that are."""
        table = knowledge_documents
        other = table.c.made_of.is_not(None), ~table.c.made_of.startswith(f"{embedder}:", autoescape=True)
        idle = table.c.status == DocumentStatus.PROCESSED, table.c.deleted_at.is_(None), table.c.is_due.is_(False)
        async with self._database.writing() as connection:
            return (await connection.execute(update(table).where(*other, *idle).values(**anew()))).rowcount

    async def _advance(self, connection: AsyncConnection, claim: Claim, **values: Any) -> bool:
        table, document = knowledge_documents, claim.document
        same = table.c.deleted_at.is_(None) if document.deleted_at is None else table.c.deleted_at.is_not(None)
        own = (
            table.c.seq == document.seq,
            table.c.file_id == document.file_id,
            table.c.building == document.building,
            table.c.claimed_by == claim.claimant,
            table.c.claimed_until.is_not(None),
            same,
        )
        return (await connection.execute(update(table).where(*own).values(**values))).rowcount > 0


_ADD_WORDS = (
    "INSERT INTO knowledge_words (rowid, scope, name, heading, content) "
    "VALUES (:seq, :scope, :name, :heading, :content)"
)
_REMOVE_WORDS = (
    "INSERT INTO knowledge_words (knowledge_words, rowid, scope, name, heading, content) "
    "VALUES ('delete', :seq, :scope, :name, :heading, :content)"
)
_MERGE_WORDS = "INSERT INTO knowledge_words (knowledge_words, rank) VALUES ('merge', :pages)"


def scope_of(collection_seq: int) -> str:
    """The word that every passage of a collection has in the index of words."""
    return f"c{collection_seq}"


def _words(seqs: Sequence[int], rows: Sequence[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "seq": seq,
            "scope": scope_of(row["collection_seq"]),
            "name": row["name"],
            "heading": row["heading"],
            "content": row["content"],
        }
        for seq, row in zip(seqs, rows, strict=True)
    ]


def _being_made(document: DocumentRecord) -> Sequence[ColumnElement[bool]]:
    table = knowledge_chunks
    return table.c.document_seq == document.seq, table.c.generation == document.building
