"""What keeps recordings: one contract for the folder, for obstore's store in memory, and for S3's words on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import obstore
import pytest
from obstore.store import MemoryStore
from tests.s3_server import S3Server, s3_server

from vivavoce.services.recordings.object_store import ObjectStorage, open_bucket
from vivavoce.services.recordings.storage import READ_AT_ONCE, FolderStorage, RecordingStorage, StorageError

NAME = "org_1/sess_1-1.ogg"
SOUND = bytes(range(256)) * (READ_AT_ONCE // 256 * 2) + b"end"
PART_BYTES = 5 * 1024 * 1024


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


@pytest.fixture
def bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStorage]:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    yield open_bucket("s3://bucket/calls")
    server.empty()


def _keep(storage: RecordingStorage, source: Path) -> None:
    if isinstance(storage, FolderStorage):
        storage.keep(NAME, source)
    else:
        assert isinstance(storage, ObjectStorage)
        asyncio.run(storage.send(NAME, source, PART_BYTES))


@pytest.fixture(
    params=[
        pytest.param("folder", id="in a folder"),
        pytest.param("memory", id="in obstore's memory"),
        pytest.param("bucket", id="in a bucket on the wire"),
    ]
)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> RecordingStorage:
    match request.param:
        case "folder":
            return FolderStorage(tmp_path / "kept")
        case "memory":
            return ObjectStorage(obstore, MemoryStore())
        case _:
            found: ObjectStorage = request.getfixturevalue("bucket")
            return found


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "unfinished.ogg"
    path.write_bytes(SOUND)
    return path


def test_what_is_kept_is_read_in_whole_and_in_parts(storage: RecordingStorage, source: Path) -> None:
    _keep(storage, source)
    pieces = list(storage.read(NAME, 0, len(SOUND)))
    assert b"".join(pieces) == SOUND
    assert max(map(len, pieces)) <= READ_AT_ONCE
    assert b"".join(storage.read(NAME, READ_AT_ONCE - 1, 5)) == SOUND[READ_AT_ONCE - 1 : READ_AT_ONCE + 4]


def test_what_is_removed_is_gone_and_may_be_removed_again(storage: RecordingStorage, source: Path) -> None:
    _keep(storage, source)
    storage.remove(NAME)
    storage.remove(NAME)
    with pytest.raises(StorageError):
        storage.read(NAME, 0, 10)


def test_a_source_that_is_missing_is_told(storage: RecordingStorage, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        _keep(storage, tmp_path / "missing.ogg")


def test_an_address_that_is_no_bucket_is_refused() -> None:
    with pytest.raises(StorageError, match="no bucket"):
        open_bucket("s3://")


def test_a_folder_takes_the_file_away_from_where_it_was(source: Path, tmp_path: Path) -> None:
    FolderStorage(tmp_path / "kept").keep(NAME, source)
    assert not source.exists()


def test_a_bucket_gets_the_parts_of_what_goes_on_and_shows_nothing_before_its_end(
    server: S3Server, bucket: ObjectStorage
) -> None:
    seen: list[tuple[dict[str, int], list[str]]] = []

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield SOUND[:1] * PART_BYTES
            yield b"+"  # asked for once the part is there, taken once it is
            seen.append((await asyncio.to_thread(server.parts_under_way), server.keys()))
            yield SOUND[:1] * (PART_BYTES - 1)
        yield b"end"

    asyncio.run(bucket.stream(NAME, pieces(), PART_BYTES))
    key = f"calls/{NAME}"
    assert seen == [({key: 1}, []), ({key: 3}, [])]
    part = SOUND[:1] * PART_BYTES + b"+" + SOUND[:1] * (PART_BYTES - 1)
    assert server.content(key) == part + part + b"end"
    assert server.parts_under_way() == {}


def test_what_is_taken_back_in_the_middle_leaves_nothing_in_the_bucket(server: S3Server, bucket: ObjectStorage) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield bytes(PART_BYTES)
        yield bytes(PART_BYTES)
        raise OSError("not wanted any more")

    with pytest.raises(StorageError):
        asyncio.run(bucket.stream(NAME, pieces(), PART_BYTES))
    assert (server.keys(), server.parts_under_way()) == ([], {})
