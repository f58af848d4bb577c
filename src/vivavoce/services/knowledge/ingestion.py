"""Makes documents searchable, behind everybody's back: reads them, cuts them, embeds them, lets them answer.

One `Ingestion` a server, with one task. What is done is in the database after every step: killed anywhere, whoever
comes next goes on. One document is worked on at a time, for a few seconds, then the next organisation has its turn.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from vivavoce.agents.resources import Collection
from vivavoce.engines.ports import EngineError, TextEmbedder
from vivavoce.knowledge.indexes import packed
from vivavoce.knowledge.passages import ChunkConfiguration, DocumentError
from vivavoce.knowledge.reading import ReadDocument
from vivavoce.services.knowledge.shelf import FileShelf
from vivavoce.store.documents import DocumentRecord, DocumentStatus
from vivavoce.store.errors import StoreError, StoreUnavailableError
from vivavoce.store.indexing import Claim, NewChunk
from vivavoce.store.records import OrganisationId
from vivavoce.store.store import Store

CHUNKS_MAXIMUM = 100_000
"""Passages of one collection."""

CLAIM_SECONDS = 30.0
RENEWED_EVERY_SECONDS = 10.0
LOOKS_EVERY_SECONDS = 5.0
SLICE_BATCHES = 16
FAILURES_MAXIMUM = 5
ORPHANS_AFTER_SECONDS = 3_600.0
_EMBEDDED_AT_ONCE = 8
_WRITTEN_AT_ONCE = 100
_CLEARED_AT_ONCE = 500

_log = logging.getLogger(__name__)


class DocumentReading(Protocol):
    """Reads files into passages, in processes of their own with limits."""

    async def read_and_chunk(
        self, path: Path, media_type: str | None, name: str, configuration: ChunkConfiguration
    ) -> ReadDocument:
        """Raises `DocumentError`."""
        ...


class _StaleError(Exception):
    """What is worked on was deleted, is to be made otherwise, or was taken by somebody else."""


class Ingestion:
    """`embedder` None: documents are found by their words alone."""

    def __init__(
        self,
        store: Store,
        shelf: FileShelf,
        reader: DocumentReading,
        embedder: TextEmbedder | None,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._indexing = store.knowledge.indexing
        self._shelf = shelf
        self._reader = reader
        self._embedder = embedder
        self._now = now
        self._claimant = secrets.token_hex(16)
        self._woken = asyncio.Event()
        self._served: dict[OrganisationId, int] = {}
        self._is_clean = False

    def wake(self) -> None:
        """There is something to do. Returns at once."""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        begun = False
        while True:
            try:
                if not begun:
                    await self._begin()
                    begun = True
                self._woken.clear()
                if await self.work():
                    continue
            except StoreError as error:
                _log.error("documents wait to be indexed: %s", error)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOKS_EVERY_SECONDS):
                    await self._woken.wait()

    async def work(self) -> bool:
        """Do one piece of work; whether there was any. Raises `StoreError`."""
        waiting = await self._indexing.waiting()
        if not waiting:
            self._served.clear()
            if await self._indexing.bring_over():
                return True
            if not self._is_clean:
                self._is_clean = await self._indexing.scrub()
            return False
        turn = min(waiting, key=lambda each: (self._served.get(each, 0), each))
        self._served[turn] = self._served.get(turn, 0) + 1
        claim = await self._indexing.claim(turn, self._claimant, self._until())
        if claim is None:
            return True
        await self._attempt(claim)
        return True

    async def _begin(self) -> None:
        """What a former process may have left: vectors of another model, bytes that belong to no file."""
        if self._embedder is not None and (count := await self._indexing.renew(self._embedder.name)):
            _log.info("%d documents are indexed anew, for the model %s", count, self._embedder.name)
        names = await asyncio.to_thread(self._shelf.names, time.time() - ORPHANS_AFTER_SECONDS)
        orphans = set(names) - await self._store.knowledge.files.known(set(names))
        await asyncio.to_thread(self._shelf.remove_all, orphans)

    async def _attempt(self, claim: Claim) -> None:
        keeping = asyncio.create_task(self._keep(claim), name="claim of a document")
        try:
            await self._work_on(claim)
        except _StaleError:
            self._is_clean = False
        except DocumentError as error:
            await self._clear(claim.document, [claim.document.generation])
            await self._indexing.fail(claim, error.code, error.message)
        except (EngineError, OSError, StoreUnavailableError) as error:
            await self._note_failure(claim, error)
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])

    async def _keep(self, claim: Claim) -> None:
        """Nobody else takes it while this process lives."""
        while True:
            await asyncio.sleep(RENEWED_EVERY_SECONDS)
            try:
                await self._indexing.advance(claim, self._until())
            except StoreUnavailableError as error:
                _log.warning("a claim could not be renewed: %s", error)

    async def _note_failure(self, claim: Claim, error: Exception) -> None:
        failures = claim.document.failures + 1
        _log.warning("indexing %s failed (%d times): %s", claim.document.file_id, failures, error)
        if failures < FAILURES_MAXIMUM:
            await self._indexing.advance(claim, self._now() + timedelta(seconds=2.0**failures), failures=failures)
            return
        message = "The server could not index this document; its log says why. Ask for it again later."
        await self._clear(claim.document, [claim.document.generation])
        await self._indexing.fail(claim, "internal_error", message)

    async def _work_on(self, claim: Claim) -> None:
        document = claim.document
        if document.deleted_at is not None:
            await self._clear(document, [])
            await self._indexing.forget(document)
            if document.is_entry:
                await asyncio.to_thread(self._shelf.remove, document.file_id)
            return
        if document.generation != document.building and not await self._index(claim):
            await self._indexing.release(claim)
            return
        await self._clear(document, [document.building])
        await self._indexing.finish(claim)

    async def _index(self, claim: Claim) -> bool:
        """Make the next generation of passages; whether it answers now, or there is more to do."""
        document = claim.document
        collection = await self._store.collections.get(document.organisation_id, document.collection_seq)
        if collection is None:
            raise _StaleError  # its documents are deleted with it, in another transaction
        made_of = self._made_of(document, collection.body)
        if document.status is DocumentStatus.PROCESSING or document.made_of != made_of:
            await self._read(claim, collection.body, made_of)
        if self._embedder is not None and not await self._embed(claim, self._embedder):
            return False
        await self._advance(claim, status=DocumentStatus.WRITING)
        if not await self._indexing.publish(claim):
            raise _StaleError
        return True

    async def _read(self, claim: Claim, collection: Collection, made_of: str) -> None:
        document = claim.document
        await self._advance(claim, status=DocumentStatus.PROCESSING, chunks_done=0)
        await self._clear(document, [document.generation])
        read = await self._reader.read_and_chunk(
            self._shelf.path_of(document.file_id), document.file.media_type, document.file.name, collection.chunking
        )
        chunks = read.chunks
        others = await self._indexing.collection_chunks(document.collection_seq, document.seq)
        if others + len(chunks) > CHUNKS_MAXIMUM:
            raise DocumentError(
                "too_large",
                f"With this document the collection would have {others + len(chunks)} passages; it may have "
                f"{CHUNKS_MAXIMUM}. Split it into several collections.",
            )
        injected = _injected(document, collection)
        for first in range(0, len(chunks), _WRITTEN_AT_ONCE):
            some = [
                NewChunk(each.index, " > ".join(each.heading), each.page, injected + each.text)
                for each in chunks[first : first + _WRITTEN_AT_ONCE]
            ]
            if not await self._indexing.add_chunks(claim, self._until(), some):
                raise _StaleError
        await self._advance(claim, status=DocumentStatus.CHUNKED, chunks_total=len(chunks), made_of=made_of)

    async def _embed(self, claim: Claim, embedder: TextEmbedder) -> bool:
        """Whether every passage has its vector now; False when others are to have their turn first."""
        await self._advance(claim, status=DocumentStatus.EMBEDDING)
        for _ in range(SLICE_BATCHES):
            waiting = await self._indexing.unembedded(claim, _EMBEDDED_AT_ONCE)
            if not waiting:
                return True
            texts = [f"{each.heading}\n{each.content}" if each.heading else each.content for each in waiting]
            vectors = await embedder.embed_passages(texts)
            rows = {each.seq: packed(vector) for each, vector in zip(waiting, vectors, strict=True)}
            if not await self._indexing.set_vectors(claim, self._until(), rows):
                raise _StaleError
        return not await self._indexing.unembedded(claim, 1)

    async def _clear(self, document: DocumentRecord, keeping: Sequence[int]) -> None:
        while count := await self._indexing.clear(document, keeping, _CLEARED_AT_ONCE):
            self._is_clean = False
            if count < _CLEARED_AT_ONCE:
                return

    async def _advance(self, claim: Claim, **values: object) -> None:
        if not await self._indexing.advance(claim, self._until(), **values):
            raise _StaleError

    def _until(self) -> datetime:
        return self._now() + timedelta(seconds=CLAIM_SECONDS)

    def _made_of(self, document: DocumentRecord, collection: Collection) -> str:
        """Two indexes that are made of the same are the same. Begins with the embedder's name."""
        file = document.file
        parts = [file.sha256, file.name, file.media_type, asdict(collection.chunking), _injected(document, collection)]
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
        return f"{'' if self._embedder is None else self._embedder.name}:{digest}"


def _injected(document: DocumentRecord, collection: Collection) -> str:
    """What fields say that the collection wants to be found in every passage."""
    wanted = [each.key for each in collection.field_definitions if each.inject_into_chunk]
    return "".join(f"{key}: {document.fields[key]}\n" for key in wanted if key in document.fields)
