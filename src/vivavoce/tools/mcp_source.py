"""The tools of an MCP server, for one call: what the declaration lets through, under names that a model can say.

A source ends with its call; the connection behind it is `McpConnections`'s and stays warm for the next one.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from weakref import WeakValueDictionary

from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import ToolFailure, ToolKind, ToolSourceKey
from vivavoce.tools.declared import CallContext, Declaration
from vivavoce.tools.mcp_connections import ConnectionKey, McpConnections
from vivavoce.tools.mcp_declaration import McpEndpoint, McpServer, SecretValues, read_mcp
from vivavoce.tools.mcp_ports import ListedTool
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolResult
from vivavoce.tools.webhook_answer import Scrubber

TOOLS_MAXIMUM = 100
SCHEMA_BYTES_MAXIMUM = 65_536
NAME_LENGTH_MAXIMUM = 64
DESCRIPTION_LENGTH_MAXIMUM = 2_000
_UNSAYABLE = re.compile(r"[^A-Za-z0-9_-]+")

_log = logging.getLogger(__name__)


class McpFactory:
    """Makes sources; a `SourceFactory`. One a server.

    `secrets` is asked only for what is stored with an agent: a client must not have an organisation's secrets sent to a
    server of its choice.
    """

    def __init__(self, connections: McpConnections, secrets: SecretValues) -> None:
        self._connections = connections
        self._secrets = secrets
        self._live: WeakValueDictionary[tuple[str, ToolSourceKey], McpSource] = WeakValueDictionary()

    def __call__(self, declaration: Declaration, context: CallContext, key: ToolSourceKey) -> McpSource:
        """Raises `ToolError` for a declaration that cannot be meant."""
        server = read_mcp(declaration)
        if server.secrets and not context.is_agents:
            message = "only an agent's own MCP servers may use secrets: store the declaration with the agent"
            raise ToolError(ToolFailure.NOT_CONFIGURED, message)
        source = McpSource(key, server, context, self._connections, self)
        self._live[context.session_id, key] = source
        return source

    async def endpoint(self, server: McpServer, organisation_id: str) -> McpEndpoint:
        return await server.endpoint(organisation_id, self._secrets)

    def names_beside(self, source: McpSource, session_id: str) -> set[str]:
        """What the tools of the same call's other MCP servers are called.

        Those of the same label are the same server, declared anew: a call has one server of a label.
        """
        others = [each for (session, _), each in self._live.items() if session == session_id]
        return {name for each in others if each.label != source.label for name in each.names}


class McpSource:
    """A `ToolSource`."""

    def __init__(
        self,
        key: ToolSourceKey,
        server: McpServer,
        context: CallContext,
        connections: McpConnections,
        factory: McpFactory,
    ) -> None:
        self.key = key
        self.label = server.label
        self._server = server
        self._context = context
        self._connections = connections
        self._factory = factory
        # What is stored with an agent is shared by its calls; what a client brought is its session's alone.
        holder = context.agent_id if context.is_agents and context.agent_id else context.session_id
        self._connection = ConnectionKey(context.organisation_id, holder, key)
        self._endpoint: McpEndpoint | None = None
        self._names: dict[str, str] = {}

    @property
    def names(self) -> Collection[str]:
        """What the model calls the tools; empty until they are opened."""
        return self._names.keys()

    async def open(self) -> tuple[Tool, ...]:
        """The tools that the declaration lets through, at most 100. Raises `ToolError`."""
        listed = await self._connections.tools(self._connection, await self._where())
        allowed = self._server.allowed
        # A server that lists a name twice means one tool.
        chosen = list(
            {each.name: each for each in listed if allowed.takes(each.name, read_only=each.read_only)}.values()
        )
        self._check(chosen)
        taken = self._factory.names_beside(self, self._context.session_id)
        self._names = model_names([each.name for each in chosen], self.label, taken)
        said = {own: name for name, own in self._names.items()}
        return tuple(self._tool(each, said[each.name]) for each in chosen)

    async def invoke(self, invocation: ToolInvocation) -> ToolResult:
        """Raises `ToolError`."""
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        if not self._names:
            try:
                async with asyncio.timeout(invocation.timeout_seconds):
                    await self.open()
            except TimeoutError:
                message = f"the MCP server {self.label} did not answer in time"
                raise ToolError(ToolFailure.TIMED_OUT, message) from None
        own = self._names.get(invocation.name)
        if own is None:
            message = f"the MCP server {self.label} has no tool {invocation.name[:80]!r}"
            raise ToolError(ToolFailure.UNKNOWN_TOOL, message)
        left = invocation.timeout_seconds - (loop.time() - began_at)
        arguments = json.loads(invocation.arguments or "{}")
        where = await self._where()
        hiding = Scrubber(where.hidden)
        try:
            answer = await self._connections.call(self._connection, where, own, arguments, left)
        except ToolError as error:
            raise ToolError(error.failure, hiding.clean(error.message)) from None
        return ToolResult(hiding.clean(answer.text), ToolFailure.REFUSED if answer.is_error else None)

    def search_ahead(self, words: str) -> None:
        """Nothing can be begun: what an MCP tool does is not known."""

    async def close(self) -> None:
        """The call is over. The connection stays for the next one."""
        self._names = {}

    async def _where(self) -> McpEndpoint:
        if self._endpoint is None:
            self._endpoint = await self._factory.endpoint(self._server, self._context.organisation_id)
        return self._endpoint

    def _check(self, chosen: Sequence[ListedTool]) -> None:
        if len(chosen) > TOOLS_MAXIMUM:
            message = (
                f"the MCP server {self.label} offers {len(chosen)} tools, more than the {TOOLS_MAXIMUM} that a model "
                "can be offered: name those that it needs in 'allowed_tools'"
            )
            raise ToolError(ToolFailure.UNUSABLE_RESULT, message)
        for each in chosen:
            if len(each.schema.encode()) > SCHEMA_BYTES_MAXIMUM:
                message = (
                    f"the arguments of {each.name[:80]!r} of the MCP server {self.label} are described in more than "
                    f"{SCHEMA_BYTES_MAXIMUM // 1024} KiB: leave it out with 'allowed_tools'"
                )
                raise ToolError(ToolFailure.UNUSABLE_RESULT, message)

    def _tool(self, listed: ListedTool, name: str) -> Tool:
        wanted = self._server.approvals.of(listed.name, read_only=listed.read_only)
        policy = self._server.policy if wanted is None else replace(self._server.policy, approval=wanted)
        return Tool(
            name=name,
            description=listed.description[:DESCRIPTION_LENGTH_MAXIMUM],
            parameters=listed.schema,
            kind=ToolKind.MCP,
            policy=policy,
            source=self.key,
            label=self.label,
        )


def model_names(names: Sequence[str], label: str, taken: set[str]) -> dict[str, str]:
    """What the model calls the tools, by which the server's own names are found.

    A name of letters, digits, `_` and `-`, at most 64, stays as it is unless it is taken; another becomes
    `label_name`, cut and marked where that is not enough.
    """
    found: dict[str, str] = {}
    # Those that can keep their names come first, so that none of them loses it to a changed one.
    for name in sorted(names, key=lambda each: _UNSAYABLE.search(each) is not None):
        sayable = _UNSAYABLE.sub("_", name)
        is_free = sayable == name and len(name) <= NAME_LENGTH_MAXIMUM and name not in taken and name not in found
        if not is_free:
            sayable = f"{_UNSAYABLE.sub('_', label)}_{sayable}"
            if len(sayable) > NAME_LENGTH_MAXIMUM or sayable in taken or sayable in found:
                mark = hashlib.sha256(f"{label}\n{name}".encode()).hexdigest()[:8]
                sayable = f"{sayable[: NAME_LENGTH_MAXIMUM - 9]}_{mark}"
        found[sayable] = name
    return found
