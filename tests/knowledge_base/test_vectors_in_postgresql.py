"""Vectors in PostgreSQL: where the extension can be had they are searched there, everywhere else in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from tests.knowing import OURS, WordEmbedder, knowing
from tests.postgresql import OUTSIDER, OUTSIDER_PASSWORD, Cluster

from vivavoce.knowledge.search import RetrievalMode
from vivavoce.store import vector_search
from vivavoce.store.store import Store
from vivavoce.store.vector_search import INDEXED_DIMENSIONS

PASSAGES = 300


async def _count(store: Store, query: str) -> int:
    async with store._database.reading() as connection:
        return int((await connection.execute(text(query))).scalar_one())


def _where(store: Store) -> str:
    return "in the database" if store.knowledge.passages.search_vectors else "in memory"


async def test_a_server_with_the_extension_searches_vectors_itself(pgvector_url: str, tmp_path: Path) -> None:
    async with await Store.open(pgvector_url) as store:
        known = knowing(store, tmp_path)
        collection = await known.collection()
        await known.add(collection, "A dog must be on a lead.\n\nA car costs ten pounds.")
        await known.settle()
        assert store.knowledge.passages.search_vectors
        assert (await known.found(collection, "hound", mode=RetrievalMode.SEMANTIC))[0] == "A dog must be on a lead."
        assert known.search._shelf.size_bytes == 0
        await known.service.delete_collection(OURS, collection.resource_id)
        await known.settle()
        assert await _count(store, "SELECT count(*) FROM knowledge_vectors") == 0


async def test_a_server_without_the_extension_leaves_it_to_memory(postgresql_url: str, tmp_path: Path) -> None:
    async with await Store.open(postgresql_url) as store:
        known = knowing(store, tmp_path)
        collection = await known.collection()
        await known.add(collection, "A dog must be on a lead.")
        await known.settle()
        assert not store.knowledge.passages.search_vectors
        assert await known.found(collection, "hound", mode=RetrievalMode.SEMANTIC) == ["A dog must be on a lead."]


async def test_vectors_from_before_the_extension_came_are_brought_over(pgvector_url: str, tmp_path: Path) -> None:
    async with await Store.open(pgvector_url) as store:
        known = knowing(store, tmp_path)
        collection = await known.collection()
        await known.add(collection, "A dog must be on a lead.\n\nA car costs ten pounds.")
        await known.settle()
        async with store._database.writing() as connection:
            await connection.execute(text("DELETE FROM knowledge_vectors"))
    async with await Store.open(pgvector_url) as store:
        known = knowing(store, tmp_path)
        assert _where(store) == "in memory"
        found = await known.found(collection, "hound", mode=RetrievalMode.SEMANTIC)
        await known.settle()
        assert _where(store) == "in the database"
        assert await known.found(collection, "hound", mode=RetrievalMode.SEMANTIC) == found


async def test_a_user_who_may_not_have_the_extension_gets_memory(pgvector_cluster: Cluster) -> None:
    with pgvector_cluster.database(migrated=False) as name:
        pgvector_cluster.execute(f"GRANT ALL ON SCHEMA public TO {OUTSIDER}", name)
        url = pgvector_cluster.url(name, user=OUTSIDER, password=OUTSIDER_PASSWORD.replace(" ", "%20"))
        async with await Store.open(url) as store:
            assert not store.knowledge.passages.search_vectors


async def test_an_older_extension_is_left_alone(pgvector_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_search, "_OLDEST", (99, 0))
    with pgvector_cluster.database(migrated=False) as name:
        async with await Store.open(pgvector_cluster.url(name)) as store:
            assert not store.knowledge.passages.search_vectors
            assert await _count(store, "SELECT count(*) FROM pg_extension WHERE extname = 'vector'") == 0


async def test_the_graph_finds_what_looking_at_each_finds(
    pgvector_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await Store.open(pgvector_url) as store:
        known = knowing(store, tmp_path, WordEmbedder(dimensions=INDEXED_DIMENSIONS))
        ours, other = await known.collection(), await known.collection()
        words = [f"word{n} word{n % 7} word{n % 31}" for n in range(PASSAGES)]
        await known.add(ours, "\n\n".join(words))
        await known.add(other, "\n\n".join(f"{each} elsewhere" for each in words))
        await known.settle()
        query = (await known.embedder.embed_query("word40 word5"))[0]
        exact = await store.knowledge.passages.nearest([ours.seq], None, query, 20)
        monkeypatch.setattr(vector_search, "EXACT_MAXIMUM", 10)
        graph = await store.knowledge.passages.nearest([ours.seq], None, query, 20)
        assert len({seq for seq, _ in exact} & {seq for seq, _ in graph}) >= 19
        assert [cosine for _, cosine in graph] == sorted((cosine for _, cosine in graph), reverse=True)
        assert len(await store.knowledge.passages.nearest([ours.seq], None, query, PASSAGES)) == PASSAGES


async def test_the_graph_serves_the_query(pgvector_url: str) -> None:
    """Planners choose by size; what is shown is that this one may choose the graph at all."""
    async with await Store.open(pgvector_url) as store, store._database.reading() as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        await connection.execute(text("SET LOCAL enable_sort = off"))
        asked = {"vector": f"[{','.join(['0.1'] * INDEXED_DIMENSIONS)}]", "collections": [1], "near": 9, "limit": 3}
        plan = (await connection.execute(text(f"EXPLAIN {vector_search._ASK_GRAPH}"), asked)).scalars()
        assert "ix_knowledge_vectors_embedding" in "\n".join(plan)
