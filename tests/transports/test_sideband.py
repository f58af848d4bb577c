"""Sidebands: who may join a live call, what they are told, what they may do, and that the call outlives them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import pytest
from openai import AsyncOpenAI
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.serving import KEY, Served, scripted_settings, serving
from tests.transports.endpoint_serving import (
    PLAN,
    Doorkeeper,
    EndpointServed,
    as_base64,
    calling,
    endpoint_serving,
    frame,
    kinds,
    send,
    speech,
    type_text,
    until,
)
from vivavoce.agents.identifiers import as_uuid, with_prefix
from vivavoce.conversation.events import SessionConfigured
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.settings import Settings
from vivavoce.dialects.realtime.client_events import SessionUpdate
from vivavoce.dialects.realtime.codec import RealtimeCodec
from vivavoce.media.formats import AudioFormat
from vivavoce.sessions.session import Session
from vivavoce.store.records import FIRST_ORGANISATION
from vivavoce.transports.admission import CallPlan
from vivavoce.transports.sideband import SIDEBANDS_MAXIMUM
from vivavoce.transports.steering import Steering

CALL = "/v1/realtime"
SIDEBAND = "/v1/realtime?call_id=sess_1"
TEXT_ONLY = {"output_modalities": ["text"]}
ITEM = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What time is it?"}]}
TOOL = {"type": "function", "name": "look_up", "description": "Looks it up.", "parameters": {"type": "object"}}


@asynccontextmanager
async def call_and_sideband(
    doorkeeper: Doorkeeper | None = None, query: str = ""
) -> AsyncGenerator[tuple[EndpointServed, ClientConnection, ClientConnection]]:
    """A call whose caller has been told of its beginning, and one sideband that nothing was read of."""
    async with endpoint_serving(doorkeeper or Doorkeeper()) as served, calling(served.url(CALL + query)) as caller:
        await until(caller, "conversation.created")
        async with calling(served.url(SIDEBAND)) as sideband:
            yield served, caller, sideband


async def closing(connection: ClientConnection) -> tuple[int, str]:
    """How the server closes, whatever it sends before."""
    with suppress(ConnectionClosed):
        while True:
            await frame(connection)
    return connection.close_code or 0, connection.close_reason or ""


async def refusal(url: str, key: str = "") -> tuple[int, dict[str, Any]]:
    """The status and the error of a connection that is not let in."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with pytest.raises(InvalidStatus) as refused:
        async with calling(url, additional_headers=headers):
            pass
    error: dict[str, Any] = json.loads(refused.value.response.body)["error"]
    return refused.value.response.status_code, error


# --- what a sideband is told ----------------------------------------------------------------------------------------


async def test_a_sideband_is_first_told_the_session_as_it_is_now() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url(CALL)) as caller:
        await send(caller, "session.update", session={"instructions": "Speak of boats."})
        updated = (await until(caller, "session.updated"))[-1]
        async with calling(served.url(SIDEBAND)) as sideband:
            created, conversation = await frame(sideband), await frame(sideband)
    assert isinstance(created, dict)
    assert isinstance(conversation, dict)
    assert isinstance(updated, dict)
    assert (created["type"], conversation["type"]) == ("session.created", "conversation.created")
    assert created["session"] == updated["session"]
    assert created["session"]["instructions"] == "Speak of boats."


async def test_a_sideband_is_told_every_frame_that_the_caller_is_told_sound_included() -> None:
    async with call_and_sideband() as (_, caller, sideband):
        await until(sideband, "conversation.created")
        await send(caller, "input_audio_buffer.append", audio=as_base64(speech()))
        told = await until(caller, "response.done")
        assert await until(sideband, "response.done") == told
    assert "response.output_audio.delta" in kinds(told)


async def test_a_sideband_of_a_call_in_the_beta_dialect_is_told_in_it() -> None:
    async with endpoint_serving(Doorkeeper()) as served:
        headers = {"OpenAI-Beta": "realtime=v1"}
        async with calling(served.url(CALL), additional_headers=headers) as caller:
            await until(caller, "session.created")
            async with calling(served.url(SIDEBAND)) as sideband:
                created = await frame(sideband)
    assert isinstance(created, dict)
    assert "modalities" in created["session"]


# --- what it may do -------------------------------------------------------------------------------------------------


async def test_both_are_told_the_answers_to_what_a_sideband_asks() -> None:
    async with call_and_sideband() as (_, caller, sideband):
        await until(sideband, "conversation.created")
        await send(sideband, "session.update", session={**TEXT_ONLY, "tools": [TOOL]})
        await type_text(sideband, "What time is it?")
        told = await until(sideband, "response.done")
        assert await until(caller, "response.done") == told
    assert kinds(told)[0] == "session.updated"
    assert "response.output_text.delta" in kinds(told)


async def test_the_caller_goes_on_from_the_session_as_a_sideband_has_changed_it() -> None:
    async with call_and_sideband() as (_, caller, sideband):
        await send(sideband, "session.update", session={"instructions": "Speak of boats."})
        await until(caller, "session.updated")
        await send(caller, "session.update", session=TEXT_ONLY)
        last = (await until(caller, "session.updated"))[-1]
    assert isinstance(last, dict)
    assert last["session"]["instructions"] == "Speak of boats."
    assert last["session"]["output_modalities"] == ["text"]


class _Behind:
    """A session whose ears are behind when the first update comes."""

    def __init__(self) -> None:
        self.caught_up = asyncio.Event()
        self.configured: list[Settings] = []
        self._waits = True

    async def set_up_audio(self, *_: AudioFormat) -> None:
        waits, self._waits = self._waits, False
        if waits:
            await self.caught_up.wait()

    async def receive(self, command: SessionConfigured) -> None:
        self.configured.append(command.settings)


async def test_updates_of_both_at_once_reach_the_call_in_the_order_in_which_the_session_took_them() -> None:
    codec = RealtimeCodec(
        session_id="sess_1", conversation_id="conv_1", model="m", settings=Settings(), resolve_voice=str
    )
    session = _Behind()
    steering = Steering(codec, cast("Session", session), CallPlan("s", "c", "m", Settings()))
    async with asyncio.TaskGroup() as tasks:
        for change in ({"instructions": "Speak of boats."}, {"max_output_tokens": 7}):
            tasks.create_task(steering.take(SessionUpdate(session=change)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        session.caught_up.set()
    last = session.configured[-1]
    assert (last.instructions, last.maximum_output_tokens) == ("Speak of boats.", 7)


async def test_a_sideband_gives_the_result_of_a_function_call() -> None:
    async with call_and_sideband() as (_, caller, sideband):
        await send(caller, "session.update", session=TEXT_ONLY)
        call = {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": "{}"}
        await send(caller, "conversation.item.create", item=call)
        await until(sideband, "conversation.item.done")
        result = {"type": "function_call_output", "call_id": "call_1", "output": "noon"}
        await send(sideband, "conversation.item.create", item=result)
        await until(caller, "conversation.item.done")
        added = (await until(caller, "conversation.item.done"))[-1]
    assert isinstance(added, dict)
    assert added["item"]["output"] == "noon"


async def test_an_order_of_a_sidebands_that_the_call_refuses_is_told_to_both() -> None:
    async with call_and_sideband() as (_, caller, sideband):
        await until(sideband, "conversation.created")
        await send(sideband, "response.cancel", event_id="mine")
        errors = [await frame(caller), await frame(sideband)]
    assert errors[0] == errors[1]
    assert isinstance(errors[0], dict)
    assert errors[0]["error"]["code"] == "response_cancel_not_active"
    assert errors[0]["error"]["event_id"] == "mine"


UNREADABLE = [
    pytest.param("{", "invalid_json", None, id="what is not JSON"),
    pytest.param('{"type": "session.update", "event_id": "e", "session": {"voice": "no"}}', None, "e", id="a voice"),
    pytest.param(b"\0\0", "unsupported_event", None, id="sound in a binary message"),
    pytest.param(
        '{"type": "input_audio_buffer.append", "event_id": "e", "audio": "AAAA"}', "unsupported_event", "e", id="sound"
    ),
]


@pytest.mark.parametrize(("message", "code", "event_id"), UNREADABLE)
async def test_what_cannot_be_taken_of_a_sideband_is_told_to_it_alone(
    message: str | bytes, code: str | None, event_id: str | None
) -> None:
    async with call_and_sideband() as (_, caller, sideband):
        await until(sideband, "conversation.created")
        await sideband.send(message)
        error = await frame(sideband)
        assert isinstance(error, dict)
        assert error["type"] == "error"
        assert error["error"]["event_id"] == event_id
        assert code is None or error["error"]["code"] == code
        await send(sideband, "conversation.item.create", item=ITEM)
        told = await until(caller, "conversation.item.done")  # fails at an error
    assert kinds(told) == ["conversation.item.added", "conversation.item.done"]


# --- how it ends ----------------------------------------------------------------------------------------------------


async def test_a_sideband_that_leaves_takes_nothing_with_it_and_frees_its_place() -> None:
    async with call_and_sideband() as (served, caller, sideband):
        await sideband.close()
        for _ in range(SIDEBANDS_MAXIMUM + 2):
            async with calling(served.url(SIDEBAND)) as another:
                await until(another, "conversation.created")
        await send(caller, "session.update", session=TEXT_ONLY)
        await type_text(caller, "What time is it?")
        await until(caller, "response.done")
        assert served.doorkeeper.ends == []
        assert len(served.directory) == 1


async def test_a_call_that_the_server_ends_closes_its_sidebands_with_the_reason() -> None:
    async with call_and_sideband() as (served, caller, sideband):
        session = served.directory.get("sess_1")
        assert session is not None
        session.close_call("expired")
        last = (await until(sideband, "session.ended"))[-1]
        assert isinstance(last, dict)
        assert last["reason"] == "expired"
        assert await closing(sideband) == (1000, "expired")
        assert await closing(caller) == (1000, "expired")


async def test_a_caller_who_hangs_up_ends_the_sidebands() -> None:
    async with call_and_sideband() as (_, caller, sideband):
        await caller.close()
        assert await closing(sideband) == (1000, "hung_up")


async def test_a_call_that_gets_another_connection_ends_the_sidebands_of_the_former() -> None:
    async with call_and_sideband() as (served, _, sideband), calling(served.url(CALL)) as successor:
        await until(successor, "conversation.created")
        assert await closing(sideband) == (1000, "replaced")


class _BreaksAtAnItem:
    """A recorder with a defect."""

    def note(self, notice: Notice) -> None:
        if type(notice).__name__ == "ItemDone":
            raise RuntimeError("the pencil broke")


async def test_a_call_that_breaks_under_a_sidebands_order_closes_both() -> None:
    async with call_and_sideband(Doorkeeper(replace(PLAN, recorder=_BreaksAtAnItem()))) as (_, caller, sideband):
        await send(sideband, "conversation.item.create", item=ITEM)
        assert await closing(sideband) == (1011, "the call broke")
        assert await closing(caller) == (1011, "the call broke")


async def test_a_sideband_that_reads_too_slowly_is_dropped_and_the_call_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vivavoce.transports.outlet.WAITING_BYTES_MAXIMUM", 128 * 1024)
    long = {**ITEM, "content": [{"type": "input_text", "text": "x" * 20_000}]}
    async with call_and_sideband() as (served, caller, sideband):
        sideband.transport.pause_reading()
        (present,) = served.endpoint._live["sess_1"].sidebands._present
        async with asyncio.timeout(60):
            while not present.queue.overflowed:
                await send(caller, "conversation.item.create", item=long)
                await until(caller, "conversation.item.done")
        sideband.transport.resume_reading()
        assert await closing(sideband) == (1013, "the client reads too slowly")
        await send(caller, "conversation.item.create", item=ITEM)
        await until(caller, "conversation.item.done")
        assert served.doorkeeper.ends == []


# --- who may join ---------------------------------------------------------------------------------------------------


async def test_no_more_sidebands_than_a_call_takes() -> None:
    async with call_and_sideband() as (served, _, first), AsyncExitStack() as others:
        await until(first, "conversation.created")
        for _ in range(SIDEBANDS_MAXIMUM - 1):
            await others.enter_async_context(calling(served.url(SIDEBAND)))
        status, error = await refusal(served.url(SIDEBAND))
    assert (status, error["type"], error["code"]) == (429, "rate_limit_error", "too_many_sidebands")


async def test_a_call_that_has_ended_cannot_be_joined() -> None:
    doorkeeper = Doorkeeper(replace(PLAN, settings=Settings()))
    async with endpoint_serving(doorkeeper) as served:
        async with calling(served.url(CALL)) as caller:
            await until(caller, "session.created")
        await asyncio.wait_for(doorkeeper.ended.wait(), 30)
        status, error = await refusal(served.url(SIDEBAND))
    assert (status, error["code"], error["param"]) == (404, "call_not_found", "call_id")


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A whole server that holds one call and no more."""
    with serving(scripted_settings(tmp_path_factory.mktemp("sideband"), maximum_sessions=1)) as running:
        yield running


@asynccontextmanager
async def live_call(platform: Served) -> AsyncGenerator[str]:
    """A call of the first organisation's; its session id."""
    async with calling(platform.websocket_url, additional_headers={"Authorization": f"Bearer {KEY}"}) as caller:
        created = await frame(caller)
        assert isinstance(created, dict)
        yield created["session"]["id"]
    async with asyncio.timeout(30):
        while len(platform.server.directory):  # noqa: ASYNC110 - it runs on another loop and tells nobody
            await asyncio.sleep(0)


RENDERINGS: list[Any] = [
    pytest.param(lambda session_id: session_id, id="as the session's id"),
    pytest.param(lambda session_id: session_id.upper().replace("SESS", "sess"), id="in capitals"),
    pytest.param(lambda session_id: with_prefix(session_id, "rtc"), id="as OpenAI's rtc_"),
    pytest.param(lambda session_id: with_prefix(session_id, "call"), id="as xAI's call_"),
    pytest.param(lambda session_id: with_prefix(session_id, "vs"), id="as a voice session of another API"),
    pytest.param(as_uuid, id="as a UUID"),
]


@pytest.mark.parametrize("rendered", RENDERINGS)
async def test_a_call_is_found_by_every_rendering_of_its_id(platform: Served, rendered: Callable[[str], str]) -> None:
    async with live_call(platform) as session_id:
        subprotocols = ["realtime", f"openai-insecure-api-key.{KEY}"]
        url = f"{platform.websocket_url}?call_id={rendered(session_id)}&model=gpt-realtime"
        async with calling(url, subprotocols=subprotocols) as sideband:
            created = await frame(sideband)
            assert sideband.subprotocol == "realtime"
    assert isinstance(created, dict)
    assert created["session"]["id"] == session_id


async def test_openais_client_joins_a_call_and_answers_for_it(platform: Served) -> None:
    async with (
        live_call(platform) as session_id,
        AsyncOpenAI(base_url=f"{platform.url}/v1", api_key=KEY) as client,
        client.realtime.connect(call_id=session_id) as sideband,
    ):
        await sideband.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        await sideband.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello."}]}
        )
        await sideband.response.create()
        told: list[str] = []
        async with asyncio.timeout(30):
            while "response.done" not in told:
                told.append((await sideband.recv()).type)
    assert told[0] == "session.created"
    assert "error" not in told


async def test_a_sideband_takes_no_place_and_makes_no_session(platform: Served) -> None:
    bearer = {"Authorization": f"Bearer {KEY}"}

    async def sessions() -> int:
        async with httpx.AsyncClient(headers=bearer) as client:
            answer = await client.get(f"{platform.url}/v1/sessions")
        return len(answer.json()["sessions"])

    async with live_call(platform) as session_id:
        before = await sessions()
        url = f"{platform.websocket_url}?call_id={session_id}"
        async with calling(url, additional_headers=bearer) as sideband:
            await until(sideband, "conversation.created")
            assert len(platform.server.directory) == 1
            assert await sessions() == before


async def _others_key(platform: Served) -> str:
    store = platform.server._store
    assert store is not None
    other = await store.organisations.add("Other")
    return (await store.keys.create("theirs", organisation_id=other.organisation_id)).secret


async def _key_without_calls(platform: Served) -> str:
    store = platform.server._store
    assert store is not None
    return (await store.keys.create("reads", scopes=("read",))).secret


async def _client_secret(platform: Served) -> str:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as client:
        answer = await client.post(f"{platform.url}/v1/realtime/client_secrets", json={})
    value: str = answer.json()["value"]
    return value


def _token_of(platform: Served, session_id: str) -> str:
    running = platform.server._platform
    assert running is not None
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    return running.authenticator._session_tokens.mint(session_id, FIRST_ORGANISATION, expires_at)


async def test_a_call_of_another_organisation_is_as_one_that_never_was(platform: Served) -> None:
    theirs = platform.inside(lambda: _others_key(platform))
    async with live_call(platform) as session_id:
        found = await refusal(f"{platform.websocket_url}?call_id={session_id}", theirs)
        never = session_id[:-4] + "0000"
        unknown = await refusal(f"{platform.websocket_url}?call_id={never}", theirs)
    assert (found[0], found[1]["code"]) == (404, "call_not_found")
    assert unknown[1]["message"].replace(never, session_id) == found[1]["message"]


NOT_IDS = [
    pytest.param("nonsense", id="nonsense"),
    pytest.param("rtc_nonsense", id="nonsense with a prefix of OpenAI's"),
    pytest.param("agent_01k00000000000000000000000", id="the id of something else"),
    pytest.param("999999999", id="a number that counts nothing"),
    pytest.param("%00", id="a zero byte"),
]


@pytest.mark.parametrize("call_id", NOT_IDS)
async def test_there_is_no_call_with_an_id_that_names_none(platform: Served, call_id: str) -> None:
    status, error = await refusal(f"{platform.websocket_url}?call_id={call_id}", KEY)
    assert (status, error["code"]) == (404, "call_not_found")


async def test_what_does_not_hold_calls_does_not_join_them(platform: Served) -> None:
    reads = platform.inside(lambda: _key_without_calls(platform))
    secret = await _client_secret(platform)
    async with live_call(platform) as session_id:
        url = f"{platform.websocket_url}?call_id={session_id}"
        token = _token_of(platform, session_id)
        answers = [await refusal(url, key) for key in ("", "wrong", secret, token, reads)]
    assert [(status, error["code"]) for status, error in answers] == [
        (401, "invalid_api_key"),
        (401, "invalid_api_key"),
        (401, "invalid_api_key"),
        (401, "invalid_api_key"),
        (403, "insufficient_scope"),
    ]
