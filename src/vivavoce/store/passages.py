"""Passages as searches see them: who is in a collection, their vectors, their words, their texts. Part of a `Store`.

Only passages of the generation that answers are ever told; those of documents that are deleted, or are being made, are
not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ARRAY, BigInteger, any_, bindparam, select

from vivavoce.store.database import Database
from vivavoce.store.records import OrganisationId
from vivavoce.store.schema import (
    collections,
    knowledge_chunks,
    knowledge_documents,
    knowledge_files,
    knowledge_revisions,
)
from vivavoce.store.vector_search import VectorTable
from vivavoce.store.word_search import on_postgresql, on_sqlite

_AT_ONCE = 500
_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class SearchableDocument:
    """A document that can be found. Passages of the same `seq`, `file_id` and `generation` are always the same."""

    seq: int
    file_id: str
    generation: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage that was found."""

    seq: int
    collection_id: str
    file_id: str
    name: str
    heading: str
    page: int | None
    content: str


class StoredPassages:
    """Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database, vectors: VectorTable) -> None:
        self._database = database
        self._vectors = vectors

    @property
    def search_vectors(self) -> bool:
        """Whether the database itself finds the nearest vectors now; otherwise that is for others, with `vectors`."""
        return self._vectors.answers

    async def revisions(self, organisation_id: OrganisationId, collection_ids: Sequence[str]) -> Mapping[int, int]:
        """The numbers of those of these collections that are the organisation's, and the revision each is at."""
        table = collections
        query = (
            select(table.c.seq, knowledge_revisions.c.revision)
            .outerjoin(knowledge_revisions, knowledge_revisions.c.collection_seq == table.c.seq)
            .where(
                table.c.organisation_id == organisation_id,
                table.c.id.in_(list(collection_ids)),
                table.c.deleted_at.is_(None),
            )
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return {row.seq: row.revision or 0 for row in rows}

    async def documents(self, collection_seq: int) -> Sequence[SearchableDocument]:
        table = knowledge_documents
        query = select(table.c.seq, table.c.file_id, table.c.generation, table.c.fields).where(
            table.c.collection_seq == collection_seq, table.c.generation > 0, table.c.deleted_at.is_(None)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [SearchableDocument(row.seq, row.file_id, row.generation, row.fields) for row in rows]

    async def vectors(
        self, documents: Sequence[SearchableDocument]
    ) -> Mapping[int, tuple[Sequence[int], Sequence[bytes]]]:
        """The numbers of the passages of each document, by its number, and their vectors; b"" where there is none."""
        table = knowledge_chunks
        wanted = {document.seq: document.generation for document in documents}
        found: dict[int, tuple[list[int], list[bytes]]] = {seq: ([], []) for seq in wanted}
        numbers = sorted(wanted)
        async with self._database.reading() as connection:
            for first in range(0, len(numbers), _AT_ONCE):
                of_these = table.c.document_seq.in_(numbers[first : first + _AT_ONCE])
                last, rows = 0, _ROWS_AT_ONCE
                while rows == _ROWS_AT_ONCE:
                    query = (
                        select(table.c.seq, table.c.document_seq, table.c.generation, table.c.vector)
                        .where(of_these, table.c.seq > last)
                        .order_by(table.c.seq)
                        .limit(_ROWS_AT_ONCE)
                    )
                    rows = 0
                    for seq, document_seq, generation, vector in (await connection.execute(query)).all():
                        rows, last = rows + 1, seq
                        if generation == wanted[document_seq]:
                            found[document_seq][0].append(seq)
                            found[document_seq][1].append(vector or b"")
        return found

    async def with_words(self, collection_seqs: Sequence[int], words: Sequence[str], limit: int) -> Sequence[int]:
        """The numbers of the passages that hold any of these words, the best first.

        Words are letters and digits. Passages that do not answer (any more) may be among them.
        """
        if not words or not collection_seqs:
            return []
        search = on_sqlite if self._database.dialect_name == "sqlite" else on_postgresql
        async with self._database.reading() as connection:
            return await search(connection, collection_seqs, words, limit)

    async def nearest(
        self, collection_seqs: Sequence[int], documents: Sequence[int] | None, vector: NDArray[np.float32], limit: int
    ) -> Sequence[tuple[int, float]]:
        """The numbers of the passages that answer and are closest in meaning, the closest first, with their cosines.

        `documents`: only those of these. For databases that search vectors.
        """
        async with self._database.reading() as connection:
            return await self._vectors.nearest(connection, collection_seqs, documents, vector, limit)

    async def answering(self, seqs: Sequence[int], documents: Sequence[int] | None) -> Sequence[int]:
        """Those of these passages that answer, in the same order. `documents`: only those of these."""
        table, owners = knowledge_chunks, knowledge_documents
        query = (
            select(table.c.seq)
            .join(owners, owners.c.seq == table.c.document_seq)
            .where(
                table.c.seq == any_(bindparam("seqs", list(seqs), ARRAY(BigInteger))),
                owners.c.deleted_at.is_(None),
                owners.c.generation == table.c.generation,
            )
        )
        if documents is not None:
            query = query.where(owners.c.seq == any_(bindparam("documents", list(documents), ARRAY(BigInteger))))
        async with self._database.reading() as connection:
            found = frozenset((await connection.execute(query)).scalars())
        return [seq for seq in seqs if seq in found]

    async def passages(self, seqs: Sequence[int]) -> Sequence[StoredPassage]:
        """What these passages say, in the order asked for; those that are gone are left out."""
        table, documents, files = knowledge_chunks, knowledge_documents, knowledge_files
        query = (
            select(
                table.c.seq,
                documents.c.collection_id,
                documents.c.file_id,
                files.c.name,
                table.c.heading,
                table.c.page,
                table.c.content,
            )
            .join(documents, documents.c.seq == table.c.document_seq)
            .join(files, files.c.id == documents.c.file_id)
            .where(
                table.c.seq.in_(list(seqs)),
                documents.c.deleted_at.is_(None),
                documents.c.generation == table.c.generation,
            )
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        found = {row.seq: StoredPassage(*row) for row in rows}
        return [found[seq] for seq in seqs if seq in found]
