"""`/v1/chat/completions` and `/v1/models`: OpenAI's API for answers in writing, as xAI has it too."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response

from vivavoce.agents import checks
from vivavoce.agents.checks import InvalidFieldError
from vivavoce.agents.definition import DEFAULT_AGENT
from vivavoce.agents.tools import DECLARATION_BYTES_MAXIMUM, check_tools, functions_of
from vivavoce.api.dependencies import PlatformOf, Reader, Speaker
from vivavoce.api.error_models import error_responses
from vivavoce.api.error_shapes import Dialect
from vivavoce.api.errors import problem_of
from vivavoce.api.hanging_up import EventStreamResponse, unless_gone
from vivavoce.api.idempotency import IdempotentRoute
from vivavoce.api.xai.chat_models import (
    AnswerMessage,
    CalledFunction,
    ChatCompletion,
    Choice,
    CompletionRequest,
    GivenMessage,
    MadeToolCall,
    Model,
    ModelList,
    PromptTokensDetails,
    ResponseFormat,
    Usage,
)
from vivavoce.engines.ports import (
    ChatMessage,
    FunctionTool,
    GenerationUsage,
    TextGenerated,
    ToolCall,
    ToolCallGenerated,
)
from vivavoce.services.completing import CompletionEnded, CompletionPart, CompletionWish
from vivavoce.services.errors import ServiceError
from vivavoce.services.platform import Platform
from vivavoce.store.errors import UnknownRecordError

OUTPUT_TOKENS_MAXIMUM = 1_000_000

SPEECH_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe")
"""Names that clients look for before they use the speech endpoints, which take any name."""

_IGNORED_TOOL = {"type": "web_search"}
_ANY_OBJECT: Mapping[str, Any] = {"type": "object"}
_TEXT_PARTS = ("text", "input_text", "output_text")
_STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; with `stream` as events of `chat.completion.chunk`, then `[DONE]`.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}

ModelPath = Annotated[str, Path(description="A model's id, as the list has it.")]

router = APIRouter(tags=["Chat completions"], responses=error_responses(Dialect.XAI, 502), route_class=IdempotentRoute)


@router.post(
    "/v1/chat/completions",
    response_model=ChatCompletion,
    response_model_exclude_unset=True,
    responses=_STREAMED,
    summary="Answer in writing",
)
async def complete(
    request: Request, body: CompletionRequest, caller: Speaker, platform: PlatformOf
) -> ChatCompletion | Response:
    """Let an agent, or the server's language model alone, answer a conversation. Nothing of it is kept."""
    head = {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "created": int(platform.now().timestamp()),
        "model": body.model,
    }
    parts = platform.chat.complete(caller, _wish(body))
    if not body.stream:
        return _completion(head, await unless_gone(request, _all(parts)))
    # Whatever keeps the answer from beginning is told with a status of its own.
    first = await unless_gone(request, _first(parts))
    with_usage = body.stream_options is not None and body.stream_options.include_usage is True
    return EventStreamResponse(_events(head, first, parts, with_usage=with_usage), parts)


@router.get("/v1/models", summary="List models")
async def list_models(_caller: Reader, platform: PlatformOf) -> ModelList:
    """The names that `/v1/chat/completions` takes (every agent's id is one too), then those of the speech endpoints."""
    return ModelList(data=[Model(id=name) for name in _model_names(platform)])


@router.get("/v1/models/{model}", summary="Get a model")
async def get_model(model: ModelPath, _caller: Reader, platform: PlatformOf) -> Model:
    """One of the listed models."""
    if model not in _model_names(platform):
        raise UnknownRecordError("model", model)
    return Model(id=model)


def _model_names(platform: Platform) -> Sequence[str]:
    return (*platform.chat.model_names, DEFAULT_AGENT, *SPEECH_MODELS)


# --- what is asked --------------------------------------------------------------------------------------------------


def _wish(body: CompletionRequest) -> CompletionWish:
    """Raises `InvalidFieldError`."""
    limit = body.max_completion_tokens or body.max_tokens
    return CompletionWish(
        model=body.model,
        messages=tuple(_message(f"messages[{index}]", given) for index, given in enumerate(body.messages)),
        tools=_tools(body.tools),
        tool_choice=body.tool_choice or "auto",
        json_schema=_json_schema(body.response_format),
        maximum_output_tokens=None if limit is None else min(limit, OUTPUT_TOKENS_MAXIMUM),
        temperature=body.temperature,
        stop=tuple(body.stop or ()),
    )


def _message(path: str, given: GivenMessage) -> ChatMessage:
    calls = tuple(ToolCall(call.id, call.function.name, call.function.arguments) for call in given.tool_calls or ())
    if calls and given.role != "assistant":
        raise InvalidFieldError(f"{path}.tool_calls", "only messages of the assistant have them")
    if given.role == "tool" and not given.tool_call_id:
        raise InvalidFieldError(f"{path}.tool_call_id", "is needed: the id of the call that this message answers")
    if given.content is None and not calls:
        raise InvalidFieldError(f"{path}.content", "is needed: a text, or a list of parts of type 'text'")
    role: Literal["system", "user", "assistant", "tool"] = "system" if given.role == "developer" else given.role
    call_id = given.tool_call_id if role == "tool" else None
    return ChatMessage(role, "".join(_texts(path, given)), calls, call_id)


def _texts(path: str, given: GivenMessage) -> Iterator[str]:
    for index, part in enumerate(given.content or ()):
        here = f"{path}.content[{index}]"
        if part.type == "refusal" and given.role == "assistant":
            yield part.refusal or ""
        elif part.type not in _TEXT_PARTS:
            message = f"parts of type {part.type[:40]!r} cannot be read, only 'text'; leave it out or describe it"
            raise InvalidFieldError(f"{here}.type", message)
        elif part.text is None:
            raise InvalidFieldError(f"{here}.text", "is needed")
        else:
            yield part.text


def _tools(tools: Sequence[Mapping[str, Any]] | None) -> tuple[FunctionTool, ...] | None:
    """The functions; None where the client brought no tools at all."""
    if not tools:
        return None
    # Tools that the house would run are no functions of the client's; what it wants of them does not matter here.
    declared = [tool if tool.get("type", "function") == "function" else _IGNORED_TOOL for tool in tools]
    check_tools(declared)
    return functions_of(declared)


def _json_schema(wanted: ResponseFormat | None) -> Mapping[str, Any] | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return _ANY_OBJECT
    path = "response_format.json_schema"
    if wanted.json_schema is None:
        raise InvalidFieldError(path, "is needed where the type is 'json_schema'")
    schema = wanted.json_schema.json_schema
    checks.at_most(
        f"{path}.schema", checks.json_bytes(f"{path}.schema", schema), DECLARATION_BYTES_MAXIMUM, "bytes of JSON"
    )
    return schema


# --- what is answered -----------------------------------------------------------------------------------------------


async def _first(parts: AsyncGenerator[CompletionPart]) -> CompletionPart:
    return await anext(parts)


async def _all(parts: AsyncGenerator[CompletionPart]) -> list[CompletionPart]:
    async with aclosing(parts):
        return [part async for part in parts]


def _completion(head: Mapping[str, Any], parts: Sequence[CompletionPart]) -> ChatCompletion:
    text = "".join(part.text for part in parts if isinstance(part, TextGenerated))
    calls = [part.call for part in parts if isinstance(part, ToolCallGenerated)]
    end = next(part for part in parts if isinstance(part, CompletionEnded))
    message = AnswerMessage(role="assistant", content=text if text or not calls else None, refusal=None)
    if calls:
        message.tool_calls = [
            MadeToolCall(
                id=call.call_id, type="function", function=CalledFunction(name=call.name, arguments=call.arguments)
            )
            for call in calls
        ]
    choice = Choice(index=0, message=message, logprobs=None, finish_reason=end.reason)
    usage = None if end.usage is None else _usage(end.usage)
    return ChatCompletion(object="chat.completion", choices=[choice], usage=usage, **head)


def _usage(usage: GenerationUsage) -> Usage:
    return Usage(
        prompt_tokens=usage.input_tokens,
        completion_tokens=usage.output_tokens,
        total_tokens=usage.input_tokens + usage.output_tokens,
        prompt_tokens_details=PromptTokensDetails(cached_tokens=usage.cached_input_tokens),
    )


async def _events(
    head: Mapping[str, Any], first: CompletionPart, rest: AsyncGenerator[CompletionPart], *, with_usage: bool
) -> AsyncGenerator[str]:
    """The answer as server-sent events: the role, the pieces, why it ended, what it took, `[DONE]`."""
    opening = None if isinstance(first, ToolCallGenerated) else ""
    yield _chunk(head, {"role": "assistant", "content": opening})
    calls = 0
    try:
        async with aclosing(_beginning_with(first, rest)) as parts:
            async for part in parts:
                match part:
                    case TextGenerated(text=text):
                        yield _chunk(head, {"content": text})
                    case ToolCallGenerated(call=call):
                        yield _chunk(head, {"tool_calls": [_call_delta(calls, call)]})
                        calls += 1
                    case CompletionEnded(reason=reason, usage=usage):
                        yield _chunk(head, {}, reason)
                        if with_usage and usage is not None:
                            yield _event(_chunk_fields(head, []) | {"usage": _usage(usage).model_dump()})
    except ServiceError as error:
        yield _event(problem_of(error).body)
        return
    yield "data: [DONE]\n\n"


async def _beginning_with(
    first: CompletionPart, rest: AsyncGenerator[CompletionPart]
) -> AsyncGenerator[CompletionPart]:
    yield first
    async for part in rest:
        yield part


def _call_delta(index: int, call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"index": index, "id": call.call_id, "type": "function", "function": function}


def _chunk(head: Mapping[str, Any], delta: Mapping[str, Any], reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return _event(_chunk_fields(head, [choice]))


def _chunk_fields(head: Mapping[str, Any], choices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {**head, "object": "chat.completion.chunk", "choices": choices}


def _event(fields: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(fields, separators=(',', ':'))}\n\n"
