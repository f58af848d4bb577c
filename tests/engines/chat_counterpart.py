"""A chat-completions server on loopback for the tests of the HTTP language model, byte for byte under their control.

Owned by the test that opens it with `serving`; dies at the end of its block.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from vivavoce.engines.ports import (
    AffinityKey,
    ChatMessage,
    FunctionTool,
    GenerationEnded,
    GenerationRequest,
    TextGenerated,
    ToolCall,
    ToolCallGenerated,
)
from vivavoce.engines.scripted import ScriptedLanguageModel


@dataclass
class Exchange:
    """One request that arrived, and the means to answer it."""

    body: dict[str, Any]
    headers: dict[str, str]
    writer: asyncio.StreamWriter
    gone: asyncio.Event

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def begin(self, status: int = 200, content_type: str = "text/event-stream", *extra: str) -> None:
        """The head of an answer whose end is the end of the connection."""
        lines = [f"HTTP/1.1 {status} Whatever", f"content-type: {content_type}", "connection: close", *extra, "", ""]
        await self.send("\r\n".join(lines).encode())

    async def refuse(self, status: int, body: object, *extra: str) -> None:
        await self.begin(status, "application/json", *extra)
        await self.send(json.dumps(body).encode())

    async def event(self, data: object) -> None:
        await self.send(f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode())

    async def delta(self, delta: dict[str, Any], finish_reason: str | None = None) -> None:
        await self.event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})


Answering = Callable[[Exchange], Awaitable[None]]


@dataclass
class Counterpart:
    """The server: answers the n-th request with `answers[n]`, and every later one with the last."""

    answers: list[Answering]
    base_url: str = ""
    seen: list[Exchange] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            exchange = Exchange(json.loads(body), headers, writer, asyncio.Event())
            self.seen.append(exchange)
            self.arrived.set()
            async with asyncio.TaskGroup() as tasks:
                watch = tasks.create_task(_watch(reader, exchange.gone))
                await self.answers[min(len(self.seen), len(self.answers)) - 1](exchange)
                watch.cancel()
        except* (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _watch(reader: asyncio.StreamReader, gone: asyncio.Event) -> None:
    """The client sends nothing after its request, so an end of its stream means that it has left."""
    await reader.read()
    gone.set()


@asynccontextmanager
async def serving(*answers: Answering) -> AsyncIterator[Counterpart]:
    counterpart = Counterpart(list(answers))
    server = await asyncio.start_server(counterpart.converse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    counterpart.base_url = f"http://127.0.0.1:{port}/v1"
    try:
        yield counterpart
    finally:
        server.close()
        for exchange in counterpart.seen:
            exchange.writer.close()
        await server.wait_closed()


def played_by(model: ScriptedLanguageModel) -> Answering:
    """Answer as OpenAI does, with the words of a scripted model."""

    async def answer(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.delta({"role": "assistant", "content": ""})
        calls = 0
        async with aclosing(model.generate(_request(exchange.body))) as parts:
            async for part in parts:
                match part:
                    case TextGenerated(text):
                        await exchange.delta({"content": text})
                    case ToolCallGenerated(call):
                        await _send_call(exchange, calls, call)
                        calls += 1
                    case GenerationEnded(reason, usage):
                        await exchange.delta({}, reason)
                        counts = {"prompt_tokens": usage.input_tokens, "completion_tokens": usage.output_tokens}
                        details = {"cached_tokens": usage.cached_input_tokens}
                        if exchange.body.get("stream_options"):
                            await exchange.event({"choices": [], "usage": {**counts, "prompt_tokens_details": details}})
        await exchange.event("[DONE]")

    return answer


async def _send_call(exchange: Exchange, index: int, call: ToolCall) -> None:
    function: dict[str, Any] = {"name": call.name, "arguments": ""}
    await exchange.delta(
        {"tool_calls": [{"index": index, "id": call.call_id, "type": "function", "function": function}]}
    )
    for start in range(0, len(call.arguments), 5):
        piece = {"arguments": call.arguments[start : start + 5]}
        await exchange.delta({"tool_calls": [{"index": index, "function": piece}]})


def _request(body: dict[str, Any]) -> GenerationRequest:
    choice = body.get("tool_choice", "auto")
    return GenerationRequest(
        messages=[ChatMessage(message["role"], message["content"] or "") for message in body["messages"]],
        affinity=AffinityKey("remote"),
        tools=tuple(
            FunctionTool(tool["function"]["name"], tool["function"]["description"], tool["function"]["parameters"])
            for tool in body.get("tools", [])
        ),
        tool_choice=choice if isinstance(choice, str) else choice["function"]["name"],
        json_schema=body.get("response_format", {}).get("json_schema", {}).get("schema"),
        maximum_output_tokens=body.get("max_tokens"),
    )
