"""Environments: variables and sealed secrets for tools."""

from __future__ import annotations

from typing import Any

from vivavoce.client.knowledge_results import Environment
from vivavoce.client.pages import Pages
from vivavoce.client.results import result_of
from vivavoce.client.wire import Wire, path_of


class Environments:
    """`client.environments`. Every method raises `ApiError`, `ServerUnreachableError`, `UnexpectedAnswerError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def create(self, name: str, **fields: Any) -> Environment:
        """`fields`: variables, secrets, metadata. Secrets are never shown again."""
        body = {"name": name, **fields}
        return result_of(Environment, await self._wire.call("POST", path_of("v1", "environments"), body))

    def list(self, *, limit: int | None = None) -> Pages[Environment]:
        return Pages(self._wire, path_of("v1", "environments"), Environment, "environments", {"limit": limit})

    async def get(self, environment_id: str) -> Environment:
        return result_of(Environment, await self._wire.get(path_of("v1", "environments", environment_id)))

    async def update(self, environment_id: str, **changes: Any) -> Environment:
        """Change `name`, `variables`, `secrets` or `metadata`; what is not named stays."""
        path = path_of("v1", "environments", environment_id)
        return result_of(Environment, await self._wire.call("PATCH", path, changes))

    async def delete(self, environment_id: str) -> None:
        await self._wire.call("DELETE", path_of("v1", "environments", environment_id))
