"""Brings recordings into a bucket: in parts while their calls last, and what is left of them afterwards.

Every recording is a file on the disk until the bucket has it whole, so a bucket that is slow or away costs the call
nothing: what did not get there while it lasted is sent from the file when it is over, again and again. At most
`PARTS_AT_ONCE` parts are in memory, whatever the number of calls. Owned by the recording service; `run` ends with the
server.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from vivavoce.services.recordings.storage import StorageError
from vivavoce.store.errors import StoreError
from vivavoce.store.recordings import FinishedRecording, StoredRecordings

PART_BYTES = 5 * 1024 * 1024
"""The smallest that S3 takes as one part of many; a recording below it is sent at once when its call is over."""

PARTS_AT_ONCE = 4
UPLOADS_MAXIMUM = 1000
LOOK_EVERY_SECONDS = 2.0
FIRST_DELAY_SECONDS = 5.0
DELAY_SECONDS_MAXIMUM = 300.0
PATIENCE = timedelta(hours=24)
"""How long after the end of its call a recording is tried to be brought into the bucket."""

CLOSING_SECONDS = 10.0
"""How long a server that ends waits for what is on its way; the rest is sent when it starts again."""

GONE = "its file is gone from the disk"

_log = logging.getLogger(__name__)


class Bucket(Protocol):
    """Every method raises `StorageError`; the object is there whole, or not at all."""

    async def stream(self, name: str, pieces: AsyncIterator[bytes], part_bytes: int) -> None: ...

    async def send(self, name: str, source: Path, part_bytes: int) -> None: ...

    async def discard(self, name: str) -> None: ...


class Growing(Protocol):
    """A file that is being appended to. What is below this never changes, but for what `over` says."""

    @property
    def written_bytes(self) -> int: ...


@dataclass(slots=True, eq=False)
class Upload:
    """One recording on its way. `growing` None: its call is over. Told that it is over, or of no use, by its owner.

    `done`: nothing more comes of it.
    """

    seq: int
    name: str
    path: Path
    growing: Growing | None = None
    ended_at: datetime | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def finish(self, ended_at: datetime) -> None:
        """The file is whole."""
        self.ended_at = ended_at
        self.over.set()

    def drop(self) -> None:
        """Nobody wants it any more. Its file is removed by whoever says so."""
        self.dropped.set()
        self.over.set()


class Uploads:
    """`now` gives aware times. `look_every_seconds`: how often growing files are looked at."""

    def __init__(
        self,
        store: StoredRecordings,
        bucket: Bucket,
        now: Callable[[], datetime],
        *,
        look_every_seconds: float = LOOK_EVERY_SECONDS,
        first_delay_seconds: float = FIRST_DELAY_SECONDS,
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._now = now
        self._look_every_seconds = look_every_seconds
        self._first_delay_seconds = first_delay_seconds
        self._begun: asyncio.Queue[Upload] = asyncio.Queue(UPLOADS_MAXIMUM)
        self._slots = asyncio.Semaphore(PARTS_AT_ONCE)
        self._under_way: dict[str, Upload] = {}

    def begin(self, upload: Upload) -> None:
        """Raises `StorageError` where too many are under way; the file is to be left where it is then."""
        try:
            self._begun.put_nowait(upload)
        except asyncio.QueueFull as error:
            raise StorageError("too many recordings are on their way") from error
        self._under_way[upload.name] = upload

    def find(self, name: str) -> Upload | None:
        """The upload under way."""
        return self._under_way.get(name)

    async def run(self) -> None:
        """Until cancelled; then what is on its way gets `CLOSING_SECONDS`."""
        async with asyncio.TaskGroup() as tasks:
            try:
                while True:
                    upload = await self._begun.get()
                    tasks.create_task(self._bring(upload), name=f"upload {upload.name}")
            finally:
                while not self._begun.empty():
                    upload = self._begun.get_nowait()
                    tasks.create_task(self._bring(upload), name=f"upload {upload.name}")
                await self._close()

    async def _close(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                for each in [each for each in self._under_way.values() if each.over.is_set()]:
                    await each.done.wait()

    async def _bring(self, upload: Upload) -> None:
        try:
            is_there = upload.growing is not None and await self._streamed(upload, upload.growing)
            await upload.over.wait()
            await self._file(upload, is_there=is_there)
        finally:
            del self._under_way[upload.name]
            upload.done.set()

    # --- while the call lasts ---------------------------------------------------------------------------------------

    async def _streamed(self, upload: Upload, growing: Growing) -> bool:
        """Whether all of it has come into the bucket with the call; a short one waits for its end."""
        await self._grown(upload, growing, PART_BYTES + 1)
        if upload.over.is_set():
            return False
        slot = _Slot(self._slots)
        try:
            await self._bucket.stream(upload.name, self._pieces(upload, growing, slot), PART_BYTES)
        except StorageError as error:
            if not upload.dropped.is_set():
                _log.warning("a recording is sent when its call is over, for now %s", error)
            return False
        finally:
            slot.let_go()
        return True

    async def _pieces(self, upload: Upload, growing: Growing, slot: _Slot) -> AsyncIterator[bytes]:
        position = 0
        while True:
            boundary = position // PART_BYTES * PART_BYTES + PART_BYTES
            await self._grown(upload, growing, boundary + 1)
            if upload.dropped.is_set():
                raise OSError("the recording is not wanted")
            await slot.take()
            if growing.written_bytes <= boundary:
                yield await asyncio.to_thread(_read, upload.path, position, growing.written_bytes)
                return
            yield await asyncio.to_thread(_read, upload.path, position, boundary)
            # the byte behind a part is asked for when the part is there: until then it is in memory
            yield await asyncio.to_thread(_read, upload.path, boundary, boundary + 1)
            slot.let_go()
            position = boundary + 1

    async def _grown(self, upload: Upload, growing: Growing, size_bytes: int) -> None:
        """The file has so many bytes, or will not have more."""
        while growing.written_bytes < size_bytes and not upload.over.is_set():
            await _first_of(upload.over, self._look_every_seconds)

    # --- afterwards -------------------------------------------------------------------------------------------------

    async def _file(self, upload: Upload, *, is_there: bool) -> None:
        delay_seconds = self._first_delay_seconds
        may_be_there = is_there
        while not upload.dropped.is_set() or may_be_there:
            try:
                if not is_there and not upload.dropped.is_set():
                    may_be_there = True
                    async with self._slots:
                        await self._bucket.send(upload.name, upload.path, PART_BYTES)
                    is_there = True
                await self._settle(upload)
                return
            except (StorageError, StoreError) as error:
                _log.warning("the recording %s is not filed yet: %s", upload.name, error)
                if isinstance(error, StorageError) and await self._given_up(upload, error):
                    return
            await _first_of(upload.dropped, delay_seconds)
            delay_seconds = min(DELAY_SECONDS_MAXIMUM, 2 * delay_seconds)

    async def _settle(self, upload: Upload) -> None:
        """It is in the bucket: tell it, or take it out again where it was deleted meanwhile."""
        if upload.dropped.is_set():
            await self._bucket.discard(upload.name)
            return
        if not await self._store.filed(upload.seq):
            await self._bucket.discard(upload.name)
        await asyncio.to_thread(_removed, upload.path)

    async def _given_up(self, upload: Upload, error: StorageError) -> bool:
        too_late = upload.ended_at is None or self._now() - upload.ended_at > PATIENCE
        if upload.dropped.is_set():
            return too_late
        is_gone = not await asyncio.to_thread(_exists, upload.path)
        if not (is_gone or too_late):
            return False
        try:
            await self._store.finish(upload.seq, FinishedRecording(failure=GONE if is_gone else str(error)))
        except StoreError as unavailable:
            _log.error("the recording %s cannot be told as failed: %s", upload.name, unavailable)
            return False
        _log.error("the recording %s failed: %s", upload.name, error)
        await asyncio.to_thread(_removed, upload.path)
        return True


class _Slot:
    """Room in memory for one part, or none."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots
        self._is_held = False

    async def take(self) -> None:
        await self._slots.acquire()
        self._is_held = True

    def let_go(self) -> None:
        if self._is_held:
            self._is_held = False
            self._slots.release()


def _read(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(end - start)


async def _first_of(event: asyncio.Event, seconds: float) -> None:
    """Wait for it, but no longer than this. What has happened already does not cut the time short."""
    if event.is_set():
        await asyncio.sleep(seconds)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _exists(path: Path) -> bool:
    return os.access(path, os.F_OK)


def _removed(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _log.error("a recording that is filed stays on the disk too: %s", error.strerror)
