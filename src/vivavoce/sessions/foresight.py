"""Calls that the server makes in the model's place, as the caller's words surely ask for them: searches in documents.

A small model that has to ask for a search itself costs the caller a second, and one time in five it does not ask. So
what is found for the caller's own words is looked at first; if it answers them, the reply consists of the search, and
its result is answered like that of any other call. Owned by a session; holds nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace

from vivavoce.conversation.history import PromptMessage
from vivavoce.conversation.orders import StartReply
from vivavoce.conversation.settings import Tool
from vivavoce.conversation.tool_policy import ToolKind, ToolSourceKey
from vivavoce.tools.ports import Foreseeing

PATIENCE_SECONDS = 1.0
"""How long the model waits for what may make it unnecessary: some 20 ms, more where the processor is busy."""


FOUND = "Found in the documents:\n{found}\nWith this, answer in one short sentence: {asked}"


@dataclass(frozen=True, slots=True)
class ForeseenCall:
    """`arguments` is JSON."""

    name: str
    arguments: str


class Foresight:
    """`source`: the open source of a key, if it is open."""

    def __init__(self, source: Callable[[ToolSourceKey], object]) -> None:
        self._source = source

    def told(
        self, prompt: Sequence[PromptMessage], tools: Sequence[Tool], choice: str = "auto"
    ) -> tuple[tuple[PromptMessage, ...], tuple[Tool, ...]]:
        """What the model sees: nothing of the search, where nothing else could be meant, but what was found.

        Then the server searches whenever there is something to find, and the prompt is shorter by the tools' text.
        """
        if choice not in ("auto", "none") or not _is_alone(tools):
            return tuple(prompt), tuple(tools)
        hidden = {tool.name for tool in tools if self._foreseer(tool) is not None}
        told = tuple(tool for tool in tools if tool.name not in hidden)
        return (tuple(_without_calls(prompt, hidden)) if hidden else tuple(prompt)), told

    async def call_for(self, order: StartReply) -> ForeseenCall | None:
        """The call that the newest words of the caller ask for; None: the model decides."""
        newest = order.prompt[-1] if order.prompt else None
        if newest is None or newest.role != "user" or order.script is not None or order.tool_choice != "auto":
            return None
        for tool in order.tools:
            foreseer = self._foreseer(tool)
            if foreseer is not None:
                arguments = await _soon(foreseer, newest.text, alone=_is_alone(order.tools))
                return None if arguments is None else ForeseenCall(tool.name, arguments)
        return None

    def _foreseer(self, tool: Tool) -> Foreseeing | None:
        if tool.kind is ToolKind.FILE_SEARCH and tool.source is not None:
            source = self._source(tool.source)
            if isinstance(source, Foreseeing):
                return source
        return None


def _without_calls(prompt: Sequence[PromptMessage], hidden: Set[str]) -> Iterator[PromptMessage]:
    """The question comes once more behind what was found for it: small models have lost sight of it by then."""
    calls, asked = set[str](), ""
    for message in prompt:
        asked = message.text if message.role == "user" else asked
        unseen = {call.call_id for call in message.calls if call.name in hidden}
        calls |= unseen
        if message.role == "tool" and message.call_id in calls:
            yield PromptMessage("user", FOUND.format(found=message.text, asked=asked))
        elif unseen:
            kept = tuple(call for call in message.calls if call.call_id not in unseen)
            if kept or message.text:
                yield replace(message, calls=kept)
        else:
            yield message


def _is_alone(tools: Sequence[Tool]) -> bool:
    return all(tool.kind in (ToolKind.FILE_SEARCH, ToolKind.SYSTEM) for tool in tools)


async def _soon(foreseer: Foreseeing, words: str, *, alone: bool) -> str | None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await foreseer.foreseen(words, alone=alone)
    except TimeoutError:
        return None
