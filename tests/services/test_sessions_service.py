"""Sessions from opening to end: who may open one, how its status moves, what webhooks are told, and when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.definition import AgentDefinition, AgentUpdate
from vivavoce.agents.identifiers import as_uuid
from vivavoce.agents.lifecycle import SessionStatus
from vivavoce.agents.resources import Environment, PhoneNumber
from vivavoce.services.agents import AgentService, Assignment
from vivavoce.services.callers import Caller
from vivavoce.services.errors import ConflictError, LimitReachedError
from vivavoce.services.session_tokens import SessionTokens
from vivavoce.services.sessions import OpenedSession, SessionLimits, SessionService, SessionWish
from vivavoce.sessions.directory import SessionDirectory
from vivavoce.store.database import sqlite_url
from vivavoce.store.errors import UnknownRecordError
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import NewMessage, OrganisationId, PageRequest
from vivavoce.store.store import Store

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
US = Caller(OURS)
LIMITS = SessionLimits(lifetime_seconds=3_600, idle_seconds=600, open_maximum=3)


@dataclass
class Live:
    """A call that remembers why it was closed."""

    session_id: str
    closed: list[str] = field(default_factory=list)

    def close_call(self, reason: str) -> None:
        self.closed.append(reason)


@dataclass
class Directory:
    """The calls that a test says are alive."""

    calls: dict[str, Live] = field(default_factory=dict)

    def get(self, session_id: str) -> Live | None:
        return self.calls.get(session_id)

    def session_ids(self) -> tuple[str, ...]:
        return tuple(self.calls)


@dataclass
class Announced:
    """An announcer that remembers."""

    events: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    async def announce(self, organisation_id: OrganisationId, event_type: str, data: Mapping[str, Any]) -> None:
        assert organisation_id == OURS
        self.events.append((event_type, data))

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.events]


@dataclass
class Setting:
    """The services over a store of their own, with a clock that a test moves."""

    store: Store
    directory: Directory
    announced: Announced
    moment: datetime = NOON
    sessions: SessionService = field(init=False)
    agents: AgentService = field(init=False)

    def __post_init__(self) -> None:
        tokens = SessionTokens(b"k" * 32, self.now)
        directory = cast(SessionDirectory, self.directory)
        self.sessions = SessionService(self.store, directory, tokens, self.announced, LIMITS, self.now)
        self.agents = AgentService(self.store, self.announced, self.sessions.end_all_of)

    def now(self) -> datetime:
        return self.moment

    def later(self, **by: float) -> None:
        self.moment += timedelta(**by)

    async def open(self, agent: str | None = None, **wish: Any) -> OpenedSession:
        return await self.sessions.open(US, SessionWish("realtime", agent, **wish), self.agents.get)

    def live(self, opened: OpenedSession) -> Live:
        return self.directory.calls.setdefault(opened.session.session_id, Live(opened.session.session_id))

    async def status(self, opened: OpenedSession) -> SessionStatus:
        return (await self.sessions.get(US, opened.session.session_id)).status


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncGenerator[Setting]:
    box: list[Setting] = []
    async with await Store.open(sqlite_url(tmp_path), now=lambda: box[0].moment if box else NOON) as store:
        box.append(Setting(store, Directory(), Announced()))
        yield box[0]


async def test_a_session_is_opened_with_an_agent_in_any_rendering_and_a_thread_of_its_own(setting: Setting) -> None:
    agent = await setting.agents.create(US, AgentDefinition("Ada"))
    opened = await setting.open(as_uuid(agent.agent_id), title="T", metadata={"a": 1}, initial_message="Hi")
    assert opened.session.agent_id == agent.agent_id
    assert opened.session.details.agent_version == 1
    assert (opened.thread.agent_id, opened.thread.title) == (agent.agent_id, "T")
    assert opened.session.expires_at == NOON + timedelta(hours=1)
    assert await setting.sessions.get(US, as_uuid(opened.session.session_id)) == opened.session
    assert await setting.sessions.get(US, str(opened.session.seq)) == opened.session
    assert setting.announced.events == []
    assert opened.token not in repr(opened)


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        pytest.param({"agent": "agent_01aryz6s410000000000000000"}, UnknownRecordError, id="an unknown agent"),
        pytest.param({"agent": "nobody"}, UnknownRecordError, id="an agent that cannot be"),
        pytest.param({"thread": "thr_01aryz6s410000000000000000"}, UnknownRecordError, id="an unknown thread"),
        pytest.param({"thread": "\0"}, UnknownRecordError, id="a thread that cannot be"),
        pytest.param({"environment": "env_01aryz6s410000000000000000"}, UnknownRecordError, id="no environment"),
        pytest.param({"title": "t" * 256}, InvalidFieldError, id="a title too long"),
        pytest.param({"title": "\0"}, InvalidFieldError, id="a NUL in the title"),
        pytest.param({"initial_message": " "}, InvalidFieldError, id="an empty first message"),
        pytest.param({"metadata": {"a": "x" * 20_000}}, InvalidFieldError, id="too much metadata"),
    ],
)
async def test_what_cannot_be_is_refused_and_leaves_nothing(
    setting: Setting, wish: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await setting.open(**wish)
    assert (await setting.store.sessions.list(OURS, PageRequest())).items == []
    assert (await setting.store.threads.list(OURS, PageRequest())).items == []


async def test_a_paused_agent_takes_no_sessions(setting: Setting) -> None:
    agent = await setting.agents.create(US, AgentDefinition("Ada", paused=True))
    with pytest.raises(ConflictError, match="paused") as caught:
        await setting.open(agent.agent_id)
    assert caught.value.code == "agent_paused"
    await setting.agents.update(US, agent.agent_id, AgentUpdate.of({"paused": False}))
    assert (await setting.open(agent.agent_id)).session.status is SessionStatus.INITIALIZING


async def test_an_organisation_that_has_as_many_as_it_may_is_refused_and_no_thread_is_left(setting: Setting) -> None:
    first, *_ = [await setting.open() for _ in range(3)]
    with pytest.raises(LimitReachedError, match="3 open sessions") as caught:
        await setting.open()
    assert caught.value.code == "concurrency_limit_reached"
    assert len((await setting.store.threads.list(OURS, PageRequest())).items) == 3
    taken = await asyncio.gather(
        setting.sessions.end(first.session, "hung_up"), *(setting.open() for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(each, OpenedSession) for each in taken) <= 1
    assert await setting.store.sessions.open_count(OURS) <= 3
    threads = (await setting.store.threads.list(OURS, PageRequest())).items
    assert len(threads) == len((await setting.store.sessions.list(OURS, PageRequest())).items)


async def test_a_session_begins_and_ends_and_each_is_told_once(setting: Setting) -> None:
    opened = await setting.open(metadata={"order": 7})
    live = setting.live(opened)
    setting.later(seconds=5)
    await asyncio.gather(*(setting.sessions.begin(opened.session) for _ in range(3)))
    setting.later(seconds=60)
    ended = await asyncio.gather(*(setting.sessions.end(opened.session, "hung_up") for _ in range(3)))
    assert setting.announced.kinds() == ["session.started", "session.ended"]
    told = setting.announced.events[-1][1]
    assert (told["status"], told["duration_seconds"], told["metadata"]) == ("completed", 60.0, {"order": 7})
    assert live.closed[0] == "hung_up"
    assert {each.status for each in ended} == {SessionStatus.COMPLETED}
    with pytest.raises(ConflictError, match="completed"):
        await setting.sessions.begin(opened.session)


async def test_a_written_session_begins_at_once(setting: Setting) -> None:
    opened = await setting.open(active=True)
    assert (opened.session.status, opened.session.started_at) == (SessionStatus.ACTIVE, NOON)
    assert setting.announced.kinds() == ["session.started"]


async def test_a_session_whose_time_is_up_is_over_even_before_anybody_looks(setting: Setting) -> None:
    opened = await setting.open()
    await setting.sessions.begin(opened.session)
    setting.later(seconds=3_600)
    found = await setting.sessions.get(US, opened.session.session_id)
    assert (found.status, found.end_reason) == (SessionStatus.EXPIRED, "expired")
    assert found.ended_at == NOON + timedelta(hours=1)
    listed = await setting.sessions.list(US, PageRequest())
    assert [each.status for each in listed.items] == [SessionStatus.EXPIRED]
    with pytest.raises(ConflictError, match="expired"):
        await setting.sessions.begin(opened.session)
    with pytest.raises(ConflictError, match="expired"):
        await setting.sessions.append(opened.session, NewMessage("user", "x"))
    setting.later(seconds=60)
    ended = await setting.sessions.end(opened.session, "hung_up")
    assert (ended.status, ended.ended_at) == (SessionStatus.EXPIRED, NOON + timedelta(hours=1))


async def test_a_sweep_ends_what_expired_or_was_left_alone_and_no_live_call(setting: Setting) -> None:
    alone, live, used = [await setting.open() for _ in range(3)]
    setting.live(live)
    setting.later(seconds=599)
    await setting.sessions.sweep()
    assert await setting.status(alone) is SessionStatus.INITIALIZING
    await setting.sessions.touch(used.session)
    setting.later(seconds=1)
    await setting.sessions.sweep()
    assert [await setting.status(each) for each in (alone, live, used)] == [
        SessionStatus.EXPIRED,
        SessionStatus.INITIALIZING,
        SessionStatus.INITIALIZING,
    ]
    setting.later(seconds=3_000)
    await setting.sessions.sweep()
    await setting.sessions.sweep()
    assert await setting.status(live) is SessionStatus.EXPIRED
    assert setting.live(live).closed == ["expired"]
    reasons = [data["end_reason"] for _, data in setting.announced.events]
    assert sorted(reasons) == ["expired", "idle", "idle"] or sorted(reasons) == ["expired", "expired", "idle"]


async def test_a_sweep_ends_however_many_are_due(setting: Setting) -> None:
    many = SessionLimits(open_maximum=1_000)
    setting.sessions._limits = many
    for _ in range(230):
        await setting.open()
    setting.later(seconds=3_600)
    await setting.sessions.sweep()
    assert setting.announced.kinds().count("session.ended") == 230


async def test_a_deleted_agents_sessions_are_cancelled_and_its_calls_closed(setting: Setting) -> None:
    agent, other = [await setting.agents.create(US, AgentDefinition(name)) for name in ("Ada", "Bea")]
    opened, others = await setting.open(agent.agent_id), await setting.open(other.agent_id)
    live = setting.live(opened)
    await setting.agents.delete(US, agent.agent_id)
    assert await setting.status(opened) is SessionStatus.CANCELLED
    assert live.closed == ["agent_deleted"]
    assert await setting.status(others) is SessionStatus.INITIALIZING
    assert setting.announced.kinds() == ["session.ended", "agent.updated"]
    assert setting.announced.events[-1][1]["status"] == "deleted"


async def test_a_message_is_kept_and_told_once(setting: Setting) -> None:
    opened = await setting.open()
    for _ in range(2):
        kept, _ = await setting.sessions.append(opened.session, NewMessage("user", "Hello", client_id="c1"))
        assert kept.message.session_id == opened.session.session_id
    assert setting.announced.kinds() == ["message.added"]
    page = await setting.sessions.messages(opened.session, PageRequest())
    assert [each.message.content for each in page.items] == ["Hello"]
    for wrong in (NewMessage("user", " "), NewMessage("user", "\0"), NewMessage("user", "x", client_id="c" * 256)):
        with pytest.raises(InvalidFieldError):
            await setting.sessions.append(opened.session, wrong)
    ended = await setting.sessions.end(opened.session, "hung_up")
    with pytest.raises(ConflictError, match="completed"):
        await setting.sessions.append(ended, NewMessage("user", "too late"))


async def test_a_thread_goes_on_in_another_session_with_an_environment(setting: Setting) -> None:
    environment = await setting.store.environments.add(OURS, Environment("E"))
    first = await setting.open(environment=as_uuid(environment.resource_id))
    second = await setting.open(thread=as_uuid(first.thread.thread_id))
    assert first.session.details.environment_id == environment.resource_id
    assert second.thread == first.thread
    await setting.store.threads.delete(OURS, first.thread.thread_id)
    with pytest.raises(UnknownRecordError):
        await setting.sessions.thread_of(second.session)


async def test_another_organisations_sessions_agents_and_threads_are_not_there(setting: Setting) -> None:
    them = Caller((await setting.store.organisations.add("Others")).organisation_id)
    agent = await setting.agents.create(US, AgentDefinition("Ada"))
    opened = await setting.open(agent.agent_id)
    with pytest.raises(UnknownRecordError):
        await setting.sessions.get(them, opened.session.session_id)
    for wish in (
        SessionWish("realtime", agent.agent_id),
        SessionWish("realtime", None, thread=opened.thread.thread_id),
        SessionWish("realtime", "default"),
    ):
        with pytest.raises(UnknownRecordError):
            await setting.sessions.open(them, wish, setting.agents.get)


# --- agents ---------------------------------------------------------------------------------------------------------


async def test_an_agent_is_changed_told_and_brought_back(setting: Setting) -> None:
    agent = await setting.agents.create(US, AgentDefinition("Ada"))
    changed = await setting.agents.update(US, agent.agent_id, AgentUpdate.of({"name": "Bea"}))
    await setting.agents.update(US, agent.agent_id, AgentUpdate.of({"name": "Bea"}))
    restored = await setting.agents.restore(US, agent.agent_id, 1)
    assert (changed.version, restored.version, restored.definition) == (2, 3, AgentDefinition("Ada"))
    assert [each.version for each in await setting.agents.versions(restored, 10)] == [3, 2, 1]
    assert setting.announced.kinds() == ["agent.updated"] * 2
    with pytest.raises(UnknownRecordError, match="version"):
        await setting.agents.restore(US, agent.agent_id, 9)


async def test_an_update_that_cannot_be_changes_nothing(setting: Setting) -> None:
    agent = await setting.agents.create(US, AgentDefinition("Ada"))
    with pytest.raises(UnknownRecordError, match="phone number"):
        await setting.agents.update(US, agent.agent_id, AgentUpdate.of({"name": "Bea"}), Assignment("pn_x"))
    number = await setting.store.phone_numbers.add(OURS, PhoneNumber("+14155550123"))
    with pytest.raises(InvalidFieldError):
        await setting.agents.update(US, agent.agent_id, AgentUpdate.of({"speed": 9}), Assignment(number.resource_id))
    assert await setting.agents.get(US, agent.agent_id) == agent
    assert await setting.agents.phone_number_of(US, agent) is None
    assert setting.announced.events == []


async def test_a_phone_number_moves_from_agent_to_agent_and_is_free_when_its_agent_is_deleted(setting: Setting) -> None:
    one = await setting.store.phone_numbers.add(OURS, PhoneNumber("+14155550123"))
    two = await setting.store.phone_numbers.add(OURS, PhoneNumber("+14155550124"))
    ada = await setting.agents.create(US, AgentDefinition("Ada"), Assignment(as_uuid(one.resource_id)))
    bea = await setting.agents.create(US, AgentDefinition("Bea"), Assignment(two.resource_id))
    await setting.agents.update(US, bea.agent_id, AgentUpdate.of({}), Assignment(one.resource_id))
    assert await setting.agents.phone_number_of(US, ada) is None
    held = await setting.agents.phone_number_of(US, bea)
    assert held is not None
    assert held.body == replace(one.body, agent_id=bea.agent_id)
    await setting.agents.delete(US, bea.agent_id)
    assert (await setting.store.phone_numbers.list(OURS, PageRequest(), agent_id=None)).items[0].body == two.body
    assert len((await setting.store.phone_numbers.list(OURS, PageRequest(), agent_id=None)).items) == 2


async def test_a_search_that_no_name_can_have_is_refused(setting: Setting) -> None:
    with pytest.raises(InvalidFieldError):
        await setting.agents.list(US, PageRequest(), search="a\0b")
