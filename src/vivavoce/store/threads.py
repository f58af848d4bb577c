"""The threads and their messages in the database. Part of a `Store`. A thread goes on across sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Row, and_, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.agents.definition import AgentId
from vivavoce.agents.identifiers import Kind, new_identifier
from vivavoce.store.database import Database
from vivavoce.store.errors import StoreError, UnknownRecordError
from vivavoce.store.keeping import Kept, MessagesToKeep
from vivavoce.store.message_rows import message_of, message_row, of_one_session
from vivavoce.store.records import MessageRecord, NewMessage, OrganisationId, Page, PageRequest, ThreadRecord
from vivavoce.store.rows import Clock, fetch_page, named, unix_ms
from vivavoce.store.schema import messages, threads

_LIVING = threads.c.deleted_at.is_(None)


@dataclass(frozen=True, slots=True)
class NewThread:
    """A thread to be kept."""

    organisation_id: OrganisationId
    agent_id: AgentId | None = None
    environment_id: str | None = None
    title: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


class StoredThreads:
    """Every method raises `StoreUnavailableError` when the database does not answer."""

    def __init__(self, database: Database, now: Clock) -> None:
        self._database = database
        self._now = now

    async def add(self, new: NewThread) -> ThreadRecord:
        now = self._now()
        row = {
            "id": new_identifier(Kind.THREAD, unix_ms(now)),
            "organisation_id": new.organisation_id,
            "agent_id": new.agent_id,
            "environment_id": new.environment_id,
            "title": new.title,
            "status": "active",
            "metadata": dict(new.metadata),
            "message_count": 0,
            "created_at": now,
            "updated_at": now,
        }
        async with self._database.writing() as connection:
            return _thread_of((await connection.execute(insert(threads).values(**row).returning(*threads.c))).one())

    async def get(self, organisation_id: OrganisationId, thread: str | int) -> ThreadRecord | None:
        query = select(threads).where(threads.c.organisation_id == organisation_id, named(threads, thread), _LIVING)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _thread_of(row)

    async def list(
        self, organisation_id: OrganisationId, request: PageRequest, *, agent_id: str | None = None
    ) -> Page[ThreadRecord]:
        conditions = [threads.c.organisation_id == organisation_id, _LIVING]
        if agent_id is not None:
            conditions.append(threads.c.agent_id == agent_id)
        async with self._database.reading() as connection:
            return await fetch_page(connection, threads, conditions, request, _thread_of)

    async def change(
        self, organisation_id: OrganisationId, thread: str | int, values: Mapping[str, Any]
    ) -> ThreadRecord:
        """Change `title`, `status`, `environment_id` or `metadata`. Raises `UnknownRecordError`."""
        wanted = and_(threads.c.organisation_id == organisation_id, named(threads, thread), _LIVING)
        allowed = {name: values[name] for name in ("title", "status", "environment_id", "metadata") if name in values}
        changed = update(threads).where(wanted).values(**allowed, updated_at=self._now()).returning(*threads.c)
        async with self._database.writing() as connection:
            row = (await connection.execute(changed)).one_or_none()
        if row is None:
            raise UnknownRecordError("thread", str(thread))
        return _thread_of(row)

    async def delete(self, organisation_id: OrganisationId, thread: str | int) -> None:
        """Raises `UnknownRecordError`."""
        wanted = and_(threads.c.organisation_id == organisation_id, named(threads, thread), _LIVING)
        values = {"deleted_at": self._now(), "status": "deleted"}
        async with self._database.writing() as connection:
            done = await connection.execute(update(threads).where(wanted).values(**values))
        if done.rowcount == 0:
            raise UnknownRecordError("thread", str(thread))

    # --- messages ---------------------------------------------------------------------------------------------------

    def new_message_id(self) -> str:
        """An id for a message that is told of before it is kept."""
        return new_identifier(Kind.MESSAGE, unix_ms(self._now()))

    async def append(self, thread: ThreadRecord, new: NewMessage) -> tuple[MessageRecord, bool]:
        """Keep a message; and whether it is new. One with a `client_id` that the thread has is the one it has."""
        async with self._database.writing() as connection:
            await self._hold(connection, thread)
            if new.client_id is not None and (known := await _known(connection, thread, new.client_id)) is not None:
                return message_of(known), False
            return await self._insert(connection, thread, new), True

    async def keep(self, thread: ThreadRecord, new: NewMessage) -> tuple[MessageRecord, bool]:
        """Like `append`, but a message that the thread has is replaced by this newer state of it.

        Unless another session said it: clients count their items afresh in every call.
        """
        async with self._database.writing() as connection:
            await self._hold(connection, thread)
            known = None if new.client_id is None else await _known(connection, thread, new.client_id)
            if known is not None and known.session_id != new.session_id:
                new = replace(new, client_id=of_one_session(new))
                known = await _known(connection, thread, str(new.client_id))
            if known is None:
                return await self._insert(connection, thread, new), True
            values = {
                "content": new.content,
                "tool_call": new.tool_call,
                "interrupted": new.interrupted,
                "start_ms": new.start_ms,
                "end_ms": new.end_ms,
                "generated_text": new.generated_text,
            }
            newer = update(messages).where(messages.c.seq == known.seq).values(**values).returning(*messages.c)
            return message_of((await connection.execute(newer)).one()), False

    async def keep_all(self, said: Sequence[tuple[ThreadRecord, NewMessage]]) -> Sequence[Kept]:
        """Like `keep` for each of these in turn, in one transaction: all of them are in the store, or none.

        What is said in a thread that is not there is answered with an error of its own, and keeps nothing else back.
        Raises `StoreError` when the database refuses one of them.
        """
        try:
            async with self._database.writing() as connection:
                return await MessagesToKeep(said, self._now()).keep(connection)
        except IntegrityError as error:
            raise StoreError(f"the database refuses a message: {error.orig}; report this") from None

    async def messages(
        self,
        organisation_id: OrganisationId,
        request: PageRequest,
        *,
        thread_id: str | None = None,
        session_id: str | None = None,
    ) -> Page[MessageRecord]:
        """A page of what was said in a thread, in a session, or both."""
        conditions = [messages.c.organisation_id == organisation_id]
        if thread_id is not None:
            conditions.append(messages.c.thread_id == thread_id)
        if session_id is not None:
            conditions.append(messages.c.session_id == session_id)
        async with self._database.reading() as connection:
            return await fetch_page(connection, messages, conditions, request, message_of)

    async def _hold(self, connection: AsyncConnection, thread: ThreadRecord) -> None:
        # The thread's row is changed before its messages: two writers to one thread follow each other.
        changed = update(threads).where(threads.c.id == thread.thread_id, _LIVING).values(updated_at=self._now())
        if (await connection.execute(changed)).rowcount == 0:
            raise UnknownRecordError("thread", thread.thread_id)

    async def _insert(self, connection: AsyncConnection, thread: ThreadRecord, new: NewMessage) -> MessageRecord:
        now = self._now()
        row = message_row(thread, new, now)
        added = (await connection.execute(insert(messages).values(**row).returning(*messages.c))).one()
        more = update(threads).where(threads.c.id == thread.thread_id)
        await connection.execute(more.values(message_count=threads.c.message_count + 1))
        return message_of(added)


async def _known(connection: AsyncConnection, thread: ThreadRecord, client_id: str) -> Row[Any] | None:
    query = select(messages).where(messages.c.thread_id == thread.thread_id, messages.c.client_id == client_id)
    return (await connection.execute(query)).one_or_none()


def _thread_of(row: Row[Any]) -> ThreadRecord:
    return ThreadRecord(
        thread_id=row.id,
        seq=row.seq,
        organisation_id=OrganisationId(row.organisation_id),
        agent_id=None if row.agent_id is None else AgentId(row.agent_id),
        environment_id=row.environment_id,
        title=row.title,
        status=row.status,
        metadata=row.metadata,
        message_count=row.message_count,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
