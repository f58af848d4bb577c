"""What webhooks are told, delivery by delivery: the queue and its log. Part of a `Store`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, delete, insert, select, update

from vivavoce.agents.identifiers import Kind, new_identifier, ulid
from vivavoce.store.database import Database
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import OrganisationId, Page, PageRequest
from vivavoce.store.rows import Clock, fetch_page, named, unix_ms
from vivavoce.store.schema import webhook_deliveries

KEPT_FOR = timedelta(days=30)
"""How long the log of what is over goes back."""

_FORGOTTEN_AT_ONCE = 500

DeliveryStatus = Literal["pending", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one webhook. `payload` is the exact text that is signed and sent."""

    delivery_id: str
    seq: int
    organisation_id: OrganisationId
    webhook_id: str
    event_id: str
    event_type: str
    payload: str
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    last_status_code: int | None
    last_error: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewDelivery:
    organisation_id: OrganisationId
    webhook_id: str
    event_id: str
    event_type: str
    payload: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended. `again_at` None: it was the last one."""

    delivered: bool
    status_code: int | None
    error: str | None
    again_at: datetime | None


class StoredDeliveries:
    """Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def add(self, new: Sequence[NewDelivery]) -> None:
        """Queue deliveries, due at once."""
        if not new:
            return
        now = self._now()
        rows = [
            {
                "id": new_identifier(Kind.DELIVERY, unix_ms(now)),
                "organisation_id": each.organisation_id,
                "webhook_id": each.webhook_id,
                "event_id": each.event_id,
                "event_type": each.event_type,
                "payload": each.payload,
                "status": "pending",
                "attempts": 0,
                "next_attempt_at": now,
                "created_at": now,
            }
            for each in new
        ]
        async with self._database.writing() as connection:
            await connection.execute(insert(webhook_deliveries), rows)

    async def claim_due(self, until: datetime, limit: int, *, passing_over: Collection[str] = ()) -> Sequence[Delivery]:
        """Deliveries that are due, taken for this process: nobody else gets them before `until`.

        Those of the webhooks in `passing_over` stay where they are.
        """
        table = webhook_deliveries
        due = select(table.c.seq).where(table.c.finished_at.is_(None), table.c.next_attempt_at <= self._now())
        if passing_over:
            due = due.where(table.c.webhook_id.not_in(passing_over))
        due = due.order_by(table.c.next_attempt_at).limit(limit).with_for_update(skip_locked=True)
        async with self._database.writing() as connection:
            numbers = (await connection.execute(due)).scalars().all()
            if not numbers:
                return []
            taken = update(table).where(table.c.seq.in_(numbers)).values(next_attempt_at=until).returning(*table.c)
            rows = (await connection.execute(taken)).all()
        return sorted((_delivery_of(row) for row in rows), key=lambda delivery: delivery.seq)

    async def note(self, delivery: Delivery, attempt: Attempt) -> None:
        """Write down how an attempt ended."""
        over = attempt.delivered or attempt.again_at is None
        values = {
            "attempts": webhook_deliveries.c.attempts + 1,
            "status": "delivered" if attempt.delivered else "failed" if over else "pending",
            "next_attempt_at": None if over else attempt.again_at,
            "last_status_code": attempt.status_code,
            "last_error": attempt.error,
            "finished_at": self._now() if over else None,
        }
        mark = update(webhook_deliveries).where(webhook_deliveries.c.seq == delivery.seq).values(**values)
        async with self._database.writing() as connection:
            await connection.execute(mark)

    async def send_again(self, organisation_id: OrganisationId, webhook_id: str, identifier: str | int) -> Delivery:
        """Make a delivery due now, however it ended. Raises `UnknownRecordError`."""
        values = {"status": "pending", "next_attempt_at": self._now(), "finished_at": None}
        due = update(webhook_deliveries).where(*_own(organisation_id, webhook_id, identifier)).values(**values)
        async with self._database.writing() as connection:
            row = (await connection.execute(due.returning(*webhook_deliveries.c))).one_or_none()
        if row is None:
            raise UnknownRecordError("delivery", str(identifier))
        return _delivery_of(row)

    async def forget_old(self) -> None:
        """Delete deliveries that were made 30 days ago or earlier and are over; payloads repeat what callers said."""
        table = webhook_deliveries
        # Identifiers begin with the time, and have an index.
        first_kept = f"{Kind.DELIVERY}_{ulid(unix_ms(self._now() - KEPT_FOR), 0)}"
        old = (
            select(table.c.seq)
            .where(table.c.id < first_kept, table.c.finished_at.is_not(None))
            .limit(_FORGOTTEN_AT_ONCE)
        )
        while True:
            async with self._database.writing() as connection:
                numbers = (await connection.execute(old)).scalars().all()
                await connection.execute(delete(table).where(table.c.seq.in_(numbers)))
            if len(numbers) < _FORGOTTEN_AT_ONCE:
                return

    async def list(self, organisation_id: OrganisationId, webhook_id: str, request: PageRequest) -> Page[Delivery]:
        """The log of one webhook."""
        table = webhook_deliveries
        conditions = [table.c.organisation_id == organisation_id, table.c.webhook_id == webhook_id]
        async with self._database.reading() as connection:
            return await fetch_page(connection, table, conditions, request, _delivery_of)


def _own(organisation_id: OrganisationId, webhook_id: str, identifier: str | int) -> Sequence[ColumnElement[bool]]:
    table = webhook_deliveries
    return table.c.organisation_id == organisation_id, table.c.webhook_id == webhook_id, named(table, identifier)


def _delivery_of(row: Row[Any]) -> Delivery:
    return Delivery(
        row.id,
        row.seq,
        OrganisationId(row.organisation_id),
        row.webhook_id,
        row.event_id,
        row.event_type,
        row.payload,
        row.status,
        row.attempts,
        row.next_attempt_at,
        row.last_status_code,
        row.last_error,
        row.created_at,
        row.finished_at,
    )
