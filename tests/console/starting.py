"""A server that shows the console and has not loaded its engines: as in the first seconds, or where models are missing.

The block that opens it ends it. `Served.inside(served.server.load)` loads the engines when the test wants that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.compliance.talking_server import TalkingServer
from tests.console.browsing import console_server

from vivavoce.app.server import Server
from vivavoce.config import ServerSettings


@asynccontextmanager
async def _without_engines(settings: ServerSettings) -> AsyncIterator[Server]:
    server = Server(settings)
    try:
        await server.open_store()
        yield server
    finally:
        await server.stop()


@contextmanager
def starting_server(data: Path, **settings: Any) -> Iterator[TalkingServer]:
    """Serves without engines; they are scripted ones unless `settings` says otherwise."""
    with patch("tests.serving.running", _without_engines), console_server(data, **settings) as server:
        yield server
