"""One server process: the ASGI application and everything that it owns, from start to end.

The HTTP side answers at once (`/healthz`); calls are taken when the engines are warm (`/readyz`).
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from vivavoce.agents.demo import demo_agent
from vivavoce.api.application import build_application, build_routes
from vivavoce.api.problems import SERVER_ERROR, Problem
from vivavoce.app.doorkeeper import PlatformDoorkeeper
from vivavoce.app.engines import PARTS, close_engines, load_engines, with_profile
from vivavoce.app.platform import RunningPlatform
from vivavoce.config import ServerSettings
from vivavoce.console.routes import console_routes
from vivavoce.engines.voices import resolve_voice
from vivavoce.sessions.directory import SessionDirectory
from vivavoce.sessions.ports import Engines
from vivavoce.store.database import sqlite_url
from vivavoce.store.records import FIRST_ORGANISATION
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault
from vivavoce.telemetry.load import LoadGauge, describe
from vivavoce.telemetry.loop_watch import LoopWatch
from vivavoce.transports.websocket import RealtimeEndpoint

_log = logging.getLogger(__name__)

DRAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class FirstKey:
    """The API key that callers need. `secret` is set only when it was made just now: it cannot be shown again."""

    secret: str | None
    made_now: bool


class Server:
    """Owns the store, the engines and the calls. `start`, then serve `application`, then `stop`."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = with_profile(settings)
        self._waiting_for = list(PARTS)
        self._store: Store | None = None
        self._platform: RunningPlatform | None = None
        self._background: asyncio.Task[None] | None = None
        self._engines: Engines | None = None
        self._endpoint: RealtimeEndpoint | None = None
        self.gauge = LoadGauge(settings.load)
        self._watch = LoopWatch()
        self.directory = SessionDirectory(settings.maximum_sessions, self.gauge)
        sockets = [
            WebSocketRoute("/v1/realtime", self._realtime),
            WebSocketRoute("/v1/sessions/{session_id}/stream", self._realtime),
        ]
        self._app, self.application = build_application(self, sockets, settings.platform.cors_origins, self.load_now)
        self._app.router.routes.extend(console_routes())

    @property
    def engines(self) -> Engines | None:
        """The engines; None until they are loaded."""
        return self._engines

    def waiting_for(self) -> Sequence[str]:
        return tuple(self._waiting_for)

    async def open_store(self) -> FirstKey:
        """Open the database (made and migrated where needed), see that there is a key and an agent.

        Raises `StoreError`.
        """
        settings = self._settings
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._store = store = await Store.open(settings.database_url or sqlite_url(settings.data))
        vault = Vault.open(settings.data, settings.secret_key)
        self._platform = RunningPlatform(
            settings, store, vault, self.directory, lambda: self._engines, self.waiting_for
        )
        self._app.state.api = self._platform.api_state
        self._background = asyncio.create_task(self._platform.run(), name="platform")
        self._background.add_done_callback(_tell_of_defect)
        if await store.agents.count(FIRST_ORGANISATION) == 0:
            await store.agents.add(FIRST_ORGANISATION, demo_agent())
        if self._settings.api_key is not None:
            await store.keys.ensure("environment", self._settings.api_key)
            return FirstKey(None, made_now=False)
        if await store.keys.count() > 0:
            return FirstKey(None, made_now=False)
        return FirstKey((await store.keys.create("first")).secret, made_now=True)

    async def prepare_routes(self) -> None:
        """Build what the first requests would build otherwise, a second during which no call would be heard."""
        await asyncio.to_thread(build_routes, self._app)

    async def load(self) -> Engines:
        """Load and warm the engines; from then on calls are taken. Raises `EngineError`."""
        assert self._platform is not None, "open_store comes first"
        self._engines = engines = await load_engines(self._settings, self._waiting_for.remove, self.gauge)

        def resolve(name: str) -> str | None:
            return resolve_voice(name, engines.text_to_speech.voices)

        running_platform = self._platform
        doorkeeper = PlatformDoorkeeper(
            running_platform.platform,
            running_platform.authenticator,
            running_platform.transcripts,
            self.directory,
            running_platform.journals,
            running_platform.resumptions,
            resolve,
            running_platform.api_state.limiter,
            running_platform.tool_factories,
        )

        self._endpoint = RealtimeEndpoint(doorkeeper, self.directory, engines, resolve)
        # What is loaded stays: the collector need not walk the dictionaries and models again in the middle of a call.
        gc.collect()
        gc.freeze()
        # Not earlier: loading stops the loop now and then, and there are no calls yet that it could hurt.
        self._watch.start()
        self.gauge.follow_loop(self._watch.lag)
        return engines

    def load_now(self) -> dict[str, Any]:
        """How busy the process is, for those who send callers: `/readyz` tells it."""
        overload = self.gauge.overload()
        live = len(self.directory)
        calls = {"live": live, "maximum": self.directory.maximum}
        takes_calls = live < self.directory.maximum and (overload is None or live == 0)
        return {"takes_calls": takes_calls, "calls": calls, "overload": overload, **describe(self.gauge)}

    async def stop(self) -> None:
        """End the calls, let go of the models, close the database."""
        self._watch.stop()
        await self.directory.drain(DRAIN_SECONDS)
        if self._background is not None:
            self._background.cancel()
            await asyncio.gather(self._background, return_exceptions=True)
        if self._platform is not None:
            await self._platform.close()
        if self._engines is not None:
            await close_engines(self._engines)
        if self._store is not None:
            await self._store.close()

    async def _realtime(self, websocket: WebSocket) -> None:
        if self._endpoint is None:
            waiting = ", ".join(self._waiting_for)
            message = f"The server is starting; it still waits for: {waiting}."
            problem = Problem(503, "not_ready", message, SERVER_ERROR)
            await websocket.send_denial_response(JSONResponse(problem.body, problem.status, {"retry-after": "1"}))
            return
        await self._endpoint.serve(websocket, websocket.path_params.get("session_id"))


def _tell_of_defect(background: asyncio.Task[None]) -> None:
    if not background.cancelled() and (defect := background.exception()) is not None:
        _log.critical("transcripts, expiry and webhooks have stopped; restart the server", exc_info=defect)


@asynccontextmanager
async def running(settings: ServerSettings) -> AsyncIterator[Server]:
    """A server that is ready for calls; for tests and benchmarks that bring their own socket."""
    server = Server(settings)
    try:
        await server.open_store()
        await server.load()
        yield server
    finally:
        await server.stop()
