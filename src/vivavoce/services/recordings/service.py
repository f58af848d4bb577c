"""Recordings of calls, from the call that begins to the day on which they are deleted.

While a call lasts, its recording is a file in the folder of unfinished ones; when it is over, the storage takes it in.
What a process left behind when it died is told as failed, and its file removed. Owned by the composition root.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from vivavoce.media.stereo_encoding import RecordingFormat
from vivavoce.services.errors import ConflictError, NotReadyError
from vivavoce.services.recordings.storage import RecordingStorage, StorageError
from vivavoce.sessions.recording import Recorded, Recording
from vivavoce.store.errors import StoreError, UnknownRecordError
from vivavoce.store.recordings import FinishedRecording, StoredRecordings
from vivavoce.store.records import RecordingPlace, RecordingRecord, SessionRecord

CONTENT_TYPES = {"opus": "audio/ogg", "wav": "audio/wav"}
SUFFIXES = {"opus": "ogg", "wav": "wav"}

LEFT_BEHIND_SECONDS = 600.0
"""So long after its session's end a recording that nobody ended belongs to a process that died."""

DIED = "the server stopped while the call was recorded"

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
        except StoreError as error:
            _log.error("%s is not recorded: %s", self._session_id, error)

    async def end(self) -> None:
        """The call is over."""
        recorded = await self.tap.finish()
        try:
            await self._service.finish(self._record, self.tap.path, recorded)
        except StoreError as error:
            _log.error("the recording of %s is not kept: %s", self._session_id, error)


class RecordingService:
    """`unfinished` is a folder of this process's machine. `storage` keeps what is finished."""

    def __init__(
        self,
        store: StoredRecordings,
        storage: RecordingStorage,
        unfinished: Path,
        choice: RecordingChoice,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._storage = storage
        self._unfinished = unfinished
        self._choice = choice
        self._now = now

    @property
    def is_on(self) -> bool:
        """Whether this server records calls of agents that want it."""
        return self._choice.enabled

    def plan(self, session: SessionRecord, asked: RecordingFormat | None, name: str) -> LiveRecording | None:
        """The recording of a call that is about to begin; `name` is one that no other call has. None: it is off."""
        if not self._choice.enabled:
            return None
        kind = asked or self._choice.format
        path = self._unfinished / f"{session.session_id}-{name}.{SUFFIXES[kind]}"
        return LiveRecording(self, session.session_id, Recording(path, kind), kind)

    async def begin(self, session: SessionRecord, kind: str) -> RecordingRecord:
        under_way = timedelta() if session.started_at is None else self._now() - session.started_at
        started_ms = max(0, round(under_way.total_seconds() * 1000))
        return await self._store.begin(session.organisation_id, session.session_id, kind, started_ms)

    async def finish(self, record: RecordingRecord | None, path: Path, recorded: Recorded) -> None:
        """Keep what was recorded; what nobody knows of is not kept."""
        if record is None:
            await asyncio.to_thread(_removed, path)
            return
        failure = recorded.failure
        if failure is None:
            try:
                await asyncio.to_thread(self._storage.keep, name_of(record), path)
            except StorageError as error:
                failure = str(error)
                await asyncio.to_thread(_removed, path)
        if failure is not None:
            _log.error("the recording of %s failed: %s", record.session_id, failure)
            await self._store.finish(record.seq, FinishedRecording(failure=failure))
            return
        places = [RecordingPlace(each.tape_ms, each.audio_ms) for each in recorded.places]
        await self._store.finish(record.seq, FinishedRecording(recorded.size_bytes, recorded.duration_ms, places))

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
            return await asyncio.to_thread(self._storage.read, name_of(record), start, length)
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

    async def sweep(self) -> None:
        """Delete what is older than the retention; end what died with its process. Raises `StoreError`."""
        for record in await self._store.left_behind(self._now() - timedelta(seconds=LEFT_BEHIND_SECONDS)):
            await self._store.finish(record.seq, FinishedRecording(failure=DIED))
            for path in self._unfinished.glob(f"{record.session_id}-*"):
                await asyncio.to_thread(_removed, path)
        if self._choice.retention_days is None:
            return
        due = self._now() - timedelta(days=self._choice.retention_days)
        for record in await self._store.made_before(due):
            try:
                await self._delete(record)
            except StorageError as error:
                _log.error("the recording of %s is past its time and stays: %s", record.session_id, error)

    async def _delete(self, record: RecordingRecord) -> None:
        if record.state == "ready":
            await asyncio.to_thread(self._storage.remove, name_of(record))
        await self._store.delete(record.seq)


class NoRecordingError(UnknownRecordError):
    """There is nothing to be heard; the message says why."""

    def __init__(self, session: SessionRecord, record: RecordingRecord | None) -> None:
        super().__init__("recording", session.session_id)
        self.args = (_why_not(record),)


def _why_not(record: RecordingRecord | None) -> str:
    match None if record is None else record.state:
        case "recording":
            return "the call is still being recorded; its recording is there when it is over"
        case "failed":
            return f"the recording failed: {'' if record is None else record.failure}"
        case "deleted":
            return "the recording was deleted"
        case _:
            return "the session has no such recording: its agent has no `recording`, or this server records nothing"


def name_of(record: RecordingRecord) -> str:
    """What the storage knows it by."""
    return f"{record.organisation_id}/{record.session_id}-{record.part}.{SUFFIXES[record.format]}"


def _removed(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _log.error("an unfinished recording stays on the disk: %s", error.strerror)
