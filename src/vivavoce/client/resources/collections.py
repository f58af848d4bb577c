"""Collections, the documents in them, and the search in both."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from vivavoce.client.errors import UnexpectedAnswerError
from vivavoce.client.knowledge_results import Collection, Document, Match
from vivavoce.client.pages import Pages
from vivavoce.client.results import result_of
from vivavoce.client.uploads import Progress, Upload
from vivavoce.client.wire import Wire, path_of


class Collections:
    """`client.collections`. Every method raises `ApiError`, `ServerUnreachableError`, `UnexpectedAnswerError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def create(self, name: str, *, description: str = "", **fields: Any) -> Collection:
        """`fields`: metadata, chunk_configuration, field_definitions, as the API reference names them."""
        body = {"collection_name": name, "collection_description": description, **fields}
        return result_of(Collection, await self._wire.call("POST", path_of("v1", "collections"), body))

    def list(self, *, limit: int | None = None) -> Pages[Collection]:
        return Pages(self._wire, path_of("v1", "collections"), Collection, "collections", {"limit": limit})

    async def get(self, collection_id: str) -> Collection:
        return result_of(Collection, await self._wire.get(path_of("v1", "collections", collection_id)))

    async def update(self, collection_id: str, **changes: Any) -> Collection:
        """Change `collection_name`, `collection_description`, `metadata`, …; what is not named stays."""
        path = path_of("v1", "collections", collection_id)
        return result_of(Collection, await self._wire.call("PATCH", path, changes))

    async def delete(self, collection_id: str) -> None:
        """Its documents go with it."""
        await self._wire.call("DELETE", path_of("v1", "collections", collection_id))

    def documents(self, collection_id: str, *, limit: int | None = None) -> Pages[Document]:
        path = path_of("v1", "collections", collection_id, "documents")
        return Pages(self._wire, path, Document, "documents", {"limit": limit})

    async def document(self, collection_id: str, file_id: str) -> Document:
        path = path_of("v1", "collections", collection_id, "documents", file_id)
        return result_of(Document, await self._wire.get(path))

    async def upload(
        self,
        collection_id: str,
        source: BinaryIO,
        name: str,
        *,
        content_type: str | None = None,
        fields: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> Document:
        """Put a file into the collection; it is indexed behind the scenes. Tried once: it is never stored twice."""
        form = {"name": Path(name).name} | ({} if fields is None else {"fields": json.dumps(dict(fields))})
        upload = Upload("data", Path(name).name, source, content_type, form, progress)
        path = path_of("v1", "collections", collection_id, "documents")
        return result_of(Document, await self._wire.upload(path, upload))

    async def write(
        self, collection_id: str, name: str, text: str, *, fields: Mapping[str, Any] | None = None
    ) -> Document:
        """Put a text into the collection."""
        body = {"name": name, "text": text} | ({} if fields is None else {"fields": dict(fields)})
        path = path_of("v1", "collections", collection_id, "texts")
        return result_of(Document, await self._wire.call("POST", path, body))

    async def attach(self, collection_id: str, file_id: str) -> Document:
        """Put a file that was uploaded before into the collection."""
        path = path_of("v1", "collections", collection_id, "documents", file_id)
        return result_of(Document, await self._wire.call("POST", path, {}))

    async def update_document(self, collection_id: str, file_id: str, **changes: Any) -> Document:
        """Change `fields`, and `name` and `text` of a written text. Without changes: index it anew."""
        path = path_of("v1", "collections", collection_id, "documents", file_id)
        return result_of(Document, await self._wire.call("PATCH", path, changes))

    async def remove(self, collection_id: str, file_id: str) -> None:
        """Take a document out of the collection. A file stays, a written text goes."""
        await self._wire.call("DELETE", path_of("v1", "collections", collection_id, "documents", file_id))

    async def indexed(
        self, collection_id: str, file_id: str, *, timeout_seconds: float = 600.0, every_seconds: float = 0.5
    ) -> Document:
        """The document once it can be found, or has failed: see its `status`. Raises `TimeoutError`."""
        async with asyncio.timeout(timeout_seconds):
            while True:
                found = await self.document(collection_id, file_id)
                if found.has_ended:
                    return found
                await asyncio.sleep(every_seconds)

    async def search(
        self, collection_ids: Iterable[str], query: str, *, limit: int = 10, **options: Any
    ) -> tuple[Match, ...]:
        """Passages, the best first. `options`: `filter`, `retrieval_mode` (hybrid, semantic or keyword)."""
        body = {"query": query, "source": {"collection_ids": list(collection_ids)}, "limit": limit, **options}
        answer = await self._wire.call("POST", path_of("v1", "documents", "search"), body)
        found = answer.get("matches")
        if not isinstance(found, list):
            raise UnexpectedAnswerError("the server's answer to a search has no list 'matches'")
        return tuple(result_of(Match, each) for each in found)
