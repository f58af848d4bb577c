"""Joins what the server knows: the store, the bytes of files, the reader of documents and the embedder.

Called once by the composition root; what is opened ends with the server, and the ingestion is one of its jobs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vivavoce.config import EngineSet, ServerSettings
from vivavoce.engines.catalogue import model_directory, models_directory
from vivavoce.engines.embed.minilm import NAME, MiniLmTextEmbedder
from vivavoce.engines.ports import EngineError, TextEmbedder
from vivavoce.engines.scripted.embedder import ScriptedTextEmbedder
from vivavoce.knowledge.indexes import IndexShelf
from vivavoce.knowledge.reading import DocumentReader
from vivavoce.services.knowledge.ingestion import Ingestion
from vivavoce.services.knowledge.searching import KnowledgeSearch
from vivavoce.services.knowledge.service import KnowledgeService
from vivavoce.services.knowledge.shelf import FileShelf
from vivavoce.store.store import Store

FILES = "files"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the API and the tools of calls ask. `by_meaning`: whether the embedder's model is there."""

    service: KnowledgeService
    search: KnowledgeSearch
    by_meaning: bool


def open_knowledge(
    settings: ServerSettings,
    store: Store,
    closing: AsyncExitStack,
    jobs: dict[str, Callable[[], Coroutine[Any, Any, None]]],
) -> Knowledge:
    """Make it ready; the embedder loads its model when it is first needed."""
    embedder = _embedder(settings)
    if embedder is not None:
        closing.push_async_callback(embedder.close)
    shelf = FileShelf(settings.data / FILES)
    ingestion = Ingestion(store, shelf, DocumentReader(), embedder, _now)
    jobs["ingestion"] = ingestion.run
    search = KnowledgeSearch(store.knowledge.passages, embedder, IndexShelf())
    return Knowledge(KnowledgeService(store, shelf, search, ingestion.wake), search, embedder is not None)


def _embedder(settings: ServerSettings) -> TextEmbedder | None:
    if settings.engines is EngineSet.SCRIPTED:
        return ScriptedTextEmbedder()
    try:
        return MiniLmTextEmbedder(model_directory(NAME, settings.models or models_directory()))
    except EngineError as error:
        _log.warning("documents are found by their words alone, not by their meaning: %s", error)
        return None


def _now() -> datetime:
    return datetime.now(UTC)
