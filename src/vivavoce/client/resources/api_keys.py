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

    async def create(self, name: str, *, scopes: Iterable[str] | None = None, prefix: str | None = None) -> ApiKey:
        """Make a key. Its `secret` is never shown again. `prefix` is how it begins, such as `vv_` or `xai-`."""
        body: dict[str, Any] = {"name": name} | ({} if scopes is None else {"scopes": list(scopes)})
        body |= {} if prefix is None else {"prefix": prefix}
        answer = await self._wire.call("POST", path_of("v1", "api-keys"), body)
        return result_of(ApiKey, answer.get("api_key", answer))

    def list(self, *, limit: int | None = None) -> Pages[ApiKey]:
        return Pages(self._wire, path_of("v1", "api-keys"), ApiKey, "api_keys", {"limit": limit})

    async def get(self, key_id: str) -> ApiKey:
        answer = await self._wire.get(path_of("v1", "api-keys", key_id))
        return result_of(ApiKey, answer.get("api_key", answer))

    async def revoke(self, key_id: str) -> ApiKey:
        """Make a key useless for ever."""
        answer = await self._wire.call("POST", path_of("v1", "api-keys", key_id, "revoke"))
        return result_of(ApiKey, answer.get("api_key", answer))
