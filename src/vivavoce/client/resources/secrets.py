"""Secrets that agents' tools sign and log in with. Their values go in and never come out."""

from __future__ import annotations

from vivavoce.client.errors import ConflictError
from vivavoce.client.knowledge_results import Secret
from vivavoce.client.pages import Pages
from vivavoce.client.results import result_of
from vivavoce.client.wire import Wire, path_of


class Secrets:
    """`client.secrets`. Every method raises `ApiError`, `ServerUnreachableError`, `UnexpectedAnswerError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def create(self, name: str, value: str) -> Secret:
        """Raises `ConflictError` for a name that is taken."""
        body = {"name": name, "value": value}
        return result_of(Secret, await self._wire.call("POST", path_of("v1", "secrets"), body))

    async def replace(self, name: str, value: str) -> Secret:
        """Give a secret another value. Raises `NotFoundError`."""
        return result_of(Secret, await self._wire.call("PUT", path_of("v1", "secrets", name), {"value": value}))

    async def set(self, name: str, value: str) -> Secret:
        """Store it, or give it another value if there is one of that name."""
        try:
            return await self.create(name, value)
        except ConflictError:
            return await self.replace(name, value)

    def list(self) -> Pages[Secret]:
        return Pages(self._wire, path_of("v1", "secrets"), Secret, "secrets", {})

    async def delete(self, name: str) -> None:
        """Tools that name it tell the model that they are not set up."""
        await self._wire.call("DELETE", path_of("v1", "secrets", name))
