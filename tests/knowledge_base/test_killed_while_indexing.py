"""A server that is killed while it indexes: another goes on where it was, and nothing is missing or there twice."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.knowing import OURS, knowing

from vivavoce.services.knowledge.ingestion import CLAIM_SECONDS
from vivavoce.store.documents import DocumentStatus
from vivavoce.store.records import PageRequest
from vivavoce.store.store import Store

ROOT = Path(__file__).resolve().parents[2]

INDEX_AND_DIE = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.knowing import knowing
from vivavoce.store.store import Store

async def main():
    async with await Store.open(os.environ["DATABASE"]) as store:
        known = knowing(store, Path(os.environ["DIRECTORY"]))
        calls = 0
        def die():
            nonlocal calls
            calls += 1
            if calls == int(os.environ["DIES_AT"]):
                os.kill(os.getpid(), signal.SIGKILL)
        known.embedder.before = die
        await known.settle()

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "dies_at",
    [
        pytest.param(1, id="before the first passage has its vector"),
        pytest.param(4, id="in the middle of the passages"),
        pytest.param(20, id="in a later turn"),
    ],
)
async def test_what_a_killed_server_began_another_ends(store_url: str, tmp_path: Path, dies_at: int) -> None:
    texts = [f"Passage {n} is the one about thing{n}." for n in range(200)]
    async with await Store.open(store_url) as store:
        known = knowing(store, tmp_path)
        collection = await known.collection()
        file_id = await known.add(collection, "\n\n".join(texts))
    environment = os.environ | {
        "DATABASE": store_url,
        "DIRECTORY": str(tmp_path),
        "DIES_AT": str(dies_at),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", INDEX_AND_DIE, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == -9, errors.decode()

    later = datetime.now(UTC) + timedelta(seconds=CLAIM_SECONDS + 1)
    async with await Store.open(store_url, now=lambda: later) as store:
        known = knowing(store, tmp_path, now=lambda: later)
        before = await known.service.document(OURS, collection.resource_id, file_id)
        assert before.status is DocumentStatus.EMBEDDING
        assert before.chunks_done == (dies_at - 1) * 8
        await known.settle()
        page = await known.service.documents(OURS, collection.resource_id, PageRequest())
        assert [(each.status, each.chunks_done) for each in page.items] == [(DocumentStatus.PROCESSED, 200)]
        # what was embedded before is not embedded again
        assert len(known.embedder.embedded) == 200 - before.chunks_done
        found = await known.found(collection, "passage", limit=300)
        assert Counter(found) == Counter(texts)


async def test_a_claim_of_somebody_who_lives_is_left_alone(store_url: str, tmp_path: Path) -> None:
    async with await Store.open(store_url) as store, await Store.open(store_url) as second:
        one, other = knowing(store, tmp_path), knowing(second, tmp_path)
        collection = await one.collection()
        await one.add(collection, "Something.")
        began, may_go_on = asyncio.Event(), asyncio.Event()

        async def wait() -> None:
            began.set()
            await may_go_on.wait()

        one.embedder.before = wait
        working = asyncio.create_task(one.settle())
        await began.wait()
        assert not await other.ingestion.work()
        may_go_on.set()
        await working
        assert other.embedder.embedded == []
        assert await other.found(collection, "something") == ["Something."]
