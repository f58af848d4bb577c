"""A WAV recording that was sent while its call lasted: its header tells the length all the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from vivavoce.media.stereo_encoding import WAV_HEADER_BYTES, WavEncoder, stereo_wav_header
from vivavoce.services.recordings.service import RecordingChoice, RecordingService, name_of
from vivavoce.services.recordings.spool import Spool
from vivavoce.services.recordings.storage import FolderStorage
from vivavoce.sessions.recording import RECORDING_RATE_HZ
from vivavoce.store.database import sqlite_url
from vivavoce.store.recordings import FinishedRecording
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.sessions import NewSession
from vivavoce.store.store import Store
from vivavoce.store.threads import NewThread

SOUND = np.full((2_000, 2), 0.5, np.float32)


@pytest.mark.parametrize(
    ("start", "length"),
    [
        pytest.param(0, 8_044, id="all of it"),
        pytest.param(0, 4, id="its first bytes"),
        pytest.param(3, 39, id="a part of the header"),
        pytest.param(40, 10, id="the end of the header and the first samples"),
        pytest.param(44, 100, id="the first samples"),
        pytest.param(8_000, 44, id="the last samples"),
    ],
)
async def test_the_header_is_that_of_the_length(tmp_path: Path, start: int, length: int) -> None:
    encoder = WavEncoder(RECORDING_RATE_HZ)
    as_sent = encoder.push(SOUND) + encoder.finish()
    whole = encoder.header() + as_sent[WAV_HEADER_BYTES:]
    assert whole != as_sent
    assert whole[:WAV_HEADER_BYTES] == stereo_wav_header(RECORDING_RATE_HZ, 8_000)
    async with await Store.open(sqlite_url(tmp_path)) as store:
        thread = await store.threads.add(NewThread(OURS))
        later = datetime.now(UTC) + timedelta(hours=1)
        session = await store.sessions.add(NewSession(OURS, None, thread.thread_id, "realtime", "web", later), 9)
        row = await store.recordings.begin(OURS, session.session_id, "wav", 0)
        await store.recordings.finish(row.seq, FinishedRecording(len(as_sent), 83))
        spool, storage = Spool(tmp_path / "unfinished"), FolderStorage(tmp_path / "kept")
        spool.path_of(name_of(row)).write_bytes(as_sent)
        storage.keep(name_of(row), spool.path_of(name_of(row)))
        service = RecordingService(store.recordings, storage, spool, RecordingChoice(), lambda: datetime.now(UTC))
        pieces = await service.read(await service.ready(session), start, length)
        assert b"".join(pieces) == whole[start : start + length]
        await service.close()
