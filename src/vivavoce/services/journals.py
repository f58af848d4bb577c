"""The journals of calls, as their owners ask for them: the files, and their conversations run once more.

Reads files that calls write; owned by nobody, holds nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vivavoce.services.errors import ConflictError
from vivavoce.sessions.journal import Difference, JournalError, replay
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import SessionRecord


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of running a conversation once more. `events`: how many facts there were in its journal."""

    events: int
    differences: Sequence[Difference]


def journal_of(journals: Path | None, session: SessionRecord) -> Path:
    """Where the session's journal is. Raises `UnknownRecordError` where there is none."""
    path = None if journals is None else journals / f"{session.session_id}.jsonl"
    if path is None or not path.is_file():
        raise UnknownRecordError("journal", session.session_id)
    return path


async def replayed(path: Path) -> Replayed:
    """Run it once more, in a thread. Raises `ConflictError` for a journal that this version cannot read."""
    try:
        return await asyncio.to_thread(_replayed, path)
    except JournalError as error:
        message = f"The journal cannot be replayed by this version: {str(error).replace(str(path), path.name)}."
        raise ConflictError("journal_unreadable", message) from error


def _replayed(path: Path) -> Replayed:
    difference = replay(path)
    with path.open("rb") as file:
        events = sum(b'"event":' in line for line in file)
    return Replayed(events, () if difference is None else (difference,))
