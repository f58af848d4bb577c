"""Joins recordings with where they are kept: a folder beside the database, or an object store.

Called once by the composition root; nothing is held open.
"""

from __future__ import annotations

from datetime import UTC, datetime

from vivavoce.config import ServerSettings
from vivavoce.services.recordings.object_store import open_bucket
from vivavoce.services.recordings.service import RecordingService
from vivavoce.services.recordings.spool import Spool
from vivavoce.services.recordings.storage import FolderStorage, StorageError
from vivavoce.services.recordings.uploading import Uploads
from vivavoce.store.errors import StoreError
from vivavoce.store.store import Store

RECORDINGS = "recordings"
UNFINISHED = "recordings-unfinished"


def open_recordings(settings: ServerSettings, store: Store) -> RecordingService:
    """Raises `StoreError` for a bucket that cannot be used."""
    spool, choice, url = Spool(settings.data / UNFINISHED), settings.recording.choice, settings.recording.url
    if url is None:
        return RecordingService(store.recordings, FolderStorage(settings.data / RECORDINGS), spool, choice, _now)
    try:
        bucket = open_bucket(url)
    except StorageError as error:
        raise StoreError(str(error)) from error
    uploads = Uploads(store.recordings, bucket, _now)
    return RecordingService(store.recordings, bucket, spool, choice, _now, uploads)


def _now() -> datetime:
    return datetime.now(UTC)
