"""What calls leave in the store, and what decides who may call: over a real socket, with scripted engines."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.serving import KEY, Served, scripted_settings, serving
from vivavoce.agents.definition import AgentDefinition
from vivavoce.config import PlatformSettings
from vivavoce.services.callers import Caller
from vivavoce.services.platform import Platform
from vivavoce.services.sessions import OpenedSession, SessionLimits, SessionWish
from vivavoce.sessions.directory import NoPlaceError
from vivavoce.store.records import FIRST_ORGANISATION as OURS
from vivavoce.store.records import MessageRecord, NewMessage, OrganisationId, PageRequest, SessionRecord

US = Caller(OURS)
TEXT_ONLY = {"output_modalities": ["text"]}
ONE_SECOND = 48_000
"""Bytes of a call's sound."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as one:
        yield one


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that holds one call, and whose organisations may have two sessions open."""
    limited = PlatformSettings(limits=SessionLimits(open_maximum=2))
    with serving(scripted_settings(tmp_path_factory.mktemp("full"), platform=limited, maximum_sessions=1)) as one:
        yield one


def _platform(served: Served) -> Platform:
    running = served.server._platform
    assert running is not None
    return running.platform


def _agent(served: Served, **changes: Any) -> str:
    """A new agent that greets nobody, unless it is told to."""

    async def add() -> str:
        definition = AgentDefinition(**{"name": "Ada", "instructions": "Be brief."} | changes)
        return (await _platform(served).store.agents.add(OURS, definition)).agent_id

    return served.inside(add)


def _opened(served: Served, agent: str | None, **wish: Any) -> OpenedSession:
    return served.inside(lambda: _platform(served).open_session(US, SessionWish("nuri", agent, **wish)))


def _session(served: Served, session_id: str) -> SessionRecord:
    return served.inside(lambda: _platform(served).sessions.get(US, session_id))


def _messages(served: Served, session_id: str) -> list[tuple[str, str, bool]]:
    return [(each.role, each.content, each.interrupted) for each in _said(served, session_id)]


def _said(served: Served, session_id: str) -> list[NewMessage]:
    async def read() -> list[MessageRecord]:
        platform = _platform(served)
        session = await platform.sessions.get(US, session_id)
        return list((await platform.sessions.messages(session, PageRequest(newest_first=False))).items)

    return [record.message for record in served.inside(read)]


def _open_count(served: Served) -> int:
    return served.inside(lambda: _platform(served).store.sessions.open_count(OURS))


@asynccontextmanager
async def _calling(
    served: Served, path: str = "/v1/realtime", key: str | None = KEY, **options: Any
) -> AsyncGenerator[ClientConnection]:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    url = f"ws://127.0.0.1:{served.port}{path}"
    async with connect(url, additional_headers=headers, max_size=None, proxy=None, **options) as socket:
        yield socket


async def _refused(served: Served, path: str, key: str | None = KEY, **options: Any) -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as refused:
        async with _calling(served, path, key, **options):
            pass
    response = refused.value.response
    return response.status_code, json.loads(response.body)["error"]["code"]


async def _until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        async with asyncio.timeout(30):
            event: dict[str, Any] = json.loads(await socket.recv())
        if event["type"] == kind:
            return event
        assert event["type"] != "error", event


async def _send(socket: ClientConnection, kind: str, **fields: Any) -> None:
    await socket.send(json.dumps({"type": kind, **fields}))


async def _ask(socket: ClientConnection, words: str) -> str:
    """Type something; what the agent writes back."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": words}]}
    await _send(socket, "conversation.item.create", item=item)
    await _send(socket, "response.create", response=TEXT_ONLY)
    done = await _until(socket, "response.done")
    return str(done["response"]["output"][0]["content"][0]["text"])


async def _speak(socket: ClientConnection) -> None:
    noise = np.random.default_rng(3).integers(-9000, 9000, 24_000, dtype=np.int16).tobytes()
    for chunk in (noise, *(bytes(4_800) for _ in range(12))):
        await _send(socket, "input_audio_buffer.append", audio=base64.b64encode(chunk).decode())


async def _alone(served: Served) -> None:
    """Until the server holds no call any more: a call that is not held has told its end."""
    async with asyncio.timeout(30):
        await asyncio.to_thread(served.inside, served.server.directory._empty.wait)


async def _over(served: Served, session_id: str) -> SessionRecord:
    """The session, when it has ended."""
    await _alone(served)
    return await asyncio.to_thread(_session, served, session_id)


async def test_a_call_leaves_a_session_that_ended_and_what_was_said_in_order(served: Served) -> None:
    agent = await asyncio.to_thread(_agent, served, greeting="Hello there.")
    async with _calling(served, f"/v1/realtime?agent_id={agent}") as socket:
        session_id = (await _until(socket, "session.created"))["session"]["id"]
        await _until(socket, "response.done")
        assert (await asyncio.to_thread(_session, served, session_id)).status == "active"
        answer = await _ask(socket, "What time is it?")
    session = await _over(served, session_id)
    assert (session.status, session.end_reason, session.agent_id) == ("completed", "hung_up", agent)
    assert session.started_at is not None
    said = await asyncio.to_thread(_messages, served, session_id)
    assert [role for role, _, _ in said] == ["assistant", "user", "assistant"]
    assert said[1:] == [("user", "What time is it?", False), ("assistant", answer, False)]
    assert "Hello there." in said[0][1] or said[0][2]


async def test_a_call_leaves_how_fast_each_of_its_turns_was_answered(served: Served) -> None:
    agent = await asyncio.to_thread(_agent, served)
    async with _calling(served, f"/v1/realtime?agent_id={agent}") as socket:
        session = (await _until(socket, "session.created"))["session"]
        await _send(socket, "session.update", session={"vivavoce": {"timings": True}})
        await _speak(socket)
        sent = await _until(socket, "response.output_audio.delta")
        await _send(socket, "vivavoce.output_audio.played", response_id=sent["response_id"], played_ms=10)
        told = await _until(socket, "vivavoce.turn.timings")
        while not told["complete"]:
            told = await _until(socket, "vivavoce.turn.timings")
        await _until(socket, "response.done")
        await _ask(socket, "What is typed is no turn.")
    await _over(served, session["id"])
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=served.url, headers=headers, trust_env=False) as http:
        kept = (await http.get(f"/v1/sessions/{session['id']}/turns")).json()["data"]
        summary = (await http.get(f"/v1/sessions/{session['id']}/turns/summary")).json()
    assert [turn["response_id"] for turn in kept] == [told["response_id"]]
    assert kept[0]["stages"] | {"speech_end": 0} == told["stages"]
    assert kept[0]["stages"]["first_played"] is not None
    assert summary["stages"]["first_audio"]["p50_ms"] == told["stages"]["first_audio"]


async def test_a_greeting_that_may_not_be_interrupted_is_heard_to_its_end(served: Served) -> None:
    words = "This call is recorded, for your safety and for ours."
    agent = await asyncio.to_thread(_agent, served, greeting=words, welcome_allow_interruptions=False)
    async with _calling(served, f"/v1/realtime?agent_id={agent}") as socket:
        session_id = (await _until(socket, "session.created"))["session"]["id"]
        await _until(socket, "response.output_audio.delta")
        await _speak(socket)
        await _until(socket, "input_audio_buffer.speech_started")
        assert (await _until(socket, "response.done"))["response"]["status"] == "completed"
    await _over(served, session_id)
    assert ("assistant", words, False) in await asyncio.to_thread(_messages, served, session_id)


async def test_a_reply_that_is_broken_off_is_kept_as_interrupted_with_what_was_heard(served: Served) -> None:
    agent = await asyncio.to_thread(_agent, served, greeting="One two three four. " * 100)
    async with _calling(served, f"/v1/realtime?agent_id={agent}") as socket:
        session_id = (await _until(socket, "session.created"))["session"]["id"]
        sent = 0
        while sent < ONE_SECOND:
            sent += len(base64.b64decode((await _until(socket, "response.output_audio.delta"))["delta"]))
        await _speak(socket)
        done = (await _until(socket, "response.done"))["response"]
        assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "turn_detected")
        await _until(socket, "response.done")
    await _over(served, session_id)
    said = await asyncio.to_thread(_said, served, session_id)
    assert {each.role for each in said} == {"user", "assistant"}
    assert all(each.interrupted for each in said if "three" in each.content)
    assert max(len(each.content) for each in said) < 2_000
    greeted = next(each for each in said if each.role == "assistant")
    assert greeted.interrupted
    assert greeted.generated_text == ("One two three four. " * 100).strip()
    assert greeted.generated_text.startswith(greeted.content)


# --- tokens ---------------------------------------------------------------------------------------------------------


async def test_a_token_opens_its_session_by_every_road_and_no_other(served: Served) -> None:
    opened = await asyncio.to_thread(_opened, served, "default")
    other = await asyncio.to_thread(_opened, served, "default")
    own = f"/v1/sessions/{opened.session.session_id}/stream"
    roads: list[tuple[str, str | None, dict[str, Any]]] = [
        (f"{own}?format=json", opened.token, {}),
        (f"{own}?format=json&token={opened.token}", None, {}),
        ("/v1/realtime", opened.token, {}),
        ("/v1/realtime", None, {"subprotocols": [Subprotocol(f"xai-client-secret.{opened.token}")]}),
    ]
    for path, key, options in roads:
        async with _calling(served, path, key, **options) as socket:
            created = await _until(socket, "session.created")
            assert created["session"]["id"] == opened.session.session_id
        await _alone(served)
    assert await _refused(served, f"/v1/sessions/{other.session.session_id}/stream", opened.token) == (
        401,
        "invalid_api_key",
    )
    assert await _refused(served, "/v1/sessions/nobody/stream", opened.token) == (401, "invalid_api_key")
    assert (await asyncio.to_thread(_session, served, other.session.session_id)).status == "initializing"


@pytest.mark.parametrize(
    ("session_id", "organisation_id", "expires_in", "expected"),
    [
        pytest.param("own", OURS, -1, (401, "invalid_api_key"), id="one whose time is up"),
        pytest.param("sess_x", OURS, 60, (404, "session_not_found"), id="one of a session that is not there"),
        pytest.param("own", OrganisationId("org_x"), 60, (404, "session_not_found"), id="one of another organisation"),
    ],
)
async def test_a_token_that_opens_nothing_is_refused(
    served: Served, session_id: str, organisation_id: OrganisationId, expires_in: int, expected: tuple[int, str]
) -> None:
    opened = await asyncio.to_thread(_opened, served, None)
    tokens = _platform(served).sessions._tokens
    named = opened.session.session_id if session_id == "own" else session_id
    token = tokens.mint(named, organisation_id, datetime.now(UTC) + timedelta(seconds=expires_in))
    assert await _refused(served, "/v1/realtime", token) == expected


async def test_a_token_that_was_changed_on_the_way_is_refused(served: Served) -> None:
    opened = await asyncio.to_thread(_opened, served, None)
    head, claims, seal = opened.token.split(".")
    changed = f"{head}.{claims}.{'A' if seal[0] != 'A' else 'B'}{seal[1:]}"
    assert await _refused(served, "/v1/realtime", changed) == (401, "invalid_api_key")


async def test_a_session_that_is_over_cannot_be_called(served: Served) -> None:
    opened = await asyncio.to_thread(_opened, served, None)
    served.inside(lambda: _platform(served).sessions.end(opened.session, "cancelled"))
    assert await _refused(served, "/v1/realtime", opened.token) == (409, "session_over")


async def test_a_key_without_the_scope_for_calls_is_refused(served: Served) -> None:
    async def make() -> str:
        return (await _platform(served).store.keys.create("reader", scopes=["read"])).secret

    assert await _refused(served, "/v1/realtime", served.inside(make)) == (403, "insufficient_scope")


# --- coming back ----------------------------------------------------------------------------------------------------


async def test_who_comes_back_goes_on_where_the_call_was_and_is_not_greeted_again(served: Served) -> None:
    agent = await asyncio.to_thread(_agent, served, greeting="Hello there.")
    opened = await asyncio.to_thread(_opened, served, agent)
    session_id = opened.session.session_id
    async with _calling(served, key=opened.token) as socket:
        await _until(socket, "response.done")
        await _ask(socket, "My name is Ada.")
    await _alone(served)
    assert (await asyncio.to_thread(_session, served, session_id)).status == "active"
    async with _calling(served, key=opened.token) as socket:
        await _ask(socket, "And again?")
    await _alone(served)
    said = await asyncio.to_thread(_messages, served, session_id)
    assert [role for role, _, _ in said] == ["assistant", "user", "assistant", "user", "assistant"]
    model: Any = served.server.engines
    asked = [message.text for message in model.language_model.requests[-1].messages]
    assert "My name is Ada." in asked
    assert asked[-1] == "And again?"


async def test_a_thread_goes_on_in_another_session(served: Served) -> None:
    agent = await asyncio.to_thread(_agent, served)
    first = await asyncio.to_thread(_opened, served, agent)
    async with _calling(served, key=first.token) as socket:
        await _ask(socket, "The word is heron.")
    await _alone(served)
    second = await asyncio.to_thread(_opened, served, agent, thread=first.thread.thread_id)
    async with _calling(served, key=second.token) as socket:
        await _ask(socket, "Which word?")
    await _alone(served)
    model: Any = served.server.engines
    assert "The word is heron." in [message.text for message in model.language_model.requests[-1].messages]
    said = await asyncio.to_thread(_messages, served, second.session.session_id)
    assert said[0] == ("user", "Which word?", False)
    assert len(await asyncio.to_thread(_messages, served, first.session.session_id)) == 2


# --- how calls end --------------------------------------------------------------------------------------------------


async def test_a_deleted_agents_call_ends_and_is_told_why(served: Served) -> None:
    agent = await asyncio.to_thread(_agent, served)
    opened = await asyncio.to_thread(_opened, served, agent)
    async with _calling(served, key=opened.token) as socket:
        await _until(socket, "session.created")
        await asyncio.to_thread(served.inside, lambda: _platform(served).agents.delete(US, agent))
        assert (await _until(socket, "session.ended"))["reason"] == "agent_deleted"
        with pytest.raises(ConnectionClosed):
            await _until(socket, "never")
    session = await _over(served, opened.session.session_id)
    assert (session.status, session.end_reason) == ("cancelled", "agent_deleted")
    assert await _refused(served, "/v1/realtime", opened.token) == (409, "session_over")


async def test_the_last_turn_of_an_agent_ends_the_call_and_the_session(served: Served) -> None:
    agent = await asyncio.to_thread(_agent, served, max_turns=2)
    opened = await asyncio.to_thread(_opened, served, agent)
    async with _calling(served, key=opened.token) as socket:
        await _ask(socket, "One.")
    await _alone(served)
    async with _calling(served, key=opened.token) as socket:
        await _ask(socket, "Two.")
        assert (await _until(socket, "session.ended"))["reason"] == "max_turns"
    session = await _over(served, opened.session.session_id)
    assert (session.status, session.end_reason) == ("completed", "max_turns")


async def test_too_many_sessions_are_refused_before_the_upgrade_and_leave_no_session(full: Served) -> None:
    held = [await asyncio.to_thread(_opened, full, None) for _ in range(2)]
    assert await _refused(full, "/v1/realtime") == (429, "concurrency_limit_reached")
    async with _calling(full, key=held[0].token) as socket:
        await _until(socket, "session.created")
        assert await _refused(full, "/v1/realtime", held[1].token) == (429, "at_capacity")
    for each in held:
        full.inside(lambda each=each: _platform(full).sessions.end(each.session, "cancelled"))  # type: ignore[misc]


async def test_a_busy_server_refuses_sessions_but_not_the_one_that_comes_back_to_its_call(served: Served) -> None:
    held, other = [await asyncio.to_thread(_opened, served, None) for _ in range(2)]
    check = served.server.directory.check_place

    def refuse() -> None:
        raise NoPlaceError("busy", retry_after_seconds=7)

    async with _calling(served, key=held.token) as socket:
        await _until(socket, "session.created")
        served.server.directory.check_place = refuse  # type: ignore[method-assign]
        try:
            assert await _refused(served, "/v1/realtime", other.token) == (429, "at_capacity")
            assert await _refused(served, "/v1/realtime") == (429, "at_capacity")
            async with _calling(served, key=held.token) as again:
                await _until(again, "session.created")
        finally:
            served.server.directory.check_place = check  # type: ignore[method-assign]
    for each in (held, other):
        served.inside(lambda each=each: _platform(served).sessions.end(each.session, "cancelled"))  # type: ignore[misc]


async def test_a_server_that_is_full_leaves_no_session_behind(full: Served) -> None:
    before = await asyncio.to_thread(_open_count, full)
    async with _calling(full) as socket:
        session_id = (await _until(socket, "session.created"))["session"]["id"]
        for _ in range(3):
            assert await _refused(full, "/v1/realtime") == (429, "at_capacity")
        assert await asyncio.to_thread(_open_count, full) == before + 1
    await _over(full, session_id)
    assert await asyncio.to_thread(_open_count, full) == before
