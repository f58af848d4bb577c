"""Recordings over HTTP: told, heard in whole and in parts, deleted for good, and nobody else's business."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.platform_application import Opened, application_open

from vivavoce.agents.identifiers import as_uuid
from vivavoce.app.recordings import RECORDINGS, UNFINISHED
from vivavoce.services.recordings.service import DIED, RecordingChoice
from vivavoce.sessions.recording import Recording
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import SessionRecord
from vivavoce.store.sessions import NewSession
from vivavoce.store.threads import NewThread

SECOND = np.full(24_000, 0.25, np.float32)


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncGenerator[Opened]:
    async with application_open(tmp_path, recording=RecordingChoice(enabled=True, retention_days=30)) as one:
        yield one


@pytest.fixture
async def session(opened: Opened) -> SessionRecord:
    thread = await opened.store.threads.add(NewThread(OURS))
    later = datetime.now(UTC) + timedelta(hours=1)
    return await opened.store.sessions.add(NewSession(OURS, None, thread.thread_id, "realtime", "web", later), 100)


async def _record(opened: Opened, session: SessionRecord) -> bytes:
    """A call of a second; the file that came of it."""
    live = opened.running.platform.recordings.plan(session, "wav")
    assert live is not None
    await live.begin(session)
    assert isinstance(live.tap, Recording)
    now = asyncio.get_running_loop().time()
    live.tap.hear(SECOND[:1], 24_000, now)
    live.tap.hear(SECOND, 24_000, now + 1)
    live.tap.say(SECOND, now)
    await live.end()
    assert live.tap.path is not None
    return _files(live.tap.path.parents[3])[-1].read_bytes()


def _files(data: Path) -> list[Path]:
    """The recordings that are kept below a data folder."""
    return sorted(each for each in (data / RECORDINGS).rglob("*") if each.is_file())


def _path(session: SessionRecord) -> str:
    return f"/v1/sessions/{session.session_id}/recording"


async def test_a_recording_is_heard_as_it_was_made(opened: Opened, session: SessionRecord, tmp_path: Path) -> None:
    sound = await _record(opened, session)
    answer = await opened.http.get(f"/v1/sessions/{as_uuid(session.session_id)}/recording")
    assert (answer.status_code, answer.content) == (200, sound)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-length"] == str(len(sound))
    assert answer.headers["accept-ranges"] == "bytes"
    (tmp_path / "heard.wav").write_bytes(answer.content)
    with wave.open(str(tmp_path / "heard.wav")) as heard:
        assert (heard.getnchannels(), heard.getframerate(), heard.getnframes()) == (2, 24_000, (len(sound) - 44) // 4)
    assert [each.name for each in (tmp_path / UNFINISHED).rglob("*") if each.is_file()] == ["lock"]


async def test_its_description_says_what_there_is(opened: Opened, session: SessionRecord) -> None:
    told = (await opened.http.get(f"{_path(session)}/info")).json()
    assert told == dict.fromkeys(told) | {"state": "none", "parts": []}
    sound = await _record(opened, session)
    told = (await opened.http.get(f"{_path(session)}/info")).json()
    (part,) = told.pop("parts")
    assert told == {
        "state": "ready",
        "part": 1,
        "format": "wav",
        "started_ms": 0,
        "duration_ms": (len(sound) - 44) // 4 * 1000 // 24_000,
        "bytes": len(sound),
        "failure": None,
    }
    assert part.pop("places") == [{"recording_ms": 0, "audio_ms": 0}]
    assert datetime.fromisoformat(part.pop("created_at")).tzinfo is not None
    assert part == told


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        pytest.param("bytes=0-99", 0, 100, id="the beginning"),
        pytest.param("bytes=100-", 100, None, id="from somewhere to the end"),
        pytest.param("bytes=-10", -10, None, id="the last bytes"),
        pytest.param("bytes=44-99999999", 44, None, id="beyond the end"),
    ],
)
async def test_a_part_of_it_is_heard(
    opened: Opened, session: SessionRecord, asked: str, start: int, end: int | None
) -> None:
    sound = await _record(opened, session)
    answer = await opened.http.get(_path(session), headers={"range": asked})
    assert (answer.status_code, answer.content) == (206, sound[start:end])
    begin = start % len(sound)
    assert answer.headers["content-range"] == f"bytes {begin}-{begin + len(answer.content) - 1}/{len(sound)}"


async def test_only_what_the_client_has_a_part_of_is_sent_in_parts(opened: Opened, session: SessionRecord) -> None:
    sound = await _record(opened, session)
    etag = (await opened.http.head(_path(session))).headers["etag"]
    for told, status in ((etag, 206), ('"another"', 200)):
        answer = await opened.http.get(_path(session), headers={"range": "bytes=0-9", "if-range": told})
        assert (answer.status_code, answer.content) == (status, sound[:10] if status == 206 else sound)


async def test_a_range_behind_the_end_is_refused_with_the_size(opened: Opened, session: SessionRecord) -> None:
    sound = await _record(opened, session)
    answer = await opened.http.get(_path(session), headers={"range": f"bytes={len(sound)}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(sound)}"
    assert answer.json()["error"]["code"] == "range_not_satisfiable"


async def test_its_head_says_how_much_there_is_and_sends_nothing(opened: Opened, session: SessionRecord) -> None:
    sound = await _record(opened, session)
    answer = await opened.http.head(_path(session))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(sound))


async def test_a_range_of_a_head_is_left_aside(opened: Opened, session: SessionRecord) -> None:
    sound = await _record(opened, session)
    answer = await opened.http.head(_path(session), headers={"range": "bytes=0-9"})
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(sound)))


async def test_what_is_deleted_while_it_is_downloaded_arrives_whole(opened: Opened, session: SessionRecord) -> None:
    sound = await _record(opened, session)
    recordings = opened.running.platform.recordings
    pieces = await recordings.read(await recordings.ready(session), 0, len(sound))
    assert (await opened.http.delete(_path(session))).status_code == 200
    assert b"".join(pieces) == sound


async def test_what_is_deleted_is_gone_from_the_disk(opened: Opened, session: SessionRecord, tmp_path: Path) -> None:
    await _record(opened, session)
    deleted = await opened.http.delete(_path(session))
    assert deleted.json() == {"id": session.session_id, "deleted": True}
    assert not _files(tmp_path)
    gone = await opened.http.get(_path(session))
    assert gone.status_code == 404
    assert gone.json()["error"]["message"] == "The recording was deleted."
    assert (await opened.http.get(f"{_path(session)}/info")).json()["state"] == "deleted"
    assert (await opened.http.delete(_path(session))).status_code == 404


async def test_a_call_that_goes_on_can_be_neither_heard_nor_deleted(opened: Opened, session: SessionRecord) -> None:
    live = opened.running.platform.recordings.plan(session, None)
    assert live is not None
    await live.begin(session)
    assert (await opened.http.get(f"{_path(session)}/info")).json()["state"] == "recording"
    assert "still being recorded" in (await opened.http.get(_path(session))).json()["error"]["message"]
    refused = await opened.http.delete(_path(session))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "recording_in_progress")
    await live.end()
    answer = await opened.http.get(_path(session))
    assert (answer.status_code, answer.headers["content-type"], answer.content[:4]) == (200, "audio/ogg", b"OggS")


async def test_a_session_that_was_held_twice_has_two_parts(
    opened: Opened, session: SessionRecord, tmp_path: Path
) -> None:
    first = await _record(opened, session)
    await _record(opened, session)
    told = (await opened.http.get(f"{_path(session)}/info")).json()
    assert (told["part"], [part["part"] for part in told["parts"]]) == (2, [1, 2])
    assert (await opened.http.get(f"{_path(session)}?part=1")).content == first
    assert (await opened.http.get(f"{_path(session)}?part=3")).status_code == 404
    await opened.http.delete(_path(session))
    assert not _files(tmp_path)


async def test_a_recording_that_failed_says_why(opened: Opened, session: SessionRecord, tmp_path: Path) -> None:
    (tmp_path / UNFINISHED).write_text("a file, where a folder should be")
    live = opened.running.platform.recordings.plan(session, "wav")
    assert live is not None
    await live.begin(session)
    await live.end()
    told = (await opened.http.get(f"{_path(session)}/info")).json()
    assert (told["state"], told["bytes"], bool(told["failure"])) == ("failed", None, True)
    message = (await opened.http.get(_path(session))).json()["error"]["message"]
    assert message == f"The recording failed: {told['failure']}."


async def test_what_is_older_than_the_retention_is_deleted(
    opened: Opened, session: SessionRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _record(opened, session)
    recordings = opened.running.platform.recordings
    await recordings.sweep()
    assert len(_files(tmp_path)) == 1
    later = datetime.now(UTC) + timedelta(days=30, minutes=1)
    monkeypatch.setattr(recordings, "_now", lambda: later)
    await recordings.sweep()
    assert not _files(tmp_path)
    assert (await opened.http.get(f"{_path(session)}/info")).json()["state"] == "deleted"


async def test_a_recording_that_is_on_no_disk_is_told_as_failed(
    opened: Opened, session: SessionRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a machine that is gone: nobody comes back to end it."""
    recordings = opened.running.platform.recordings
    await opened.store.recordings.begin(OURS, session.session_id, "wav", 0)
    await opened.store.sessions.end(session.session_id, "expired")
    await recordings.sweep()
    assert (await opened.http.get(f"{_path(session)}/info")).json()["state"] == "recording"
    later = datetime.now(UTC) + timedelta(minutes=11)
    monkeypatch.setattr(recordings, "_now", lambda: later)
    await recordings.sweep()
    told = (await opened.http.get(f"{_path(session)}/info")).json()
    assert (told["state"], told["failure"]) == ("failed", DIED)


async def test_a_server_that_records_nothing_plans_nothing(tmp_path: Path) -> None:
    async with application_open(tmp_path) as one:
        assert not one.running.platform.recordings.is_on


@pytest.mark.parametrize("path", ["recording", "recording/info"])
async def test_another_organisation_finds_nothing(opened: Opened, session: SessionRecord, path: str) -> None:
    await _record(opened, session)
    other = await opened.store.organisations.ensure_named("someone-else")
    key = await opened.new_key(organisation_id=other.organisation_id)
    async with opened.client(key) as theirs:
        told = await theirs.get(f"/v1/sessions/{session.session_id}/{path}")
        assert (told.status_code, told.json()["error"]["code"]) == (404, "session_not_found")
        assert (await theirs.delete(_path(session))).status_code == 404
    assert (await opened.http.get(_path(session))).status_code == 200


async def test_a_key_that_may_only_read_cannot_delete(opened: Opened, session: SessionRecord) -> None:
    await _record(opened, session)
    async with opened.client(await opened.new_key("read")) as reader:
        assert (await reader.get(_path(session))).status_code == 200
        assert (await reader.delete(_path(session))).status_code == 403
    async with opened.client(await opened.new_key("realtime")) as speaker:
        assert (await speaker.get(_path(session))).status_code == 403
