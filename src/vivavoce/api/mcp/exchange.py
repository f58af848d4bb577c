"""One HTTP request to the platform's MCP server, through the official library. Loaded with the first one.

Everything of it belongs to the request: the library's server, its transport and the tasks of both end with the answer.
Nothing is remembered between requests, so any server of a fleet can answer any of them.
"""

from __future__ import annotations

import json
import logging
from typing import Any

import mcp_types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from vivavoce import __version__
from vivavoce.agents.checks import InvalidFieldError
from vivavoce.api.errors import ApiError, problem_of
from vivavoce.api.mcp.tools import PLATFORM_TOOLS, Asked, PlatformTool
from vivavoce.services.errors import ServiceError
from vivavoce.store.errors import StoreError

INSTRUCTIONS = (
    "Voice agents of one organisation: list, make and change them, talk to them in writing, open calls for people to "
    "join, and read what was said. This server has no telephone lines: it cannot call a number."
)
# Cross-site requests cannot bring the key that every request needs, so the names of hosts need not be known.
_SECURITY = TransportSecuritySettings(enable_dns_rebinding_protection=False)
_BY_NAME = {tool.name: tool for tool in PLATFORM_TOOLS}

# The library writes down what is asked, which is what people said.
logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)


async def answer(asked: Asked, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request of a caller who is known already."""
    manager = StreamableHTTPSessionManager(
        _server(asked), json_response=True, stateless=True, security_settings=_SECURITY
    )
    async with manager.run():
        await manager.handle_request(scope, receive, send)


def _server(asked: Asked) -> Server[Any]:
    async def list_tools(
        _context: ServerRequestContext[Any], _params: mcp_types.PaginatedRequestParams | None
    ) -> mcp_types.ListToolsResult:
        return mcp_types.ListToolsResult(tools=[_shown(tool) for tool in PLATFORM_TOOLS if _may(asked, tool)])

    async def call_tool(
        _context: ServerRequestContext[Any], params: mcp_types.CallToolRequestParams
    ) -> mcp_types.CallToolResult:
        return await _called(asked, params)

    return Server(
        "vivavoce",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _called(asked: Asked, params: mcp_types.CallToolRequestParams) -> mcp_types.CallToolResult:
    tool = _BY_NAME.get(params.name)
    if tool is None:
        return _told(f"There is no tool {params.name[:80]!r}; there are: {', '.join(_BY_NAME)}.")
    if not _may(asked, tool):
        return _told(f"This key may not do that: it lacks the scope '{tool.scope}'. Use a key that has it.")
    try:
        given = tool.arguments.model_validate(params.arguments or {})
        result = await tool.run(asked, given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return _told(f"{'.'.join(map(str, first['loc'])) or 'arguments'}: {first['msg']}.")
    except (ApiError, InvalidFieldError, ServiceError, StoreError) as error:
        return _told(problem_of(error).message)
    text = json.dumps(result, ensure_ascii=False)
    return mcp_types.CallToolResult(
        content=[mcp_types.TextContent(type="text", text=text)], structured_content=dict(result)
    )


def _told(message: str) -> mcp_types.CallToolResult:
    """An error that a model can read and do something about (MCP 2025-06-18, "Error Handling")."""
    return mcp_types.CallToolResult(content=[mcp_types.TextContent(type="text", text=message)], is_error=True)


def _may(asked: Asked, tool: PlatformTool) -> bool:
    return tool.scope in asked.caller.scopes


def _shown(tool: PlatformTool) -> mcp_types.Tool:
    return mcp_types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=tool.arguments.model_json_schema(),
        annotations=mcp_types.ToolAnnotations(read_only_hint=tool.read_only, open_world_hint=False),
    )
