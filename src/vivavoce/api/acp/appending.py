"""Transcripts that clients append: each message is kept once, however often and by whomever it is brought.

A call that this server holds is written down by the server itself, and its client still appends what it heard. Both
know the conversation's item, so whoever comes second finds the message of the first; for clients that do not send the
item, the words decide.
"""

from __future__ import annotations

import hashlib
import re

from vivavoce.api.acp.rendering import BROKERED
from vivavoce.api.acp.requests import NewTranscriptMessage
from vivavoce.api.acp.session_updates import APPENDED
from vivavoce.services.platform import Platform
from vivavoce.store.records import MessageRecord, NewMessage, PageRequest, SessionRecord

NEWEST_MESSAGES = 100
"""So far back the words of a message are looked for."""

_ITEM = re.compile(r"[A-Za-z0-9_.:-]{1,200}")


async def appended(
    platform: Platform, session: SessionRecord, body: NewTranscriptMessage
) -> tuple[MessageRecord, bool]:
    """The message in the thread, and whether it is new. Raises `InvalidFieldError`, `ConflictError` (it is over)."""
    held_here = session.details.provider != BROKERED
    client_id = _client_id(session, body, held_here=held_here)
    if (known := await _known(platform, session, body, client_id, held_here=held_here)) is not None:
        return known, False
    begun = await platform.sessions.begin(session)
    return await platform.sessions.append(begun, NewMessage(body.role, body.content, client_id=client_id))


def _client_id(session: SessionRecord, body: NewTranscriptMessage, *, held_here: bool) -> str | None:
    """What the message is told by: its item, or else the client's name for it, which counts in this session alone."""
    event = body.event
    if held_here and event is not None and _ITEM.fullmatch(event.item_id or ""):
        return event.item_id
    named = (event.client_transcript_id if event is not None else None) or body.client_transcript_id
    if not named:
        return None
    # Hashed: clients may count their messages anew in each session, and may call them anything.
    return APPENDED + hashlib.sha256(f"{session.session_id}\n{named}".encode()).hexdigest()


async def _known(
    platform: Platform, session: SessionRecord, body: NewTranscriptMessage, client_id: str | None, *, held_here: bool
) -> MessageRecord | None:
    newest = await platform.sessions.messages(session, PageRequest(limit=NEWEST_MESSAGES))
    for record in newest.items:
        if client_id is not None and record.message.client_id == client_id:
            return record
    if not held_here or (client_id is not None and not client_id.startswith(APPENDED)):
        return None
    for record in newest.items:
        said = record.message
        recorded = said.client_id is not None and not said.client_id.startswith(APPENDED)
        if recorded and said.role == body.role and said.content.strip() == body.content.strip():
            return record
    return None
