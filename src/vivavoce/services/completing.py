"""A completion: what a client may wish for, as a request to the language model, and the parts that come of it.

Values and functions without state; `ChatService` performs them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal

from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.tools import functions_of
from vivavoce.engines.ports import (
    AffinityKey,
    ChatMessage,
    FunctionTool,
    GenerationPart,
    GenerationRequest,
    GenerationUsage,
    TextGenerated,
    ToolCallGenerated,
)
from vivavoce.services.stop_words import StopWords
from vivavoce.store.records import AgentRecord

_CHOICES = ("auto", "none", "required")


@dataclass(frozen=True, slots=True)
class CompletionWish:
    """What is to be completed. `model` may name an agent. `tools` None: the agent's own, where there is one.

    `tool_choice` is 'auto', 'none', 'required' or the name of a tool. What is None is left to the language model.
    """

    model: str
    messages: tuple[ChatMessage, ...]
    tools: tuple[FunctionTool, ...] | None = None
    tool_choice: str = "auto"
    json_schema: Mapping[str, Any] | None = None
    maximum_output_tokens: int | None = None
    temperature: float | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompletionEnded:
    """The last part. `usage` None: the text was cut at a stop sequence, before the model had counted."""

    reason: Literal["stop", "length", "tool_calls"]
    usage: GenerationUsage | None


CompletionPart = TextGenerated | ToolCallGenerated | CompletionEnded


def completion_request(
    wish: CompletionWish,
    agent: AgentRecord | None,
    affinity: AffinityKey,
    hosted: Sequence[FunctionTool] = (),
    notes: Sequence[ChatMessage] = (),
) -> GenerationRequest:
    """`hosted`: what the server itself runs; a function of the same name counts more. `notes`: told to the agent
    behind its instructions.

    Raises `InvalidFieldError` for a choice of tools that are not there.
    """
    tools = functions_offered(wish, agent)
    names = {tool.name for tool in tools}
    tools += tuple(tool for tool in hosted if tool.name not in names)
    if wish.tool_choice == "required" and not tools:
        raise InvalidFieldError("tool_choice", "is 'required', but no function is offered; add one to 'tools'")
    if wish.tool_choice not in (*_CHOICES, *(tool.name for tool in tools)):
        message = f"names {wish.tool_choice[:80]!r}, which is none of the functions in 'tools'"
        raise InvalidFieldError("tool_choice", message)
    plain = GenerationRequest(wish.messages, affinity)
    return GenerationRequest(
        messages=(*instructions(agent), *notes, *wish.messages),
        affinity=affinity,
        tools=tools,
        tool_choice=wish.tool_choice,
        json_schema=wish.json_schema,
        maximum_output_tokens=wish.maximum_output_tokens,
        temperature=plain.temperature if wish.temperature is None else wish.temperature,
    )


def functions_offered(wish: CompletionWish, agent: AgentRecord | None) -> tuple[FunctionTool, ...]:
    """The functions that the client runs: its own, or else the agent's."""
    if wish.tools is not None:
        return wish.tools
    return () if agent is None else functions_of(agent.definition.tools)


def instructions(agent: AgentRecord | None) -> list[ChatMessage]:
    """What the agent is told before all else, as the beginning of a prompt."""
    text = "" if agent is None else agent.definition.whole_instructions
    return [ChatMessage("system", text)] if text else []


def runs_hosted_tools(wish: CompletionWish) -> bool:
    """Whether the agent's own searches and servers are wanted: not by who asks for JSON, or for no tools at all."""
    return wish.json_schema is None and wish.tools != () and wish.tool_choice != "none"


async def cut(parts: AsyncGenerator[GenerationPart], stop: Sequence[str]) -> AsyncGenerator[CompletionPart]:
    """The parts up to the first stop sequence, where the generation is closed; it is closed in any case."""
    words = StopWords(stop)
    async with aclosing(parts):
        async for part in parts:
            if isinstance(part, TextGenerated):
                if said := words.feed(part.text):
                    yield TextGenerated(said)
                if words.met:
                    yield CompletionEnded("stop", None)
                    return
                continue
            if rest := words.rest():
                yield TextGenerated(rest)
            yield part if isinstance(part, ToolCallGenerated) else CompletionEnded(part.reason, part.usage)
