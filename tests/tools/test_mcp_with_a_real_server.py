"""MCP servers called over their real transports: a server of the official library, in another process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.mcp_program import SharedPrograms, running_program

from vivavoce.conversation.tool_policy import Approval, ToolFailure, ToolKind
from vivavoce.outbound.ssrf_guard import SsrfGuard, SystemResolver
from vivavoce.tools.declared import CallContext
from vivavoce.tools.keys import source_key
from vivavoce.tools.mcp_connections import McpConnections
from vivavoce.tools.mcp_link import McpLinks
from vivavoce.tools.mcp_ports import Connect
from vivavoce.tools.mcp_source import McpFactory, McpSource
from vivavoce.tools.ports import ToolError, ToolInvocation

TRANSPORTS = [
    pytest.param("http", id="over Streamable HTTP with events"),
    pytest.param("json", id="over Streamable HTTP with JSON"),
    pytest.param("sse", id="over SSE"),
]
CALL = CallContext("session_1", "organisation_1", "agent_1", (), is_agents=True)


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedPrograms]:
    programs = SharedPrograms(tmp_path_factory.mktemp("kitchen"))
    yield programs
    programs.close()


class Mcp:
    """What a server would own: connections, and a factory on top of them."""

    def __init__(self, connections: McpConnections) -> None:
        self.connections = connections
        self.factory = McpFactory(connections, self._secrets)

    def source(self, url: str, context: CallContext = CALL, **more: Any) -> McpSource:
        declaration = {"type": "mcp", "server_url": url, "server_label": "kitchen", **more}
        return self.factory(declaration, context, source_key(declaration))

    async def _secrets(self, organisation_id: str, names: Collection[str]) -> Mapping[str, str]:
        return {name: f"{organisation_id}-{name}" for name in names}


@asynccontextmanager
async def connecting(*, allow_private: bool = True) -> AsyncIterator[Mcp]:
    resolver = SystemResolver()
    links = McpLinks(SsrfGuard(resolver.resolve, allow_private=allow_private))

    async def load() -> Connect:
        return links.connect

    connections = McpConnections(load)
    running = asyncio.create_task(connections.run())
    await asyncio.sleep(0)
    try:
        yield Mcp(connections)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        resolver.close()


def invocation(name: str, arguments: dict[str, Any] | None = None, timeout_seconds: float = 60.0) -> ToolInvocation:
    return ToolInvocation("session_1", "call_1", name, json.dumps(arguments or {}), timeout_seconds, "key")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_tools_are_listed_and_called(transport: str, kitchen: SharedPrograms) -> None:
    url = kitchen.url(transport)
    async with connecting() as mcp:
        source = mcp.source(url)
        tools = {each.name: each for each in await source.open()}
        assert tools["echo"].description == "Says it again."
        assert json.loads(tools["echo"].parameters)["properties"]["text"]["type"] == "string"
        assert {each.kind for each in tools.values()} == {ToolKind.MCP}
        assert {each.source for each in tools.values()} == {source.key}
        assert {each.label for each in tools.values()} == {"kitchen"}
        result = await source.invoke(invocation("echo", {"text": "hello"}))
        assert (result.output, result.failure) == ("You said hello.", None)


async def test_an_address_that_takes_no_posts_is_tried_over_sse(kitchen: SharedPrograms) -> None:
    url = kitchen.url("sse")
    async with connecting() as mcp:
        # The older transport at an address whose end does not tell.
        source = mcp.source(url + "?v=1")
        await source.open()
        assert (await source.invoke(invocation("echo", {"text": "hi"}))).output == "You said hi."


@pytest.mark.parametrize(
    ("declared", "names"),
    [
        pytest.param({"allowed_tools": ["echo", "fail"]}, {"echo", "fail"}, id="a list of names lets those through"),
        pytest.param({"allowed_tools": {"tool_names": ["big"]}}, {"big"}, id="so does OpenAI's filter"),
        pytest.param({"allowed_tools": {"read_only": True}}, {"echo"}, id="and by what a tool says of itself"),
        pytest.param({"allowed_tools": {"read_only": True, "tool_names": ["big"]}}, set(), id="both must fit"),
        pytest.param({"allowed_tools": ["look.up"]}, {"kitchen_look_up"}, id="a name with a dot gets another"),
    ],
)
async def test_filters(declared: dict[str, Any], names: set[str], kitchen: SharedPrograms) -> None:
    url = kitchen.url()
    async with connecting() as mcp:
        assert {each.name for each in await mcp.source(url, **declared).open()} == names


async def test_a_tool_is_called_by_its_servers_own_name(kitchen: SharedPrograms) -> None:
    url = kitchen.url()
    async with connecting() as mcp:
        source = mcp.source(url)
        await source.open()
        assert (await source.invoke(invocation("kitchen_look_up"))).output == "found"


async def test_two_servers_of_a_call_have_different_names_for_their_tools(kitchen: SharedPrograms) -> None:
    url = kitchen.url()
    async with connecting() as mcp:
        first = mcp.source(url, allowed_tools=["echo"])
        second = mcp.source(url, allowed_tools=["echo"], server_label="bar")
        names = [each.name for source in (first, second) for each in await source.open()]
        assert names == ["echo", "bar_echo"]
        assert (await second.invoke(invocation("bar_echo", {"text": "x"}))).output == "You said x."


async def test_who_must_agree_goes_with_each_tool(kitchen: SharedPrograms) -> None:
    url = kitchen.url()
    async with connecting() as mcp:
        rule = {"never": {"read_only": True}}
        tools = {each.name: each.policy.approval for each in await mcp.source(url, require_approval=rule).open()}
        assert tools["echo"] is Approval.NOBODY
        assert tools["order"] is Approval.CLIENT
        tools = {each.name: each.policy.approval for each in await mcp.source(url).open()}
        assert set(tools.values()) == {Approval.NOBODY}


@pytest.mark.parametrize(
    ("name", "output", "failure"),
    [
        pytest.param("fail", "the kitchen is closed", ToolFailure.REFUSED, id="a tool that fails says so itself"),
        pytest.param("picture", "Here it is:\n[an image (image/png) that cannot be shown here]", None, id="a picture"),
    ],
)
async def test_results(name: str, output: str, failure: ToolFailure | None, kitchen: SharedPrograms) -> None:
    url = kitchen.url()
    async with connecting() as mcp:
        source = mcp.source(url)
        await source.open()
        result = await source.invoke(invocation(name))
        assert (result.output, result.failure) == (output, failure)


async def test_a_long_result_is_cut_and_says_so(kitchen: SharedPrograms) -> None:
    url = kitchen.url()
    async with connecting() as mcp:
        source = mcp.source(url)
        await source.open()
        output = (await source.invoke(invocation("long"))).output
        assert len(output) == 4_000
        assert output.endswith("[cut: the result is longer]")


@pytest.mark.parametrize("transport", [TRANSPORTS[0], TRANSPORTS[1]])
async def test_a_result_of_10_mb_is_not_read_and_other_calls_go_on(transport: str, kitchen: SharedPrograms) -> None:
    url = kitchen.url(transport)
    async with connecting() as mcp:
        source = mcp.source(url)
        await source.open()
        with pytest.raises(ToolError) as caught:
            await source.invoke(invocation("big"))
        assert caught.value.failure is ToolFailure.UNUSABLE_RESULT
        assert (await source.invoke(invocation("echo", {"text": "on"}))).output == "You said on."


async def test_a_result_of_10_mb_over_sse_ends_the_connection_and_the_next_call_has_another(tmp_path: Path) -> None:
    async with running_program(tmp_path, "sse") as program, connecting() as mcp:
        source = mcp.source(program.url)
        await source.open()
        with pytest.raises(ToolError):
            await source.invoke(invocation("big"))
        assert (await source.invoke(invocation("echo", {"text": "on"}))).output == "You said on."


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_tool_that_hangs_is_given_up_and_the_connection_stays(transport: str, kitchen: SharedPrograms) -> None:
    url = kitchen.url(transport)
    async with connecting() as mcp:
        source = mcp.source(url)
        await source.open()
        with pytest.raises(ToolError) as caught:
            await source.invoke(invocation("hang", {"text": "1"}, timeout_seconds=0.3))
        assert caught.value.failure is ToolFailure.TIMED_OUT
        assert (await source.invoke(invocation("echo", {"text": "on"}))).output == "You said on."
        assert len(mcp.connections) == 1


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_server_that_dies_during_a_call_ends_it_at_once_and_it_is_not_sent_again(
    transport: str, tmp_path: Path
) -> None:
    async with running_program(tmp_path, transport) as program, connecting() as mcp:
        source = mcp.source(program.url)
        await source.open()
        calling = asyncio.create_task(source.invoke(invocation("hang", {"text": "once"}, timeout_seconds=60.0)))
        assert await program.carried_out() == "hang once"
        await program.kill()
        with pytest.raises(ToolError) as caught:
            await calling
        assert caught.value.failure is ToolFailure.UNREACHABLE
        await program.start()
        assert (await source.invoke(invocation("echo", {"text": "again"}))).output == "You said again."
        assert program.notes == ["hang once", "echo again"]


@pytest.mark.parametrize("transport", [TRANSPORTS[0], TRANSPORTS[2]])
async def test_a_server_that_was_started_again_is_connected_to_again_and_one_that_is_gone_is_told_as_such(
    transport: str, tmp_path: Path
) -> None:
    async with running_program(tmp_path, transport) as program, connecting() as mcp:
        source = mcp.source(program.url)
        await source.open()
        await program.kill()
        await program.start()
        assert (await source.invoke(invocation("echo", {"text": "back"}))).output == "You said back."
        assert program.notes == ["echo back"]
        await program.kill()
        with pytest.raises(ToolError, match="cannot be reached: it accepts no connection") as caught:
            await source.invoke(invocation("echo", {"text": "x"}))
        assert caught.value.failure is ToolFailure.UNREACHABLE


@pytest.mark.parametrize("transport", [TRANSPORTS[0], TRANSPORTS[2]])
async def test_a_list_that_changes_is_asked_for_again(transport: str, tmp_path: Path) -> None:
    async with running_program(tmp_path, transport) as program, connecting() as mcp:
        source = mcp.source(program.url, allowed_tools=["grow", "grown"])
        assert [each.name for each in await source.open()] == ["grow"]
        await source.invoke(invocation("grow"))
        assert {each.name for each in await mcp.source(program.url).open()} >= {"grow", "grown"}
        assert {each.name for each in await source.open()} == {"grow", "grown"}


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_wrong_authorization_is_told_truthfully_and_not_shown(transport: str, kitchen: SharedPrograms) -> None:
    url = kitchen.url(transport, "right")
    async with connecting() as mcp:
        with pytest.raises(ToolError, match=r"did not accept the authorization \(HTTP 401\)") as caught:
            await mcp.source(url, authorization="wr0ng").open()
        assert caught.value.failure is ToolFailure.REFUSED
        assert "wr0ng" not in str(caught.value)
        assert await mcp.source(url, authorization="right").open()
        assert await mcp.source(url, headers={"Authorization": "Bearer right"}).open()


async def test_a_secret_stands_in_the_authorization_of_an_agents_own_server(kitchen: SharedPrograms) -> None:
    token = "organisation_1-kitchen"
    url = kitchen.url(token=token)
    async with connecting() as mcp:
        source = mcp.source(url, authorization="{{secret.kitchen}}")
        assert await source.open()
        echoed = await source.invoke(invocation("echo", {"text": f"my {token}"}))
        assert token not in echoed.output
        clients = CallContext("session_1", "organisation_1", "agent_1", (), is_agents=False)
        with pytest.raises(ToolError, match="only an agent's own MCP servers may use secrets"):
            mcp.source(url, clients, authorization="{{secret.kitchen}}")


async def test_many_calls_at_once_share_one_connection(kitchen: SharedPrograms) -> None:
    url = kitchen.url()
    async with connecting() as mcp:
        calls = [CallContext(f"session_{n}", "organisation_1", "agent_1", (), is_agents=True) for n in range(20)]
        sources = [mcp.source(url, call) for call in calls]
        await asyncio.gather(*(each.open() for each in sources))
        said = [each.invoke(invocation("echo", {"text": str(n)})) for n, each in enumerate(sources)]
        results = await asyncio.gather(*said)
        assert [each.output for each in results] == [f"You said {n}." for n in range(20)]
        assert len(mcp.connections) == 1


async def test_what_is_inside_the_network_is_not_connected_to_unless_allowed(kitchen: SharedPrograms) -> None:
    url = kitchen.url()
    async with connecting(allow_private=False) as mcp:
        with pytest.raises(ToolError, match="the host's address is not a public one") as caught:
            await mcp.source(url).open()
        assert caught.value.failure is ToolFailure.UNREACHABLE


async def test_something_else_than_an_mcp_server_is_told_as_such(kitchen: SharedPrograms) -> None:
    url = kitchen.url()
    async with connecting() as mcp:
        with pytest.raises(ToolError, match="HTTP status 404") as caught:
            await mcp.source(url + "/elsewhere").open()
        assert caught.value.failure is ToolFailure.UNREACHABLE


async def test_a_call_that_is_cancelled_leaves_the_connection_to_others(tmp_path: Path) -> None:
    async with running_program(tmp_path) as program, connecting() as mcp:
        source = mcp.source(program.url)
        await source.open()
        calling = asyncio.create_task(source.invoke(invocation("hang", {"text": "1"})))
        await program.carried_out()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        assert (await source.invoke(invocation("echo", {"text": "on"}))).output == "You said on."
        assert len(mcp.connections) == 1
