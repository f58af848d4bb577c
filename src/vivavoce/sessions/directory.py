"""The calls that are alive in this process. Owned by the composition root; lives as long as the process.

A call takes a place before it begins and leaves it when it has ended. While draining, nobody new is let in.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import NoReturn

from vivavoce.sessions.session import Session
from vivavoce.telemetry.load import RETRY_AFTER_SECONDS, LoadGauge

RETRY_SHUTTING_DOWN_SECONDS = 5


class NoPlaceError(Exception):
    """One call more cannot be held: the process holds as many as it may, would serve it badly, or is shutting down."""

    def __init__(self, message: str, *, retry_after_seconds: int, shutting_down: bool = False) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.shutting_down = shutting_down


class SessionDirectory:
    """Live calls by session id. `load`: what tells when the process is too busy for another."""

    def __init__(self, maximum_sessions: int, load: LoadGauge | None = None) -> None:
        self._maximum_sessions = maximum_sessions
        self._load = load
        self._sessions: dict[str, Session] = {}
        self._left: dict[str, asyncio.Event] = {}
        self._draining = False
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def maximum(self) -> int:
        """How many calls may be held at once."""
        return self._maximum_sessions

    def __iter__(self) -> Iterator[Session]:
        """The calls that are alive now; a call that ends meanwhile does not disturb."""
        return iter(list(self._sessions.values()))

    def session_ids(self) -> tuple[str, ...]:
        """The calls that are alive now, by id."""
        return tuple(self._sessions)

    def get(self, session_id: str) -> Session | None:
        """The live call of this id, if it lives in this process."""
        return self._sessions.get(session_id)

    async def gone(self, session_id: str) -> None:
        """Wait until no call of this id lives in this process."""
        while (left := self._left.get(session_id)) is not None:
            await left.wait()

    def check_place(self) -> None:
        """Raises `NoPlaceError` if a call that came now could not be held, or would be served badly.

        A server without calls always takes one: whoever comes then waits for nobody.
        """
        self.check_room()
        if self._sessions and self._load is not None and (overload := self._load.overload()) is not None:
            self._refuse(f"the server is too busy for another call: {overload}; try again in a moment")

    def check_room(self) -> None:
        """The same for a call that was let in just now: however busy the process has become, it may come."""
        if self._draining:
            message = "the server is shutting down; connect again in a moment"
            raise NoPlaceError(message, retry_after_seconds=RETRY_SHUTTING_DOWN_SECONDS, shutting_down=True)
        if len(self._sessions) >= self._maximum_sessions:
            self._refuse(f"the server holds {self._maximum_sessions} calls and takes no more; try again later")

    def _refuse(self, message: str) -> NoReturn:
        if self._load is not None:
            self._load.refused += 1
        raise NoPlaceError(message, retry_after_seconds=RETRY_AFTER_SECONDS)

    @asynccontextmanager
    async def holding(self, session: Session) -> AsyncIterator[None]:
        """Hold a place for a call. Raises `NoPlaceError` when there is none left."""
        self.check_room()
        self._sessions[session.session_id] = session
        left = self._left[session.session_id] = asyncio.Event()
        self._empty.clear()
        try:
            yield
        finally:
            del self._sessions[session.session_id]
            del self._left[session.session_id]
            left.set()
            if not self._sessions:
                self._empty.set()

    async def drain(self, patience_seconds: float) -> None:
        """Let nobody new in, give the calls time to end, then end them."""
        self._draining = True
        try:
            async with asyncio.timeout(patience_seconds):
                await self._empty.wait()
        except TimeoutError:
            for session in self:
                session.close_call("shutdown")
            await self._empty.wait()
