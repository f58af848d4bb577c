"""OpenAI's own Python client, unmodified, asking for answers in writing by base URL alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from openai import AsyncOpenAI, AuthenticationError, BadRequestError, NotFoundError
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam

from tests.serving import KEY, Served, scripted_settings, serving
from vivavoce.api.xai.chat_completions import SPEECH_MODELS

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello!"}]
WEATHER: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as one:
        yield one


@pytest.fixture
async def client(served: Served) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{served.url}/v1", api_key=KEY, max_retries=0, timeout=60) as one:
        yield one


async def test_a_whole_answer(client: AsyncOpenAI) -> None:
    completion = await client.chat.completions.create(model="default", messages=HELLO)
    assert completion.choices[0].message.content == "You said: Say hello!"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens


async def test_a_streamed_answer(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="vivavoce", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    assert deltas[0].role == "assistant"
    assert "".join(delta.content or "" for delta in deltas) == "You said: Say hello!"
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 4


async def test_a_tool_is_called_and_its_result_told(client: AsyncOpenAI) -> None:
    completion = await client.chat.completions.create(
        model="vivavoce", messages=HELLO, tools=[WEATHER], tool_choice="required"
    )
    [call] = completion.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "weather"
    assert completion.choices[0].finish_reason == "tool_calls"
    # What the client's own helper makes of the answer is what is sent back.
    said: ChatCompletionMessageParam = completion.choices[0].message.to_dict()  # type: ignore[assignment]
    result: ChatCompletionMessageParam = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    completion = await client.chat.completions.create(
        model="vivavoce", messages=[*HELLO, said, result], tools=[WEATHER], tool_choice="none"
    )
    assert completion.choices[0].message.content == "You said: Say hello!"


async def test_a_tool_is_called_in_a_stream(client: AsyncOpenAI) -> None:
    async with client.chat.completions.stream(
        model="vivavoce",
        messages=HELLO,
        tools=[WEATHER],
        tool_choice={"type": "function", "function": {"name": "weather"}},
    ) as stream:
        completion = await stream.get_final_completion()
    [call] = completion.choices[0].message.tool_calls or []
    assert (call.function.name, call.function.arguments) == ("weather", "{}")


async def test_errors_are_of_their_own_types(client: AsyncOpenAI, served: Served) -> None:
    with pytest.raises(NotFoundError) as unknown:
        await client.chat.completions.create(model="agent_abc123", messages=HELLO)
    assert unknown.value.code == "agent_not_found"
    with pytest.raises(BadRequestError) as wrong:
        await client.chat.completions.create(model="vivavoce", messages=HELLO, temperature=9, stream=True)
    assert wrong.value.param == "temperature"
    async with AsyncOpenAI(base_url=f"{served.url}/v1", api_key="wrong", max_retries=0) as stranger:
        with pytest.raises(AuthenticationError):
            await stranger.chat.completions.create(model="vivavoce", messages=HELLO)


async def test_the_models(client: AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == ["vivavoce", "default", *SPEECH_MODELS]
    assert (await client.models.retrieve("vivavoce")).id == "vivavoce"
