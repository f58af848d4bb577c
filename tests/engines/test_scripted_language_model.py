"""The scripted language model: its scripts, delays, limits and what it remembers. The port's contract is elsewhere."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from vivavoce.engines.ports import (
    AffinityKey,
    ChatMessage,
    FunctionTool,
    GenerationEnded,
    GenerationPart,
    GenerationRequest,
    GenerationUsage,
    TextGenerated,
    ToolCall,
    ToolCallGenerated,
)
from vivavoce.engines.scripted import ScriptedLanguageModel

CALL = ToolCall("call_1", "weather", '{"city": "Oslo"}')
WEATHER = FunctionTool("weather", "Tells the weather.", {"type": "object"})


def _request(
    *said: str,
    tools: tuple[FunctionTool, ...] = (),
    tool_choice: str = "auto",
    maximum_output_tokens: int | None = None,
) -> GenerationRequest:
    messages = (ChatMessage("system", "Be kind."), *(ChatMessage("user", text) for text in said))
    return GenerationRequest(
        messages, AffinityKey("one"), tools, tool_choice, maximum_output_tokens=maximum_output_tokens
    )


async def _parts(model: ScriptedLanguageModel, request: GenerationRequest) -> list[GenerationPart]:
    return [part async for part in model.generate(request)]


async def _text(model: ScriptedLanguageModel, *said: str) -> str:
    parts = await _parts(model, _request(*said))
    return "".join(part.text for part in parts if isinstance(part, TextGenerated))


async def test_a_list_of_replies_is_gone_through_and_starts_over() -> None:
    model = ScriptedLanguageModel(["One.", "Two."])
    assert [await _text(model, "go on") for _ in range(3)] == ["One.", "Two.", "One."]


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        pytest.param("when are you OPEN?", "From nine to five.", id="the first pattern found decides, ignoring case"),
        pytest.param("hush", "", id="a reply may be empty"),
        pytest.param("what else?", "You said: what else?", id="words that no pattern fits are said back"),
    ],
)
async def test_a_table_of_patterns_answers_the_callers_last_words(said: str, reply: str) -> None:
    model = ScriptedLanguageModel({r"open|hours": "From nine to five.", "hush": ""})
    assert await _text(model, "when are you open?" if said == "hush" else "hush", said) == reply


async def test_a_function_may_decide() -> None:
    model = ScriptedLanguageModel(lambda request: f"{len(request.messages)} messages")
    assert await _text(model, "a", "b") == "3 messages"


@pytest.mark.parametrize(
    ("request_", "parts"),
    [
        pytest.param(_request("Hi there"), ["You ", "said: ", "Hi ", "there"], id="it says the words back"),
        pytest.param(_request(), ["Hello! ", "How ", "can ", "I ", "help ", "you ", "today?"], id="it greets first"),
        pytest.param(
            _request("Hi", tools=(WEATHER,), tool_choice="required"),
            [ToolCall("call_2", "weather", "{}")],
            id="it calls the first tool when it must call one",
        ),
        pytest.param(
            _request("Hi", tools=(WEATHER,), tool_choice="clock"),
            [ToolCall("call_2", "clock", "{}")],
            id="it calls the tool that was named",
        ),
    ],
)
async def test_without_a_script(request_: GenerationRequest, parts: list[str | ToolCall]) -> None:
    *body, end = await _parts(ScriptedLanguageModel(), request_)
    assert body == [ToolCallGenerated(part) if isinstance(part, ToolCall) else TextGenerated(part) for part in parts]
    assert isinstance(end, GenerationEnded)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param(
            _request("Hi", tools=(WEATHER,)),
            [
                TextGenerated("One "),
                TextGenerated("moment."),
                ToolCallGenerated(CALL),
                GenerationEnded("tool_calls", GenerationUsage(5, 0, 3)),
            ],
            id="words and a call come in order",
        ),
        pytest.param(
            _request("Hi", tools=(WEATHER,), tool_choice="none"),
            [
                TextGenerated("One "),
                TextGenerated("moment."),
                GenerationEnded("stop", GenerationUsage(5, 0, 2)),
            ],
            id="no call is made where none is allowed",
        ),
        pytest.param(
            _request("Hi", tools=(WEATHER,), maximum_output_tokens=1),
            [TextGenerated("One "), GenerationEnded("length", GenerationUsage(5, 0, 1))],
            id="the output limit cuts",
        ),
        pytest.param(
            _request("Hi", tools=(WEATHER,), tool_choice="none", maximum_output_tokens=2),
            [TextGenerated("One "), TextGenerated("moment."), GenerationEnded("stop", GenerationUsage(5, 0, 2))],
            id="a reply that just fits its limit is not cut",
        ),
    ],
)
async def test_mixed_replies(request_: GenerationRequest, expected: list[GenerationPart]) -> None:
    assert await _parts(ScriptedLanguageModel([["One moment.", CALL]]), request_) == expected


@pytest.mark.looptime
async def test_one_call_is_made_where_no_more_may_be() -> None:
    model = ScriptedLanguageModel([["Well.", CALL, dataclasses.replace(CALL, call_id="call_2")]])
    parts = await _parts(model, dataclasses.replace(_request("go on", tools=(WEATHER,)), parallel_tool_calls=False))
    assert [part.call.call_id for part in parts if isinstance(part, ToolCallGenerated)] == ["call_1"]
    assert TextGenerated("Well.") in parts


async def test_tokens_come_after_their_delays_and_prefill_after_its_own() -> None:
    model = ScriptedLanguageModel(
        ["one two three"], first_token_delay_seconds=1, token_delay_seconds=0.1, prefill_delay_seconds=5
    )
    loop = asyncio.get_running_loop()
    began = loop.time()
    await model.prefill(_request("Hi"))
    assert loop.time() - began == pytest.approx(5, abs=0.05)
    began = loop.time()
    arrived = [loop.time() - began async for part in model.generate(_request("Hi")) if isinstance(part, TextGenerated)]
    assert arrived == pytest.approx([1, 1.1, 1.2], abs=0.05)


async def test_a_warm_prefix_counts_as_cached_until_it_is_released() -> None:
    model = ScriptedLanguageModel(["Yes."])
    await model.prefill(_request())
    cached = []
    for _ in range(2):
        *_, end = await _parts(model, _request("a", "b"))
        assert isinstance(end, GenerationEnded)
        cached.append(end.usage.cached_input_tokens)
    assert model.warm == {"one"}
    model.release(AffinityKey("one"))
    *_, end = await _parts(model, _request("a", "b"))
    assert isinstance(end, GenerationEnded)
    assert [*cached, end.usage.cached_input_tokens] == [3, 7, 0]
    assert model.released == ["one"]
    assert len(model.prefills) == 1


async def test_requests_are_kept_as_they_were_asked() -> None:
    model = ScriptedLanguageModel(["Yes."])
    messages = [ChatMessage("user", "Hi")]
    await _parts(model, GenerationRequest(messages, AffinityKey("one")))
    messages.append(ChatMessage("assistant", "Yes."))
    assert [list(request.messages) for request in model.requests] == [[ChatMessage("user", "Hi")]]


@pytest.mark.parametrize("way", ["the generator is closed", "the task is cancelled"])
@pytest.mark.looptime
async def test_a_generation_given_up_is_no_longer_active(way: str) -> None:
    model = ScriptedLanguageModel(["one two three"], token_delay_seconds=60)
    stream = model.generate(_request("Hi"))
    await anext(stream)
    assert model.active == 1
    if way == "the generator is closed":
        await stream.aclose()
    else:
        task = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])
    assert model.active == 0


def test_an_empty_script_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ScriptedLanguageModel([])


async def test_closing_forgets_the_conversations() -> None:
    model = ScriptedLanguageModel()
    await _parts(model, _request("Hi"))
    await model.close()
    assert model.closed
    assert not model.warm
