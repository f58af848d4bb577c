"""How fast and how well documents are found: `python -m bench.knowledge [search|recall]`.

`search` (the usual) builds a collection of 20 000 passages once, keeps it in `bench/results/knowledge`, and measures
on one core; `recall` asks the labelled questions of `bench/knowledge_questions`. Needs the weights of MiniLM.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.knowledge_questions import DIRECTORY, DOCUMENTS, Question, questions, same_words
from vivavoce.agents.resources import Collection
from vivavoce.conversation.tool_policy import ToolSourceKey
from vivavoce.engines.catalogue import model_directory, models_directory
from vivavoce.engines.embed.minilm import DIMENSIONS, NAME, MiniLmTextEmbedder
from vivavoce.knowledge.indexes import IndexShelf, packed
from vivavoce.knowledge.reading import DocumentReader
from vivavoce.knowledge.search import Passage, PassageQuery, RetrievalMode
from vivavoce.services.callers import Caller
from vivavoce.services.knowledge.ingestion import Ingestion
from vivavoce.services.knowledge.searching import KnowledgeSearch
from vivavoce.services.knowledge.service import KnowledgeService
from vivavoce.services.knowledge.shelf import FileShelf
from vivavoce.store.database import sqlite_url
from vivavoce.store.indexing import NewChunk
from vivavoce.store.records import FIRST_ORGANISATION, PageRequest
from vivavoce.store.store import Store
from vivavoce.tools.declared import CallContext
from vivavoce.tools.file_search import NAME as FILE_SEARCH
from vivavoce.tools.file_search import FileSearchFactory
from vivavoce.tools.ports import ToolInvocation

CHUNKS = 20_000
DOCUMENT_CHUNKS = 200
ROUNDS = 300
NAMED = "Speed of made-up words"
RESULTS = Path(__file__).parent / "results" / "knowledge"
OURS = Caller(FIRST_ORGANISATION)


@dataclass(frozen=True, slots=True)
class Ground:
    """One server's knowledge with the real parts."""

    store: Store
    embedder: MiniLmTextEmbedder
    ingestion: Ingestion
    search: KnowledgeSearch
    service: KnowledgeService


@asynccontextmanager
async def ground_in(data: Path) -> AsyncGenerator[Ground]:
    async with await Store.open(sqlite_url(data)) as store:
        embedder = MiniLmTextEmbedder(model_directory(NAME, models_directory()))
        shelf = FileShelf(data / "files")
        ingestion = Ingestion(store, shelf, DocumentReader(), embedder, _now)
        search = KnowledgeSearch(store.knowledge.passages, embedder, IndexShelf())
        yield Ground(store, embedder, ingestion, search, KnowledgeService(store, shelf, search, ingestion.wake))
        await embedder.close()


def _now() -> datetime:
    return datetime.now(UTC)


# --- recall -----------------------------------------------------------------------------------------------------------


async def recall() -> None:
    """Print how many of the questions have the passage that answers them among the first 1, 3 and 5."""
    with tempfile.TemporaryDirectory() as directory:
        async with ground_in(Path(directory)) as ground:
            collection = await ground.store.collections.add(FIRST_ORGANISATION, Collection("Documents"))
            started = time.perf_counter()
            for name, media_type in DOCUMENTS.items():
                with (DIRECTORY / name).open("rb") as source:
                    await ground.service.add_document(OURS, collection.resource_id, name, media_type, source, {})
            while await ground.ingestion.work():
                pass
            took = time.perf_counter() - started
            totals = (await ground.service.totals([collection]))[collection.seq]
            print(f"{totals.documents} documents, {totals.chunks} passages, indexed in {took:.1f} s")
            print(f"{'':10} recall@1 recall@3 recall@5   of {len(questions())} questions")
            missed: list[str] = []
            for mode in RetrievalMode:
                ranks = [await _rank(ground, collection.resource_id, each, mode) for each in questions()]
                shares = [sum(rank < first for rank in ranks) / len(ranks) for first in (1, 3, 5)]
                print(f"{mode.value:10} " + " ".join(f"{share:8.3f}" for share in shares))
                if mode is RetrievalMode.HYBRID:
                    missed = [each.question for each, rank in zip(questions(), ranks, strict=True) if rank >= 3]
            print("not among the first 3 (hybrid):", *missed, sep="\n  ")


async def _rank(ground: Ground, collection_id: str, question: Question, mode: RetrievalMode) -> int:
    query = PassageQuery(FIRST_ORGANISATION, (collection_id,), question.question, 5, mode)
    found = await ground.search.search(query)
    answers = [_answers(each, question) for each in found]
    return answers.index(True) if True in answers else 5


def _answers(passage: Passage, question: Question) -> bool:
    return passage.name == question.document and same_words(question.evidence) in same_words(passage.content)


# --- speed ------------------------------------------------------------------------------------------------------------

WORDS = 30_000
FREQUENT = 60
"""Words so frequent that questions name things by rarer ones."""

_SYLLABLES = [
    a + b for a in "b d f g h k l m n p r s t v w z br dr st tr pl".split() for b in "a e i o u an er in".split()
]


@dataclass(frozen=True, slots=True)
class Language:
    """Words made up, drawn as often as people use theirs: the n-th most frequent 1/n as often as the first (Zipf)."""

    words: Sequence[str]
    reached: NDArray[np.float64]

    @classmethod
    def made_up(cls) -> Language:
        rng = random.Random(5)
        words: dict[str, None] = dict.fromkeys("the of and to a in is that for it with was as on at by".split())
        while len(words) < WORDS:
            words["".join(rng.choices(_SYLLABLES, k=rng.choice((2, 2, 3, 3, 4))))] = None
        shares = 1 / np.arange(1, WORDS + 1)
        return cls(tuple(words), np.cumsum(shares / shares.sum()))

    def drawn(self, draw: np.random.Generator, count: int) -> list[str]:
        places = np.searchsorted(self.reached, draw.random(count))
        return [self.words[min(place, WORDS - 1)] for place in places]

    def passage(self, draw: np.random.Generator) -> str:
        return ". ".join(" ".join(self.drawn(draw, 11)) for _ in range(12))

    def question(self, draw: np.random.Generator) -> str:
        """Four words that mean something, as frequent as in texts, between those of every question."""
        meant = [word for word in self.drawn(draw, 200) if self.words.index(word) >= FREQUENT][:4]
        return f"what does the {meant[0]} {meant[1]} do with the {meant[2]} of {meant[3]}"


async def speed() -> None:
    """Print how long searches of 20 000 passages take, and how many passages a second are indexed."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    async with ground_in(RESULTS) as ground:
        collection_id = await _built(ground)
        language, draw = Language.made_up(), np.random.default_rng(7)
        asked = [language.question(draw) for _ in range(ROUNDS)]
        await _timed_search(ground, collection_id, "a first question", RetrievalMode.HYBRID)
        print(f"{CHUNKS} passages, {ROUNDS} questions, one core, load {os.getloadavg()[0]:.1f}")
        print(f"{'':24} {'p50':>8} {'p95':>8}")
        print(_row("file_search", [await _timed_tool(ground, collection_id, each) for each in asked]))
        for mode in RetrievalMode:
            # other words than before, so that no question's vector is remembered
            fresh = [f"{mode.value}: {each}" for each in asked]
            print(_row(mode.value, [await _timed_search(ground, collection_id, each, mode) for each in fresh]))
        print(_row("embedding of a question", [await _timed_embedding(ground, each) for each in asked]))
        await _ingestion(ground)


async def _timed_tool(ground: Ground, collection_id: str, words: str) -> float:
    context = CallContext("sess", FIRST_ORGANISATION, None, (collection_id,))
    source = FileSearchFactory(ground.search)({"type": FILE_SEARCH}, context, ToolSourceKey("file_search:bench"))
    started = time.perf_counter()
    await source.invoke(ToolInvocation("sess", "call", FILE_SEARCH, json.dumps({"query": words}), 10, "once"))
    return time.perf_counter() - started


async def _timed_search(ground: Ground, collection_id: str, words: str, mode: RetrievalMode) -> float:
    started = time.perf_counter()
    await ground.search.search(PassageQuery(FIRST_ORGANISATION, (collection_id,), words, 10, mode))
    return time.perf_counter() - started


async def _timed_embedding(ground: Ground, words: str) -> float:
    started = time.perf_counter()
    await ground.embedder.embed_query(words)
    return time.perf_counter() - started


def _row(name: str, seconds: Sequence[float]) -> str:
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95])
    return f"{name:24} {p50:5.1f} ms {p95:5.1f} ms"


async def _ingestion(ground: Ground) -> None:
    collection = await ground.store.collections.add(FIRST_ORGANISATION, Collection("Ingestion"))
    language, draw = Language.made_up(), np.random.default_rng(11)
    text = "\n\n".join(f"# Part {n}\n\n{language.passage(draw)}" for n in range(60))
    await ground.service.write_entry(OURS, collection.resource_id, "parts", text, {})
    started = time.perf_counter()
    while await ground.ingestion.work():
        pass
    took = time.perf_counter() - started
    chunks = (await ground.service.totals([collection]))[collection.seq].chunks
    await ground.service.delete_collection(OURS, collection.resource_id)
    print(f"{'ingestion':24} {chunks / took:5.1f} passages a second ({chunks} passages of some 180 tokens)")


async def _built(ground: Ground) -> str:
    """The collection of 20 000 passages. Their words and vectors are drawn: a search costs what it would."""
    page = await ground.store.collections.list(FIRST_ORGANISATION, PageRequest(limit=100))
    for each in page.items:
        totals = (await ground.service.totals([each])).get(each.seq)
        if each.body.name == NAMED and totals is not None and totals.chunks == CHUNKS:
            return each.resource_id
    while await ground.ingestion.work():
        pass  # what a run before left behind would be claimed below
    collection = await ground.store.collections.add(FIRST_ORGANISATION, Collection(NAMED))
    indexing, language, draw = ground.store.knowledge.indexing, Language.made_up(), np.random.default_rng(1)
    until = _now() + timedelta(hours=1)
    for number in range(CHUNKS // DOCUMENT_CHUNKS):
        await ground.service.write_entry(OURS, collection.resource_id, f"document {number}", "x", {"number": number})
        claim = await indexing.claim(FIRST_ORGANISATION, "bench", until)
        if claim is None:
            raise RuntimeError("somebody else works on this database")
        chunks = [NewChunk(n, f"Part {n}", n // 10 + 1, language.passage(draw)) for n in range(DOCUMENT_CHUNKS)]
        await indexing.add_chunks(claim, until, chunks)
        rows = draw.standard_normal((DOCUMENT_CHUNKS, DIMENSIONS)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        waiting = await indexing.unembedded(claim, DOCUMENT_CHUNKS)
        vectors = {each.seq: packed(row) for each, row in zip(waiting, rows, strict=True)}
        await indexing.set_vectors(claim, until, vectors)
        made_of = f"{NAME}:drawn"
        await indexing.advance(claim, until, chunks_total=DOCUMENT_CHUNKS, made_of=made_of)
        await indexing.publish(claim)
        await indexing.finish(claim)
    return collection.resource_id


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("search", "recall"), default="search")
    asyncio.run(recall() if parser.parse_args().what == "recall" else speed())


if __name__ == "__main__":
    main()
