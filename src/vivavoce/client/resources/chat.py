"""Chat completions: an agent, or a bare language model, in writing (OpenAI's Chat Completions API)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from vivavoce.client.results import Completion, completion_of
from vivavoce.client.wire import Wire, path_of

_PATH = path_of("v1", "chat", "completions")


class Chat:
    """`client.chat`. Every method raises `ApiError`, `ServerUnreachableError`, `UnexpectedAnswerError`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def complete(
        self,
        messages: Iterable[Mapping[str, Any]],
        *,
        model: str = "vivavoce",
        tools: Iterable[Mapping[str, Any]] = (),
        **parameters: Any,
    ) -> Completion:
        """One whole answer. `model` may be an agent's id: it answers with its own instructions and tools."""
        body = _body(messages, model, tools, parameters)
        return completion_of(await self._wire.call("POST", _PATH, body, patient=True))

    @asynccontextmanager
    async def stream(
        self,
        messages: Iterable[Mapping[str, Any]],
        *,
        model: str = "vivavoce",
        tools: Iterable[Mapping[str, Any]] = (),
        **parameters: Any,
    ) -> AsyncGenerator[AsyncIterator[dict[str, Any]]]:
        """An answer as it is written: `chat.completion.chunk` objects until the answer is whole.

        Leaving the block stops the answer.
        """
        body = _body(messages, model, tools, parameters) | {"stream": True}
        async with self._wire.events(_PATH, body) as events:
            yield events


def _body(
    messages: Iterable[Mapping[str, Any]], model: str, tools: Iterable[Mapping[str, Any]], parameters: dict[str, Any]
) -> dict[str, Any]:
    declared = [dict(tool) for tool in tools]
    said = [dict(message) for message in messages]
    return {"model": model, "messages": said} | ({"tools": declared} if declared else {}) | parameters
