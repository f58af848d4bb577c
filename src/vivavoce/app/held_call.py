"""What becomes of a session when a call on it begins and ends. Made for one call by the doorkeeper; ends with it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from vivavoce.api.errors import problem_of
from vivavoce.api.problems import Problem
from vivavoce.app.resumption import FoundConversation, KeptCall
from vivavoce.services.callers import Caller
from vivavoce.services.errors import ServiceError
from vivavoce.services.recordings.service import LiveRecording
from vivavoce.services.sessions import SessionService
from vivavoce.services.transcripts import CallRecorder
from vivavoce.store.errors import StoreError
from vivavoce.store.records import SessionRecord
from vivavoce.transports.admission import REPLACED, Refusal

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HeldCall:
    """`found`: the conversation that it goes on with. `ends_with_call`: the session was made for this call alone."""

    sessions: SessionService
    session: SessionRecord
    recorder: CallRecorder
    keeping: KeptCall
    found: FoundConversation | None
    recording: LiveRecording | None
    ends_with_call: bool

    async def begin(self) -> None:
        """Raises `Refusal` where the session is over, or the store cannot be reached."""
        try:
            begun = await self.sessions.begin(self.session)
            if self.found is not None:
                await asyncio.to_thread(self.keeping.go_on)
                await self._end_former(self.found)
            if self.recording is not None:
                await self.recording.begin(begun)
        except OSError as error:
            _log.error("%s cannot go on: %s", self.session.session_id, error)
            raise refusal(problem_of(error)) from error
        except (ServiceError, StoreError) as error:
            raise refusal(problem_of(error)) from error

    async def end(self, reason: str | None) -> None:
        """`reason` None: the client left, and may come back."""
        await self.recorder.flush()
        if self.recording is not None:
            await self.recording.end()
        if reason == REPLACED:
            return
        try:
            if reason is not None or self.ends_with_call:
                await self.sessions.end(self.session, reason or "hung_up")
            else:
                await self.sessions.touch(self.session)
        except StoreError as error:
            _log.error("the end of %s is not kept; it will be ended as idle: %s", self.session.session_id, error)

    async def _end_former(self, found: FoundConversation) -> None:
        """The session that held the conversation before may not know yet that its connection broke."""
        caller = Caller(self.session.organisation_id, ("realtime",))
        for session_id in found.kept.sessions:
            if session_id != self.session.session_id:
                await self.sessions.end(await self.sessions.get(caller, session_id), "resumed")


def refusal(problem: Problem) -> Refusal:
    """The answer instead of a call."""
    return Refusal(problem.status, problem.body, problem.headers)
