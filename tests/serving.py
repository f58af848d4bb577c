"""Servers for tests: a real uvicorn on a free port of 127.0.0.1, in a thread of its own, ended with the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
import uvloop

from vivavoce.app.http import http_server, listen
from vivavoce.app.server import Server, running
from vivavoce.config import EngineSet, ServerSettings
from vivavoce.telemetry.load import LoadLimits

KEY = "vv_test_key_0123456789"
T = TypeVar("T")


@dataclass(slots=True)
class Served:
    """A server that is ready. `inside` runs something on its event loop."""

    server: Server
    port: int
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/realtime"

    def inside(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run_coroutine_threadsafe(work(), self.loop).result(60)


@contextmanager
def serving(settings: ServerSettings, prepare: Callable[[uvicorn.Server], None] | None = None) -> Iterator[Served]:
    """Serve until the block ends; `prepare` may change the HTTP server first. Raises what the server raised."""
    ready = threading.Event()
    box: list[Served] = []
    failures: list[BaseException] = []
    stop: list[uvicorn.Server] = []

    async def hold() -> None:
        with listen("127.0.0.1", 0) as listening:
            async with running(settings) as server:
                http = http_server(server)
                if prepare is not None:
                    prepare(http)
                stop.append(http)
                box.append(Served(server, listening.getsockname()[1], asyncio.get_running_loop()))
                listening.listen()
                ready.set()
                await http.serve([listening])

    def body() -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(hold())
        except BaseException as failure:  # noqa: BLE001 - handed to the test below
            failures.append(failure)
        finally:
            ready.set()

    thread = threading.Thread(target=body, name="test server")
    thread.start()
    try:
        assert ready.wait(120), "the server did not start"
        if failures:
            raise failures[0]
        yield box[0]
    finally:
        if stop:
            stop[0].should_exit = True
        thread.join(60)
        assert not thread.is_alive(), "the server did not end"
    if failures:
        raise failures[0]


def scripted_settings(data: Path, **changes: Any) -> ServerSettings:
    """A server with scripted engines and the key `KEY`, which takes calls however busy the tests' machine is."""
    chosen: dict[str, Any] = {
        "data": data,
        "engines": EngineSet.SCRIPTED,
        "api_key": KEY,
        "journal": False,
        "load": LoadLimits(loop_lag_ms=0, engine_wait_ms=0),
    }
    return ServerSettings(**(chosen | changes))
