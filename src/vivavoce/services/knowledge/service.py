"""Collections and their documents: kept, changed, taken away. The same for every API; without state of its own.

The work that follows is `Ingestion`'s, which is woken.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

from vivavoce.agents import checks
from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.identifiers import Kind, parse
from vivavoce.agents.resources import Collection
from vivavoce.knowledge.search import Passage, PassageQuery, PassageSearch, SearchFailedError
from vivavoce.services.callers import Caller
from vivavoce.services.errors import ConflictError, NotReadyError
from vivavoce.services.knowledge.files import FileService
from vivavoce.services.knowledge.shelf import FileShelf, FileTooLargeError
from vivavoce.store.documents import CollectionTotals, DocumentRecord, DocumentStatus
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.files import FileRecord
from vivavoce.store.records import Page, PageRequest
from vivavoce.store.resources import Resource
from vivavoce.store.store import Store

FIELD_LENGTH_MAXIMUM = 1_000
ENTRY_MEDIA_TYPE = "text/markdown"


class KnowledgeService:
    """Every method raises `UnknownRecordError` for what is not there, another organisation's included, and
    `InvalidFieldError` for a value that cannot be. `files`: what documents are made of.
    """

    def __init__(self, store: Store, shelf: FileShelf, search: PassageSearch, wake: Callable[[], None]) -> None:
        self.files = FileService(store.knowledge.files, shelf, wake)
        self._store = store
        self._documents = store.knowledge.documents
        self._search = search
        self._wake = wake

    # --- collections --------------------------------------------------------------------------------------------------

    async def collection(self, caller: Caller, collection_id: str) -> Resource[Collection]:
        identifier = parse(Kind.COLLECTION, collection_id)
        collections = self._store.collections
        found = None if identifier is None else await collections.get(caller.organisation_id, identifier)
        if found is None:
            raise UnknownRecordError("collection", collection_id)
        return found

    async def totals(self, collections: Sequence[Resource[Collection]]) -> Mapping[int, CollectionTotals]:
        """What they hold, by their numbers; empty ones are left out."""
        return await self._documents.totals([each.seq for each in collections]) if collections else {}

    async def change_collection(
        self, caller: Caller, collection_id: str, change: Callable[[Collection], Collection]
    ) -> Resource[Collection]:
        """Documents are indexed anew when their passages would be others."""
        found = await self.collection(caller, collection_id)
        changed = await self._store.collections.change(caller.organisation_id, found.seq, change)
        if _makes(changed.body) != _makes(found.body):
            await self._documents.reindex(found.seq)
            self._wake()
        return changed

    async def delete_collection(self, caller: Caller, collection_id: str) -> Resource[Collection]:
        """The collection and its documents; files stay, but for texts that were written into it."""
        found = await self.collection(caller, collection_id)
        gone = await self._store.collections.delete(caller.organisation_id, found.seq)
        await self._documents.delete_all(found.seq)
        self._wake()
        return gone

    # --- documents ----------------------------------------------------------------------------------------------------

    async def attach(
        self, caller: Caller, collection_id: str, file_id: str, fields: Mapping[str, Any]
    ) -> DocumentRecord:
        """Put a file into a collection. Raises `ConflictError` for a field that must be unique and is not."""
        collection = await self.collection(caller, collection_id)
        file = await self.files.get(caller, file_id)
        await self._check_fields(caller, collection, fields, file.file_id)
        document = await self._documents.attach(collection.resource_id, collection.seq, file, fields)
        self._wake()
        return document

    async def add_document(
        self,
        caller: Caller,
        collection_id: str,
        name: str,
        media_type: str | None,
        source: BinaryIO,
        fields: Mapping[str, Any],
    ) -> DocumentRecord:
        """Keep a file and put it into a collection. Raises `FileTooLargeError`, `ConflictError`."""
        collection = await self.collection(caller, collection_id)
        await self._check_fields(caller, collection, fields, None)
        file = await self.files.keep(caller, name, media_type, source)
        return await self._attached(collection, file, fields)

    async def write_entry(
        self, caller: Caller, collection_id: str, name: str, text: str, fields: Mapping[str, Any]
    ) -> DocumentRecord:
        """Write a text into a collection. Raises `FileTooLargeError`, `ConflictError`."""
        collection = await self.collection(caller, collection_id)
        await self._check_fields(caller, collection, fields, None)
        checks.storable("text", text)
        source = io.BytesIO(text.encode())
        file = await self.files.keep(caller, name, ENTRY_MEDIA_TYPE, source, is_entry=True)
        return await self._attached(collection, file, fields)

    async def change_document(
        self,
        caller: Caller,
        collection_id: str,
        file_id: str,
        *,
        fields: Mapping[str, Any] | None = None,
        name: str | None = None,
        text: str | None = None,
    ) -> DocumentRecord:
        """Change what is given; nothing given is: index it anew. `text` and `name` are those of a written text."""
        collection = await self.collection(caller, collection_id)
        document = await self.document(caller, collection_id, file_id)
        if fields is not None:
            await self._check_fields(caller, collection, fields, document.file_id)
        if name is not None or text is not None:
            await self._rewrite(caller, document, name, text)
        injects = any(each.inject_into_chunk for each in collection.body.field_definitions)
        reindex = injects or fields is None or name is not None or text is not None
        await self._documents.change(document, fields, reindex=reindex)
        self._wake()
        return await self.document(caller, collection_id, file_id)

    async def document(self, caller: Caller, collection_id: str, file_id: str) -> DocumentRecord:
        found = await self.documents_named(caller, collection_id, [file_id])
        if not found:
            raise UnknownRecordError("document", file_id)
        return found[0]

    async def documents_named(
        self, caller: Caller, collection_id: str, file_ids: Sequence[str]
    ) -> Sequence[DocumentRecord]:
        """Those of these that are in the collection."""
        collection = await self.collection(caller, collection_id)
        wanted = [named for each in file_ids if isinstance(named := parse(Kind.FILE, each), str)]
        return await self._documents.named(caller.organisation_id, collection.resource_id, wanted)

    async def documents(
        self, caller: Caller, collection_id: str, request: PageRequest, status: DocumentStatus | None = None
    ) -> Page[DocumentRecord]:
        collection = await self.collection(caller, collection_id)
        return await self._documents.list(caller.organisation_id, collection.resource_id, request, status)

    async def delete_document(self, caller: Caller, collection_id: str, file_id: str) -> DocumentRecord:
        """It is found no more from now on. Its file stays, unless it is a text that was written into the collection."""
        document = await self.document(caller, collection_id, file_id)
        file = await self.files.get(caller, document.file_id) if document.is_entry else None
        await self._documents.delete(document)
        if file is not None:
            await self.files.delete(caller, file.file_id)
        self._wake()
        return document

    # --- searching ----------------------------------------------------------------------------------------------------

    async def search(self, query: PassageQuery) -> Sequence[Passage]:
        """Raises `NotReadyError`."""
        try:
            return await self._search.search(query)
        except SearchFailedError as error:
            raise NotReadyError("search_failed", f"{error}. Try again in a moment.") from error

    async def _attached(
        self, collection: Resource[Collection], file: FileRecord, fields: Mapping[str, Any]
    ) -> DocumentRecord:
        document = await self._documents.attach(collection.resource_id, collection.seq, file, fields)
        self._wake()
        return document

    async def _rewrite(self, caller: Caller, document: DocumentRecord, name: str | None, text: str | None) -> None:
        if not document.is_entry:
            message = "only what was written as a text can be written anew; delete the document and add another file"
            raise InvalidFieldError("text" if text is not None else "name", message)
        await self.files.rewrite(await self.files.get(caller, document.file_id), name, text)

    async def _check_fields(
        self, caller: Caller, collection: Resource[Collection], fields: Mapping[str, Any], file_id: str | None
    ) -> None:
        checks.check_metadata(fields)
        for key, value in fields.items():
            several = value if isinstance(value, list | tuple) else [value]
            if not all(isinstance(each, str | int | float) for each in several):
                raise InvalidFieldError(f"fields.{key}", "must be a text, a number, true or false, or a list of these")
            if any(isinstance(each, str) and len(each) > FIELD_LENGTH_MAXIMUM for each in several):
                raise InvalidFieldError(f"fields.{key}", f"at most {FIELD_LENGTH_MAXIMUM} characters")
        for each in collection.body.field_definitions:
            if each.required and each.key not in fields:
                raise InvalidFieldError(f"fields.{each.key}", "is required in this collection")
            if each.unique and each.key in fields:
                holders = await self._documents.holds(
                    caller.organisation_id, collection.resource_id, each.key, fields[each.key]
                )
                if any(holder != file_id for holder in holders):
                    message = f"another document of this collection has this value in {each.key!r}, which is unique"
                    raise ConflictError("field_not_unique", message)


def _makes(collection: Collection) -> object:
    """What passages depend on."""
    return collection.chunking, [each.key for each in collection.field_definitions if each.inject_into_chunk]


__all__ = ["FileTooLargeError", "KnowledgeService"]
