"""The pool of MCP connections: shared, bounded, closed when idle, opened again after a death. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from vivavoce.conversation.tool_policy import ToolFailure, ToolSourceKey
from vivavoce.tools.mcp_connections import IDLE_SECONDS, ConnectionKey, McpConnections
from vivavoce.tools.mcp_declaration import McpEndpoint
from vivavoce.tools.mcp_ports import Connect, LinkEndedError, ListedTool, McpAnswer, NotSentError
from vivavoce.tools.ports import ToolError

HERE = McpEndpoint("https://mcp.example/")
KEY = ConnectionKey("organisation_1", "agent_1", ToolSourceKey("mcp:1"))

pytestmark = pytest.mark.looptime


class FakeLink:
    """A link that a test steers. `refusals`: so many calls are not taken."""

    def __init__(self, endpoint: McpEndpoint, refusals: int) -> None:
        self.endpoint = endpoint
        self.is_left = False
        self.crashed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answering = asyncio.Event()
        self.answering.set()
        self.calls: list[str] = []
        self._refusals = refusals
        self._gone = asyncio.Event()

    @property
    def is_gone(self) -> bool:
        return self._gone.is_set()

    async def until_gone(self) -> None:
        await self._gone.wait()

    def die(self) -> None:
        self._gone.set()

    async def tools(self) -> Sequence[ListedTool]:
        return (ListedTool("echo", "", "{}"),)

    async def call(self, name: str, _arguments: Mapping[str, Any], _timeout_seconds: float) -> McpAnswer:
        if self._refusals:
            self._refusals -= 1
            self.die()
            raise NotSentError("the MCP server cannot be reached: it accepts no connection")
        self.calls.append(name)
        await self.answering.wait()
        return McpAnswer(f"{name} done")


class Servers:
    """Opens fake links and counts them."""

    def __init__(
        self,
        *,
        refusals: int = 0,
        all_refuse: bool = False,
        opening_seconds: float = 0.0,
        failure: ToolError | None = None,
    ) -> None:
        self.links: list[FakeLink] = []
        self.loads = 0
        self._refusals = refusals
        self._all_refuse = all_refuse
        self._opening_seconds = opening_seconds
        self._failure = failure

    async def load(self) -> Connect:
        self.loads += 1
        return self.connect

    @asynccontextmanager
    async def connect(self, endpoint: McpEndpoint) -> AsyncIterator[FakeLink]:
        await asyncio.sleep(self._opening_seconds)
        if self._failure is not None:
            raise self._failure
        link = FakeLink(endpoint, self._refusals if self._all_refuse or not self.links else 0)
        self.links.append(link)
        leaving = asyncio.current_task()
        try:
            yield link
        finally:
            assert asyncio.current_task() is leaving, "left in the task that entered it"
            link.is_left = True
        if link.crashed.done():
            raise LinkEndedError("HTTPError")


@asynccontextmanager
async def pool(servers: Servers, **more: Any) -> AsyncIterator[McpConnections]:
    connections = McpConnections(servers.load, **more)
    running = asyncio.create_task(connections.run())
    await asyncio.sleep(0)
    try:
        yield connections
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def called(connections: McpConnections, key: ConnectionKey = KEY, endpoint: McpEndpoint = HERE) -> str:
    return (await connections.call(key, endpoint, "echo", {}, 10.0)).text


def left(servers: Servers) -> list[bool]:
    """Which links have been left."""
    return [link.is_left for link in servers.links]


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_calls_at_once_open_one_link_and_load_the_library_once() -> None:
    servers = Servers(opening_seconds=1.0)
    async with pool(servers) as connections:
        assert await asyncio.gather(*(called(connections) for _ in range(5))) == ["echo done"] * 5
        assert (len(servers.links), servers.loads, len(connections)) == (1, 1, 1)


async def test_agents_and_organisations_do_not_share_links() -> None:
    servers = Servers()
    others = ConnectionKey("organisation_2", "agent_1", KEY.source), ConnectionKey("organisation_1", "x", KEY.source)
    async with pool(servers) as connections:
        for key in (KEY, *others):
            await called(connections, key)
        assert len(servers.links) == 3


async def test_a_new_secret_gets_a_new_link() -> None:
    servers = Servers()
    renewed = McpEndpoint(HERE.url, (("authorization", "Bearer new"),))
    async with pool(servers) as connections:
        await called(connections)
        await called(connections, endpoint=renewed)
        await settled()
        assert left(servers) == [True, False]
        assert servers.links[1].endpoint == renewed


async def test_a_link_that_nobody_uses_is_closed_after_five_minutes_and_not_before() -> None:
    servers = Servers()
    async with pool(servers) as connections:
        await called(connections)
        await asyncio.sleep(IDLE_SECONDS - 1)
        assert left(servers)[0] is False
        await called(connections)
        await asyncio.sleep(IDLE_SECONDS - 1)
        assert left(servers)[0] is False
        await asyncio.sleep(2)
        assert left(servers)[0] is True
        assert len(connections) == 0
        await called(connections)
        assert len(servers.links) == 2


async def test_a_call_that_lasts_keeps_its_link_however_long() -> None:
    servers = Servers()
    async with pool(servers) as connections:
        await connections.tools(KEY, HERE)
        servers.links[0].answering.clear()
        calling = asyncio.create_task(connections.call(KEY, HERE, "echo", {}, 10 * IDLE_SECONDS))
        await asyncio.sleep(3 * IDLE_SECONDS)
        assert left(servers)[0] is False
        servers.links[0].answering.set()
        assert (await calling).text == "echo done"


async def test_a_call_that_was_not_taken_is_sent_over_a_new_link() -> None:
    servers = Servers(refusals=1)
    async with pool(servers) as connections:
        assert await called(connections) == "echo done"
        assert [link.calls for link in servers.links] == [[], ["echo"]]


async def test_a_server_that_takes_nothing_is_given_up_after_the_second_link() -> None:
    servers = Servers(refusals=1, all_refuse=True)
    async with pool(servers) as connections:
        with pytest.raises(ToolError, match="accepts no connection") as caught:
            await called(connections)
        assert caught.value.failure is ToolFailure.UNREACHABLE
        assert len(servers.links) == 2


async def test_after_a_death_the_next_call_has_a_new_link_and_the_old_one_ends_with_its_calls() -> None:
    servers = Servers()
    async with pool(servers) as connections:
        await connections.tools(KEY, HERE)
        servers.links[0].answering.clear()
        calling = asyncio.create_task(called(connections))
        await settled()
        servers.links[0].die()
        await settled()
        assert await called(connections) == "echo done"
        assert len(servers.links) == 2
        assert left(servers)[0] is False
        servers.links[0].answering.set()
        assert await calling == "echo done"
        await settled()
        assert left(servers)[0] is True


async def test_a_server_that_cannot_be_opened_is_told_to_everybody_who_waits_and_tried_again_by_the_next() -> None:
    failure = ToolError(ToolFailure.UNREACHABLE, "it is not there")
    servers = Servers(opening_seconds=1.0, failure=failure)
    async with pool(servers) as connections:
        told = await asyncio.gather(*(called(connections) for _ in range(3)), return_exceptions=True)
        assert told == [failure] * 3
        assert len(connections) == 0
        servers._failure = None
        assert await called(connections) == "echo done"


async def test_opening_that_never_ends_is_given_up() -> None:
    async with pool(Servers(opening_seconds=3_600.0)) as connections:
        with pytest.raises(ToolError, match="did not answer within 10 seconds"):
            await connections.tools(KEY, HERE)


async def test_a_call_does_not_wait_for_an_opening_longer_than_its_own_time() -> None:
    async with pool(Servers(opening_seconds=3_600.0)) as connections:
        with pytest.raises(ToolError) as caught:
            await connections.call(KEY, HERE, "echo", {}, 2.0)
        assert caught.value.failure is ToolFailure.TIMED_OUT


async def test_where_there_are_too_many_the_one_unused_longest_makes_place() -> None:
    servers = Servers()
    keys = [ConnectionKey("organisation_1", f"agent_{n}", KEY.source) for n in range(3)]
    async with pool(servers, maximum=2) as connections:
        await called(connections, keys[0])
        await asyncio.sleep(1)
        await called(connections, keys[1])
        await called(connections, keys[2])
        await settled()
        assert left(servers) == [True, False, False]
        assert len(connections) == 2


async def test_where_all_are_in_use_one_more_is_refused() -> None:
    servers = Servers()
    other = ConnectionKey("organisation_1", "agent_2", KEY.source)
    async with pool(servers, maximum=1) as connections:
        await connections.tools(KEY, HERE)
        servers.links[0].answering.clear()
        calling = asyncio.create_task(called(connections))
        await settled()
        with pytest.raises(ToolError, match="has 1 MCP connections in use already"):
            await called(connections, other)
        servers.links[0].answering.set()
        await calling


async def test_a_link_that_the_library_gives_up_ends_nothing_else() -> None:
    servers = Servers()
    other = ConnectionKey("organisation_1", "agent_2", KEY.source)
    async with pool(servers) as connections:
        await called(connections)
        await called(connections, other)
        servers.links[0].crashed.set_result(None)
        servers.links[0].die()
        await settled()
        assert left(servers)[0] is True
        assert await called(connections, other) == "echo done"
        assert len(servers.links) == 2


async def test_the_end_of_the_pool_leaves_every_link() -> None:
    servers = Servers()
    async with pool(servers) as connections:
        await called(connections)
    assert left(servers)[0] is True
    with pytest.raises(ToolError, match="not running"):
        await called(connections)
