"""Agents: what they are told, how they sound, and their versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vivavoce.client.pages import Pages
from vivavoce.client.results import Agent, AgentVersion, result_of
from vivavoce.client.wire import Wire, path_of


class Agents:
    """`client.agents`. Every method raises `ApiError`, `ServerUnreachableError`, `UnexpectedAnswerError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def create(self, name: str, *, idempotency_key: str | None = None, **fields: Any) -> Agent:
        """Store an agent. `fields`: instructions, tools, voice, collection_ids and what else the API reference names.

        With the same `idempotency_key` a second call gives the agent of the first.
        """
        body = await self._wire.call(
            "POST", path_of("v1", "agents"), {"name": name, **fields}, idempotency_key=idempotency_key
        )
        return result_of(Agent, body.get("agent"))

    def list(self, *, limit: int | None = None, offset: int | None = None) -> Pages[Agent]:
        """All agents; `limit` is the size of a page (the server's choice without), `offset` skips that many."""
        return Pages(self._wire, path_of("v1", "agents"), Agent, "agents", {"limit": limit, "offset": offset})

    async def get(self, agent_id: str) -> Agent:
        body = await self._wire.get(path_of("v1", "agents", agent_id))
        return result_of(Agent, body.get("agent"))

    async def update(
        self,
        agent_id: str,
        changes: Mapping[str, Any] | None = None,
        *,
        clear: Iterable[str] = (),
        phone_number_id: str | None = None,
    ) -> Agent:
        """Change the fields of `changes`, clear those of `clear`, leave every other as it is.

        `phone_number_id` assigns a number, '' takes it away. The former definition stays as a version.
        """
        changed = dict(changes or {})
        mask = [*changed, *(name for name in clear if name not in changed)]
        # The API asks for a mask even where only a number is assigned, and names this one.
        body: dict[str, Any] = {"agent": changed, "field_mask": {"paths": mask or ["name"]}}
        if phone_number_id is not None:
            body["phone_number_id"] = phone_number_id
        answer = await self._wire.call("PATCH", path_of("v1", "agents", agent_id), body)
        return result_of(Agent, answer.get("agent"))

    async def delete(self, agent_id: str) -> None:
        """Delete an agent; its calls that go on are ended."""
        await self._wire.call("DELETE", path_of("v1", "agents", agent_id))

    async def versions(self, agent_id: str) -> tuple[AgentVersion, ...]:
        """The definitions that the agent has had, in the server's order."""
        pages = Pages(self._wire, path_of("v1", "agents", agent_id, "versions"), AgentVersion, "versions", {})
        return tuple(await pages.all())

    async def restore(self, agent_id: str, version: int) -> Agent:
        """Make the agent as it was; the present definition stays as a version too."""
        path = path_of("v1", "agents", agent_id, "versions", str(version), "restore")
        return result_of(Agent, (await self._wire.call("POST", path)).get("agent"))
