"""The words of OpenAI's chat completions: our request as their JSON, their stream's chunks as our parts. Pure.

Source: https://platform.openai.com/docs/api-reference/chat, and what vLLM, Ollama, xAI and others really send.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from dataclasses import dataclass
from typing import Any

import msgspec

from vivavoce.engines.ports import ChatMessage, EngineError, GenerationRequest, GenerationUsage, ToolCall


class FunctionDelta(msgspec.Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class ToolCallDelta(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: FunctionDelta = msgspec.field(default_factory=FunctionDelta)


class MessageDelta(msgspec.Struct):
    """`content` is text; some servers also send parts of other kinds, which are not for speaking."""

    content: Any = None
    tool_calls: list[ToolCallDelta] | None = None


class ChatChoice(msgspec.Struct):
    """`message` takes the place of `delta` where a server does not stream."""

    delta: MessageDelta | None = None
    message: MessageDelta | None = None
    finish_reason: str | None = None


class PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None


class ChatUsage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None


class ChatChunk(msgspec.Struct):
    choices: list[ChatChoice] | None = None
    usage: ChatUsage | None = None
    error: Any = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one server was found not to understand; learned from its refusals."""

    stream_options: bool = True
    temperature: bool = True
    parallel_tool_calls: bool = True
    max_tokens_field: str = "max_tokens"


def request_body(request: GenerationRequest, model: str, dialect: Dialect) -> dict[str, Any]:
    """The JSON of POST /chat/completions."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [_message(message) for message in request.messages],
        "stream": True,
    }
    if dialect.stream_options:
        body["stream_options"] = {"include_usage": True}
    if dialect.temperature:
        body["temperature"] = request.temperature
    if request.maximum_output_tokens is not None:
        body[dialect.max_tokens_field] = request.maximum_output_tokens
    if request.json_schema is not None:
        schema = {"name": "answer", "schema": dict(request.json_schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
            }
            for tool in request.tools
        ]
        body["tool_choice"] = _tool_choice(request.tool_choice)
        if dialect.parallel_tool_calls and not request.parallel_tool_calls:
            body["parallel_tool_calls"] = False
    return body


def learned(dialect: Dialect, refusal: str) -> Dialect | None:
    """The dialect without what a 400 answer complained about; None when it was about something else."""
    if dialect.stream_options and ("stream_options" in refusal or "include_usage" in refusal):
        return dataclasses.replace(dialect, stream_options=False)
    if dialect.max_tokens_field == "max_tokens" and "max_completion_tokens" in refusal:
        return dataclasses.replace(dialect, max_tokens_field="max_completion_tokens")
    if dialect.temperature and "temperature" in refusal:
        return dataclasses.replace(dialect, temperature=False)
    if dialect.parallel_tool_calls and "parallel_tool_calls" in refusal:
        return dataclasses.replace(dialect, parallel_tool_calls=False)
    return None


def usage_of(usage: ChatUsage | None) -> GenerationUsage:
    """Zeros where a server does not tell."""
    if usage is None:
        return GenerationUsage(0, 0, 0)
    details = usage.prompt_tokens_details or PromptDetails()
    return GenerationUsage(usage.prompt_tokens or 0, details.cached_tokens or 0, usage.completion_tokens or 0)


class ToolCallAssembly:
    """Puts tool calls together from their deltas. One reply's.

    OpenAI numbers the calls and sends the name first and the arguments in pieces. Others send whole calls, all with
    index 0 or none, told apart by their ids; or without ids; or with the arguments as an object.
    """

    def __init__(self) -> None:
        self._calls: list[_OpenCall] = []

    def add(self, delta: ToolCallDelta) -> None:
        call = self._open(delta)
        if delta.id and not call.call_id:
            call.call_id = delta.id
        if delta.function.name and not call.name:
            call.name = delta.function.name
        arguments = delta.function.arguments
        if isinstance(arguments, dict):
            arguments = json.dumps(arguments, ensure_ascii=False)
        call.arguments += arguments or ""

    def finish(self, *, cut: bool) -> list[ToolCall]:
        """All calls, whole. A reply that was `cut` at its limit loses the call it was writing.

        Raises `EngineError` when the model wrote arguments that are no JSON object.
        """
        calls = []
        for call in self._calls:
            arguments = call.arguments.strip() or "{}"
            if not _is_json_object(arguments):
                if cut:
                    break
                raise EngineError(
                    f"the model called {call.name!r} with arguments that are no JSON object; ask again, or use a model "
                    "that is made for tools"
                )
            calls.append(ToolCall(call.call_id or f"call_{secrets.token_hex(8)}", call.name, arguments))
        return calls

    def _open(self, delta: ToolCallDelta) -> _OpenCall:
        """The call that this delta continues, or a new one."""
        same = [call for call in self._calls if call.index == delta.index]
        if same and not _begins_another(same[-1], delta):
            return same[-1]
        call = _OpenCall(delta.index)
        self._calls.append(call)
        return call


@dataclass(slots=True)
class _OpenCall:
    index: int | None
    call_id: str = ""
    name: str = ""
    arguments: str = ""


def _begins_another(call: _OpenCall, delta: ToolCallDelta) -> bool:
    if delta.id and call.call_id:
        return delta.id != call.call_id
    return not delta.id and bool(delta.function.name and call.name and _is_json_object(call.arguments))


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _message(message: ChatMessage) -> dict[str, Any]:
    written: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.tool_calls:
        written["content"] = message.text or None
        written["tool_calls"] = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments or "{}"},
            }
            for call in message.tool_calls
        ]
    if message.role == "tool":
        written["tool_call_id"] = message.call_id or ""
    return written


def _tool_choice(choice: str) -> str | dict[str, Any]:
    if choice in {"auto", "none", "required"}:
        return choice
    return {"type": "function", "function": {"name": choice}}
