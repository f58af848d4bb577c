"""Sessions: opened, begun, ended, found and read back; the one place that moves their status.

Whatever the dialect, a session belongs to an organisation, usually to an agent, and always to a thread, which goes on
in the next session that names it. Live calls are reached through the directory of this process.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from vivavoce.agents import checks
from vivavoce.agents.checks import check_metadata
from vivavoce.agents.definition import GREETING_LENGTH_MAXIMUM
from vivavoce.agents.identifiers import Kind, parse
from vivavoce.agents.lifecycle import SessionStatus
from vivavoce.services.announcing import Announcer
from vivavoce.services.callers import Caller
from vivavoce.services.errors import ConflictError, LimitReachedError
from vivavoce.services.session_tokens import SessionTokens
from vivavoce.sessions.directory import SessionDirectory
from vivavoce.store.errors import TooManySessionsError, UnknownRecordError
from vivavoce.store.message_rows import CLIENT_ID_LENGTH_MAXIMUM
from vivavoce.store.records import (
    AgentRecord,
    MessageRecord,
    NewMessage,
    Organisation,
    Page,
    PageRequest,
    SessionDetails,
    SessionRecord,
    ThreadRecord,
    TurnRecord,
)
from vivavoce.store.sessions import NewSession, SessionFilter
from vivavoce.store.store import Store
from vivavoce.store.threads import NewThread

TITLE_LENGTH_MAXIMUM = 255
MESSAGE_LENGTH_MAXIMUM = 100_000


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session may last, and be left alone, and how many an organisation may have open at once."""

    lifetime_seconds: float = 3_600.0
    idle_seconds: float = 600.0
    open_maximum: int = 100


@dataclass(frozen=True, slots=True)
class SessionWish:
    """What a client asks for. Ids in any of their renderings. `agent` None: a call without one.

    `active`: it begins at once, as written sessions do; others begin when somebody connects. `lifetime_seconds` None:
    what the server's limits say.
    """

    dialect: str
    agent: str | None
    channel: str = "web"
    kind: str = "agent_voice"
    provider: str = "xai"
    thread: str | None = None
    environment: str | None = None
    title: str | None = None
    initial_message: str | None = None
    from_number: str | None = None
    to_number: str | None = None
    platform: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    active: bool = False
    lifetime_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session, whose it is, and the token that opens its call and nothing else."""

    session: SessionRecord
    agent: AgentRecord | None
    thread: ThreadRecord
    token: str = field(repr=False)


class SessionService:
    """Stateless but for the rooms it joins. `agent_of` finds an agent or raises `UnknownRecordError`."""

    def __init__(
        self,
        store: Store,
        directory: SessionDirectory,
        tokens: SessionTokens,
        announcer: Announcer,
        limits: SessionLimits,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._directory = directory
        self._tokens = tokens
        self._announcer = announcer
        self._limits = limits
        self._now = now

    async def open(
        self, caller: Caller, wish: SessionWish, agent_of: Callable[[Caller, str], Awaitable[AgentRecord]]
    ) -> OpenedSession:
        """A new session. Raises `UnknownRecordError`, `InvalidFieldError`, `ConflictError`, `LimitReachedError`."""
        _check(wish)
        agent = None if wish.agent is None else await agent_of(caller, wish.agent)
        if agent is not None and agent.status == "paused":
            raise ConflictError("agent_paused", f"The agent {agent.definition.name!r} is paused; activate it first.")
        environment_id = await _environment_id(self._store, caller, wish.environment)
        organisation = await self._check_place(caller)
        thread = await self._thread(caller, wish, agent, environment_id)
        details = SessionDetails(
            title=wish.title,
            environment_id=environment_id,
            kind=wish.kind,
            provider=wish.provider,
            initial_message=wish.initial_message,
            from_number=wish.from_number,
            to_number=wish.to_number,
            agent_version=None if agent is None else agent.version,
            platform=wish.platform,
            metadata=wish.metadata,
        )
        new = NewSession(
            organisation_id=caller.organisation_id,
            agent_id=None if agent is None else agent.agent_id,
            thread_id=thread.thread_id,
            dialect=wish.dialect,
            channel=wish.channel,
            expires_at=self._now() + timedelta(seconds=wish.lifetime_seconds or self._limits.lifetime_seconds),
            details=details,
            active=wish.active,
        )
        session = await self._added(organisation, new, None if wish.thread is not None else thread)
        if wish.active:
            await self._announce("session.started", session)
        return OpenedSession(session, agent, thread, self.token_for(session))

    async def get(self, caller: Caller, session: str) -> SessionRecord:
        """The session with this id in any rendering. Raises `UnknownRecordError`."""
        identifier = parse(Kind.SESSION, session)
        found = None if identifier is None else await self._store.sessions.get(caller.organisation_id, identifier)
        if found is None:
            raise UnknownRecordError("session", session)
        return as_of(found, self._now())

    async def list(
        self, caller: Caller, request: PageRequest, wanted: SessionFilter | None = None
    ) -> Page[SessionRecord]:
        page = await self._store.sessions.list(caller.organisation_id, request, wanted)
        return replace(page, items=[as_of(each, self._now()) for each in page.items])

    async def begin(self, session: SessionRecord) -> SessionRecord:
        """Somebody has connected. Raises `ConflictError` when the session is over."""
        if (now := as_of(session, self._now())).status.is_over:
            raise over(now)
        begun, newly = await self._store.sessions.begin(session.session_id)
        if begun.status.is_over:
            raise over(begun)
        if newly:
            await self._announce("session.started", begun)
        return begun

    async def end(self, session: SessionRecord, reason: str) -> SessionRecord:
        """End a session and the call on it; one that is over stays as it is."""
        reason = as_of(session, self._now()).end_reason or reason
        ended, newly = await self._store.sessions.end(session.session_id, reason)
        if (live := self._directory.get(session.session_id)) is not None:
            live.close_call(reason)
        if newly:
            await self._announce("session.ended", ended)
        return ended

    async def touch(self, session: SessionRecord) -> None:
        """The session is in use just now."""
        await self._store.sessions.touch([session.session_id])

    def token_for(self, session: SessionRecord) -> str:
        """A token that opens this session's call and nothing else, until the session expires."""
        return self._tokens.mint(session.session_id, session.organisation_id, session.expires_at)

    def open_maximum(self, organisation: Organisation | None) -> int:
        """How many sessions an organisation may have open at once."""
        own = None if organisation is None else organisation.concurrent_sessions_maximum
        return self._limits.open_maximum if own is None else own

    async def end_all_of(self, agent: AgentRecord) -> None:
        """The agent was deleted: its sessions end."""
        for session in await self._store.sessions.open_of_agent(agent.organisation_id, agent.agent_id):
            await self.end(session, "agent_deleted")

    async def sweep(self) -> None:
        """End what is past its time or was left alone too long; live calls are not alone."""
        await self._store.sessions.touch(list(self._directory.session_ids()))
        idle_since = self._now() - timedelta(seconds=self._limits.idle_seconds)
        while due := await self._store.sessions.due(idle_since):
            for session in due:
                await self.end(session, "expired" if session.expires_at <= self._now() else "idle")

    # --- what was said ----------------------------------------------------------------------------------------------

    async def thread_of(self, session: SessionRecord) -> ThreadRecord:
        """Raises `UnknownRecordError` when the thread was deleted."""
        found = await self._store.threads.get(session.organisation_id, session.thread_id)
        if found is None:
            raise UnknownRecordError("thread", session.thread_id)
        return found

    async def messages(self, session: SessionRecord, request: PageRequest) -> Page[MessageRecord]:
        """What was said in the session."""
        return await self._store.threads.messages(
            session.organisation_id, request, thread_id=session.thread_id, session_id=session.session_id
        )

    async def turns(self, session: SessionRecord, request: PageRequest) -> Page[TurnRecord]:
        """How the session's turns came to be answered."""
        return await self._store.turns.list(session.organisation_id, session.session_id, request)

    async def append(self, session: SessionRecord, message: NewMessage) -> tuple[MessageRecord, bool]:
        """Keep a message that the client brought; and whether it is new.

        Raises `InvalidFieldError`, `ConflictError` when the session is over.
        """
        checks.text("content", message.content, MESSAGE_LENGTH_MAXIMUM)
        checks.optional_text("client_id", message.client_id or "", CLIENT_ID_LENGTH_MAXIMUM)
        if (now := as_of(session, self._now())).status.is_over:
            raise over(now)
        kept, newly = await self._store.threads.append(
            await self.thread_of(session), replace(message, session_id=session.session_id)
        )
        await self._store.sessions.touch([session.session_id])
        if newly:
            await self.announce_message(kept)
        return kept, newly

    async def announce_message(self, message: MessageRecord) -> None:
        said = message.message
        data = {
            "message_id": message.message_id,
            "thread_id": message.thread_id,
            "session_id": said.session_id,
            "role": said.role,
            "content": said.content,
            "interrupted": said.interrupted,
            "created_at": message.created_at.isoformat(),
        }
        await self._announcer.announce(message.organisation_id, "message.added", data)

    # --- within -----------------------------------------------------------------------------------------------------

    async def _check_place(self, caller: Caller) -> Organisation | None:
        """The caller's organisation, if it may have one more session. Who is refused here leaves nothing behind."""
        organisation = await self._store.organisations.get(caller.organisation_id)
        maximum = self.open_maximum(organisation)
        if await self._store.sessions.open_count(caller.organisation_id) >= maximum:
            raise _no_place(maximum)
        return organisation

    async def _added(
        self, organisation: Organisation | None, new: NewSession, own_thread: ThreadRecord | None
    ) -> SessionRecord:
        try:
            return await self._store.sessions.add(new, self.open_maximum(organisation))
        except TooManySessionsError as error:
            if own_thread is not None:  # somebody else took the last place just now
                await self._store.threads.delete(new.organisation_id, own_thread.thread_id)
            raise _no_place(error.maximum) from error

    async def _thread(
        self, caller: Caller, wish: SessionWish, agent: AgentRecord | None, environment_id: str | None
    ) -> ThreadRecord:
        if wish.thread is None:
            agent_id = None if agent is None else agent.agent_id
            new = NewThread(caller.organisation_id, agent_id, environment_id, wish.title)
            return await self._store.threads.add(new)
        identifier = parse(Kind.THREAD, wish.thread)
        found = None if identifier is None else await self._store.threads.get(caller.organisation_id, identifier)
        if found is None:
            raise UnknownRecordError("thread", wish.thread)
        return found

    async def _announce(self, event_type: str, session: SessionRecord) -> None:
        data = {
            "session_id": session.session_id,
            "agent_id": session.agent_id,
            "thread_id": session.thread_id,
            "channel": session.channel,
            "status": session.status.value,
            "started_at": _iso(session.started_at),
            "ended_at": _iso(session.ended_at),
            "duration_seconds": session.duration_seconds,
            "end_reason": session.end_reason,
            "metadata": dict(session.details.metadata),
        }
        await self._announcer.announce(session.organisation_id, event_type, data)


def as_of(session: SessionRecord, now: datetime) -> SessionRecord:
    """A session whose time is up is over, even before the sweep has come by."""
    if session.status.is_over or session.expires_at > now:
        return session
    return replace(session, status=SessionStatus.EXPIRED, ended_at=session.expires_at, end_reason="expired")


def over(session: SessionRecord) -> ConflictError:
    """What somebody is told who uses a session that has ended."""
    return ConflictError("session_over", f"The session is over ({session.status}); open a new one.")


async def _environment_id(store: Store, caller: Caller, environment: str | None) -> str | None:
    if environment is None:
        return None
    identifier = parse(Kind.ENVIRONMENT, environment)
    found = None if identifier is None else await store.environments.get(caller.organisation_id, identifier)
    if found is None:
        raise UnknownRecordError("environment", environment)
    return found.resource_id


def _no_place(maximum: int) -> LimitReachedError:
    message = f"Your organisation has {maximum} open sessions, which is its limit; end one first."
    return LimitReachedError("concurrency_limit_reached", message)


def _check(wish: SessionWish) -> None:
    check_metadata(wish.metadata)
    if wish.title is not None:
        checks.optional_text("title", wish.title, TITLE_LENGTH_MAXIMUM)
    if wish.initial_message is not None:
        checks.text("initial_message", wish.initial_message, GREETING_LENGTH_MAXIMUM)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
