"""An answer in writing that may call tools: the model writes, its calls run, and it writes on with what came of them.

Functions without state; `ChatService` performs them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from vivavoce.conversation.tool_approvals import agrees
from vivavoce.engines.ports import (
    ChatMessage,
    GenerationEnded,
    GenerationPart,
    GenerationRequest,
    GenerationUsage,
    TextGenerated,
    ToolCall,
    ToolCallGenerated,
)
from vivavoce.services.written_tools import WrittenCall, WrittenTools

ROUNDS_MAXIMUM = 8
"""Rounds of calls in one answer; after them the model has to answer with what it knows."""

Generate = Callable[[GenerationRequest], AsyncGenerator[GenerationPart]]
OnEnded = Callable[[WrittenCall], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Rounds:
    """How rounds are held. `functions`: names that mean functions of the client's, whatever the server runs. `on_ended`
    is awaited for each call before the model writes on. `call_ids`: what a call is called, by its number in the
    answer, where there is no client to run any; None: as the model calls it.
    """

    generate: Generate
    tools: WrittenTools
    functions: frozenset[str] = frozenset()
    on_ended: OnEnded | None = None
    call_ids: Callable[[int], str] | None = None


async def in_rounds(rounds: Rounds, request: GenerationRequest) -> AsyncGenerator[GenerationPart]:
    """The words of all rounds, a line apart; calls of tools that are not the server's; the end, with all that it took.

    A round that calls any of those is the last one: who runs them is asked first, and nothing else of it is run.
    """
    usage = GenerationUsage(0, 0, 0)
    said_before, made = False, 0
    for number in range(ROUNDS_MAXIMUM + 1):
        if number == ROUNDS_MAXIMUM:
            request = replace(request, tool_choice="none")
        words: list[str] = []
        calls: list[ToolCall] = []
        reason = None
        async with aclosing(rounds.generate(request)) as parts:
            async for part in parts:
                match part:
                    case TextGenerated(text=text) if text:
                        if said_before and not words:
                            yield TextGenerated("\n")
                        words.append(text)
                        yield part
                    case ToolCallGenerated(call=call):
                        calls.append(call)
                    case GenerationEnded():
                        reason, usage = part.reason, _added(usage, part.usage)
                    case _:
                        pass
        others = [call for call in calls if call.name in rounds.functions or not rounds.tools.offers(call.name)]
        if not calls or (others and rounds.call_ids is None) or number == ROUNDS_MAXIMUM:
            for call in others if rounds.call_ids is None else ():
                yield ToolCallGenerated(call)
            yield GenerationEnded(reason or "stop", usage)
            return
        said_before = said_before or bool(words)
        if rounds.call_ids is not None:
            calls = [replace(call, call_id=rounds.call_ids(made + index)) for index, call in enumerate(calls)]
        made += len(calls)
        ended = await rounds.tools.run(calls, said_in(request.messages))
        for each in ended:
            if rounds.on_ended is not None:
                await rounds.on_ended(each)
        request = replace(request, messages=(*request.messages, *_told("".join(words), ended)), tool_choice="auto")


def said_in(messages: Sequence[ChatMessage]) -> tuple[str, ...]:
    """What arguments may be taken from: all but the model's own words, and of these what the user has agreed to."""
    found: list[str] = []
    proposed = ""
    for message in messages:
        if message.role == "assistant":
            proposed = message.text or proposed
            continue
        if message.role == "user":
            if agrees(message.text, None):
                found.append(proposed)
            proposed = ""
        found.append(message.text)
    return tuple(text for text in found if text)


def _told(words: str, ended: Sequence[WrittenCall]) -> list[ChatMessage]:
    made = ChatMessage("assistant", words, tuple(each.call for each in ended))
    answers = [ChatMessage("tool", each.result.output, call_id=each.call.call_id) for each in ended]
    return [made, *answers]


def _added(one: GenerationUsage, other: GenerationUsage) -> GenerationUsage:
    return GenerationUsage(
        one.input_tokens + other.input_tokens,
        one.cached_input_tokens + other.cached_input_tokens,
        one.output_tokens + other.output_tokens,
    )
