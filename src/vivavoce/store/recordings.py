"""The recordings in the database: of which session, in what state. Part of a `Store`; the sound itself is elsewhere.

A recording is never forgotten: what is deleted is its sound, and the row says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, func, insert, select, update

from vivavoce.store.database import Database
from vivavoce.store.records import OrganisationId, RecordingPlace, RecordingRecord, RecordingState
from vivavoce.store.rows import Clock, revived
from vivavoce.store.schema import recordings, sessions

SWEPT_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class FinishedRecording:
    """What became of a recording. `failure`: why there is none; then all else is empty."""

    size_bytes: int = 0
    duration_ms: int = 0
    places: Sequence[RecordingPlace] = ()
    failure: str | None = None


class StoredRecordings:
    """Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def begin(
        self, organisation_id: OrganisationId, session_id: str, recording_format: str, started_ms: int
    ) -> RecordingRecord:
        """A recording of the session that begins now, the next of its parts."""
        row = {
            "organisation_id": organisation_id,
            "session_id": session_id,
            "state": "recording",
            "format": recording_format,
            "started_ms": started_ms,
            "places": [],
            "created_at": self._now(),
        }
        last = select(func.coalesce(func.max(recordings.c.part), 0)).where(recordings.c.session_id == session_id)
        async with self._database.writing() as connection:
            # the session's row is held, so that two connections cannot both be the same part
            await connection.execute(select(sessions.c.id).where(sessions.c.id == session_id).with_for_update())
            row["part"] = (await connection.execute(last)).scalar_one() + 1
            added = await connection.execute(insert(recordings).values(**row).returning(*recordings.c))
            return _record_of(added.one())

    async def finish(self, seq: int, finished: FinishedRecording) -> None:
        """The recording is over; one that is over already stays as it is."""
        is_ready = finished.failure is None
        values = {
            "state": "ready" if is_ready else "failed",
            "size_bytes": finished.size_bytes if is_ready else None,
            "duration_ms": finished.duration_ms if is_ready else None,
            "places": msgspec.to_builtins(list(finished.places)),
            "failure": finished.failure,
            "ended_at": self._now(),
        }
        await self._change(and_(recordings.c.seq == seq, recordings.c.state == "recording"), values)

    async def delete(self, seq: int) -> None:
        """Its sound is gone."""
        values = {"state": "deleted", "deleted_at": self._now(), "size_bytes": None, "places": []}
        await self._change(and_(recordings.c.seq == seq, recordings.c.deleted_at.is_(None)), values)

    async def of_session(self, organisation_id: OrganisationId, session_id: str) -> Sequence[RecordingRecord]:
        """Every part, in order."""
        mine = (recordings.c.organisation_id == organisation_id, recordings.c.session_id == session_id)
        query = select(recordings).where(*mine).order_by(recordings.c.part)
        return await self._read(query)

    async def made_before(self, moment: datetime) -> Sequence[RecordingRecord]:
        """The oldest, of every organisation, that began before that moment, are over and not deleted yet."""
        old = (recordings.c.created_at < moment, recordings.c.deleted_at.is_(None), recordings.c.state != "recording")
        return await self._read(select(recordings).where(*old).order_by(recordings.c.created_at).limit(SWEPT_AT_ONCE))

    async def left_behind(self, ended_before: datetime) -> Sequence[RecordingRecord]:
        """Those, of every organisation, that nobody has ended although their sessions were over by then."""
        going = (recordings.c.deleted_at.is_(None), recordings.c.state == "recording")
        over = select(sessions.c.id).where(sessions.c.id == recordings.c.session_id, sessions.c.ended_at < ended_before)
        return await self._read(select(recordings).where(*going, over.exists()).limit(SWEPT_AT_ONCE))

    async def _read(self, query: Any) -> Sequence[RecordingRecord]:
        async with self._database.reading() as connection:
            return [_record_of(row) for row in await connection.execute(query)]

    async def _change(self, wanted: ColumnElement[bool], values: dict[str, Any]) -> None:
        async with self._database.writing() as connection:
            await connection.execute(update(recordings).where(wanted).values(**values))


def _record_of(row: Row[Any]) -> RecordingRecord:
    state: RecordingState = row.state
    return RecordingRecord(
        seq=row.seq,
        organisation_id=OrganisationId(row.organisation_id),
        session_id=row.session_id,
        part=row.part,
        state=state,
        format=row.format,
        started_ms=row.started_ms,
        size_bytes=row.size_bytes,
        duration_ms=row.duration_ms,
        places=revived(row.places, list[RecordingPlace], f"the recording {row.seq} of {row.session_id}"),
        failure=row.failure,
        created_at=row.created_at,
        ended_at=row.ended_at,
        deleted_at=row.deleted_at,
    )
