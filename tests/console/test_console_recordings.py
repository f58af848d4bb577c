"""A session's recording in the console in every state that it can have, and from one state to the next by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from tests.compliance.talking_server import TalkingServer
from tests.console.browsing import Watch, assert_accessible, assert_fits, console_server

from vivavoce.config import RecordingSettings
from vivavoce.services.recordings.service import LiveRecording, RecordingChoice, RecordingService
from vivavoce.sessions.recording import Recording
from vivavoce.store.recordings import FinishedRecording
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import SessionRecord
from vivavoce.store.sessions import NewSession
from vivavoce.store.store import Store
from vivavoce.store.threads import NewThread

SECOND = (0.2 * np.sin(np.arange(24_000) / 20)).astype(np.float32)
UPLOADED = FinishedRecording(96_044, 1_000)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TalkingServer]:
    recording = RecordingSettings(RecordingChoice(enabled=True, format="wav"))
    with console_server(tmp_path_factory.mktemp("recordings"), recording=recording) as server:
        yield server


@dataclass(frozen=True, slots=True)
class Ground:
    """Sessions as calls would leave them; every method runs where the server does."""

    console: TalkingServer

    @property
    def _store(self) -> Store:
        store = self.console.served.server._store
        assert store is not None
        return store

    @property
    def _recordings(self) -> RecordingService:
        platform = self.console.served.server._platform
        assert platform is not None
        return platform.platform.recordings

    def session(self, *, over: bool = True) -> SessionRecord:
        async def make() -> SessionRecord:
            thread = await self._store.threads.add(NewThread(OURS))
            later = datetime.now(UTC) + timedelta(hours=1)
            made = await self._store.sessions.add(
                NewSession(OURS, None, thread.thread_id, "realtime", "web", later), 99
            )
            if over:
                await self._store.sessions.end(made.session_id, "hung_up")
            return made

        return self.console.served.inside(make)

    def put(self, session: SessionRecord, state: str) -> int:
        """A recording in this state; its number in the database."""

        async def put() -> int:
            if state == "none":
                return 0
            row = await self._store.recordings.begin(OURS, session.session_id, "wav", 0)
            if state in {"uploading", "deleted"}:
                await self._store.recordings.finish(row.seq, UPLOADED, is_filed=False)
            if state == "failed":
                await self._store.recordings.finish(row.seq, FinishedRecording(failure="No space left on device"))
            if state == "deleted":
                await self._store.recordings.delete(row.seq)
            return row.seq

        return self.console.served.inside(put)

    def begin(self, session: SessionRecord) -> LiveRecording:
        async def begin() -> LiveRecording:
            live = self._recordings.plan(session, "wav")
            assert live is not None
            await live.begin(session)
            return live

        return self.console.served.inside(begin)

    def end(self, live: LiveRecording) -> None:
        """The call was a second long, and is over."""
        assert isinstance(live.tap, Recording)
        now = self.console.served.loop.time()
        live.tap.hear(SECOND[:1], 24_000, now)
        live.tap.hear(SECOND, 24_000, now + 1)
        live.tap.say(SECOND, now)
        self.console.served.inside(live.end)

    def change(self, seq: int, finished: FinishedRecording) -> None:
        async def change() -> None:
            await self._store.recordings.finish(seq, finished, is_filed=False)

        self.console.served.inside(change)


@pytest.fixture
def ground(console: TalkingServer) -> Ground:
    return Ground(console)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        pytest.param("recording", "The recording is being finished", id="one that is being finished says so"),
        pytest.param("uploading", "on its way to where recordings are kept", id="one on its way says so"),
        pytest.param("failed", "The recording failed: No space left on device.", id="one that failed says why"),
        pytest.param("deleted", "The recording was deleted.", id="one that was deleted says so"),
        pytest.param("none", "This call was not recorded.", id="a session without one says so"),
    ],
)
def test_a_recording_that_cannot_be_heard_says_why(page: Page, ground: Ground, state: str, text: str) -> None:
    session = ground.session()
    ground.put(session, state)
    page.goto(f"/sessions/{session.session_id}")
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible()
    expect(page.get_by_role("group", name="Player")).to_have_count(0)
    assert_accessible(page)
    assert_fits(page)


def test_a_recording_comes_by_itself_when_its_call_is_over(page: Page, ground: Ground) -> None:
    session = ground.session()
    live = ground.begin(session)
    page.goto(f"/sessions/{session.session_id}")
    expect(page.get_by_text("The recording is being finished")).to_be_visible()
    ground.end(live)
    expect(page.get_by_role("group", name="Player")).to_be_visible()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect(page.get_by_text("The recording is being finished")).to_have_count(0)
    assert_accessible(page)
    assert_fits(page)


def test_an_upload_that_fails_is_told_without_a_reload(page: Page, ground: Ground) -> None:
    session = ground.session()
    seq = ground.put(session, "uploading")
    page.goto(f"/sessions/{session.session_id}")
    expect(page.get_by_text("on its way to where recordings are kept")).to_be_visible()
    ground.change(seq, FinishedRecording(failure="the bucket did not do it: GenericError"))
    expect(page.get_by_text("The recording failed: the bucket did not do it: GenericError.")).to_be_visible()


def test_a_former_connection_is_heard_while_the_next_one_is_recorded(page: Page, ground: Ground) -> None:
    session = ground.session()
    ground.end(ground.begin(session))
    ground.put(session, "uploading")
    page.goto(f"/sessions/{session.session_id}")
    expect(page.get_by_role("group", name="Player")).to_be_visible()
    expect(page.get_by_text("on its way to where recordings are kept")).to_be_visible()
    assert_accessible(page)


def test_a_recording_whose_state_cannot_be_asked_offers_another_try(page: Page, ground: Ground, watch: Watch) -> None:
    watch.expected.append("status of 503")
    session = ground.session()
    ground.put(session, "failed")
    broken = {"error": {"code": "not_ready", "message": "Not just now."}}
    page.route("**/recording/info", lambda route: route.fulfill(status=503, json=broken))
    page.goto(f"/sessions/{session.session_id}")
    alert = page.get_by_role("alert").filter(has_text="Not just now.")
    expect(alert).to_be_visible()
    page.unroute("**/recording/info")
    alert.get_by_role("button").click()
    expect(page.get_by_text("The recording failed: No space left on device.")).to_be_visible()
