"""The recordings in the database: of which session, in what state. Part of a `Store`; the sound itself is elsewhere.

A recording is never forgotten: what is deleted is its sound, and the row says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, func, insert, or_, select, update

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

    async def finish(self, seq: int, finished: FinishedRecording, *, is_filed: bool = True) -> bool:
        """The recording is over; one that is over already stays as it is. Whether it is now what this says.

        `is_filed` false: the storage does not have it yet, until `filed`.
        """
        is_whole = finished.failure is None
        values = {
            "state": "failed" if not is_whole else "ready" if is_filed else "uploading",
            "size_bytes": finished.size_bytes if is_whole else None,
            "duration_ms": finished.duration_ms if is_whole else None,
            "places": msgspec.to_builtins(list(finished.places)),
            "failure": finished.failure,
            "ended_at": self._now(),
        }
        open_states = ("recording",) if is_whole else ("recording", "uploading")
        return await self._change(and_(recordings.c.seq == seq, recordings.c.state.in_(open_states)), values)

    async def filed(self, seq: int) -> bool:
        """The storage has it. False: nobody waits for it any more; it was deleted, or given up."""
        return await self._change(and_(recordings.c.seq == seq, recordings.c.state == "uploading"), {"state": "ready"})

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

    async def part(self, session_id: str, part: int) -> RecordingRecord | None:
        """This one, whose ever it is."""
        wanted = (recordings.c.session_id == session_id, recordings.c.part == part)
        found = await self._read(select(recordings).where(*wanted))
        return found[0] if found else None

    async def left_behind(self, ended_before: datetime, uploading_before: datetime) -> Sequence[RecordingRecord]:
        """Those, of every organisation, that nobody brings to an end.

        Their sessions were over by the first moment and they are still recorded; or they were over by the second one
        and the storage does not have them yet.
        """
        over = select(sessions.c.id).where(sessions.c.id == recordings.c.session_id, sessions.c.ended_at < ended_before)
        recorded = and_(recordings.c.state == "recording", over.exists())
        uploaded = and_(recordings.c.state == "uploading", recordings.c.ended_at < uploading_before)
        query = select(recordings).where(recordings.c.deleted_at.is_(None), or_(recorded, uploaded))
        return await self._read(query.limit(SWEPT_AT_ONCE))

    async def _read(self, query: Any) -> Sequence[RecordingRecord]:
        async with self._database.reading() as connection:
            return [_record_of(row) for row in await connection.execute(query)]

    async def _change(self, wanted: ColumnElement[bool], values: dict[str, Any]) -> bool:
        async with self._database.writing() as connection:
            changed = await connection.execute(update(recordings).where(wanted).values(**values))
            return changed.rowcount > 0


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
