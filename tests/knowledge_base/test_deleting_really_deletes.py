"""What is deleted is in no file of the server's any more: not in the database, not in its log, not beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.knowing import OURS, Knowing, knowing

from vivavoce.store.database import sqlite_url
from vivavoce.store.store import Store

SECRET = "zyxwvutq"
KEPT = "abcdefgh"


def _bytes_in(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())


async def _indexed(known: Knowing) -> tuple[str, str]:
    """A collection with documents that say the secret and some that do not; the ids of collection and file."""
    collection = await known.collection()
    texts = [f"Part {n} tells of {SECRET}{n} and more." for n in range(40)]
    secret = await known.add(collection, "\n\n".join(texts), name=f"{SECRET}.txt", owner=SECRET)
    for number in range(10):
        await known.add(collection, f"Another tells of {KEPT}{number}.")
    await known.settle()
    return collection.resource_id, secret


@pytest.mark.parametrize(
    "what",
    [
        pytest.param("file", id="a file leaves nothing"),
        pytest.param("collection", id="a collection leaves nothing but its files, and these leave nothing"),
        pytest.param("rewritten", id="a text that is written anew leaves nothing of the former"),
    ],
)
async def test_nothing_is_left(tmp_path: Path, what: str) -> None:
    async with await Store.open(sqlite_url(tmp_path)) as store:
        known = knowing(store, tmp_path)
        collection_id, file_id = await _indexed(known)
        if what == "rewritten":
            entry = await known.service.write_entry(OURS, collection_id, "note", f"It tells of {SECRET} too.", {})
            await known.settle()
            await known.service.change_document(OURS, collection_id, entry.file_id, text=f"It tells of {KEPT}.")
        if what == "collection":
            await known.service.delete_collection(OURS, collection_id)
        assert SECRET.encode() in _bytes_in(tmp_path)
        await known.service.files.delete(OURS, file_id)
        await known.settle()
        left = _bytes_in(tmp_path)
        assert SECRET.encode() not in left
        # the index of words keeps stems, each as what differs from the one before
        assert SECRET[:7].encode() not in left
        if what != "collection":
            assert KEPT.encode() in left
