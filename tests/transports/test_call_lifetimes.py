"""What others are told of a call: it begins once and ends once, whatever happens to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.transports.endpoint_serving import (
    PLAN,
    Doorkeeper,
    calling,
    endpoint_serving,
    frame,
    scripted_endpoint,
    send,
    type_text,
    until,
)
from vivavoce.conversation.identifiers import ItemId
from vivavoce.conversation.items import Message, Part, PartKind, Role
from vivavoce.conversation.notices import Notice
from vivavoce.conversation.settings import Settings
from vivavoce.transports.admission import Refusal
from vivavoce.transports.lifetime import Lifetime

GONE = Refusal(410, {"error": {"code": "gone"}})


@dataclass(slots=True)
class Notes:
    """A recorder that keeps everything, or breaks at a kind of notice."""

    breaks_at: str = ""
    kept: list[str] = field(default_factory=list)

    def note(self, notice: Notice) -> None:
        self.kept.append(type(notice).__name__)
        if self.kept[-1] == self.breaks_at:
            raise RuntimeError("the pencil broke")


async def told_end(doorkeeper: Doorkeeper) -> list[str | None]:
    """How the call ended, when it has."""
    async with asyncio.timeout(30):
        await doorkeeper.ended.wait()
    return doorkeeper.ends


async def test_a_client_that_hangs_up_ends_the_call_without_a_reason() -> None:
    async with endpoint_serving(Doorkeeper()) as served:
        async with calling(served.url("/v1/realtime")) as caller:
            await until(caller, "session.created")
            assert (served.doorkeeper.begun, served.doorkeeper.ends) == (1, [])
        assert await told_end(served.doorkeeper) == [None]


async def test_a_server_that_ends_a_call_says_why_in_an_event_and_in_the_close() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as caller:
        await until(caller, "session.created")
        session = served.directory.get("sess_1")
        assert session is not None
        session.close_call("expired")
        last = (await until(caller, "session.ended"))[-1]
        assert isinstance(last, dict)
        assert last["reason"] == "expired"
        assert last["event_id"]
        with pytest.raises(ConnectionClosed) as closed:
            await frame(caller)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "expired")
        assert served.doorkeeper.ends == ["expired"]  # told before the close


async def test_the_last_turn_ends_the_call() -> None:
    plan = replace(PLAN, settings=Settings(max_turns=1))
    async with endpoint_serving(Doorkeeper(plan)) as served, calling(served.url("/v1/realtime")) as caller:
        await send(caller, "session.update", session={"output_modalities": ["text"]})
        await type_text(caller, "What time is it?")
        last = (await until(caller, "session.ended"))[-1]
        assert isinstance(last, dict)
        assert last["reason"] == "max_turns"
        assert await told_end(served.doorkeeper) == ["max_turns"]


async def test_a_long_reason_is_cut_to_what_a_close_can_hold() -> None:
    async with endpoint_serving(Doorkeeper()) as served, calling(served.url("/v1/realtime")) as caller:
        await until(caller, "session.created")
        session = served.directory.get("sess_1")
        assert session is not None
        session.close_call("é" * 100)
        await until(caller, "session.ended")
        with pytest.raises(ConnectionClosed) as closed:
            await frame(caller)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.reason == "é" * 61


async def test_a_defect_breaks_the_call_and_is_told() -> None:
    plan = replace(PLAN, recorder=Notes("ItemDone"))
    async with endpoint_serving(Doorkeeper(plan)) as served, calling(served.url("/v1/realtime")) as caller:
        await until(caller, "session.created")
        await type_text(caller, "Hello.")
        told = (await until(caller, "error"))[-1]
        assert isinstance(told, dict)
        assert told["error"]["code"] == "internal_error"
        with pytest.raises(ConnectionClosed) as closed:
            await frame(caller)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1011
        assert await told_end(served.doorkeeper) == ["broke"]


async def test_a_call_refused_at_its_beginning_has_no_end() -> None:
    async with endpoint_serving(Doorkeeper(refusal=GONE)) as served:
        with pytest.raises(InvalidStatus) as refused:
            async with calling(served.url("/v1/realtime")):
                pass
        assert refused.value.response.status_code == 410
        assert (served.doorkeeper.begun, served.doorkeeper.ends, len(served.directory)) == (1, [], 0)


async def test_a_session_that_is_called_again_gets_the_new_connection() -> None:
    async with endpoint_serving(Doorkeeper()) as served:
        async with calling(served.url("/v1/realtime")) as first:
            await until(first, "session.created")
            async with calling(served.url("/v1/realtime")) as second:
                assert served.doorkeeper.ends == ["replaced"]
                with pytest.raises(ConnectionClosed) as closed:
                    await until(first, "never")
                assert closed.value.rcvd is not None
                assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "replaced")
                await type_text(second, "Still there?")
                await until(second, "response.done")
                assert len(served.directory) == 1
        async with calling(served.url("/v1/realtime")) as third:
            await until(third, "session.created")
        assert served.doorkeeper.begun == 3


async def test_a_plan_with_a_voice_that_is_not_there_is_refused_before_the_upgrade() -> None:
    plan = replace(PLAN, settings=Settings(voice="nobody"))
    async with endpoint_serving(Doorkeeper(plan)) as served:
        with pytest.raises(InvalidStatus) as refused:
            async with calling(served.url("/v1/realtime")):
                pass
        assert refused.value.response.status_code == 400
        assert "nobody" in json.loads(refused.value.response.body)["error"]["message"]
        assert served.doorkeeper.begun == 0


async def test_the_sub_protocol_of_the_plan_is_selected() -> None:
    offered = [Subprotocol("other"), Subprotocol("xai-client-secret.abc")]
    plan = replace(PLAN, subprotocol="xai-client-secret.abc")
    async with (
        endpoint_serving(Doorkeeper(plan)) as served,
        calling(served.url("/v1/realtime"), subprotocols=offered) as caller,
    ):
        assert caller.subprotocol == "xai-client-secret.abc"
        assert list(served.doorkeeper.requests[0].subprotocols) == offered


async def test_a_thread_goes_on_and_is_recorded() -> None:
    notes = Notes()
    earlier = Message(ItemId("item_before"), Role.USER, (Part(PartKind.INPUT_TEXT, "My name is Ada."),))
    plan = replace(PLAN, history=(earlier,), recorder=notes)
    async with endpoint_serving(Doorkeeper(plan)) as served:
        async with calling(served.url("/v1/realtime")) as caller:
            await type_text(caller, "What is my name?")
            await until(caller, "response.done")
        asked = [message.text for message in served.model.requests[0].messages]
        assert asked[-2:] == ["My name is Ada.", "What is my name?"]
        await told_end(served.doorkeeper)
    assert {"SessionOpened", "ReplyDone"} <= set(notes.kept)


# --- where no client can bring the moment about ------------------------------------------------------------------

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


async def _nothing_comes() -> MutableMapping[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


def _websocket(*, accepts: bool) -> tuple[WebSocket, asyncio.Event]:
    """A connection whose client is silent, and is gone at the upgrade if it does not accept."""
    upgraded = asyncio.Event()
    arrived = [{"type": "websocket.connect"}]

    async def receive() -> MutableMapping[str, Any]:
        return arrived.pop() if arrived else await _nothing_comes()

    async def send_frame(message: MutableMapping[str, Any]) -> None:
        if not accepts:
            raise ConnectionResetError
        if message["type"] == "websocket.accept":
            upgraded.set()

    scope = {"type": "websocket", "headers": [], "query_string": b"", "subprotocols": [], "path": "/v1/realtime"}
    return WebSocket(scope, receive, send_frame), upgraded


async def test_a_client_that_is_gone_at_the_upgrade_ends_the_call() -> None:
    served = scripted_endpoint(Doorkeeper())
    websocket, _ = _websocket(accepts=False)
    await served.endpoint.serve(websocket)
    assert (served.doorkeeper.begun, served.doorkeeper.ends, len(served.directory)) == (1, [None], 0)


async def test_a_connection_that_is_cancelled_ends_its_call_once() -> None:
    served = scripted_endpoint(Doorkeeper())
    websocket, upgraded = _websocket(accepts=True)
    connection = asyncio.create_task(served.endpoint.serve(websocket))
    await upgraded.wait()
    connection.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connection
    assert (served.doorkeeper.begun, served.doorkeeper.ends, len(served.directory)) == (1, [None], 0)


async def test_the_end_is_told_to_its_end_although_the_teller_is_cancelled_twice() -> None:
    may_go_on, ends = asyncio.Event(), list[str | None]()

    async def begin() -> None:
        pass

    async def end(reason: str | None) -> None:
        await may_go_on.wait()
        ends.append(reason)

    lifetime = Lifetime(replace(PLAN, on_begin=begin, on_end=end))
    await lifetime.begin()
    telling = asyncio.create_task(lifetime.end("shutdown"))
    for _ in range(2):
        await asyncio.sleep(0)
        telling.cancel()
    await asyncio.sleep(0)
    assert not telling.done()
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await telling
    await lifetime.end(None)
    assert ends == ["shutdown"]


async def test_a_beginning_that_was_cut_off_has_an_end_all_the_same() -> None:
    ends = list[str | None]()

    async def begin() -> None:
        raise asyncio.CancelledError

    async def end(reason: str | None) -> None:
        ends.append(reason)

    lifetime = Lifetime(replace(PLAN, on_begin=begin, on_end=end))
    with pytest.raises(asyncio.CancelledError):
        await lifetime.begin()
    await lifetime.end(None)
    assert ends == [None]
