"""Vectors inside PostgreSQL, where its extension pgvector is there, 0.8 or newer (https://github.com/pgvector/pgvector).

Beside every passage's own vector lies one that the server can search, in a table that is made when a store is opened
and the server has the extension, or lets us have it. No migration makes it, since migrations run on every server.
Passages that were there before are brought over in the background; until all are, and on every other server, vectors
are searched in memory.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.store.database import Database

INDEXED_DIMENSIONS = 384
"""Vectors of other lengths are searched too, one by one."""

EXACT_MAXIMUM = 5_000
"""Among so many passages each is looked at; only among more the graph is asked, which may miss one in a hundred."""

_OLDEST = (0, 8)
_LOCK = 7_164_905_337
# SQLSTATE: no privilege; no such type, as the extension's schema is out of sight; file missing; not supported
_NOT_POSSIBLE = frozenset({"42501", "42704", "58P01", "0A000"})
_FILLED_AT_ONCE = 500
# the graph gives its nearest before it is known which of them still answer
_NEAREST_MORE = 2

_log = logging.getLogger(__name__)


class VectorTable:
    """The table of one database; ends with it. `Store` makes one and has it get ready."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_there = False
        self._is_filled = False

    @property
    def answers(self) -> bool:
        """Whether it is there and has every vector: then it is searched, and none need be in memory."""
        return self._is_there and self._is_filled

    async def make_ready(self) -> None:
        """Make the table where the server lets us. Raises `StoreUnavailableError`, `StoreError`."""
        if self._database.dialect_name != "postgresql":
            return
        async with self._database.reading() as connection:
            row = (await connection.execute(text(_FIND_EXTENSION))).one_or_none()
        if row is None:
            return
        if _version(row.version) < _OLDEST:
            _log.info("vectors are searched in memory: the server's pgvector is %s, 0.8 is needed", row.version)
            return
        self._is_there = bool(row.has_table) or await self._make()
        self._is_filled = self._is_there and not await self._missing(1)

    async def fill(self) -> bool:
        """Bring over some vectors that are not in it; whether there are more."""
        if not self._is_there or self._is_filled:
            return False
        missing = await self._missing(_FILLED_AT_ONCE)
        if missing:
            async with self._database.writing() as connection:
                await self.put(connection, missing)
        self._is_filled = not missing
        return not self._is_filled

    async def put(self, connection: AsyncConnection, vectors: Mapping[int, bytes]) -> None:
        """Write vectors, as they lie beside their passages, in the caller's transaction. Nothing without the table."""
        rows = [{"seq": seq, "vector": _literal(np.frombuffer(vector, "<f2"))} for seq, vector in vectors.items()]
        if self._is_there and rows:
            await connection.execute(text(_PUT), rows)

    async def nearest(
        self,
        connection: AsyncConnection,
        collection_seqs: Sequence[int],
        documents: Sequence[int] | None,
        vector: NDArray[np.float32],
        limit: int,
    ) -> list[tuple[int, float]]:
        """The numbers of the passages that answer and whose meaning is closest, the closest first, with their cosines.

        `documents`: only passages of these.
        """
        asked = {
            "collections": list(collection_seqs),
            "documents": None if documents is None else list(documents),
            "vector": _literal(vector),
            "dimensions": vector.size,
            "limit": limit,
        }
        if documents is None and vector.size == INDEXED_DIMENSIONS:
            settled = {"collections": asked["collections"], "most": EXACT_MAXIMUM + 1}
            if (await connection.execute(text(_SETTLE), settled)).one().passages > EXACT_MAXIMUM:
                wanted = {key: asked[key] for key in ("collections", "vector", "limit")}
                found = _finite(await connection.execute(text(_ASK_GRAPH), wanted | {"near": limit * _NEAREST_MORE}))
                if len(found) == limit:
                    return found
        return _finite(await connection.execute(text(_LOOK_AT_EACH), asked))

    async def _make(self) -> bool:
        async with self._database.writing() as connection:
            try:
                async with connection.begin_nested():
                    for statement in _MAKE:
                        await connection.execute(text(statement))
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _NOT_POSSIBLE:
                    raise
                _log.info(
                    "vectors are searched in memory: this database user may not set pgvector up; "
                    "have the database's owner run CREATE EXTENSION vector"
                )
                return False
        return True

    async def _missing(self, limit: int) -> Mapping[int, bytes]:
        async with self._database.reading() as connection:
            rows = (await connection.execute(text(_FIND_MISSING), {"limit": limit})).all()
        return {row.seq: row.vector for row in rows}


def _version(told: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", told)[:2])


def _literal(vector: NDArray[np.floating[Any]]) -> str:
    return "[" + ",".join(map(repr, vector.tolist())) + "]"


def _finite(rows: Iterable[Sequence[Any]]) -> list[tuple[int, float]]:
    return [(row[0], row[1]) for row in rows if math.isfinite(row[1])]


_FIND_EXTENSION = (
    "SELECT coalesce(installed_version, default_version) AS version, "
    "to_regclass('knowledge_vectors') IS NOT NULL AS has_table "
    "FROM pg_available_extensions WHERE name = 'vector'"
)
_INDEXED = f"CAST(embedding AS halfvec({INDEXED_DIMENSIONS}))"
_MAKE_TABLE = (
    "CREATE TABLE IF NOT EXISTS knowledge_vectors ("
    "chunk_seq bigint PRIMARY KEY REFERENCES knowledge_chunks (seq) ON DELETE CASCADE, "
    "collection_seq bigint NOT NULL, document_seq bigint NOT NULL, generation integer NOT NULL, "
    "embedding halfvec NOT NULL)"
)
_MAKE_GRAPH = (
    "CREATE INDEX IF NOT EXISTS ix_knowledge_vectors_embedding ON knowledge_vectors "
    f"USING hnsw (({_INDEXED}) halfvec_cosine_ops) WHERE vector_dims(embedding) = {INDEXED_DIMENSIONS}"
)
_MAKE = (
    f"SELECT pg_advisory_xact_lock({_LOCK})",
    "CREATE EXTENSION IF NOT EXISTS vector",
    _MAKE_TABLE,
    "CREATE INDEX IF NOT EXISTS ix_knowledge_vectors_collection_seq ON knowledge_vectors (collection_seq)",
    _MAKE_GRAPH,
)
_FIND_MISSING = (
    "SELECT seq, vector FROM knowledge_chunks AS chunk WHERE octet_length(vector) > 1 "
    "AND NOT EXISTS (SELECT 1 FROM knowledge_vectors WHERE chunk_seq = chunk.seq) ORDER BY seq LIMIT :limit"
)
# the lock keeps a passage from being deleted between being read and being written
_PUT = (
    "INSERT INTO knowledge_vectors (chunk_seq, collection_seq, document_seq, generation, embedding) "
    "SELECT seq, collection_seq, document_seq, generation, CAST(CAST(:vector AS text) AS halfvec) "
    "FROM knowledge_chunks WHERE seq = :seq FOR KEY SHARE "
    "ON CONFLICT (chunk_seq) DO UPDATE SET embedding = excluded.embedding"
)
_SETTLE = (
    "SELECT set_config('hnsw.ef_search', '100', true), set_config('hnsw.iterative_scan', 'strict_order', true), "
    "(SELECT count(*) FROM (SELECT 1 FROM knowledge_vectors WHERE collection_seq = ANY(:collections) LIMIT :most) "
    "AS counted) AS passages"
)
_ANSWERING = (
    "JOIN knowledge_documents AS document ON document.seq = near.document_seq "
    "AND document.generation = near.generation AND document.deleted_at IS NULL "
)
_OF_THESE = "CAST(:documents AS bigint[]) IS NULL OR near.document_seq = ANY(CAST(:documents AS bigint[]))"
# what is put together here are the constants above
_ASK_GRAPH = (
    "SELECT near.chunk_seq, 1 - near.distance FROM (SELECT chunk_seq, document_seq, generation, "  # noqa: S608
    f"{_INDEXED} <=> CAST(CAST(:vector AS text) AS halfvec({INDEXED_DIMENSIONS})) AS distance "
    "FROM knowledge_vectors WHERE collection_seq = ANY(:collections) "
    f"AND vector_dims(embedding) = {INDEXED_DIMENSIONS} ORDER BY distance LIMIT :near) AS near "
    f"{_ANSWERING} ORDER BY near.distance, near.chunk_seq LIMIT :limit"
)
_LOOK_AT_EACH = (
    "SELECT near.chunk_seq, 1 - (near.embedding <=> CAST(CAST(:vector AS text) AS halfvec)) AS cosine "  # noqa: S608
    f"FROM knowledge_vectors AS near {_ANSWERING} WHERE near.collection_seq = ANY(:collections) AND ({_OF_THESE}) "
    "AND vector_dims(near.embedding) = :dimensions ORDER BY cosine DESC, near.chunk_seq LIMIT :limit"
)
