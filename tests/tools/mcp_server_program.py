"""A real MCP server, made with the official library, for tests to start as a process of its own.

`mcp_server_program.py TRANSPORT PORT NOTES [TOKEN]`: TRANSPORT is `http`, `json` (Streamable HTTP, answers as JSON) or
`sse`; PORT 0 picks a free one; every call that was carried out leaves a line in the file NOTES; with a TOKEN every
request must bring it. Prints the port when it listens, and then those lines. Whoever starts it ends it.
"""

from __future__ import annotations

import socket
import sys
import warnings
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.types import CallToolResult, ImageContent, TextContent, ToolAnnotations
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def build(notes: Path) -> MCPServer:
    """The server and its tools."""
    server = MCPServer("Test server", version="1")

    def note(line: str) -> None:
        with notes.open("a") as file:
            file.write(line + "\n")
        tell(line)

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    async def echo(text: str) -> str:
        """Says it again."""
        note(f"echo {text}")
        return f"You said {text}."

    @server.tool()
    async def order(dish: str) -> dict[str, Any]:
        """Orders a dish."""
        note(f"order {dish}")
        return {"dish": dish, "minutes": 20}

    @server.tool(name="look.up")
    async def look_up() -> str:
        """Its name has a dot."""
        return "found"

    @server.tool()
    async def fail() -> CallToolResult:
        """Says that it failed."""
        return CallToolResult(content=[TextContent(type="text", text="the kitchen is closed")], is_error=True)

    @server.tool()
    async def hang(text: str) -> str:
        """Never answers."""
        note(f"hang {text}")
        await anyio.Event().wait()
        return "never"

    @server.tool()
    async def grow(context: Context) -> str:
        """Gets one more tool."""
        server.add_tool(look_up, name="grown", description="It was not there before.")
        await context.notify_tools_changed()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            await context.request_context.session.send_tool_list_changed()
        return "grown"

    add_shapes(server)
    return server


def add_shapes(server: MCPServer) -> None:
    """Tools whose answers are of every size and kind."""

    @server.tool()
    async def big() -> str:
        """Answers with 10 MB."""
        return "x" * 10_000_000

    @server.tool()
    async def long() -> str:
        """Answers with more than a model can read."""
        return "word " * 4_000

    @server.tool()
    async def picture() -> CallToolResult:
        """A picture and a word."""
        image = ImageContent(type="image", data="iVBORw0KGgo=", mime_type="image/png")
        return CallToolResult(content=[TextContent(type="text", text="Here it is:"), image])


def guarded(app: ASGIApp, token: str) -> ASGIApp:
    """The application, for those who bring the token."""

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        sent = dict(scope.get("headers", ())).get(b"authorization", b"").decode()
        if scope["type"] == "http" and sent != f"Bearer {token}":
            await PlainTextResponse("who are you?", 401)(scope, receive, send)
            return
        await app(scope, receive, send)

    return checked


def main() -> None:
    transport, port, notes, *token = sys.argv[1:]
    server = build(Path(notes))
    app: ASGIApp = (
        server.sse_app() if transport == "sse" else server.streamable_http_app(json_response=transport == "json")
    )
    if token:
        app = guarded(app, token[0])
    listening = socket.create_server(("127.0.0.1", int(port)))
    tell(str(listening.getsockname()[1]))
    uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)).run([listening])


if __name__ == "__main__":
    main()
