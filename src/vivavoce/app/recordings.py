"""Joins recordings with where they are kept: a folder beside the database, or an object store.

Called once by the composition root; nothing is held open.
"""

from __future__ import annotations

from datetime import UTC, datetime

from vivavoce.config import ServerSettings
from vivavoce.services.recordings.service import RecordingService
from vivavoce.services.recordings.storage import FolderStorage, RecordingStorage
from vivavoce.store.store import Store

RECORDINGS = "recordings"
UNFINISHED = "recordings-unfinished"


def open_recordings(settings: ServerSettings, store: Store) -> RecordingService:
    return RecordingService(
        store.recordings, _storage(settings), settings.data / UNFINISHED, settings.recording.choice, _now
    )


def _storage(settings: ServerSettings) -> RecordingStorage:
    return FolderStorage(settings.data / RECORDINGS)


def _now() -> datetime:
    return datetime.now(UTC)
