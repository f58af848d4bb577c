"""How small local models are told about tools, and how their use of a tool is told from speech. Pure functions.

A reply is either plain words or nothing but `{"tool": NAME, "arguments": {...}}`; a grammar holds the model to that. Of
six forms tried on Qwen2.5-Coder 1.5B this one chose right most often, and it costs speech nothing: no key or bracket
comes before the first word, and the history holds the same words that were said (decision record 0006). The tool text
belongs to the opening of the prompt, so it is evaluated once per agent.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from vivavoce.engines.llm.spelled_numbers import with_numbers_joined
from vivavoce.engines.llm.unsaid_arguments import unsaid_arguments
from vivavoce.engines.ports import (
    ChatMessage,
    FunctionTool,
    GenerationPart,
    GenerationRequest,
    ToolCall,
    ToolCallGenerated,
)

_RULES = """

You cannot look up or do anything yourself. For that there are tools:
"""

_HOW = """

Call a tool with nothing but {"tool": "name", "arguments": {...}} as soon as the caller asks for what it does. Do not \
say that you will do it: call it. To greetings and thanks, and with what stands above or in the result of a tool, \
reply in words.

Examples with the tools find_taxi that needs: place, and look_up that needs: query
- "Hi there!" is answered with: Hello, how can I help you?
- "A taxi at the station, please." is answered with: {"tool": "find_taxi", "arguments": {"place": "station"}}
- "Result of find_taxi: {"minutes": 5}" is answered with: Your taxi will be there in five minutes.
- "Can I take my dog along?" is answered with: {"tool": "look_up", "arguments": {"query": "dogs in taxis"}}
- "Result of look_up: {"found": "dogs ride for free"}" is answered with: Yes, and your dog rides for free.
- "Thank you." is answered with: You're welcome."""

_JSON_STYLE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": ", "lenient": True}


class _WrittenCall(msgspec.Struct, forbid_unknown_fields=True):
    tool: str
    arguments: msgspec.Raw


_decode_call = msgspec.json.Decoder(_WrittenCall).decode


def written_messages(messages: Sequence[ChatMessage], tools: Sequence[FunctionTool]) -> list[dict[str, str]]:
    """The prompt as plain chat messages of the roles system, user and assistant.

    Neighbours of one role (but the assistant's) become one message, as many chat templates demand.
    """
    names = {call.call_id: call.name for message in messages for call in message.tool_calls}
    lines: list[tuple[str, str]] = []
    for message in messages:
        lines.extend(_lines(message, names, joins_numbers=bool(tools)))
    if tools:
        first = lines.pop(0)[1] if lines and lines[0][0] == "system" else ""
        lines.insert(0, ("system", (first + _tool_text(tools)).lstrip()))
    written: list[dict[str, str]] = []
    for role, text in lines:
        if written and written[-1]["role"] == role != "assistant":
            written[-1]["content"] += f"\n{text}"
        else:
            written.append({"role": role, "content": text})
    return written


def output_constraint(request: GenerationRequest) -> dict[str, Any]:
    """The fields of a llama.cpp request that hold the reply to the form: a grammar, a JSON schema, or nothing."""
    callable_tools = _callable_tools(request)
    if not callable_tools and request.json_schema is not None:
        return {"json_schema": dict(request.json_schema)}
    if not request.tools:
        return {}
    rules = [f"a{index}: %json {_schema(tool.parameters)}" for index, tool in enumerate(callable_tools)]
    branches = [f'{json.dumps(_call_head(tool.name))} a{index} "}}"' for index, tool in enumerate(callable_tools)]
    if request.tool_choice == "auto" and request.json_schema is not None:
        branches.insert(0, "answer")
        rules.append(f"answer: %json {_schema(request.json_schema)}")
    elif request.tool_choice in {"auto", "none"}:
        branches.insert(0, "SPEECH")
        rules.append(r"SPEECH: /[^\s{`](.|\n)*/")
    return {"grammar": "\n".join(["%llguidance {}", f"start: {' | '.join(branches)}", *rules, ""])}


class ReplyReader:
    """Tells words from a call while the reply comes in. One reply's; feed it every piece, then `finish`."""

    def __init__(self, request: GenerationRequest) -> None:
        self._names = {tool.name for tool in _callable_tools(request)}
        self._held: list[str] = []
        self._speaking = not self._names

    @property
    def is_speaking(self) -> bool:
        """Whether the reply is known to be words."""
        return self._speaking

    def feed(self, piece: str) -> str:
        """The words in this piece that can be said now."""
        if self._speaking:
            return piece
        self._held.append(piece)
        start = "".join(self._held).lstrip()
        if not start or start.startswith("{"):
            return ""
        self._speaking = True
        self._held.clear()
        return start

    def finish(self) -> ToolCall | str:
        """The call that was held back; or what was held back and is no call, which is '' for a spoken reply."""
        text = "".join(self._held)
        if not text:
            return ""
        try:
            call = _decode_call(text.encode())
        except (msgspec.DecodeError, UnicodeEncodeError):
            return text
        if call.tool not in self._names:
            return text
        return ToolCall(f"call_{secrets.token_hex(8)}", call.tool, bytes(call.arguments).decode())


def repeats_answered_call(part: GenerationPart, messages: Sequence[ChatMessage]) -> bool:
    """Whether this is a call with the very arguments of one that the newest messages of the prompt answer."""
    if not isinstance(part, ToolCallGenerated):
        return False
    answered: set[str | None] = set()
    for message in reversed(messages):
        if message.role == "tool":
            answered.add(message.call_id)
        elif message.role == "assistant" and message.tool_calls:
            return any(call.call_id in answered and _same(call, part.call) for call in message.tool_calls)
        else:
            break
    return False


def speech_instead(part: GenerationPart, request: GenerationRequest) -> GenerationRequest | None:
    """What to ask the model for instead of a call that a small model makes for nothing; None: the part is fine.

    Small models like to ask again for what they have just been told: have them say it. And what they were not told they
    make up: have them ask.
    """
    if not isinstance(part, ToolCallGenerated) or request.tool_choice != "auto":
        return None
    if repeats_answered_call(part, request.messages):
        return dataclasses.replace(request, tool_choice="none")
    unsaid = unsaid_arguments(part.call, request.tools, request.messages)
    if not unsaid:
        return None
    names = " and the ".join(name.replace("_", " ") for name in unsaid)
    hint = ChatMessage("user", f"(Do not call a tool yet. Ask the caller: what is the {names}?)")
    return dataclasses.replace(request, tool_choice="none", messages=(*request.messages, hint))


def _same(one: ToolCall, other: ToolCall) -> bool:
    try:
        return one.name == other.name and bool(json.loads(one.arguments or "{}") == json.loads(other.arguments))
    except ValueError:
        return False


def _callable_tools(request: GenerationRequest) -> tuple[FunctionTool, ...]:
    if request.tool_choice == "none":
        return ()
    if request.tool_choice in {"auto", "required"}:
        return request.tools
    return tuple(tool for tool in request.tools if tool.name == request.tool_choice)


def _lines(message: ChatMessage, names: Mapping[str, str], *, joins_numbers: bool) -> Iterator[tuple[str, str]]:
    if message.role == "tool":
        yield "user", f"Result of {names.get(message.call_id or '', 'the tool')}: {message.text}\nTell the caller."
        return
    if message.text or not message.tool_calls:
        spelled = joins_numbers and message.role == "user"
        yield message.role, with_numbers_joined(message.text) if spelled else message.text
    for call in message.tool_calls:
        yield "assistant", f"{_call_head(call.name)}{call.arguments or '{}'}}}"


def _call_head(name: str) -> str:
    return f'{{"tool": {json.dumps(name)}, "arguments": '


def _tool_text(tools: Sequence[FunctionTool]) -> str:
    return _RULES + "\n".join(_tool_line(tool) for tool in tools) + _HOW


def _tool_line(tool: FunctionTool) -> str:
    description = tool.description.rstrip(".")
    return f"- {tool.name}: {description}. Needs: {_needs(tool.parameters) or 'nothing'}"


def _needs(parameters: Mapping[str, Any]) -> str:
    """The arguments in words; the grammar takes care of their types."""
    told: list[str] = []
    required = parameters.get("required")
    for name, schema in parameters.get("properties", {}).items():
        notes = [schema["description"].rstrip(".")] if schema.get("description") else []
        notes += [f"one of {json.dumps(schema['enum'], ensure_ascii=False)}"] if "enum" in schema else []
        notes += [f"with {', '.join(schema['properties'])}"] if schema.get("properties") else []
        notes += ["optional"] if required is not None and name not in required else []
        told.append(f"{name} ({'; '.join(notes)})" if notes else name)
    return ", ".join(told)


def _schema(schema: Mapping[str, Any]) -> str:
    return json.dumps({"type": "object", **schema, "x-guidance": _JSON_STYLE}, ensure_ascii=False)
