"""Recordings in the database: their parts, their ends, and which of them a sweep is told of; on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from vivavoce.store.recordings import FinishedRecording
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import OrganisationId, RecordingPlace, SessionRecord
from vivavoce.store.sessions import NewSession
from vivavoce.store.store import Store
from vivavoce.store.threads import NewThread

WHOLE = FinishedRecording(96_044, 2_000, (RecordingPlace(20, 0), RecordingPlace(1_500, 900)))


async def _session(store: Store) -> SessionRecord:
    thread = await store.threads.add(NewThread(OURS))
    later = datetime.now(UTC) + timedelta(hours=1)
    return await store.sessions.add(NewSession(OURS, None, thread.thread_id, "realtime", "web", later), 100)


async def test_a_recording_goes_from_its_beginning_to_its_end(store: Store) -> None:
    session = await _session(store)
    begun = await store.recordings.begin(OURS, session.session_id, "opus", 120)
    assert (begun.part, begun.state, begun.format, begun.started_ms) == (1, "recording", "opus", 120)
    assert (begun.size_bytes, begun.duration_ms, begun.ended_at) == (None, None, None)
    await store.recordings.finish(begun.seq, WHOLE)
    (ready,) = await store.recordings.of_session(OURS, session.session_id)
    assert (ready.state, ready.size_bytes, ready.duration_ms, ready.failure) == ("ready", 96_044, 2_000, None)
    assert tuple(ready.places) == WHOLE.places
    assert ready.ended_at is not None


async def test_what_failed_says_why_and_stays_failed(store: Store) -> None:
    session = await _session(store)
    begun = await store.recordings.begin(OURS, session.session_id, "wav", 0)
    await store.recordings.finish(begun.seq, FinishedRecording(failure="No space left on device"))
    await store.recordings.finish(begun.seq, WHOLE)
    (failed,) = await store.recordings.of_session(OURS, session.session_id)
    assert (failed.state, failed.failure, failed.size_bytes) == ("failed", "No space left on device", None)


async def test_a_session_that_is_held_again_gets_another_part(store: Store) -> None:
    session = await _session(store)
    for _ in range(2):
        await store.recordings.begin(OURS, session.session_id, "opus", 0)
    parts = await store.recordings.of_session(OURS, session.session_id)
    assert [each.part for each in parts] == [1, 2]


async def test_another_organisation_sees_nothing_of_it(store: Store) -> None:
    session = await _session(store)
    await store.recordings.begin(OURS, session.session_id, "opus", 0)
    assert await store.recordings.of_session(OrganisationId("org_other"), session.session_id) == []


async def test_what_is_old_and_over_is_told_until_it_is_deleted(store: Store) -> None:
    session = await _session(store)
    over, going = [await store.recordings.begin(OURS, session.session_id, "opus", 0) for _ in range(2)]
    await store.recordings.finish(over.seq, WHOLE)
    soon = datetime.now(UTC) + timedelta(seconds=5)
    assert [each.seq for each in await store.recordings.made_before(soon)] == [over.seq]
    assert await store.recordings.made_before(over.created_at - timedelta(seconds=1)) == []
    await store.recordings.delete(over.seq)
    assert await store.recordings.made_before(soon) == []
    deleted, still = await store.recordings.of_session(OURS, session.session_id)
    assert (deleted.state, deleted.size_bytes, deleted.places) == ("deleted", None, [])
    assert (still.seq, still.state) == (going.seq, "recording")


async def test_a_recording_that_outlived_its_session_is_found(store: Store) -> None:
    session = await _session(store)
    begun = await store.recordings.begin(OURS, session.session_id, "opus", 0)
    soon = datetime.now(UTC) + timedelta(seconds=5)
    assert await store.recordings.left_behind(soon, soon) == []
    await store.sessions.end(session.session_id, "hung_up")
    assert [each.seq for each in await store.recordings.left_behind(soon, soon)] == [begun.seq]


async def test_a_recording_is_uploading_until_it_is_filed(store: Store) -> None:
    session = await _session(store)
    begun = await store.recordings.begin(OURS, session.session_id, "wav", 0)
    assert not await store.recordings.filed(begun.seq)
    assert await store.recordings.finish(begun.seq, WHOLE, is_filed=False)
    uploading = await store.recordings.part(session.session_id, 1)
    assert uploading is not None
    assert (uploading.state, uploading.size_bytes) == ("uploading", WHOLE.size_bytes)
    assert await store.recordings.filed(begun.seq)
    (ready,) = await store.recordings.of_session(OURS, session.session_id)
    assert (ready.state, ready.duration_ms, tuple(ready.places)) == ("ready", WHOLE.duration_ms, WHOLE.places)
    assert not await store.recordings.finish(begun.seq, FinishedRecording(failure="too late"))


async def test_an_upload_that_was_deleted_or_has_failed_is_not_filed(store: Store) -> None:
    session = await _session(store)
    deleted, failed = [await store.recordings.begin(OURS, session.session_id, "wav", 0) for _ in range(2)]
    for each in (deleted, failed):
        await store.recordings.finish(each.seq, WHOLE, is_filed=False)
    soon, long_ago = datetime.now(UTC) + timedelta(seconds=5), datetime.now(UTC) - timedelta(hours=25)
    assert await store.recordings.left_behind(soon, long_ago) == []
    assert [each.seq for each in await store.recordings.left_behind(long_ago, soon)] == [deleted.seq, failed.seq]
    await store.recordings.delete(deleted.seq)
    assert await store.recordings.finish(failed.seq, FinishedRecording(failure="no bucket"))
    for each in (deleted, failed):
        assert not await store.recordings.filed(each.seq)
    states = [each.state for each in await store.recordings.of_session(OURS, session.session_id)]
    assert states == ["deleted", "failed"]
    assert await store.recordings.part(session.session_id, 3) is None
