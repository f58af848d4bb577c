"""Recordings of calls, from the call that begins to the day on which they are deleted.

While a call lasts, its recording is a file in the spool; when it is over, the folder takes it in, or the bucket has it
in parts already. What a process left behind when it died is kept as far as it goes by the next one, and told as failed
where there is none. Owned by the composition root.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from vivavoce.media.stereo_encoding import (
    WAV_DATA_BYTES_MAXIMUM,
    WAV_HEADER_BYTES,
    RecordingFormat,
    stereo_wav_header,
)
from vivavoce.services.errors import ConflictError, NotReadyError
from vivavoce.services.recordings.mending import mended
from vivavoce.services.recordings.spool import Spool
from vivavoce.services.recordings.storage import FolderStorage, RecordingStorage, StorageError
from vivavoce.services.recordings.uploading import PATIENCE, Upload, Uploads
from vivavoce.sessions.recording import RECORDING_RATE_HZ, Recorded, Recording
from vivavoce.store.errors import StoreError, UnknownRecordError
from vivavoce.store.recordings import FinishedRecording, StoredRecordings
from vivavoce.store.records import RecordingPlace, RecordingRecord, SessionRecord

CONTENT_TYPES = {"opus": "audio/ogg", "wav": "audio/wav"}
SUFFIXES = {"opus": "ogg", "wav": "wav"}

LEFT_BEHIND_SECONDS = 600.0
"""So long after its session's end a recording that nobody ended belongs to a process that died."""

LOST_AFTER = PATIENCE + timedelta(hours=1)
"""So long after its call a recording that no bucket has is on no disk either."""

DIED = "the server stopped while the call was recorded"
LOST = "the server stopped before the storage had it"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecordingChoice:
    """What the operator lets be recorded: nothing unless `enabled`. `retention_days` None: it is kept until deleted."""

    enabled: bool = False
    format: RecordingFormat = "opus"
    retention_days: float | None = None


class LiveRecording:
    """The recording of one call. `begin` and `end` are awaited once each; neither raises, because the call goes on."""

    def __init__(self, service: RecordingService, session_id: str, recording: Recording, kind: str) -> None:
        self._service = service
        self._session_id = session_id
        self._format = kind
        self._record: RecordingRecord | None = None
        self.tap = recording

    async def begin(self, session: SessionRecord) -> None:
        """Somebody has connected: the session as it is now."""
        try:
            self._record = await self._service.begin(session, self._format)
            self.tap.place(await self._service.place(self._record, self.tap))
        except StoreError as error:
            self.tap.give_up(str(error))
            _log.error("%s is not recorded: %s", self._session_id, error)
        except OSError as error:
            self.tap.give_up(error.strerror or str(error))
            _log.error("%s is not recorded: %s", self._session_id, error.strerror or error)

    async def end(self) -> None:
        """The call is over."""
        recorded = await self.tap.finish()
        try:
            if self._record is not None:
                await self._service.finish(self._record, recorded)
        except StoreError as error:
            _log.error("the recording of %s is not kept yet: %s", self._session_id, error)


class RecordingService:
    """`spool` is this process's. `storage` keeps what is finished: a folder at once, a bucket by `uploads`."""

    def __init__(
        self,
        store: StoredRecordings,
        storage: RecordingStorage,
        spool: Spool,
        choice: RecordingChoice,
        now: Callable[[], datetime],
        uploads: Uploads | None = None,
    ) -> None:
        self._store = store
        self._storage = storage
        self._spool = spool
        self._choice = choice
        self._now = now
        self._uploads = uploads
        self._live: set[str] = set()

    @property
    def is_on(self) -> bool:
        """Whether this server records calls of agents that want it."""
        return self._choice.enabled

    async def run(self) -> None:
        """Keep what a former process left behind, and upload what is recorded, until cancelled."""
        try:
            await self.recover()
        except StoreError as error:
            _log.error("recordings that were left behind wait for the database: %s", error)
        if self._uploads is not None:
            await self._uploads.run()

    async def close(self) -> None:
        """Call it when `run` and all calls have ended."""
        await asyncio.to_thread(self._spool.close)

    def plan(self, session: SessionRecord, asked: RecordingFormat | None) -> LiveRecording | None:
        """The recording of a call that is about to begin. None: it is off."""
        if not self._choice.enabled:
            return None
        kind = asked or self._choice.format
        return LiveRecording(self, session.session_id, Recording(None, kind), kind)

    async def begin(self, session: SessionRecord, kind: str) -> RecordingRecord:
        under_way = timedelta() if session.started_at is None else self._now() - session.started_at
        started_ms = max(0, round(under_way.total_seconds() * 1000))
        return await self._store.begin(session.organisation_id, session.session_id, kind, started_ms)

    async def place(self, record: RecordingRecord, recording: Recording) -> Path:
        """Where the call is to be written to; with a bucket, it is sent from there while it grows. Raises `OSError`."""
        name = name_of(record)
        self._live.add(name)
        path = await asyncio.to_thread(self._spool.path_of, name)
        self._upload(Upload(record.seq, name, path, recording))
        return path

    async def finish(self, record: RecordingRecord, recorded: Recorded) -> None:
        """Keep what was recorded. Raises `StoreError`: then it is kept when the database is there again."""
        name = name_of(record)
        upload = None if self._uploads is None else self._uploads.find(name)
        try:
            if recorded.failure is not None:
                _log.error("the recording of %s failed: %s", record.session_id, recorded.failure)
                await self._drop(record, recorded.failure)
                return
            places = [RecordingPlace(each.tape_ms, each.audio_ms) for each in recorded.places]
            finished = FinishedRecording(recorded.size_bytes, recorded.duration_ms, places)
            if not await self._store.finish(record.seq, finished, is_filed=False):
                await self._drop(record)
            elif isinstance(self._storage, FolderStorage):
                await self._keep(record, self._storage)
            elif upload is not None:
                upload.finish(self._now())
        except StoreError:
            if upload is not None:
                upload.drop()
            raise
        finally:
            self._live.discard(name)

    async def _keep(self, record: RecordingRecord, folder: FolderStorage) -> None:
        name = name_of(record)
        try:
            await asyncio.to_thread(lambda: folder.keep(name, self._spool.path_of(name)))
        except (StorageError, OSError) as error:
            _log.error("the recording of %s failed: %s", record.session_id, error)
            await self._drop(record, str(error))
            return
        if not await self._store.filed(record.seq):
            await asyncio.to_thread(folder.remove, name)

    async def _drop(self, record: RecordingRecord, failure: str | None = None) -> None:
        """Nothing of it is wanted; `failure` says why, where that is not known yet."""
        if self._uploads is not None and (upload := self._uploads.find(name_of(record))) is not None:
            upload.drop()
        await asyncio.to_thread(_removed, self._spool, name_of(record))
        if failure is not None:
            await self._store.finish(record.seq, FinishedRecording(failure=failure))

    def _upload(self, upload: Upload) -> None:
        if self._uploads is not None:
            try:
                self._uploads.begin(upload)
            except StorageError as error:
                _log.error("%s waits on the disk: %s", upload.name, error)

    # --- what is asked of them --------------------------------------------------------------------------------------

    async def parts(self, session: SessionRecord) -> Sequence[RecordingRecord]:
        """Every recording of a session, in the order in which they were made."""
        return await self._store.of_session(session.organisation_id, session.session_id)

    async def ready(self, session: SessionRecord, part: int | None = None) -> RecordingRecord:
        """The recording, of the newest part or this one, if it can be heard; or `NoRecordingError` saying why not."""
        wanted = [each for each in await self.parts(session) if part in (None, each.part)]
        found = wanted[-1] if wanted else None
        if found is None or found.state != "ready":
            raise NoRecordingError(session, found)
        return found

    async def read(self, record: RecordingRecord, start: int, length: int) -> Iterator[bytes]:
        """These bytes of it, in pieces that block. Raises `NotReadyError` where the storage does not give it."""
        try:
            found = await asyncio.to_thread(self._storage.read, name_of(record), start, length)
            return _with_length(found, start, record.size_bytes or 0) if record.format == "wav" else found
        except StorageError as error:
            _log.error("the recording of %s cannot be read: %s", record.session_id, error)
            raise NotReadyError("storage_unavailable", "The recording cannot be read just now; try again.") from error

    async def delete(self, session: SessionRecord) -> int:
        """Delete what there is of a session's recordings; how many there were.

        Raises `ConflictError` while the call is recorded, `NotReadyError` where the storage does not do it.
        """
        living = [each for each in await self.parts(session) if each.deleted_at is None]
        if any(each.state == "recording" for each in living):
            raise ConflictError("recording_in_progress", "The call is still being recorded; end the session first.")
        for record in living:
            try:
                await self._delete(record)
            except StorageError as error:
                _log.error("the recording of %s cannot be deleted: %s", record.session_id, error)
                message = "The recording could not be deleted just now; it is still there. Try again."
                raise NotReadyError("storage_unavailable", message) from error
        return len(living)

    async def recover(self) -> None:
        """Keep, as far as it goes, what a process left behind that died. Raises `StoreError`."""
        try:
            await asyncio.to_thread(self._spool.take_over)
            names = await asyncio.to_thread(self._spool.names)
        except OSError as error:
            _log.error("recordings that were left behind cannot be read: %s", error.strerror or error)
            return
        for name in names:
            is_under_way = self._uploads is not None and self._uploads.find(name) is not None
            if name not in self._live and not is_under_way:
                await self._recover(name)

    async def _recover(self, name: str) -> None:
        session_id, _, part = Path(name).stem.rpartition("-")
        record = await self._store.part(session_id, int(part)) if part.isdecimal() else None
        if record is None or record.state not in {"recording", "uploading"} or name_of(record) != name:
            await asyncio.to_thread(_removed, self._spool, name)
            return
        path = await asyncio.to_thread(self._spool.path_of, name)
        if record.state == "uploading" and isinstance(self._storage, FolderStorage):
            await self._keep(record, self._storage)
            return
        upload = Upload(record.seq, name, path)
        self._upload(upload)
        if record.state == "uploading":
            upload.finish(record.ended_at or self._now())
            return
        try:
            recorded = await asyncio.to_thread(mended, path)
        except OSError as error:
            recorded = Recorded(0, 0, (), error.strerror or DIED)
        await self.finish(record, recorded)

    async def sweep(self) -> None:
        """Delete what is older than the retention; end what died with its process. Raises `StoreError`."""
        await self.recover()
        now = self._now()
        for record in await self._store.left_behind(now - timedelta(seconds=LEFT_BEHIND_SECONDS), now - LOST_AFTER):
            if name_of(record) not in self._live:
                why = DIED if record.state == "recording" else LOST
                await self._store.finish(record.seq, FinishedRecording(failure=why))
                await self._forget(record)
        if self._choice.retention_days is None:
            return
        for record in await self._store.made_before(now - timedelta(days=self._choice.retention_days)):
            try:
                await self._delete(record)
            except StorageError as error:
                _log.error("the recording of %s is past its time and stays: %s", record.session_id, error)

    async def _delete(self, record: RecordingRecord) -> None:
        if record.state == "ready":
            await asyncio.to_thread(self._storage.remove, name_of(record))
        await self._store.delete(record.seq)
        if record.state == "uploading":
            await self._drop(record)

    async def _forget(self, record: RecordingRecord) -> None:
        """What a process that died had brought there without having told it."""
        try:
            await asyncio.to_thread(self._storage.remove, name_of(record))
        except StorageError as error:
            _log.error("what is left of the recording of %s stays: %s", record.session_id, error)


class NoRecordingError(UnknownRecordError):
    """There is nothing to be heard; the message says why."""

    def __init__(self, session: SessionRecord, record: RecordingRecord | None) -> None:
        super().__init__("recording", session.session_id)
        self.args = (_why_not(record),)


def _why_not(record: RecordingRecord | None) -> str:
    match None if record is None else record.state:
        case "recording":
            return "the call is still being recorded; its recording is there when it is over"
        case "uploading":
            return "the recording is on its way to where recordings are kept; ask again in a moment"
        case "failed":
            return f"the recording failed: {'' if record is None else record.failure}"
        case "deleted":
            return "the recording was deleted"
        case _:
            return "the session has no such recording: its agent has no `recording`, or this server records nothing"


def name_of(record: RecordingRecord) -> str:
    """What the storage knows it by."""
    return f"{record.organisation_id}/{record.session_id}-{record.part}.{SUFFIXES[record.format]}"


def _with_length(pieces: Iterator[bytes], start: int, size_bytes: int) -> Iterator[bytes]:
    """What was sent while its call lasted has a header that could not know the length yet."""
    data_bytes = max(0, size_bytes - WAV_HEADER_BYTES)
    header = stereo_wav_header(RECORDING_RATE_HZ, min(data_bytes, WAV_DATA_BYTES_MAXIMUM))
    for piece in pieces:
        known = header[start : start + len(piece)]
        yield known + piece[len(known) :]
        start += len(piece)


def _removed(spool: Spool, name: str) -> None:
    try:
        spool.path_of(name).unlink(missing_ok=True)
    except OSError as error:
        _log.error("an unfinished recording stays on the disk: %s", error.strerror)
