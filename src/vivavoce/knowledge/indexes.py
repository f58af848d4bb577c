"""The vectors of a collection in memory, searched one by one: 20 000 of them take a millisecond of one core.

`CollectionIndex` is a value: who learns of a change makes another from it. `IndexShelf` keeps those used last, up to a
number of bytes; its owner is the search service.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivavoce.engines.ports import Vectors
from vivavoce.knowledge.filters import Filter, matches

STORED = np.float16
"""How vectors lie in the database: half of the bytes, and the same ranking but for ties."""

SHELF_BYTES_MAXIMUM = 512 * 1024 * 1024

DocumentKey = tuple[int, str, int]
"""Number, file and generation: two with the same key have the same passages."""


def packed(vector: NDArray[np.float32]) -> bytes:
    return vector.astype("<f2").tobytes()


def unpacked(vectors: Sequence[bytes], dimensions: int) -> Vectors:
    """Shape (passages, dimensions). Vectors of another length are those of another model: they become zeros."""
    width = dimensions * 2
    if all(len(each) == width for each in vectors):
        flat = np.frombuffer(b"".join(vectors), dtype="<f2")
        return flat.reshape(len(vectors), dimensions).astype(np.float32)
    return unpacked([each if len(each) == width else bytes(width) for each in vectors], dimensions)


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """One document's passages: their numbers, their vectors, and the document's fields."""

    key: DocumentKey
    fields: Mapping[str, Any]
    chunk_ids: NDArray[np.int64]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class CollectionIndex:
    """Every passage of a collection at one revision."""

    revision: int
    documents: Mapping[DocumentKey, IndexedDocument]
    chunk_ids: NDArray[np.int64]
    vectors: Vectors
    owners: NDArray[np.int64]
    """The place of each passage's document among the documents."""

    members: frozenset[int] = field(repr=False)

    @classmethod
    def of(cls, revision: int, documents: Sequence[IndexedDocument], dimensions: int) -> CollectionIndex:
        ids = [each.chunk_ids for each in documents]
        chunk_ids = np.concatenate(ids) if ids else np.zeros(0, dtype=np.int64)
        rows = [each.vectors for each in documents]
        vectors = np.concatenate(rows) if rows else np.zeros((0, dimensions), dtype=np.float32)
        owners = np.repeat(np.arange(len(documents)), [each.chunk_ids.size for each in documents])
        # the documents hold views of the whole, so that vectors are in memory once
        kept: dict[DocumentKey, IndexedDocument] = {}
        first = 0
        for each in documents:
            last = first + each.chunk_ids.size
            kept[each.key] = IndexedDocument(each.key, each.fields, chunk_ids[first:last], vectors[first:last])
            first = last
        return cls(revision, kept, chunk_ids, vectors, owners, frozenset(chunk_ids.tolist()))

    @property
    def size_bytes(self) -> int:
        return self.vectors.nbytes + 64 * self.chunk_ids.size

    def allowed(self, wanted: Filter | None) -> NDArray[np.bool_] | None:
        """Which passages a filter lets through; None is all of them."""
        if wanted is None:
            return None
        documents = np.array([matches(wanted, each.fields) for each in self.documents.values()], dtype=np.bool_)
        return documents[self.owners] if documents.size else np.zeros(0, dtype=np.bool_)

    def nearest(
        self, query: NDArray[np.float32], limit: int, allowed: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """The numbers of up to `limit` passages whose meaning is closest, the closest first, with their cosines."""
        if not self.chunk_ids.size or limit < 1 or query.size != self.vectors.shape[1]:
            return []
        # as fast as the product of a BLAS library here, whose threads would wait for each other in a loop
        cosines = np.einsum("ij,j->i", self.vectors, query)
        if allowed is not None:
            cosines = np.where(allowed, cosines, -np.inf)
        count = min(limit, cosines.size)
        best = np.argpartition(-cosines, count - 1)[:count]
        best = best[np.argsort(-cosines[best], kind="stable")]
        return [(int(self.chunk_ids[each]), float(cosines[each])) for each in best if np.isfinite(cosines[each])]

    def among(self, chunk_ids: Sequence[int], allowed: NDArray[np.bool_] | None = None) -> list[int]:
        """Those of these passages that answer, in the same order."""
        if allowed is None:
            return [each for each in chunk_ids if each in self.members]
        through = frozenset(self.chunk_ids[allowed].tolist())
        return [each for each in chunk_ids if each in through]


class IndexShelf:
    """The indexes used last, by the numbers of their collections. Not for several threads."""

    def __init__(self, bytes_maximum: int = SHELF_BYTES_MAXIMUM) -> None:
        self._bytes_maximum = bytes_maximum
        self._kept: OrderedDict[int, CollectionIndex] = OrderedDict()

    def get(self, collection_seq: int) -> CollectionIndex | None:
        found = self._kept.get(collection_seq)
        if found is not None:
            self._kept.move_to_end(collection_seq)
        return found

    def put(self, collection_seq: int, index: CollectionIndex) -> None:
        """Keep it; those that nobody has used for longest go, until all fit. One alone always fits."""
        self._kept[collection_seq] = index
        self._kept.move_to_end(collection_seq)
        while len(self._kept) > 1 and self.size_bytes > self._bytes_maximum:
            self._kept.popitem(last=False)

    def drop(self, collection_seq: int) -> None:
        self._kept.pop(collection_seq, None)

    @property
    def size_bytes(self) -> int:
        return sum(index.size_bytes for index in self._kept.values())
