"""The HTTP language model against servers with the manners of OpenAI, xAI, vLLM, Ollama, and against broken ones."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from chat_counterpart import Answering, Exchange, played_by, serving

from vivavoce.engines.llm.openai_compatible import OpenAICompatibleLanguageModel
from vivavoce.engines.ports import (
    AffinityKey,
    ChatMessage,
    EngineError,
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

KEY = "sk-very-secret"
WEATHER = FunctionTool("weather", "Tells the weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
HELLO = GenerationRequest([ChatMessage("system", "Be kind."), ChatMessage("user", "Hello")], AffinityKey("a"))
NO_USAGE = GenerationUsage(0, 0, 0)


def _model(base_url: str, read_timeout_seconds: float = 30.0) -> OpenAICompatibleLanguageModel:
    return OpenAICompatibleLanguageModel(base_url, KEY, "m-1", read_timeout_seconds=read_timeout_seconds)


async def _ask(
    base_url: str, request: GenerationRequest = HELLO, read_timeout_seconds: float = 30.0
) -> list[GenerationPart]:
    model = _model(base_url, read_timeout_seconds)
    try:
        return [part async for part in model.generate(request)]
    finally:
        await model.close()


def _raw(raw: bytes, content_type: str = "text/event-stream", cut: int | None = None) -> Answering:
    """Send these bytes, in pieces of `cut`."""

    async def answer(exchange: Exchange) -> None:
        await exchange.begin(200, content_type)
        size = cut or len(raw) or 1
        for start in range(0, len(raw), size):
            await exchange.send(raw[start : start + size])

    return answer


def _chunks(*chunks: object, end: str = "\n\n", done: bool = True) -> bytes:
    lines = [f"data: {json.dumps(chunk)}{end}" for chunk in chunks]
    return ("".join(lines) + (f"data: [DONE]{end}" if done else "")).encode()


def _delta(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": "c1", "object": "chat.completion.chunk", "choices": [_choice(delta, finish)], **more}


def _choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}


def _call(index: int | None, call_id: str | None, name: str | None, arguments: object) -> dict[str, Any]:
    written: dict[str, Any] = {"function": {"arguments": arguments}}
    if index is not None:
        written["index"] = index
    if call_id is not None:
        written |= {"id": call_id, "type": "function"}
    if name is not None:
        written["function"]["name"] = name
    return {"tool_calls": [written]}


def _spoken(*texts: str) -> list[GenerationPart]:
    return [*map(TextGenerated, texts), GenerationEnded("stop", NO_USAGE)]


def _called(*calls: ToolCall) -> list[GenerationPart]:
    return [*map(ToolCallGenerated, calls), GenerationEnded("tool_calls", NO_USAGE)]


OSLO = ToolCall("c1", "weather", '{"city": "Oslo"}')
ROME = ToolCall("c2", "weather", '{"city": "Rome"}')


@pytest.mark.parametrize("cut", [None, 1, 7], ids=["in one piece", "byte by byte", "seven bytes at a time"])
@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        pytest.param(
            _chunks(
                _delta({"role": "assistant", "content": "", "refusal": None}),
                _delta({"content": "Hello"}),
                _delta({"content": " there"}),
                _delta({}, "stop"),
                {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}},
            ),
            [TextGenerated("Hello"), TextGenerated(" there"), GenerationEnded("stop", GenerationUsage(9, 0, 2))],
            id="OpenAI sends its usage in a chunk without choices",
        ),
        pytest.param(
            _chunks(
                _delta({"content": "Grüße 😀"}, usage={"prompt_tokens": 9, "completion_tokens": 1}),
                _delta(
                    {},
                    "stop",
                    usage={
                        "prompt_tokens": 9,
                        "completion_tokens": 3,
                        "prompt_tokens_details": {"cached_tokens": 4, "text_tokens": 9},
                    },
                ),
            ),
            [TextGenerated("Grüße 😀"), GenerationEnded("stop", GenerationUsage(9, 4, 3))],
            id="xAI counts in every chunk and the last count is right",
        ),
        pytest.param(
            b": ping\r\n\r\n" + _chunks(_delta({"content": "Hi"}), _delta({}, "length"), end="\r\n\r\n"),
            [TextGenerated("Hi"), GenerationEnded("length", NO_USAGE)],
            id="comments and CRLF are understood and a cut reply says so",
        ),
        pytest.param(
            _chunks(_delta({"content": None, "reasoning_content": "Hm"}), _delta({"content": "Hi"}), done=False),
            _spoken("Hi"),
            id="thoughts are not spoken and the end mark may be missing",
        ),
        pytest.param(
            _chunks(_delta({"content": "Hi", "tool_calls": []}), _delta({"content": ""}, "stop")),
            _spoken("Hi"),
            id="vLLM sends empty lists of calls",
        ),
        pytest.param(_chunks(), _spoken(), id="an empty reply ends all the same"),
        pytest.param(
            _chunks(
                _delta(_call(0, "c1", "weather", "")),
                _delta(_call(0, None, None, '{"city": ')),
                _delta(_call(0, None, None, '"Oslo"}')),
                _delta(_call(1, "c2", "weather", '{"city": "Rome"}')),
                _delta({}, "tool_calls"),
            ),
            _called(OSLO, ROME),
            id="OpenAI sends calls in pieces, told apart by their index",
        ),
        pytest.param(
            _chunks(
                _delta(_call(0, "c1", "weather", '{"city": "Oslo"}')),
                _delta(_call(0, "c2", "weather", '{"city": "Rome"}')),
                _delta({}, "stop"),
            ),
            _called(OSLO, ROME),
            id="Ollama sends whole calls, all with index 0, and ends with stop",
        ),
        pytest.param(
            _chunks(_delta(_call(None, "c1", "weather", {"city": "Oslo"})), _delta({}, "tool_calls")),
            _called(OSLO),
            id="arguments may come as an object and without an index",
        ),
        pytest.param(
            _chunks(_delta(_call(0, "c1", "weather", "")), _delta({}, "tool_calls")),
            _called(ToolCall("c1", "weather", "{}")),
            id="no arguments are an empty object",
        ),
        pytest.param(
            _chunks(_delta(_call(0, "c1", "weather", '{"city": "Os')), _delta({}, "length")),
            [GenerationEnded("length", NO_USAGE)],
            id="a call that was cut at the limit is not made",
        ),
        pytest.param(
            _chunks(
                _delta({"content": "One moment."}),
                _delta(_call(0, "c1", "weather", '{"city": "Oslo"}')),
                _delta({}, "tool_calls"),
            ),
            [TextGenerated("One moment."), *_called(OSLO)],
            id="words may come before a call",
        ),
    ],
)
async def test_what_servers_send(raw: bytes, parts: list[GenerationPart], cut: int | None) -> None:
    async with serving(_raw(raw, cut=cut)) as counterpart:
        assert await _ask(counterpart.base_url) == parts


async def test_only_one_call_is_made_where_only_one_may_be() -> None:
    calls = [
        _delta(_call(at, f"c{at + 1}", "weather", f'{{"city": "{city}"}}')) for at, city in enumerate(["Oslo", "Rome"])
    ]
    request = dataclasses.replace(HELLO, tools=(WEATHER,), parallel_tool_calls=False)
    async with serving(_raw(_chunks(*calls, _delta({}, "tool_calls")))) as counterpart:
        assert await _ask(counterpart.base_url, request) == _called(OSLO)
        assert counterpart.seen[0].body["parallel_tool_calls"] is False


async def test_calls_without_ids_get_ids_of_their_own() -> None:
    raw = _chunks(
        _delta(_call(0, None, "weather", '{"city": "Oslo"}')), _delta(_call(0, None, "weather", '{"city": "Rome"}'))
    )
    async with serving(_raw(raw)) as counterpart:
        parts = await _ask(counterpart.base_url)
    calls = [part.call for part in parts if isinstance(part, ToolCallGenerated)]
    assert [call.arguments for call in calls] == ['{"city": "Oslo"}', '{"city": "Rome"}']
    assert len({call.call_id for call in calls}) == 2
    assert all(call.call_id for call in calls)


async def test_a_server_that_does_not_stream_is_understood() -> None:
    answer = {"choices": [{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]}
    async with serving(_raw(json.dumps(answer).encode(), "application/json; charset=utf-8")) as counterpart:
        assert await _ask(counterpart.base_url) == _spoken("Hi")


async def test_the_request_is_written_as_openai_wants_it() -> None:
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
    request = GenerationRequest(
        [
            ChatMessage("system", "Be kind."),
            ChatMessage("user", "Weather?"),
            ChatMessage("assistant", "", (ToolCall("c1", "weather", '{"city": "Oslo"}'),)),
            ChatMessage("tool", "Clear.", call_id="c1"),
        ],
        AffinityKey("a"),
        (WEATHER,),
        "weather",
        schema,
        50,
        0.7,
    )
    async with serving(_raw(_chunks())) as counterpart:
        await _ask(counterpart.base_url + "/", request)
        seen = counterpart.seen[0]
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    function = {"name": "weather", "description": "Tells the weather.", "parameters": WEATHER.parameters}
    assert seen.body == {
        "model": "m-1",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "weather", "arguments": '{"city": "Oslo"}'},
                    }
                ],
            },
            {"role": "tool", "content": "Clear.", "tool_call_id": "c1"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.7,
        "max_tokens": 50,
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": "weather"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
    }


async def test_a_plain_request_asks_for_nothing_special() -> None:
    async with serving(_raw(_chunks())) as counterpart:
        await _ask(counterpart.base_url)
        body = counterpart.seen[0].body
    assert sorted(body) == ["messages", "model", "stream", "stream_options", "temperature"]


def _refusing(status: int, body: object, *extra: str) -> Answering:
    return lambda exchange: exchange.refuse(status, body, *extra)


async def _hang_up(exchange: Exchange) -> None:
    exchange.writer.close()


HI = _raw(_chunks(_delta({"content": "Hi"})))


@pytest.mark.parametrize(
    ("refusal", "changed"),
    [
        pytest.param(
            {"error": {"message": "Unknown parameter: stream_options"}},
            lambda body: "stream_options" not in body,
            id="one that does not know stream_options is spared them",
        ),
        pytest.param(
            {"error": {"message": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."}},
            lambda body: "max_tokens" not in body and body["max_completion_tokens"] == 5,
            id="one that wants max_completion_tokens gets them",
        ),
        pytest.param(
            {"detail": [{"msg": "temperature does not support 0.3 with this model"}]},
            lambda body: "temperature" not in body,
            id="one that does not take a temperature is spared it",
        ),
        pytest.param(
            {"error": {"message": "parallel_tool_calls is not supported"}},
            lambda body: "parallel_tool_calls" not in body,
            id="one that does not know parallel calls is spared them",
        ),
    ],
)
async def test_what_a_server_refuses_is_learned(refusal: object, changed: Callable[[dict[str, Any]], bool]) -> None:
    request = dataclasses.replace(HELLO, tools=(WEATHER,), maximum_output_tokens=5, parallel_tool_calls=False)
    async with serving(_refusing(400, refusal), HI) as counterpart:
        model = _model(counterpart.base_url)
        for _ in range(2):
            assert [part async for part in model.generate(request)] == _spoken("Hi")
        await model.close()
        assert [changed(exchange.body) for exchange in counterpart.seen] == [False, True, True]


@pytest.mark.parametrize(
    ("trouble", "waited"),
    [
        pytest.param(_refusing(429, {}, "retry-after: 2"), 2, id="a busy server is asked again when it says so"),
        pytest.param(_refusing(503, {}), 0.25, id="a server in trouble is asked again soon"),
        pytest.param(
            _refusing(500, {}, "retry-after: Fri, 31 Dec 1999 23:59:59 GMT"), 0.25, id="a date is not waited for"
        ),
        pytest.param(_hang_up, 0.25, id="a connection that breaks before the answer is tried again"),
    ],
)
async def test_one_retry(trouble: Answering, waited: float, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("vivavoce.engines.llm.openai_compatible.asyncio.sleep", sleep)
    async with serving(trouble, HI) as counterpart:
        assert await _ask(counterpart.base_url) == _spoken("Hi")
    assert slept == [waited]


@pytest.mark.parametrize(
    ("answers", "said", "asked"),
    [
        pytest.param(
            [_refusing(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}})],
            r"answered 401 \(Incorrect API key provided: \*\*\*\); check the API key",
            1,
            id="a wrong key is named but not shown",
        ),
        pytest.param(
            [_refusing(404, {"error": "no such model"})], r"404 \(no such model\).*'m-1'", 1, id="a wrong model"
        ),
        pytest.param(
            [_refusing(400, "odd")], r"400 \(odd\); check the model", 1, id="a request that is not understood"
        ),
        pytest.param([_refusing(500, {})], "500.*try again", 2, id="a server that stays in trouble"),
        pytest.param([_refusing(429, {})], "rate limit", 2, id="a limit that stays reached"),
        pytest.param([_refusing(429, {}, "retry-after: 60")], "rate limit", 1, id="a server that asks for a long wait"),
        pytest.param([_hang_up], "cannot be reached.*check the base URL", 2, id="a server that always hangs up"),
        pytest.param([_raw(b"data: {oops\n\n")], "does not send a chat stream", 1, id="an event that is no JSON"),
        pytest.param(
            [_raw(b'data: {"choices": 1}\n\n')], "does not send a chat stream", 1, id="an event that is no chat"
        ),
        pytest.param([_raw(b"x" * 5_000_000)], "does not send a chat stream", 1, id="an endless line"),
        pytest.param(
            [_raw(_chunks(_delta({"content": "Hi"}), {"error": {"message": "out of memory"}}))],
            "broke the reply off: out of memory",
            1,
            id="an error in the middle",
        ),
        pytest.param(
            [_raw(_chunks(_delta(_call(0, "c1", "weather", "{oops")), _delta({}, "tool_calls")))],
            "arguments that are no JSON object",
            1,
            id="arguments that are no JSON",
        ),
    ],
)
async def test_troubles_say_what_to_do(
    answers: list[Answering], said: str, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vivavoce.engines.llm.openai_compatible.RETRY_DELAY_SECONDS", 0.0)
    async with serving(*answers) as counterpart:
        with pytest.raises(EngineError, match=said) as caught:
            await _ask(counterpart.base_url)
        assert counterpart.base_url in str(caught.value) or "arguments" in said
        assert KEY not in str(caught.value)
        assert len(counterpart.seen) == asked


async def test_a_connection_that_breaks_in_the_middle_is_not_tried_again() -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\n\r\n")
        await exchange.delta({"content": "Hi"})

    async with serving(answer) as counterpart:
        model = _model(counterpart.base_url)
        stream = model.generate(HELLO)
        assert await anext(stream) == TextGenerated("Hi")
        with pytest.raises(EngineError, match="cannot be reached"):
            await anext(stream)
        await model.close()
        assert len(counterpart.seen) == 1


async def test_nobody_listening_is_said() -> None:
    async with serving(HI) as counterpart:
        nowhere = counterpart.base_url
    with pytest.raises(EngineError, match="check the base URL, that the server runs"):
        await _ask(nowhere)


async def test_a_silent_server_is_given_up() -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.gone.wait()

    async with serving(answer) as counterpart:
        with pytest.raises(EngineError, match="went silent"):
            await _ask(counterpart.base_url, read_timeout_seconds=0.05)
        assert len(counterpart.seen) == 1


async def test_too_many_replies_at_once_are_refused() -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.delta({"content": "Hi"})
        await exchange.gone.wait()

    async with serving(answer) as counterpart:
        model = OpenAICompatibleLanguageModel(
            counterpart.base_url, None, "m", connections=1, connect_timeout_seconds=0.05
        )
        first = model.generate(HELLO)
        await anext(first)
        with pytest.raises(EngineError, match="every connection"):
            await anext(model.generate(HELLO))
        await first.aclose()
        await model.close()


@pytest.mark.parametrize("way", ["the generator is closed", "the task is cancelled", "the first word is waited for"])
async def test_giving_up_closes_the_connection_at_once(way: str) -> None:
    async def answer(exchange: Exchange) -> None:
        if way != "the first word is waited for":
            await exchange.begin()
            await exchange.delta({"content": "Hi"})
        await exchange.gone.wait()

    async with serving(answer) as counterpart:
        model = _model(counterpart.base_url)
        stream = model.generate(HELLO)
        if way != "the first word is waited for":
            await anext(stream)
        if way == "the generator is closed":
            await stream.aclose()
        else:
            waiting = asyncio.ensure_future(anext(stream))
            await counterpart.arrived.wait()
            waiting.cancel()
            await asyncio.wait([waiting])
        await asyncio.wait_for(counterpart.seen[0].gone.wait(), timeout=60)
        await model.close()


@pytest.mark.parametrize("base_url", ["", "api.x.ai/v1", "ftp://x/v1", "http://", "http://[::1"])
def test_a_base_url_that_is_none_is_refused(base_url: str) -> None:
    with pytest.raises(EngineError, match="is no base URL"):
        OpenAICompatibleLanguageModel(base_url, None, "m")


async def test_a_password_in_the_base_url_is_not_shown() -> None:
    with pytest.raises(EngineError) as caught:
        await _ask("http://me:hunter2@127.0.0.1:9/v1")
    assert "hunter2" not in str(caught.value)
    assert "http://127.0.0.1:9/v1" in str(caught.value)


async def test_without_a_key_none_is_sent() -> None:
    async with serving(HI) as counterpart:
        model = OpenAICompatibleLanguageModel(counterpart.base_url, None, "m")
        assert [part async for part in model.generate(HELLO)] == _spoken("Hi")
        await model.close()
        assert "authorization" not in counterpart.seen[0].headers


async def test_the_counterpart_itself_speaks_like_openai() -> None:
    """The contract suite leans on it."""
    script = ScriptedLanguageModel([["One moment.", OSLO]])
    async with serving(played_by(script)) as counterpart:
        parts = await _ask(counterpart.base_url)
    assert parts == [
        TextGenerated("One "),
        TextGenerated("moment."),
        ToolCallGenerated(OSLO),
        GenerationEnded("tool_calls", GenerationUsage(5, 0, 3)),
    ]
