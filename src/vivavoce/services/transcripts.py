"""Keeps what calls leave behind: messages in their threads and the times of their turns, behind the calls' backs.

One `TranscriptWriter` a server, with one task that writes; a call's recorder only puts into its queue. The queue is
bounded; what does not fit is lost from the transcript, with an error in the log, and the call goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from vivavoce.conversation.notices import Notice, ReplyMessageAdded, TurnTimed
from vivavoce.services.sessions import SessionService
from vivavoce.services.turn_timings import timing_of
from vivavoce.sessions.transcript import TranscriptBuilder, TranscriptEntry
from vivavoce.store.errors import StoreError, StoreUnavailableError
from vivavoce.store.records import NewMessage, SessionRecord, ThreadRecord, TurnTiming
from vivavoce.store.threads import StoredThreads
from vivavoce.store.turns import StoredTurns

QUEUE_LENGTH_MAXIMUM = 10_000
ATTEMPTS_MAXIMUM = 5
PATIENCE_SECONDS = 1.0
FLUSH_SECONDS = 20.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Said:
    session: SessionRecord
    thread: ThreadRecord
    entry: TranscriptEntry


@dataclass(frozen=True, slots=True)
class _Timed:
    session: SessionRecord
    timing: TurnTiming


_Work = _Said | _Timed | asyncio.Future[None]


class CallRecorder:
    """The recorder of one call; ends with it. `begun_ms`: how old the session was when this call of it began."""

    def __init__(
        self,
        session: SessionRecord,
        thread: ThreadRecord,
        begun_ms: int,
        queue: asyncio.Queue[_Work],
    ) -> None:
        self._session = session
        self._thread = thread
        self._queue = queue
        self._builder = TranscriptBuilder()
        self._begun_ms = begun_ms
        self._begun = asyncio.get_running_loop().time()
        self._started_ms: dict[str, int] = {}
        self._spans_ms: dict[str, tuple[int, int]] = {}

    def note(self, notice: Notice) -> None:
        """Keep what this notice settles. Returns at once."""
        now_ms = int((asyncio.get_running_loop().time() - self._begun) * 1000)
        if isinstance(notice, ReplyMessageAdded):
            self._started_ms[notice.item.item_id] = now_ms
        if isinstance(notice, TurnTimed) and notice.complete:
            self._put(_Timed(self._session, timing_of(notice, self._begun_ms)))
        entry = self._builder.note(notice)
        if entry is None:
            return
        if entry.audio_start_ms is None or entry.audio_end_ms is None:
            # Only the caller's speech has a place in its audio; for all else the clock of the call tells when.
            start_ms = self._started_ms.get(entry.item_id, now_ms)
            start_ms, end_ms = self._spans_ms.setdefault(entry.item_id, (start_ms, now_ms))
            entry = replace(entry, audio_start_ms=start_ms, audio_end_ms=end_ms)
        self._put(_Said(self._session, self._thread, _moved(entry, self._begun_ms)))

    def _put(self, work: _Said | _Timed) -> None:
        try:
            self._queue.put_nowait(work)
        except asyncio.QueueFull:
            _log.error("the transcript of %s is incomplete: the database is too slow", self._session.session_id)

    async def flush(self) -> None:
        """Wait until everything noted so far is in the store, but no longer than `FLUSH_SECONDS`.

        What is not written by then is still written when the database answers again.
        """
        written = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._queue.put(written)
                await written
        except TimeoutError:
            _log.error("the transcript of %s is not written yet: the database is too slow", self._session.session_id)


class TranscriptWriter:
    """Writes while `run` runs; the server runs it."""

    def __init__(self, threads: StoredThreads, turns: StoredTurns, sessions: SessionService) -> None:
        self._threads = threads
        self._turns = turns
        self._sessions = sessions
        self._queue: asyncio.Queue[_Work] = asyncio.Queue(QUEUE_LENGTH_MAXIMUM)

    def recorder(self, session: SessionRecord, thread: ThreadRecord, now: datetime) -> CallRecorder:
        """For a call of this session that begins `now`."""
        age = timedelta() if session.started_at is None else now - session.started_at
        return CallRecorder(session, thread, max(0, int(age.total_seconds() * 1000)), self._queue)

    async def run(self) -> None:
        """Write behind, until cancelled."""
        while True:
            match await self._queue.get():
                case asyncio.Future() as written:
                    if not written.done():
                        written.set_result(None)
                case _Timed(session=session, timing=timing):
                    add = partial(self._turns.add, session.organisation_id, session.session_id, timing)
                    await self._patiently(session, "a turn's times", add)
                case _Said() as said:
                    await self._write(said)

    async def _write(self, said: _Said) -> None:
        new = False

        async def keep() -> None:
            nonlocal new
            message, newly = await self._threads.keep(said.thread, _message(said))
            new = new or newly  # it stays new until it has been told
            if new:
                await self._sessions.announce_message(message)

        await self._patiently(said.session, "a message", keep)

    async def _patiently(self, session: SessionRecord, what: str, keep: Callable[[], Awaitable[None]]) -> None:
        for attempt in range(1, ATTEMPTS_MAXIMUM + 1):
            try:
                await keep()
            except StoreUnavailableError as error:
                _log.warning("%s of %s is not kept yet: %s", what, session.session_id, error)
                await asyncio.sleep(PATIENCE_SECONDS * attempt)
            except StoreError as error:
                _log.error("%s of %s could not be kept: %s", what, session.session_id, error)
                return
            else:
                return
        _log.error("%s of %s could not be kept: the database did not answer", what, session.session_id)


def _moved(entry: TranscriptEntry, by_ms: int) -> TranscriptEntry:
    start_ms, end_ms = entry.audio_start_ms, entry.audio_end_ms
    return replace(
        entry,
        audio_start_ms=None if start_ms is None else start_ms + by_ms,
        audio_end_ms=None if end_ms is None else end_ms + by_ms,
    )


def _message(said: _Said) -> NewMessage:
    entry = said.entry
    return NewMessage(
        role=entry.role,
        content=entry.content.replace("\0", "\N{REPLACEMENT CHARACTER}"),  # neither database keeps a NUL
        session_id=said.session.session_id,
        tool_call=None if entry.tool_call is None else asdict(entry.tool_call),
        start_ms=entry.audio_start_ms,
        end_ms=entry.audio_end_ms,
        interrupted=entry.interrupted,
        client_id=entry.item_id,
    )
