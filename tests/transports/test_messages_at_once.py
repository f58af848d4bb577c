"""Messages that are taken without waking the application: which are offered, and that their order stays.

A server with an application of the test's own, on the test's event loop; everything ends with the block that opened it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import CloseCode

from vivavoce.transports.uvicorn_protocol import MESSAGES, ClosingWebSocketProtocol

Message = str | bytes


class Taking:
    """An application that takes at once what `refused` does not hold, and answers the rest when it may go on."""

    def __init__(self, refused: frozenset[Message] = frozenset()) -> None:
        self.refused = refused
        self._taken: list[tuple[str, Message]] = []
        self._more = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    def take(self, payload: bytes, is_text: bool) -> bool:
        message: Message = payload.decode("ascii") if is_text else payload
        if message in self.refused:
            return False
        self._note("at once", message)
        return True

    def _note(self, how: str, message: Message) -> None:
        self._taken.append((how, message))
        self._more.set()

    async def taken(self, count: int) -> list[tuple[str, Message]]:
        """What was taken and how, when there is so much of it."""
        while len(self._taken) < count:
            self._more.clear()
            await self._more.wait()
        return self._taken

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        scope["extensions"][MESSAGES]["offer_to"](self.take)
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text")
            self._note("in turn", message["bytes"] if text is None else text)
            await self.may_go_on.wait()
            await send({"type": "websocket.send", "text": "heard"})


@asynccontextmanager
async def served(application: Taking) -> AsyncGenerator[ClientConnection]:
    config = uvicorn.Config(
        application,
        ws=ClosingWebSocketProtocol,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with asyncio.TaskGroup() as tasks, asyncio.timeout(60):
            tasks.create_task(server.serve([listening]), name="server under test")
            try:
                async with connect(f"ws://127.0.0.1:{listening.getsockname()[1]}", proxy=None) as connection:
                    yield connection
            finally:
                server.should_exit = True


OFFERED: dict[str, tuple[list[Message], list[tuple[str, Message]]]] = {
    "text is taken at once": (["one", "two"], [("at once", "one"), ("at once", "two")]),
    "sound is taken at once": ([b"\xff\x00"], [("at once", b"\xff\x00")]),
    "text that needs decoding comes in turn": (["né", "two"], [("in turn", "né"), ("in turn", "two")]),
    "what is refused comes in turn, and so does what is behind it": (
        ["one", "no", "two"],
        [("at once", "one"), ("in turn", "no"), ("in turn", "two")],
    ),
}


@pytest.mark.parametrize(("sent", "expected"), OFFERED.values(), ids=OFFERED.keys())
async def test_messages_are_offered_first(sent: list[Message], expected: list[tuple[str, Message]]) -> None:
    application = Taking(frozenset({"no"}))
    async with served(application) as connection:
        application.may_go_on.clear()  # the first message that comes in turn keeps the application busy
        for message in sent:
            await connection.send(message)
            await (await connection.ping())  # the server has read it
        application.may_go_on.set()
        assert await application.taken(len(sent)) == expected


async def test_a_message_in_pieces_comes_in_turn() -> None:
    application = Taking()
    async with served(application) as connection:
        await connection.send(["o", "ne"])
        assert await application.taken(1) == [("in turn", "one")]


async def test_messages_are_offered_again_when_the_application_has_caught_up() -> None:
    application = Taking(frozenset({"no"}))
    async with served(application) as connection:
        await connection.send("no")
        assert await connection.recv() == "heard"
        await connection.send("one")
        assert await application.taken(2) == [("in turn", "no"), ("at once", "one")]


async def test_a_close_ends_an_application_that_took_everything_at_once() -> None:
    application = Taking()
    async with served(application) as connection:
        await connection.send("one")
        await application.taken(1)
        await connection.close()
        assert connection.close_code == CloseCode.NORMAL_CLOSURE
