"""A knowledge base for tests: the real store, services and disk, with a reader and an embedder that anybody can check.

`knowing` makes one; the store is the test's.
"""

from __future__ import annotations

import asyncio
import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from vivavoce.agents.resources import Collection
from vivavoce.engines.ports import Vectors
from vivavoce.knowledge.indexes import IndexShelf
from vivavoce.knowledge.passages import Chunk, ChunkConfiguration, DocumentError, DocumentText
from vivavoce.knowledge.reading import ReadDocument
from vivavoce.knowledge.search import PassageQuery
from vivavoce.knowledge.words import words_of
from vivavoce.services.callers import Caller
from vivavoce.services.knowledge.ingestion import Ingestion
from vivavoce.services.knowledge.searching import KnowledgeSearch
from vivavoce.services.knowledge.service import KnowledgeService
from vivavoce.services.knowledge.shelf import FileShelf
from vivavoce.store.records import FIRST_ORGANISATION, OrganisationId
from vivavoce.store.resources import Resource
from vivavoce.store.store import Store

OURS = Caller(FIRST_ORGANISATION)
PIECES_MAXIMUM = 1_000
DIMENSIONS = 64
SAME = {"hound": "dog", "automobile": "car", "vessel": "ship"}
"""Words that mean what another does: meaning finds them, words do not."""


class WordEmbedder:
    """A text is the sum of its words' directions; words of the same meaning have the same."""

    def __init__(self, name: str = "words-1", dimensions: int = DIMENSIONS) -> None:
        self.name = name
        self.dimensions = dimensions
        self.embedded: list[str] = []
        self.before: Callable[[], Any] = lambda: None

    async def embed_query(self, text: str) -> Vectors:
        return self._vectors([text])

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        waited = self.before()
        if waited is not None:
            await waited
        self.embedded += texts
        return self._vectors(texts)

    async def close(self) -> None:
        """Holds nothing."""

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        rows = np.full((len(texts), self.dimensions), 1e-3, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in words_of(text):
                row += np.random.default_rng(zlib.crc32(SAME.get(word, word).encode())).standard_normal(self.dimensions)
        lengths: Vectors = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / lengths


class PlainReader:
    """Takes every file for text; a blank line parts its passages, a line with a # before it heads them."""

    async def read_and_chunk(
        self,
        path: Path,
        media_type: str | None,
        name: str,
        configuration: ChunkConfiguration,
    ) -> ReadDocument:
        text = await asyncio.to_thread(path.read_text)
        if not text.strip():
            raise DocumentError("no_text", "There is no text in this document; upload one that has some.")
        chunks: list[Chunk] = []
        heading: tuple[str, ...] = ()
        for piece in text.split("\n\n"):
            if piece.startswith("# "):
                heading = (piece[2:].strip(),)
            else:
                chunks.append(Chunk(len(chunks), piece[: configuration.maximum], heading, None, 0, len(piece)))
        return ReadDocument(DocumentText(text), tuple(chunks))


@dataclass(frozen=True, slots=True)
class Knowing:
    """One server's knowledge."""

    store: Store
    shelf: FileShelf
    embedder: WordEmbedder
    ingestion: Ingestion
    search: KnowledgeSearch
    service: KnowledgeService

    async def collection(self, caller: Caller = OURS, **fields: Any) -> Resource[Collection]:
        return await self.store.collections.add(caller.organisation_id, Collection(**({"name": "C"} | fields)))

    async def add(
        self, collection: Resource[Collection], text: str, name: str = "a.txt", caller: Caller = OURS, **fields: Any
    ) -> str:
        """Put a text file into a collection; its id."""
        document = await self.service.add_document(
            caller, collection.resource_id, name, "text/plain", io.BytesIO(text.encode()), fields
        )
        return document.file_id

    async def settle(self) -> None:
        """Until no work is left."""
        for _ in range(PIECES_MAXIMUM):
            if not await self.ingestion.work():
                return
        raise AssertionError("the work does not end")

    async def found(
        self, collection: Resource[Collection], text: str, caller: Caller = OURS, **asked: Any
    ) -> list[str]:
        """What the passages say that are found."""
        query = PassageQuery(caller.organisation_id, (collection.resource_id,), text, **asked)
        return [each.content for each in await self.search.search(query)]


def knowing(
    store: Store, directory: Path, embedder: WordEmbedder | None = None, now: Callable[[], datetime] | None = None
) -> Knowing:
    shelf = FileShelf(directory / "files")
    embedder = embedder or WordEmbedder()
    ingestion = Ingestion(store, shelf, PlainReader(), embedder, now or _now)
    search = KnowledgeSearch(store.knowledge.passages, embedder, IndexShelf())
    service = KnowledgeService(store, shelf, search, ingestion.wake)
    return Knowing(store, shelf, embedder, ingestion, search, service)


def _now() -> datetime:
    return datetime.now(UTC)


async def others(store: Store) -> Caller:
    """Somebody of another organisation."""
    return Caller(OrganisationId((await store.organisations.add("Others")).organisation_id))
