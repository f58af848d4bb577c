"""The local language model with real weights: slots, shared openings, long talks, giving up, troubles."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from vivavoce.engines.llm.llama_server import LlamaServer
from vivavoce.engines.llm.xllamacpp import LlamaCppLanguageModel
from vivavoce.engines.ports import (
    AffinityKey,
    ChatMessage,
    EngineError,
    FunctionTool,
    GenerationEnded,
    GenerationPart,
    GenerationRequest,
    TextGenerated,
    ToolCall,
    ToolCallGenerated,
)

pytestmark = pytest.mark.models

SMALL_MODEL = Path("qwen2.5-coder-0.5b/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf")
AGENT = (
    "You are the phone assistant of a dentist in Springfield. You speak plain English in one short sentence. "
    "The practice is open from Monday to Friday, nine to five. A cleaning costs ninety five dollars. "
)
WEATHER = FunctionTool(
    "weather",
    "Tells the weather in a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


@pytest.fixture(scope="module")
def model(models_directory: Path) -> Iterator[LlamaCppLanguageModel]:
    model = LlamaCppLanguageModel(models_directory / SMALL_MODEL, slots=2, context_tokens=512)
    yield model
    asyncio.run(model.close())


def _request(
    *said: str,
    affinity: str = "one",
    agent: str = AGENT,
    limit: int | None = 8,
    tools: tuple[FunctionTool, ...] = (),
    tool_choice: str = "auto",
) -> GenerationRequest:
    messages = [ChatMessage("system", agent)] if agent else []
    messages += [ChatMessage("assistant" if index % 2 else "user", text) for index, text in enumerate(said)]
    return GenerationRequest(messages, AffinityKey(affinity), tools, tool_choice, None, limit, 0.0)


async def _parts(model: LlamaCppLanguageModel, request: GenerationRequest) -> list[GenerationPart]:
    return [part async for part in model.generate(request)]


async def _end(model: LlamaCppLanguageModel, request: GenerationRequest) -> GenerationEnded:
    end = (await _parts(model, request))[-1]
    assert isinstance(end, GenerationEnded)
    return end


async def _new_tokens(model: LlamaCppLanguageModel, request: GenerationRequest) -> int:
    """How many tokens of the prompt had to be evaluated."""
    usage = (await _end(model, request)).usage
    return usage.input_tokens - usage.cached_input_tokens


async def test_a_conversation_evaluates_only_its_newest_turn(model: LlamaCppLanguageModel) -> None:
    agent = AGENT + "Your name is Ada."
    await _parts(model, _request("Hello!", agent=agent, affinity="turns"))
    new = await _new_tokens(model, _request("Hello!", "Hello.", "When are you open?", agent=agent, affinity="turns"))
    assert new < 25
    model.release(AffinityKey("turns"))


async def test_new_conversations_share_the_opening_of_their_agent(model: LlamaCppLanguageModel) -> None:
    agent = AGENT + "Your name is Ben."
    for name in ("a", "b", "c", "d"):
        new = await _new_tokens(model, _request("Hello!", agent=agent, affinity=f"opening {name}"))
        assert new < 20
    for name in ("a", "b", "c", "d"):
        model.release(AffinityKey(f"opening {name}"))


async def test_more_conversations_than_slots_keep_their_prompts(model: LlamaCppLanguageModel) -> None:
    agent = AGENT + "Your name is Cleo."
    story = "I called about my tooth, the one on the left, which has hurt since Tuesday and hurts more when I drink."
    names = ["p", "q", "r"]
    for name in names:
        await _parts(model, _request(story, agent=agent, affinity=name))
    for name in names:
        assert await _new_tokens(model, _request(story, "I see.", "Thanks.", agent=agent, affinity=name)) < 25
    for name in names:
        model.release(AffinityKey(name))


async def test_a_warmed_prompt_leaves_little_to_evaluate(model: LlamaCppLanguageModel) -> None:
    partial = "I would like to know what a cleaning"
    await model.prefill(_request(partial, affinity="warm"))
    assert await _new_tokens(model, _request(f"{partial} costs.", affinity="warm")) < 12
    model.release(AffinityKey("warm"))


async def test_a_reply_takes_over_from_the_warming_of_its_prompt(model: LlamaCppLanguageModel) -> None:
    request = _request("word " * 300, affinity="over")
    warming = asyncio.create_task(model.prefill(request))
    await asyncio.sleep(0)
    end = await _end(model, request)
    await warming
    assert end.usage.output_tokens > 0
    model.release(AffinityKey("over"))


async def test_a_reply_of_another_conversation_comes_before_a_prompt_that_is_warmed(
    model: LlamaCppLanguageModel,
) -> None:
    request = _request("horse " * 300, affinity="patient", agent="")
    warming = asyncio.create_task(model.prefill(request))
    await asyncio.sleep(0)
    async with aclosing(model.generate(_request("Hello!", affinity="hasty", limit=4))) as parts:
        async for _ in parts:
            assert not warming.done(), "it is interrupted, not given up"
    await warming
    assert await _new_tokens(model, request) < 12
    for name in ("patient", "hasty"):
        model.release(AffinityKey(name))


async def test_a_talk_that_outgrows_the_context_goes_on(model: LlamaCppLanguageModel) -> None:
    turns = [f"This is sentence number {number} of a very long story about the sea." for number in range(61)]
    end = await _end(model, _request(*turns, affinity="long"))
    assert end.usage.input_tokens < 512
    assert end.usage.output_tokens > 0
    new = await _new_tokens(model, _request(*turns, "I see.", "Go on.", affinity="long"))
    assert new < 25
    model.release(AffinityKey("long"))


async def test_one_endless_turn_is_answered(model: LlamaCppLanguageModel) -> None:
    end = await _end(model, _request("sea " * 3000, affinity="endless"))
    assert end.usage.input_tokens < 512
    model.release(AffinityKey("endless"))


async def test_a_prompt_given_up_is_not_evaluated_to_its_end(model: LlamaCppLanguageModel) -> None:
    request = _request("zebra " * 380, affinity="gone", agent="")
    waiting = asyncio.ensure_future(anext(model.generate(request)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert await _new_tokens(model, request) > 128
    model.release(AffinityKey("gone"))


async def test_a_tool_is_called_and_its_answer_told(model: LlamaCppLanguageModel) -> None:
    request = _request("What is the weather in Oslo?", agent="", limit=60, tools=(WEATHER,), affinity="tools")
    parts = await _parts(model, request)
    calls = [part.call for part in parts if isinstance(part, ToolCallGenerated)]
    assert [call.name for call in calls] == ["weather"]
    answered = [
        *request.messages,
        ChatMessage("assistant", "", (calls[0],)),
        ChatMessage("tool", "Sunny, 21 degrees.", call_id=calls[0].call_id),
    ]
    told = await _parts(model, GenerationRequest(answered, AffinityKey("tools"), (WEATHER,), "auto", None, 40, 0.0))
    assert not [part for part in told if isinstance(part, ToolCallGenerated) and _same(part.call, calls[0])]
    model.release(AffinityKey("tools"))


def _same(one: ToolCall, other: ToolCall) -> bool:
    return (one.name, one.arguments) == (other.name, other.arguments)


async def test_a_call_that_is_cut_is_not_made(model: LlamaCppLanguageModel) -> None:
    request = _request("Oslo?", agent="", limit=5, tools=(WEATHER,), tool_choice="required", affinity="cut")
    only = await _parts(model, request)
    assert [part.reason for part in only if isinstance(part, GenerationEnded)] == ["length"]
    assert len(only) == 1
    model.release(AffinityKey("cut"))


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        pytest.param(
            _request("Hi", tools=(WEATHER,), tool_choice="jump"),
            "tool_choice names 'jump'",
            id="a tool that is not there",
        ),
        pytest.param(
            GenerationRequest([ChatMessage("user", "Hi")], AffinityKey("x"), json_schema={"type": "nonsense"}),
            "refused the request",
            id="a schema that is none",
        ),
    ],
)
async def test_what_cannot_be_asked(model: LlamaCppLanguageModel, request_: GenerationRequest, said: str) -> None:
    with pytest.raises(EngineError, match=said):
        await _parts(model, request_)
    assert await _parts(model, _request("Hello!"))


def test_loading_and_closing_leave_nothing_behind(
    models_directory: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """No word on the terminal, no port, and after closing no folder, though a reply was under way and one waited."""
    folder = tmp_path_factory.mktemp("t")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    model = LlamaCppLanguageModel(models_directory / SMALL_MODEL, slots=1, context_tokens=256, threads=1)
    assert not [port for port in psutil.Process().net_connections("inet") if port.status == psutil.CONN_LISTEN]
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o700]
    asyncio.run(_talk_and_close(model))
    assert list(folder.iterdir()) == []
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


async def _talk_and_close(model: LlamaCppLanguageModel) -> None:
    async with aclosing(model.generate(_request("Tell a long story.", agent="", limit=None))) as talk:
        assert isinstance(await anext(talk), TextGenerated)
        waiting = asyncio.ensure_future(anext(model.generate(_request("Hi", affinity="two"))))
        await asyncio.sleep(0)
        await model.close()
        with pytest.raises(EngineError, match="closed"):
            await waiting
    with pytest.raises(EngineError, match="closed"):
        await anext(model.generate(_request("Hi")))
    with pytest.raises(EngineError, match="closed"):
        await model.prefill(_request("Hi"))
    await model.close()


def test_an_engine_that_is_closed_refuses(models_directory: Path) -> None:
    server = LlamaServer(models_directory / SMALL_MODEL, slots=1, context_tokens=256, threads=1)
    server.close()
    with pytest.raises(EngineError, match="closed"):
        server.chat({}, lambda _: True)
    assert "OMP_WAIT_POLICY" in os.environ


async def test_a_reply_that_makes_room_for_a_caller_is_written_as_if_it_had_not(models_directory: Path) -> None:
    model = LlamaCppLanguageModel(models_directory / SMALL_MODEL, slots=2, context_tokens=512, threads=2)
    try:
        asked = _request("Tell me a long story about a horse.", affinity="talker", limit=40)
        alone = [part.text for part in await _parts(model, asked) if isinstance(part, TextGenerated)]
        patient = replace(asked, wanted_at=lambda: asyncio.get_running_loop().time() + 9)
        told: list[str] = []
        callers: list[asyncio.Task[list[GenerationPart]]] = []
        async for part in model.generate(patient):
            if isinstance(part, GenerationEnded):
                assert part.usage.output_tokens == 40
                break
            assert isinstance(part, TextGenerated)
            told.append(part.text)
            if len(told) in {5, 15}:
                hasty = _request("Hello!", affinity=f"caller {len(told)}", limit=4)
                callers.append(asyncio.create_task(_parts(model, hasty)))
            if len(told) in {12, 22}:
                assert callers[-1].done(), "the caller came first"
        assert "".join(told) == "".join(alone)
        for caller in callers:
            assert isinstance((await caller)[-1], GenerationEnded)
    finally:
        await model.close()
