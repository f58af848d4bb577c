"""Threads: conversations that may go on over several sessions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vivavoce.client.pages import Pages
from vivavoce.client.results import Message, Thread, result_of
from vivavoce.client.wire import Wire, path_of


class Threads:
    """`client.threads`. Every method raises `ApiError`, `ServerUnreachableError`, `UnexpectedAnswerError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self, *, agent_id: str | None = None, limit: int | None = None) -> Pages[Thread]:
        query = {"agent_id": agent_id, "limit": limit}
        return Pages(self._wire, path_of("v1", "threads"), Thread, "threads", query)

    async def create(
        self, *, agent_id: str | None = None, title: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> Thread:
        """Begin a thread."""
        given = {"agent_id": agent_id, "title": title, "metadata": None if metadata is None else dict(metadata)}
        body = {name: value for name, value in given.items() if value is not None}
        answer = await self._wire.call("POST", path_of("v1", "threads"), body)
        return result_of(Thread, answer.get("thread", answer))

    async def get(self, thread_id: str) -> Thread:
        body = await self._wire.get(path_of("v1", "threads", thread_id))
        return result_of(Thread, body.get("thread", body))

    def messages(self, thread_id: str, *, limit: int | None = None) -> Pages[Message]:
        """What was said in the thread, in order."""
        return Pages(self._wire, path_of("v1", "threads", thread_id, "messages"), Message, "messages", {"limit": limit})

    async def add_message(
        self, thread_id: str, content: str, *, role: str = "user", client_id: str | None = None
    ) -> Message:
        """Add something that was said. The same `client_id` again is the same message."""
        body = {"role": role, "content": content} | ({} if client_id is None else {"client_id": client_id})
        answer = await self._wire.call("POST", path_of("v1", "threads", thread_id, "messages"), body)
        return result_of(Message, answer.get("message", answer))

    async def update(self, thread_id: str, **changes: Any) -> Thread:
        """Change `title`, `status` or `metadata`; what is not named stays as it is."""
        answer = await self._wire.call("PATCH", path_of("v1", "threads", thread_id), changes)
        return result_of(Thread, answer.get("thread", answer))

    async def delete(self, thread_id: str) -> None:
        """Delete a thread with everything that was said in it."""
        await self._wire.call("DELETE", path_of("v1", "threads", thread_id))
