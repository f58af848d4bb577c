"""The web application over a store of its own, without sockets and engines, for tests of what HTTP clients see.

A test opens one with `application_open`, which closes the store with the block.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp

from vivavoce.api.application import build_application
from vivavoce.app.platform import RunningPlatform
from vivavoce.config import EngineSet, PlatformSettings, RecordingSettings, ServerSettings
from vivavoce.services.recordings.service import RecordingChoice
from vivavoce.sessions.directory import SessionDirectory
from vivavoce.store.database import sqlite_url
from vivavoce.store.records import ALL_SCOPES, FIRST_ORGANISATION, OrganisationId
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault

MASTER_KEY = b"k" * 32


class Ready:
    """A server that waits for nothing."""

    def waiting_for(self) -> Sequence[str]:
        return ()


@dataclass(frozen=True, slots=True)
class Opened:
    """An application that answers. `http` comes with an administrator's key of the first organisation."""

    app: FastAPI
    asgi: ASGIApp
    running: RunningPlatform
    store: Store
    http: httpx.AsyncClient
    key: str

    def client(self, key: str | None) -> httpx.AsyncClient:
        """A client that comes with another key, or with none. Holds nothing that must be closed."""
        return _client(self.asgi, key)

    async def new_key(
        self, *scopes: str, organisation_id: OrganisationId = FIRST_ORGANISATION, name: str = "another"
    ) -> str:
        made = await self.store.keys.create(name, organisation_id=organisation_id, scopes=scopes or ALL_SCOPES)
        return made.secret


def _client(asgi: ASGIApp, key: str | None) -> httpx.AsyncClient:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    # What broke is told as an answer, as a server would.
    transport = httpx.ASGITransport(asgi, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://server", headers=headers)


@asynccontextmanager
async def application_open(
    data: Path, url: str | None = None, recording: RecordingChoice | None = None, **chosen: Any
) -> AsyncGenerator[Opened]:
    """An application over a new store in `data`, or at `url`; `chosen` are fields of `PlatformSettings`."""
    settings = ServerSettings(
        data=data,
        engines=EngineSet.SCRIPTED,
        platform=PlatformSettings(**chosen),
        recording=RecordingSettings(recording or RecordingChoice()),
    )
    async with await Store.open(url or sqlite_url(data)) as store:
        running = RunningPlatform(settings, store, Vault(MASTER_KEY), SessionDirectory(8), lambda: None)
        app, asgi = build_application(Ready(), [], settings.platform.cors_origins)
        app.state.api = running.api_state
        key = (await store.keys.create("administrator")).secret
        async with _client(asgi, key) as http:
            yield Opened(app, asgi, running, store, http, key)
        await running.close()


def bytes_in(directory: Path) -> bytes:
    """Whatever the files of a directory hold."""
    return b"".join(path.read_bytes() for path in sorted(directory.iterdir()) if path.is_file())
