"""Recordings on their way into a bucket: while their calls last, when the bucket is away, and when nobody wants them.

The bucket is a real one on the wire where bytes matter, and one that fails as told where its moods do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import pytest
from obstore.store import MemoryStore
from tests.s3_server import S3Server, s3_server

from vivavoce.services.recordings.object_store import ObjectStorage, open_bucket
from vivavoce.services.recordings.service import RecordingChoice, RecordingService, name_of
from vivavoce.services.recordings.spool import Spool
from vivavoce.services.recordings.storage import StorageError
from vivavoce.services.recordings.uploading import (
    GONE,
    PART_BYTES,
    PARTS_AT_ONCE,
    PATIENCE,
    UPLOADS_MAXIMUM,
    Bucket,
    Upload,
    Uploads,
)
from vivavoce.store.database import sqlite_url
from vivavoce.store.recordings import FinishedRecording
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import RecordingRecord
from vivavoce.store.sessions import NewSession
from vivavoce.store.store import Store
from vivavoce.store.threads import NewThread

ENDED_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(slots=True)
class Growth:
    """A recording that is written to."""

    path: Path
    written_bytes: int = 0

    def grow(self, size_bytes: int, byte: bytes = b"s") -> None:
        with self.path.open("ab") as file:
            file.write(byte * size_bytes)
        self.written_bytes += size_bytes


@dataclass(slots=True)
class Moody:
    """A bucket that refuses the first so many wishes; `gate` holds up everything until it is set."""

    refusals: int = 0
    kept: dict[str, bytes] = field(default_factory=dict)
    pieces: list[int] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    most_waiting: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def stream(self, name: str, pieces: AsyncIterator[bytes], part_bytes: int) -> None:
        content = b""
        try:
            async for piece in pieces:
                content += piece
                self.pieces.append(len(piece))
                await self._answer()
        except OSError as error:
            raise StorageError("taken back") from error
        self.kept[name] = content

    async def send(self, name: str, source: Path, part_bytes: int) -> None:
        await self._answer()
        try:
            self.kept[name] = await asyncio.to_thread(source.read_bytes)
        except OSError as error:
            raise StorageError("no file") from error

    async def discard(self, name: str) -> None:
        await self._answer()
        self.discarded.append(name)
        self.kept.pop(name, None)

    async def _answer(self) -> None:
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        self.asked.set()
        await self.gate.wait()
        self.waiting -= 1
        if self.refusals:
            self.refusals -= 1
            raise StorageError("the bucket did not do it: GenericError")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    async with await Store.open(sqlite_url(tmp_path)) as one:
        yield one


@asynccontextmanager
async def _running(store: Store, bucket: Bucket, now: datetime = ENDED_AT) -> AsyncGenerator[Uploads]:
    uploads = Uploads(store.recordings, bucket, lambda: now, look_every_seconds=0.005, first_delay_seconds=0.005)
    running = asyncio.create_task(uploads.run())
    try:
        yield uploads
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _row(store: Store) -> RecordingRecord:
    thread = await store.threads.add(NewThread(OURS))
    later = datetime.now(UTC) + timedelta(hours=1)
    session = await store.sessions.add(NewSession(OURS, None, thread.thread_id, "realtime", "web", later), 100)
    return await store.recordings.begin(OURS, session.session_id, "wav", 0)


async def _begun(store: Store, uploads: Uploads, path: Path) -> tuple[Upload, Growth]:
    row = await _row(store)
    growth = Growth(path)
    upload = Upload(row.seq, f"org/{row.session_id}-1.wav", path, growth)
    uploads.begin(upload)
    return upload, growth


async def _over(store: Store, upload: Upload, growth: Growth, ended_at: datetime = ENDED_AT) -> None:
    await store.recordings.finish(upload.seq, FinishedRecording(growth.written_bytes, 1000), is_filed=False)
    upload.finish(ended_at)


async def _done(upload: Upload) -> None:
    async with asyncio.timeout(20):
        await upload.done.wait()


async def _state(store: Store, upload: Upload) -> tuple[str, str | None]:
    found = await store.recordings.part(upload.name.removeprefix("org/").removesuffix("-1.wav"), 1)
    assert found is not None
    return found.state, found.failure


# --- on the wire --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


@pytest.fixture
def wired(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    server.empty()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return open_bucket("s3://bucket/calls")


async def test_parts_are_in_the_bucket_while_the_call_goes_on(
    store: Store, wired: Bucket, server: S3Server, tmp_path: Path
) -> None:
    async with _running(store, wired) as uploads:
        upload, growth = await _begun(store, uploads, tmp_path / "call.wav")
        key = f"calls/{upload.name}"
        for parts in (1, 2):
            growth.grow(PART_BYTES + 1, bytes([parts]))
            async with asyncio.timeout(20):
                while (await asyncio.to_thread(server.parts_under_way)).get(key) != parts:
                    pass
        assert server.keys() == []
        growth.grow(3)
        whole = growth.path.read_bytes()
        await _over(store, upload, growth)
        await _done(upload)
    assert server.content(key) == whole
    assert await _state(store, upload) == ("ready", None)
    assert not growth.path.exists()
    assert server.parts_under_way() == {}


async def test_a_recording_that_is_dropped_while_it_is_sent_leaves_no_part_behind(
    store: Store, wired: Bucket, server: S3Server, tmp_path: Path
) -> None:
    async with _running(store, wired) as uploads:
        upload, growth = await _begun(store, uploads, tmp_path / "call.wav")
        growth.grow(PART_BYTES + 1)
        async with asyncio.timeout(20):
            while not await asyncio.to_thread(server.parts_under_way):
                pass
        upload.drop()
        await _done(upload)
    assert (server.keys(), server.parts_under_way()) == ([], {})


async def test_a_bucket_that_there_is_not_fails_the_recording_when_patience_is_over(
    store: Store, server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    async with _running(store, open_bucket("s3://nowhere/calls"), ENDED_AT + PATIENCE + timedelta(1)) as uploads:
        upload, growth = await _begun(store, uploads, tmp_path / "call.wav")
        growth.grow(2 * PART_BYTES)
        await _over(store, upload, growth)
        await _done(upload)
    state, failure = await _state(store, upload)
    assert (state, str(failure).partition(":")[0]) == ("failed", "the bucket did not do it")
    assert not growth.path.exists()


# --- moods of a bucket --------------------------------------------------------------------------------------------


async def test_a_short_recording_is_sent_whole_when_its_call_is_over(store: Store, tmp_path: Path) -> None:
    bucket = Moody()
    async with _running(store, bucket) as uploads:
        upload, growth = await _begun(store, uploads, tmp_path / "call.wav")
        growth.grow(PART_BYTES)
        await _over(store, upload, growth)
        await _done(upload)
    assert (bucket.pieces, len(bucket.kept[upload.name])) == ([], PART_BYTES)


async def test_a_bucket_that_fails_in_the_call_gets_it_from_the_disk_afterwards(store: Store, tmp_path: Path) -> None:
    bucket = Moody(refusals=3)
    async with _running(store, bucket) as uploads:
        upload, growth = await _begun(store, uploads, tmp_path / "call.wav")
        growth.grow(PART_BYTES + 1)
        await bucket.asked.wait()
        growth.grow(2 * PART_BYTES)
        whole = growth.path.read_bytes()
        await _over(store, upload, growth)
        await _done(upload)
    assert bucket.kept == {upload.name: whole}
    assert await _state(store, upload) == ("ready", None)


async def test_a_bucket_that_hangs_holds_a_few_parts_in_memory_for_any_number_of_calls(
    store: Store, tmp_path: Path
) -> None:
    bucket = Moody()
    bucket.gate.clear()
    async with _running(store, bucket) as uploads:
        begun = [await _begun(store, uploads, tmp_path / f"{each}.wav") for each in range(PARTS_AT_ONCE + 3)]
        for _, growth in begun:
            growth.grow(PART_BYTES + 1)
        async with asyncio.timeout(20):
            while bucket.waiting < PARTS_AT_ONCE:
                bucket.asked.clear()
                await bucket.asked.wait()
        bucket.gate.set()
        for upload, growth in begun:
            await _over(store, upload, growth)
        for upload, _ in begun:
            await _done(upload)
    assert bucket.most_waiting == PARTS_AT_ONCE
    assert len(bucket.kept) == len(begun)


async def test_a_recording_deleted_before_the_bucket_has_it_never_stays_there(store: Store, tmp_path: Path) -> None:
    bucket = Moody()
    bucket.gate.clear()
    async with _running(store, bucket) as uploads:
        upload, growth = await _begun(store, uploads, tmp_path / "call.wav")
        growth.grow(100)
        await _over(store, upload, growth)
        await bucket.asked.wait()
        await store.recordings.delete(upload.seq)
        upload.drop()
        bucket.gate.set()
        await _done(upload)
    assert (bucket.kept, bucket.discarded) == ({}, [upload.name])
    assert (await _state(store, upload))[0] == "deleted"


async def test_a_recording_deleted_by_another_server_is_taken_out_of_the_bucket_again(
    store: Store, tmp_path: Path
) -> None:
    bucket = Moody()
    async with _running(store, bucket) as uploads:
        upload, growth = await _begun(store, uploads, tmp_path / "call.wav")
        growth.grow(100)
        await store.recordings.finish(upload.seq, FinishedRecording(100, 1), is_filed=False)
        await store.recordings.delete(upload.seq)
        upload.finish(ENDED_AT)
        await _done(upload)
    assert (bucket.kept, growth.path.exists()) == ({}, False)


async def test_a_file_that_is_gone_is_told_at_once(store: Store, tmp_path: Path) -> None:
    async with _running(store, Moody()) as uploads:
        upload, growth = await _begun(store, uploads, tmp_path / "call.wav")
        await _over(store, upload, growth)
        await _done(upload)
    assert await _state(store, upload) == ("failed", GONE)


async def test_a_server_that_ends_waits_for_what_is_on_its_way(store: Store, tmp_path: Path) -> None:
    bucket = Moody()
    bucket.gate.clear()
    async with _running(store, bucket) as uploads:
        upload, growth = await _begun(store, uploads, tmp_path / "call.wav")
        growth.grow(100)
        await _over(store, upload, growth)
        await bucket.asked.wait()
        asyncio.get_running_loop().call_later(0.01, bucket.gate.set)
    assert list(bucket.kept) == [upload.name]
    assert await _state(store, upload) == ("ready", None)


async def test_no_more_than_so_many_are_under_way(store: Store, tmp_path: Path) -> None:
    uploads = Uploads(store.recordings, Moody(), lambda: ENDED_AT)
    for each in range(UPLOADS_MAXIMUM):
        uploads.begin(Upload(each, f"org/{each}.wav", tmp_path))
    with pytest.raises(StorageError, match="too many"):
        uploads.begin(Upload(0, "org/one-more.wav", tmp_path))
    assert uploads.find("org/one-more.wav") is None


async def test_a_recording_is_deleted_over_the_service_while_it_waits_for_its_bucket(
    store: Store, tmp_path: Path
) -> None:
    bucket, spool = Moody(), Spool(tmp_path / "spool")
    bucket.gate.clear()
    thread = await store.threads.add(NewThread(OURS))
    later = datetime.now(UTC) + timedelta(hours=1)
    session = await store.sessions.add(NewSession(OURS, None, thread.thread_id, "realtime", "web", later), 100)
    async with _running(store, bucket) as uploads:
        storage, choice = ObjectStorage(obstore, MemoryStore()), RecordingChoice(enabled=True)
        service = RecordingService(store.recordings, storage, spool, choice, lambda: ENDED_AT, uploads)
        live = service.plan(session, "wav")
        assert live is not None
        await live.begin(session)
        await live.end()
        (record,) = await service.parts(session)
        assert record.state == "uploading"
        await bucket.asked.wait()
        await service.sweep()
        assert await service.delete(session) == 1
        upload = uploads.find(name_of(record))
        assert upload is not None
        assert spool.names() == []
        bucket.gate.set()
        await _done(upload)
        (record,) = await service.parts(session)
    assert (record.state, bucket.kept, bucket.discarded) == ("deleted", {}, [name_of(record)])
    await service.close()
