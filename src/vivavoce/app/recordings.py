"""Joins recordings with where they are kept: a folder beside the database, or an object store.

Called once by the composition root; nothing is held open.
"""

from __future__ import annotations

from datetime import UTC, datetime

from vivavoce.config import ServerSettings
from vivavoce.services.recordings.object_store import open_bucket
from vivavoce.services.recordings.service import RecordingService
from vivavoce.services.recordings.storage import FolderStorage, RecordingStorage, StorageError
from vivavoce.store.errors import StoreError
from vivavoce.store.store import Store

RECORDINGS = "recordings"
UNFINISHED = "recordings-unfinished"


def open_recordings(settings: ServerSettings, store: Store) -> RecordingService:
    """Raises `StoreError` for a bucket that cannot be used."""
    return RecordingService(
        store.recordings, _storage(settings), settings.data / UNFINISHED, settings.recording.choice, _now
    )


def _storage(settings: ServerSettings) -> RecordingStorage:
    url = settings.recording.url
    if url is None:
        return FolderStorage(settings.data / RECORDINGS)
    try:
        return open_bucket(url)
    except StorageError as error:
        raise StoreError(str(error)) from error


def _now() -> datetime:
    return datetime.now(UTC)
