"""The API keys of the organisation whose key is used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vivavoce.client.pages import Pages
from vivavoce.client.results import ApiKey, result_of
from vivavoce.client.wire import Wire, path_of


class ApiKeys:
    """`client.api_keys`. Every method raises `ApiError`, `ServerUnreachableError`, `UnexpectedAnswerError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def create(self, name: str, *, scopes: Iterable[str] | None = None) -> ApiKey:
        """Make a key. Its `secret` is never shown again."""
        body: dict[str, Any] = {"name": name} | ({} if scopes is None else {"scopes": list(scopes)})
        answer = await self._wire.call("POST", path_of("v1", "api-keys"), body)
        return result_of(ApiKey, answer.get("api_key", answer))

    def list(self, *, limit: int | None = None) -> Pages[ApiKey]:
        return Pages(self._wire, path_of("v1", "api-keys"), ApiKey, "api_keys", {"limit": limit})

    async def revoke(self, key_id: str) -> None:
        """Make a key useless for ever."""
        await self._wire.call("DELETE", path_of("v1", "api-keys", key_id))
