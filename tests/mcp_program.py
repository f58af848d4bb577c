"""Starts and ends `tests/tools/mcp_server_program.py`: a real MCP server in a process of its own.

The test that starts one owns it; leaving `running_program` kills what is left.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

PROGRAM = Path(__file__).parent / "tools" / "mcp_server_program.py"


class McpProgram:
    """`notes` are the calls that were carried out, by this process and by those before it in the same folder."""

    def __init__(self, folder: Path, transport: str = "http", token: str | None = None) -> None:
        self._arguments = () if token is None else (token,)
        self._transport = transport
        self._notes = folder / "notes.txt"
        self._process: asyncio.subprocess.Process | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{'sse' if self._transport == 'sse' else 'mcp'}"

    @property
    def notes(self) -> list[str]:
        return self._notes.read_text().splitlines() if self._notes.exists() else []

    async def start(self) -> None:
        """On the same port as before, if there was one."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(PROGRAM),
            self._transport,
            str(self.port),
            str(self._notes),
            *self._arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self.port = int(await self._line())

    async def carried_out(self) -> str:
        """Wait for the next call that the server begins to carry out."""
        return await self._line()

    async def kill(self) -> None:
        """At once, as a machine that loses its power (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            await self._process.communicate()
            self._process = None

    async def _line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode().strip()


@asynccontextmanager
async def running_program(folder: Path, transport: str = "http", token: str | None = None) -> AsyncIterator[McpProgram]:
    program = McpProgram(folder, transport, token)
    await program.start()
    try:
        yield program
    finally:
        await program.kill()


class SharedPrograms:
    """Servers that many tests use and none of them ends; `close` does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[tuple[str, ...], tuple[subprocess.Popen[bytes], str]] = {}

    def url(self, transport: str = "http", token: str | None = None) -> str:
        """The address of such a server; it is started when it is first asked for."""
        arguments = (transport, "0", str(self._folder / "notes.txt"), *(() if token is None else (token,)))
        if arguments not in self._running:
            process = subprocess.Popen(
                [sys.executable, str(PROGRAM), *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            assert process.stdout is not None
            port = int(process.stdout.readline())
            path = "sse" if transport == "sse" else "mcp"
            self._running[arguments] = process, f"http://127.0.0.1:{port}/{path}"
        return self._running[arguments][1]

    def close(self) -> None:
        for process, _ in self._running.values():
            process.kill()
            process.communicate()
