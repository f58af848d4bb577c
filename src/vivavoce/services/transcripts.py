"""Keeps what calls leave behind: messages in their threads and the times of their turns, behind the calls' backs.

One `TranscriptWriter` a server, with one task that writes; a call's recorder only puts into its queue. The queue is
bounded; what does not fit is lost from the transcript, with an error in the log, and the call goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from vivavoce.conversation.notices import Notice, ReplyMessageAdded, TurnTimed
from vivavoce.services.sessions import SessionService
from vivavoce.services.turn_timings import timing_of
from vivavoce.sessions.transcript import TranscriptBuilder, TranscriptEntry
from vivavoce.store.errors import StoreError, StoreUnavailableError
from vivavoce.store.records import MessageRecord, NewMessage, SessionRecord, ThreadRecord, TurnTiming
from vivavoce.store.threads import StoredThreads
from vivavoce.store.turns import StoredTurns

QUEUE_LENGTH_MAXIMUM = 10_000
ATTEMPTS_MAXIMUM = 5
PATIENCE_SECONDS = 1.0
FLUSH_SECONDS = 20.0
BATCH_MAXIMUM = 200
SPACING_SECONDS = 0.1
"""Between the beginnings of two transactions. What comes alone is written at once; what comes meanwhile goes together.
A message costs the event loop's thread 1.7 ms alone, 0.4 among eight and 0.12 among a hundred (SQLite)."""

NAMED_MAXIMUM = 5

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
_Written = TypeVar("_Written", _Said, _Timed)


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
        clock, may_write_at = asyncio.get_running_loop(), 0.0
        while True:
            works, flushed = await self._gathered(may_write_at)
            may_write_at = clock.time() + SPACING_SECONDS
            await self._write(works)
            if flushed is not None and not flushed.done():
                flushed.set_result(None)

    async def _gathered(self, until: float) -> tuple[list[_Said | _Timed], asyncio.Future[None] | None]:
        """What is to be written together: all that waits, and what else comes before `until` (loop seconds).

        Nothing behind a call that waits for its words to be written: that one is not to wait for others.
        """
        works: list[_Said | _Timed] = []
        work = await self._queue.get()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                while not isinstance(work, asyncio.Future):
                    works.append(work)
                    if len(works) == BATCH_MAXIMUM:
                        break
                    work = await self._queue.get()
        return works, work if isinstance(work, asyncio.Future) else None

    async def _write(self, works: Sequence[_Said | _Timed]) -> None:
        if said := [work for work in works if isinstance(work, _Said)]:
            new: list[tuple[_Said, MessageRecord]] = []
            await self._together(said, "a message", partial(self._keep, new))
            for each, message in new:
                await self._together([each], "the news of a message", partial(self._announce, message))
        if timed := [work for work in works if isinstance(work, _Timed)]:
            await self._together(timed, "a turn's times", self._add)

    async def _keep(self, new: list[tuple[_Said, MessageRecord]], works: Sequence[_Said]) -> None:
        """Those that were not there yet are added to `new`."""
        for said, kept in zip(works, await self._threads.keep_all([_message(each) for each in works]), strict=True):
            if isinstance(kept, StoreError):
                _log.error("a message of %s could not be kept: %s", said.session.session_id, kept)
            elif kept[1]:
                new.append((said, kept[0]))

    async def _announce(self, message: MessageRecord, _works: Sequence[_Said]) -> None:
        await self._sessions.announce_message(message)

    async def _add(self, works: Sequence[_Timed]) -> None:
        of_sessions = [(work.session.organisation_id, work.session.session_id, work.timing) for work in works]
        await self._turns.add_all(of_sessions)

    async def _together(
        self, works: Sequence[_Written], what: str, write: Callable[[Sequence[_Written]], Awaitable[None]]
    ) -> None:
        """Write all of these; where the database will not have that, one by one, so that one loses no other."""
        try:
            await _patiently(works, what, write)
        except StoreError as error:
            if len(works) > 1:
                for work in works:
                    await self._together([work], what, write)
            else:
                _log.error("%s of %s could not be kept: %s", what, _of(works), error)


async def _patiently(
    works: Sequence[_Written], what: str, write: Callable[[Sequence[_Written]], Awaitable[None]]
) -> None:
    for attempt in range(1, ATTEMPTS_MAXIMUM + 1):
        try:
            await write(works)
        except StoreUnavailableError as error:
            _log.warning("%s of %s is not kept yet: %s", what, _of(works), error)
            if attempt == ATTEMPTS_MAXIMUM:
                raise
            await asyncio.sleep(PATIENCE_SECONDS * attempt)
        else:
            return


def _of(works: Sequence[_Said | _Timed]) -> str:
    sessions = list(dict.fromkeys(work.session.session_id for work in works))
    return ", ".join(sessions[:NAMED_MAXIMUM]) + (" and others" if len(sessions) > NAMED_MAXIMUM else "")


def _moved(entry: TranscriptEntry, by_ms: int) -> TranscriptEntry:
    start_ms, end_ms = entry.audio_start_ms, entry.audio_end_ms
    return replace(
        entry,
        audio_start_ms=None if start_ms is None else start_ms + by_ms,
        audio_end_ms=None if end_ms is None else end_ms + by_ms,
    )


def _message(said: _Said) -> tuple[ThreadRecord, NewMessage]:
    entry = said.entry
    return said.thread, NewMessage(
        role=entry.role,
        content=_storable(entry.content),
        session_id=said.session.session_id,
        tool_call=None if entry.tool_call is None else asdict(entry.tool_call),
        start_ms=entry.audio_start_ms,
        end_ms=entry.audio_end_ms,
        interrupted=entry.interrupted,
        client_id=entry.item_id,
        generated_text=None if entry.generated_text is None else _storable(entry.generated_text),
    )


def _storable(words: str) -> str:
    """Neither database keeps a NUL."""
    return words.replace("\0", "\N{REPLACEMENT CHARACTER}")
