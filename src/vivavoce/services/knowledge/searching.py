"""Searches collections: words in the database, meanings in memory or there too, both rankings made one.

One `KnowledgeSearch` a server. What it remembers of collections is checked against their revisions with every search,
so that what another process changes is found here too.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np

from vivavoce.engines.ports import EngineError, TextEmbedder, Vectors
from vivavoce.knowledge.filters import Filter, matches
from vivavoce.knowledge.indexes import CollectionIndex, IndexedDocument, IndexShelf, unpacked
from vivavoce.knowledge.search import Passage, PassageQuery, RetrievalMode, SearchFailedError, fused
from vivavoce.knowledge.words import words_of
from vivavoce.store.errors import StoreError
from vivavoce.store.passages import SearchableDocument, StoredPassages
from vivavoce.store.records import OrganisationId

CANDIDATES = 50
"""How many of each ranking are looked at."""

FILTERED_CANDIDATES = 20_000
"""How many of those with the words, where a filter takes most of them away."""

QUERIES_KEPT_MAXIMUM = 256

Ranking = list[tuple[int, float]]
_Vector = Vectors | None


class KnowledgeSearch:
    """A `PassageSearch`. `embedder` None: this server has no model for meanings; only words are looked for."""

    def __init__(self, passages: StoredPassages, embedder: TextEmbedder | None, shelf: IndexShelf) -> None:
        self._passages = passages
        self._embedder = embedder
        self._shelf = shelf
        self._loading: dict[int, asyncio.Lock] = {}
        self._queries: OrderedDict[str, Vectors] = OrderedDict()

    async def search(self, query: PassageQuery) -> Sequence[Passage]:
        try:
            return await self._search(query)
        except (StoreError, EngineError) as error:
            raise SearchFailedError(f"the documents could not be searched: {error}") from error
        except ExceptionGroup as group:
            failed, others = group.split((StoreError, EngineError))
            if failed is None or others is not None:
                raise
            raise SearchFailedError(f"the documents could not be searched: {_first(failed)}") from group

    async def _search(self, query: PassageQuery) -> Sequence[Passage]:
        mode = RetrievalMode.KEYWORD if self._embedder is None else query.mode
        if not query.text.strip():
            return []
        async with asyncio.TaskGroup() as tasks:
            # the question's vector takes longest, and needs nothing else
            vector = tasks.create_task(self._vector(query.text, mode))
            revisions = await self._passages.revisions(OrganisationId(query.organisation_id), query.collection_ids)
            if not revisions:
                vector.cancel()
                return []
            if self._passages.search_vectors:
                ranking = await self._ranked_by_database(query, mode, tuple(revisions), vector)
            else:
                ranking = await self._ranked_in_memory(query, mode, revisions, vector)
        best = ranking[: query.limit]
        found = {each.seq: each for each in await self._passages.passages([seq for seq, _ in best])}
        return [
            Passage(
                seq, each.collection_id, each.file_id, each.name, each.heading, each.page, each.content, round(score, 6)
            )
            for seq, score in best
            if (each := found.get(seq)) is not None
        ]

    async def _ranked_in_memory(
        self, query: PassageQuery, mode: RetrievalMode, revisions: Mapping[int, int], vector: asyncio.Task[_Vector]
    ) -> Ranking:
        async with asyncio.TaskGroup() as tasks:
            indexes = tasks.create_task(self._indexes(revisions))
            words = tasks.create_task(self._with_words(query, mode, tuple(revisions)))
        candidates = max(CANDIDATES, query.limit)
        return await asyncio.to_thread(
            _ranked, indexes.result(), words.result(), await vector, query.wanted, candidates, mode
        )

    async def _ranked_by_database(
        self, query: PassageQuery, mode: RetrievalMode, seqs: Sequence[int], vector: asyncio.Task[_Vector]
    ) -> Ranking:
        candidates = max(CANDIDATES, query.limit)
        documents = None if query.wanted is None else await self._documents(seqs, query.wanted)

        async def said() -> Sequence[int]:
            return await self._passages.answering(await self._with_words(query, mode, seqs), documents)

        async def meant() -> Ranking:
            known = await vector
            return [] if known is None else [*await self._passages.nearest(seqs, documents, known[0], candidates)]

        async with asyncio.TaskGroup() as tasks:
            words, meanings = tasks.create_task(said()), tasks.create_task(meant())
        return _joined(words.result()[:candidates], meanings.result(), mode)

    async def _documents(self, seqs: Sequence[int], wanted: Filter) -> Sequence[int]:
        """The numbers of those that a filter lets through."""
        return [
            each.seq for seq in seqs for each in await self._passages.documents(seq) if matches(wanted, each.fields)
        ]

    async def _with_words(self, query: PassageQuery, mode: RetrievalMode, seqs: Sequence[int]) -> Sequence[int]:
        if mode is RetrievalMode.SEMANTIC:
            return []
        limit = 4 * max(CANDIDATES, query.limit) if query.wanted is None else FILTERED_CANDIDATES
        return await self._passages.with_words(seqs, words_of(query.text), limit)

    async def _vector(self, text: str, mode: RetrievalMode) -> Vectors | None:
        if mode is RetrievalMode.KEYWORD or self._embedder is None:
            return None
        known = self._queries.get(text)
        if known is None:
            known = self._queries[text] = await self._embedder.embed_query(text)
            if len(self._queries) > QUERIES_KEPT_MAXIMUM:
                self._queries.popitem(last=False)
        return known

    async def _indexes(self, revisions: Mapping[int, int]) -> Sequence[CollectionIndex]:
        return [await self._index(seq, revision) for seq, revision in revisions.items()]

    async def _index(self, collection_seq: int, revision: int) -> CollectionIndex:
        known = self._shelf.get(collection_seq)
        if known is not None and known.revision >= revision:
            return known
        # whoever comes while it is loaded waits for that, and looks again
        lock = self._loading.setdefault(collection_seq, asyncio.Lock())
        try:
            async with lock:
                known = self._shelf.get(collection_seq)
                if known is not None and known.revision >= revision:
                    return known
                index = await self._loaded(collection_seq, revision, known)
                self._shelf.put(collection_seq, index)
                return index
        finally:
            if not lock.locked():
                self._loading.pop(collection_seq, None)

    async def _loaded(self, collection_seq: int, revision: int, known: CollectionIndex | None) -> CollectionIndex:
        """The collection as it is now; only documents that are new since `known` are read."""
        former = {} if known is None else known.documents
        present = await self._passages.documents(collection_seq)
        missing = [each for each in present if _key(each) not in former]
        read = await self._passages.vectors(missing)
        return await asyncio.to_thread(self._built, revision, present, former, read)

    def _built(
        self,
        revision: int,
        present: Sequence[SearchableDocument],
        former: Mapping[tuple[int, str, int], IndexedDocument],
        read: Mapping[int, tuple[Sequence[int], Sequence[bytes]]],
    ) -> CollectionIndex:
        dimensions = 1 if self._embedder is None else self._embedder.dimensions
        documents: list[IndexedDocument] = []
        for each in present:
            kept = former.get(_key(each))
            if kept is None:
                seqs, vectors = read[each.seq]
                rows = unpacked(vectors, dimensions)
                documents.append(IndexedDocument(_key(each), each.fields, np.array(seqs, dtype=np.int64), rows))
            else:
                documents.append(IndexedDocument(kept.key, each.fields, kept.chunk_ids, kept.vectors))
        return CollectionIndex.of(revision, documents, dimensions)


def _key(document: SearchableDocument) -> tuple[int, str, int]:
    return document.seq, document.file_id, document.generation


def _ranked(
    indexes: Sequence[CollectionIndex],
    words: Sequence[int],
    vector: Vectors | None,
    wanted: Filter | None,
    candidates: int,
    mode: RetrievalMode,
) -> Ranking:
    allowed = [index.allowed(wanted) for index in indexes]
    living: set[int] = set()
    meant: Ranking = []
    for index, through in zip(indexes, allowed, strict=True):
        living.update(index.among(words, through))
        if vector is not None:
            meant += index.nearest(vector[0], candidates, through)
    said = [each for each in words if each in living][:candidates]
    return _joined(said, sorted(meant, key=lambda each: -each[1])[:candidates], mode)


def _joined(said: Sequence[int], meant: Ranking, mode: RetrievalMode) -> Ranking:
    """One ranking of what has the words and what means the same."""
    if mode is RetrievalMode.SEMANTIC:
        return meant
    if mode is RetrievalMode.KEYWORD:
        return fused([said])
    return fused([said, [seq for seq, _ in meant]])


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
