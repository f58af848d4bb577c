"""The turns of sessions in the database: how each came to be answered, and when. Part of a `Store`.

They hold times and counts, never words. A turn goes with its session.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, insert
from sqlalchemy.exc import IntegrityError

from vivavoce.store.database import Database
from vivavoce.store.errors import StoreError
from vivavoce.store.records import OrganisationId, Page, PageRequest, TurnRecord, TurnTiming
from vivavoce.store.rows import Clock, fetch_page, revived
from vivavoce.store.schema import session_turns


class StoredTurns:
    """Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def add(self, organisation_id: OrganisationId, session_id: str, timing: TurnTiming) -> None:
        await self.add_all([(organisation_id, session_id, timing)])

    async def add_all(self, turns: Sequence[tuple[OrganisationId, str, TurnTiming]]) -> None:
        """Keep the times of these turns, each of an organisation's session: all of them, or none.

        Raises `StoreError` when one of the sessions is not there (any more).
        """
        now = self._now()
        rows = [
            {
                "organisation_id": organisation_id,
                "session_id": session_id,
                "timing": msgspec.to_builtins(timing),
                "created_at": now,
            }
            for organisation_id, session_id, timing in turns
        ]
        if not rows:
            return
        try:
            async with self._database.writing() as connection:
                await connection.execute(insert(session_turns), rows)
        except IntegrityError:
            raise StoreError("a session of these turns was deleted; their times go with it") from None

    async def list(self, organisation_id: OrganisationId, session_id: str, request: PageRequest) -> Page[TurnRecord]:
        """A page of the session's turns, in the order in which they were answered."""
        of_session = (session_turns.c.organisation_id == organisation_id, session_turns.c.session_id == session_id)
        async with self._database.reading() as connection:
            return await fetch_page(connection, session_turns, of_session, request, _record_of)


def _record_of(row: Row[Any]) -> TurnRecord:
    timing = revived(row.timing, TurnTiming, f"turn {row.seq} of the session {row.session_id}")
    return TurnRecord(row.seq, OrganisationId(row.organisation_id), row.session_id, timing, row.created_at)
