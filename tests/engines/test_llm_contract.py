"""What every language model behind the port must do: the scripted one, the local one, and those behind HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from chat_counterpart import played_by, serving
from llama_endpoint import llama_endpoint

from vivavoce.engines.llm.openai_compatible import OpenAICompatibleLanguageModel
from vivavoce.engines.llm.xllamacpp import LlamaCppLanguageModel
from vivavoce.engines.ports import (
    AffinityKey,
    ChatMessage,
    FunctionTool,
    GenerationEnded,
    GenerationPart,
    GenerationRequest,
    LanguageModel,
    TextGenerated,
    ToolCall,
    ToolCallGenerated,
)
from vivavoce.engines.scripted import Reply, ScriptedLanguageModel

SMALL_MODEL = Path("qwen2.5-coder-0.5b/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf")
WEATHER = FunctionTool(
    "weather",
    "Tells the weather in a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False},
)
CLOCK = FunctionTool("clock", "Tells the time.", {"type": "object", "properties": {}, "additionalProperties": False})
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"],
    "additionalProperties": False,
}


def _script(request: GenerationRequest) -> Reply:
    """What the models without weights say to the questions of this suite."""
    if request.json_schema is not None:
        return '{"city": "Oslo", "people": 700000}'
    if request.tool_choice in {"required", "weather"}:
        return ToolCall("call_1", "weather", '{"city": "Oslo"}')
    return "One two three four five six seven eight nine ten, grüße, 你好, 😀. " * 3


@pytest.fixture(scope="module")
def loaded_llama(models_directory: Path) -> Iterator[LlamaCppLanguageModel]:
    model = LlamaCppLanguageModel(models_directory / SMALL_MODEL, context_tokens=1024)
    yield model
    asyncio.run(model.close())


@pytest.fixture(scope="module")
def llama_url(models_directory: Path) -> Iterator[str]:
    with llama_endpoint(models_directory / SMALL_MODEL) as base_url:
        yield base_url


HELD_TO_TOOLS = [
    "scripted",
    "http, scripted behind it",
    pytest.param("llama.cpp", marks=pytest.mark.models),
]
"""Behind HTTP a tool is called if the server sees to it; llama.cpp's own endpoint does not for this small model."""


@pytest.fixture(params=[*HELD_TO_TOOLS, pytest.param("http, llama.cpp behind it", marks=pytest.mark.models)])
async def model(request: pytest.FixtureRequest) -> AsyncIterator[LanguageModel]:
    match request.param:
        case "scripted":
            scripted = ScriptedLanguageModel(_script)
            yield scripted
            assert scripted.active == 0
            await scripted.close()
        case "llama.cpp":
            yield request.getfixturevalue("loaded_llama")
        case "http, scripted behind it":
            async with serving(played_by(ScriptedLanguageModel(_script))) as counterpart:
                remote = OpenAICompatibleLanguageModel(counterpart.base_url, None, "any")
                yield remote
                await remote.close()
        case _:
            remote = OpenAICompatibleLanguageModel(request.getfixturevalue("llama_url"), None, "any")
            yield remote
            await remote.close()


def _request(
    *said: str,
    tools: tuple[FunctionTool, ...] = (),
    tool_choice: str = "auto",
    schema: dict[str, object] | None = None,
    limit: int | None = 40,
    affinity: str = "one",
) -> GenerationRequest:
    """`said` is what the caller and the agent said in turns."""
    messages = [ChatMessage("system", "You are a friendly assistant on the phone. You speak plain English.")]
    messages += [ChatMessage("assistant" if index % 2 else "user", text) for index, text in enumerate(said)]
    return GenerationRequest(messages, AffinityKey(affinity), tools, tool_choice, schema, limit, 0.0)


async def _parts(model: LanguageModel, request: GenerationRequest) -> list[GenerationPart]:
    return [part async for part in model.generate(request)]


def _text(parts: list[GenerationPart]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextGenerated))


def _end(parts: list[GenerationPart]) -> GenerationEnded:
    """The end, after checking that there is one and that it stands last."""
    ends = [part for part in parts if isinstance(part, GenerationEnded)]
    assert ends == parts[-1:]
    return ends[0]


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(_request("Count from one to thirty, in words."), id="a question"),
        pytest.param(_request(), id="nothing but a system message"),
        pytest.param(_request("My name is Zoë 😀.", "你好, Zoë!", "What is my näme?"), id="words of many scripts"),
        pytest.param(_request("Hello?", tools=(WEATHER,), tool_choice="none"), id="tools that may not be called"),
        pytest.param(_request(""), id="a caller who said nothing"),
    ],
)
async def test_words_come_in_pieces_and_end_once(model: LanguageModel, request_: GenerationRequest) -> None:
    parts = await _parts(model, request_)
    assert _end(parts).reason in {"stop", "length"}
    assert all(isinstance(part, TextGenerated) and part.text for part in parts[:-1])
    text = _text(parts)
    assert text.strip()
    assert "\ufffd" not in text
    text.encode()


async def test_a_long_reply_streams_and_is_counted(model: LanguageModel) -> None:
    parts = await _parts(model, _request("Count from one to thirty, in words."))
    usage = _end(parts).usage
    assert len(parts) > 5
    assert usage.input_tokens > 10
    assert 0 <= usage.cached_input_tokens <= usage.input_tokens
    assert 2 <= usage.output_tokens <= 40


async def test_the_output_limit_cuts(model: LanguageModel) -> None:
    end = _end(await _parts(model, _request("Count from one to thirty, in words.", limit=5)))
    assert (end.reason, end.usage.output_tokens) == ("length", 5)


@pytest.mark.parametrize("model", HELD_TO_TOOLS, indirect=True)
@pytest.mark.parametrize("choice", ["required", "weather"], ids=["any tool", "a named tool"])
async def test_a_tool_that_must_be_called_is_called(model: LanguageModel, choice: str) -> None:
    tools = (WEATHER,) if choice == "required" else (CLOCK, WEATHER)
    parts = await _parts(
        model, _request("What is the weather in Oslo?", tools=tools, tool_choice=choice, limit=60, affinity="tools")
    )
    assert _end(parts).reason == "tool_calls"
    calls = [part.call for part in parts if isinstance(part, ToolCallGenerated)]
    assert [call.name for call in calls] == ["weather"]
    assert calls[0].call_id
    arguments = json.loads(calls[0].arguments)
    assert sorted(arguments) == ["city"]
    assert isinstance(arguments["city"], str)


async def test_the_answer_of_a_tool_is_taken_up(model: LanguageModel) -> None:
    request = GenerationRequest(
        [
            ChatMessage("system", "You are a friendly assistant."),
            ChatMessage("user", "What is the weather in Oslo?"),
            ChatMessage("assistant", "", (ToolCall("call_9", "weather", '{"city": "Oslo"}'),)),
            ChatMessage("tool", "Sunny, 21 degrees.", call_id="call_9"),
        ],
        AffinityKey("answers"),
        (WEATHER,),
        "none",
        None,
        40,
        0.0,
    )
    parts = await _parts(model, request)
    assert _end(parts).reason in {"stop", "length"}
    assert _text(parts)


async def test_a_schema_is_obeyed(model: LanguageModel) -> None:
    parts = await _parts(model, _request("Name a city and how many people live there.", schema=SCHEMA, limit=80))
    assert _end(parts).reason == "stop"
    answer = json.loads(_text(parts))
    assert sorted(answer) == ["city", "people"]
    assert isinstance(answer["people"], int)


async def test_a_reply_that_is_given_up_leaves_the_model_usable(model: LanguageModel) -> None:
    tasks = asyncio.all_tasks()
    for _ in range(6):
        stream = model.generate(_request("Count from one to thirty, in words.", limit=None))
        await anext(stream)
        await stream.aclose()
    assert _text(await _parts(model, _request("Hello!")))
    assert {task for task in asyncio.all_tasks() - tasks if not _belongs_to_the_counterpart(task)} == set()


async def test_a_task_that_is_cancelled_leaves_the_model_usable(model: LanguageModel) -> None:
    async def talk() -> None:
        async with aclosing(model.generate(_request("Count from one to thirty.", limit=None))) as parts:
            async for _ in parts:
                begun.set()
                await asyncio.Event().wait()

    begun = asyncio.Event()
    task = asyncio.create_task(talk())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    waiting = asyncio.ensure_future(anext(model.generate(_request("Hello!"))))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert _text(await _parts(model, _request("Hello!")))


async def test_replies_do_not_pile_up_threads(model: LanguageModel) -> None:
    await asyncio.gather(*(_parts(model, _request("Hello!", limit=3, affinity=f"t{index}")) for index in range(6)))
    before = threading.active_count()
    await asyncio.gather(*(_parts(model, _request("Hello!", limit=3, affinity=f"u{index}")) for index in range(6)))
    assert threading.active_count() <= before


async def test_conversations_run_side_by_side(model: LanguageModel) -> None:
    replies = await asyncio.gather(
        *(_parts(model, _request(f"Hello, I am caller {index}.", affinity=f"c{index}")) for index in range(6))
    )
    for parts in replies:
        assert _end(parts).reason in {"stop", "length"}
        assert _text(parts)


async def test_a_prompt_that_was_warmed_is_answered(model: LanguageModel) -> None:
    request = _request("Good morning, this is", affinity="warm")
    await model.prefill(request)
    await model.prefill(request)
    parts = await _parts(model, _request("Good morning, this is Zoë.", affinity="warm"))
    assert _text(parts)
    if isinstance(model, ScriptedLanguageModel | LlamaCppLanguageModel):
        assert _end(parts).usage.cached_input_tokens > 5


async def test_releasing_is_harmless_at_any_time(model: LanguageModel) -> None:
    model.release(AffinityKey("nobody"))
    stream = model.generate(_request("Hello!", affinity="short"))
    await anext(stream)
    model.release(AffinityKey("short"))
    assert [part async for part in stream]
    model.release(AffinityKey("short"))
    assert _text(await _parts(model, _request("Hello!", affinity="short")))


def _belongs_to_the_counterpart(task: asyncio.Task[object]) -> bool:
    return "chat_counterpart" in str(task.get_coro())
