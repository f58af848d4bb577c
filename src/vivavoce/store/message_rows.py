"""Messages as rows of their table, and rows as messages. Pure; part of the threads of a `Store`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from vivavoce.agents.identifiers import Kind, new_identifier
from vivavoce.store.records import MessageRecord, NewMessage, OrganisationId, ThreadRecord
from vivavoce.store.rows import unix_ms

CLIENT_ID_LENGTH_MAXIMUM = 255


def message_row(thread: ThreadRecord, new: NewMessage, now: datetime) -> dict[str, Any]:
    """What is inserted for a message; it gets an id where it has none."""
    return {
        "id": new.message_id or new_identifier(Kind.MESSAGE, unix_ms(now)),
        "organisation_id": thread.organisation_id,
        "thread_id": thread.thread_id,
        "session_id": new.session_id,
        "role": new.role,
        "content": new.content,
        "tool_call": None if new.tool_call is None else dict(new.tool_call),
        "start_ms": new.start_ms,
        "end_ms": new.end_ms,
        "interrupted": new.interrupted,
        "client_id": new.client_id,
        "created_at": now,
        "generated_text": new.generated_text,
    }


def message_of(row: Row[Any]) -> MessageRecord:
    said = NewMessage(
        role=row.role,
        content=row.content,
        session_id=row.session_id,
        tool_call=row.tool_call,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        interrupted=row.interrupted,
        client_id=row.client_id,
        generated_text=row.generated_text,
    )
    return MessageRecord(row.id, row.seq, OrganisationId(row.organisation_id), row.thread_id, said, row.created_at)


def of_one_session(said: NewMessage) -> str:
    """The client's id of a message, made the session's own: clients count their items afresh in every call."""
    return f"{said.session_id}:{said.client_id}"[:CLIENT_ID_LENGTH_MAXIMUM]
