"""Threads: conversations that may go on over several sessions."""

from __future__ import annotations

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

    async def get(self, thread_id: str) -> Thread:
        body = await self._wire.get(path_of("v1", "threads", thread_id))
        return result_of(Thread, body.get("thread", body))

    def messages(self, thread_id: str, *, limit: int | None = None) -> Pages[Message]:
        """What was said in the thread, in order."""
        return Pages(self._wire, path_of("v1", "threads", thread_id, "messages"), Message, "messages", {"limit": limit})
