"""Which tools this server runs: one factory for every type of declaration, made of what the server owns.

The composition root makes `ToolGround` and asks for the factories once; what they open ends with `ToolGround.close`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx

from vivavoce.app.mcp_tools import mcp_factory
from vivavoce.app.search_tools import search_factories
from vivavoce.app.webhook_tools import ToolSecrets, call_factories
from vivavoce.config import ServerSettings
from vivavoce.knowledge.search import PassageSearch
from vivavoce.sessions.ports import Engines
from vivavoce.store.store import Store
from vivavoce.store.vault import Vault
from vivavoce.tools.declared import SourceFactory
from vivavoce.tools.file_search import FileSearchFactory


@dataclass(frozen=True, slots=True)
class ToolGround:
    """What factories build on; all of it lives as long as the server. `engines` gives None until they are loaded.

    `closing`: push there what must be closed with the server. `jobs`: work in the background, by name; the server
    runs each in a task until it stops.
    """

    settings: ServerSettings
    store: Store
    vault: Vault
    http: httpx.AsyncClient
    engines: Callable[[], Engines | None]
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    jobs: dict[str, Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=dict)

    async def close(self) -> None:
        """Call it when no call is left and the jobs have ended."""
        await self.closing.aclose()


def tool_factories(ground: ToolGround, documents: PassageSearch) -> Mapping[str, SourceFactory]:
    """The factories by type; a type without one is told to the model as not there."""
    factories: dict[str, SourceFactory] = {}
    secrets = ToolSecrets(ground.store, ground.vault)
    factories |= call_factories(ground.settings, secrets, ground.closing)
    factories["mcp"] = mcp_factory(ground.settings, secrets.values, ground.closing, ground.jobs)
    factories["file_search"] = FileSearchFactory(documents)
    factories |= search_factories(ground.settings, ground.closing)
    return factories
