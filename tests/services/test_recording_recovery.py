"""What a server that was killed leaves of the calls it recorded: kept as far as it goes, by the next one.

The killed server is a process of its own that dies by SIGKILL with its lock held and its encoder unfinished.
"""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]

from vivavoce.services.recordings.mending import NOTHING, mended
from vivavoce.services.recordings.service import LOST, RecordingChoice, RecordingService, name_of
from vivavoce.services.recordings.spool import Spool
from vivavoce.services.recordings.storage import FolderStorage
from vivavoce.store.database import sqlite_url
from vivavoce.store.recordings import FinishedRecording
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import RecordingRecord, SessionRecord
from vivavoce.store.sessions import NewSession
from vivavoce.store.store import Store
from vivavoce.store.threads import NewThread

RATE_HZ = 24_000
RECORD_FOREVER = """
import sys
from pathlib import Path
import numpy as np
from vivavoce.media.stereo_encoding import open_stereo_encoder
from vivavoce.services.recordings.spool import Spool
folder, name, kind, seconds = sys.argv[1:]
path = Spool(Path(folder)).path_of(name)
encoder = open_stereo_encoder(kind, 24_000)
tone = 0.3 * np.sin(np.arange(24_000) / 10)
with path.open("wb", buffering=0) as file:
    for _ in range(int(seconds)):
        file.write(encoder.push(np.stack([tone, -tone], 1).astype(np.float32)))
    print("recording", flush=True)
    sys.stdin.read()
"""


def _killed(spool: Path, name: str, kind: str, seconds: int) -> None:
    """Record so long in another process, and kill it in the middle."""
    command = [sys.executable, "-c", RECORD_FOREVER, str(spool), name, kind, str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"recording\n"
        living = Spool(spool)
        living.take_over()
        assert name not in living.names(), "what a living process writes is its own"
        living.close()
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Ground:
    store: Store
    data: Path
    service: RecordingService

    @property
    def spool(self) -> Path:
        return self.data / "unfinished"

    def files(self) -> list[str]:
        """All that lies anywhere, but for locks and the database."""
        places = (self.data / "kept", self.spool)
        found = (each for place in places for each in place.rglob("*") if each.is_file() and each.name != "lock")
        return sorted(str(each.relative_to(self.data)) for each in found)

    async def row(self, kind: str) -> tuple[SessionRecord, RecordingRecord]:
        thread = await self.store.threads.add(NewThread(OURS))
        later = datetime.now(UTC) + timedelta(hours=1)
        session = await self.store.sessions.add(NewSession(OURS, None, thread.thread_id, "realtime", "web", later), 9)
        return session, await self.store.recordings.begin(OURS, session.session_id, kind, 0)


@asynccontextmanager
async def _ground(data: Path, now: datetime | None = None) -> AsyncGenerator[Ground]:
    async with await Store.open(sqlite_url(data)) as store:
        storage = FolderStorage(data / "kept")
        choice = RecordingChoice(enabled=True)
        spool = Spool(data / "unfinished")
        service = RecordingService(store.recordings, storage, spool, choice, lambda: now or datetime.now(UTC))
        yield Ground(store, data, service)
        await service.close()


@pytest.mark.parametrize(
    ("kind", "seconds", "kept_seconds"),
    [
        pytest.param("wav", 7, 7.0, id="a WAV recording is kept to its last sample"),
        pytest.param("opus", 7, 5.0, id="an Opus recording is kept to its last page"),
    ],
)
async def test_a_killed_servers_recording_is_heard_after_the_next_start(
    tmp_path: Path, kind: str, seconds: int, kept_seconds: float
) -> None:
    async with _ground(tmp_path) as ground:
        session, row = await ground.row(kind)
        _killed(ground.spool, name_of(row), kind, seconds)
        await ground.service.run()
        ready = await ground.service.ready(session)
        assert ready.size_bytes is not None
        content = b"".join(await ground.service.read(ready, 0, ready.size_bytes))
        assert len(content) == ready.size_bytes
        assert ground.files() == [f"kept/{name_of(row)}"]
    sound, rate_hz = soundfile.read(io.BytesIO(content), dtype="float32")
    assert kept_seconds <= len(sound) / rate_hz <= seconds + 0.1
    assert ready.duration_ms == len(sound) * 1000 // rate_hz
    middle = slice(RATE_HZ, 4 * RATE_HZ)
    assert np.abs(sound[middle, 0] + sound[middle, 1]).max() < 0.1 < np.abs(sound[middle, 0]).max()


@pytest.mark.parametrize("kind", ["wav", "opus"])
async def test_a_call_of_which_nothing_was_written_yet_has_failed(tmp_path: Path, kind: str) -> None:
    async with _ground(tmp_path) as ground:
        session, row = await ground.row(kind)
        _killed(ground.spool, name_of(row), kind, 0)
        await ground.service.run()
        (part,) = await ground.service.parts(session)
        assert (part.state, part.failure) == ("failed", NOTHING)
        assert ground.files() == []


async def test_what_belongs_to_no_recording_that_goes_on_is_removed(tmp_path: Path) -> None:
    async with _ground(tmp_path) as ground:
        _, deleted = await ground.row("wav")
        await ground.store.recordings.finish(deleted.seq, FinishedRecording(10, 1), is_filed=False)
        await ground.store.recordings.delete(deleted.seq)
        for name in (name_of(deleted), "org_x/sess_y-1.wav", "org_x/nonsense", "sess-¹.ogg"):
            _killed(ground.spool, name, "wav", 1)
        await ground.service.run()
        assert ground.files() == []


async def test_what_was_over_but_not_filed_is_filed(tmp_path: Path) -> None:
    async with _ground(tmp_path) as ground:
        session, row = await ground.row("wav")
        _killed(ground.spool, name_of(row), "wav", 1)
        size = 44 + 4 * RATE_HZ
        await ground.store.recordings.finish(row.seq, FinishedRecording(size, 1000), is_filed=False)
        await ground.service.sweep()
        assert (await ground.service.ready(session)).size_bytes == size
        assert ground.files() == [f"kept/{name_of(row)}"]


async def test_what_was_over_and_is_on_no_disk_is_told_as_failed_after_a_day(tmp_path: Path) -> None:
    async with _ground(tmp_path, datetime.now(UTC) + timedelta(hours=26)) as ground:
        session, row = await ground.row("wav")
        await ground.store.recordings.finish(row.seq, FinishedRecording(10, 1), is_filed=False)
        await ground.service.sweep()
        (part,) = await ground.service.parts(session)
        assert (part.state, part.failure) == ("failed", LOST)


async def test_a_call_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    async with _ground(tmp_path) as ground:
        session, _ = await ground.row("wav")
        live = ground.service.plan(session, "wav")
        assert live is not None
        await live.begin(session)
        assert live.tap.path is not None
        live.tap.path.write_bytes(b"going on")
        await ground.service.sweep()
        assert live.tap.path.read_bytes() == b"going on"
        await live.end()
        assert (await ground.service.ready(session)).part == 2


def test_a_server_that_ends_well_leaves_no_folder_behind(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    path = spool.path_of("org_1/sess_1-1.wav")
    path.write_bytes(b"sound")
    assert spool.names() == ["org_1/sess_1-1.wav"]
    path.unlink()
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_ends_with_work_left_leaves_it_to_the_next(tmp_path: Path) -> None:
    former, following = Spool(tmp_path), Spool(tmp_path)
    former.path_of("org_1/sess_1-1.wav").write_bytes(b"sound")
    former.close()
    following.take_over()
    assert following.path_of("org_1/sess_1-1.wav").read_bytes() == b"sound"
    following.path_of("org_1/sess_1-1.wav").unlink()
    following.close()
    assert list(tmp_path.iterdir()) == []


def test_a_wav_file_that_ends_in_the_middle_of_a_sample_is_cut_before_it(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(bytes(44) + b"\x01\x00\x02\x00\x03")
    recorded = mended(path)
    assert (recorded.size_bytes, recorded.failure) == (48, None)
    sound, rate_hz = soundfile.read(path, dtype="int16")
    assert (sound.tolist(), rate_hz) == ([[1, 2]], RATE_HZ)
