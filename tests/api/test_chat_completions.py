"""`/v1/chat/completions` over HTTP: whole and streamed answers, agents by id, tools, and everything that is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.serving import KEY, Served, scripted_settings, serving

from vivavoce.api.xai.chat_completions import SPEECH_MODELS

Json = dict[str, Any]

HELLO: Json = {"model": "vivavoce", "messages": [{"role": "user", "content": "Hello there"}]}
TOOL: Json = {
    "type": "function",
    "function": {"name": "weather", "description": "Tells the weather.", "parameters": {"type": "object"}},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(scripted_settings(tmp_path_factory.mktemp("data"))) as one:
        yield one


@pytest.fixture(scope="module")
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, headers={"authorization": f"Bearer {KEY}"}, timeout=60) as client:
        yield client


def _ask(http: httpx.Client, **fields: Any) -> httpx.Response:
    return http.post("/v1/chat/completions", json=HELLO | fields)


def _answered(http: httpx.Client, **fields: Any) -> Json:
    response = _ask(http, **fields)
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


def _streamed(http: httpx.Client, **fields: Any) -> list[Json]:
    response = _ask(http, stream=True, **fields)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    *events, done, end = response.text.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events]


def test_a_whole_answer_has_the_shape_of_openai(http: httpx.Client) -> None:
    answer = _answered(http)
    assert answer.pop("id").startswith("chatcmpl-")
    assert answer.pop("created") > 1_700_000_000
    assert answer == {
        "object": "chat.completion",
        "model": "vivavoce",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "You said: Hello there", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 3,
            "completion_tokens": 4,
            "total_tokens": 7,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }


def test_a_streamed_answer_comes_in_chunks(http: httpx.Client) -> None:
    chunks = _streamed(http, stream_options={"include_usage": True})
    assert {(chunk["object"], chunk["model"]) for chunk in chunks} == {("chat.completion.chunk", "vivavoce")}
    assert len({(chunk["id"], chunk["created"]) for chunk in chunks}) == 1
    told = [(choice["delta"], choice["finish_reason"]) for chunk in chunks for choice in chunk["choices"]]
    assert told == [
        ({"role": "assistant", "content": ""}, None),
        ({"content": "You "}, None),
        ({"content": "said: "}, None),
        ({"content": "Hello "}, None),
        ({"content": "there"}, None),
        ({}, "stop"),
    ]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] == 7


def test_usage_is_streamed_only_where_it_is_asked_for(http: httpx.Client) -> None:
    assert not [chunk for chunk in _streamed(http) if "usage" in chunk]


def test_a_call_of_a_function(http: httpx.Client) -> None:
    choice = _answered(http, tools=[TOOL, {"type": "web_search", "name": 5}], tool_choice="required")["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    function = {"name": "weather", "arguments": "{}"}
    assert choice["message"]["tool_calls"] == [{"id": "call_1", "type": "function", "function": function}]


def test_a_streamed_call_of_a_function(http: httpx.Client) -> None:
    choice = {"type": "function", "function": {"name": "weather"}}
    deltas = [chunk["choices"][0] for chunk in _streamed(http, tools=[TOOL], tool_choice=choice)]
    function = {"name": "weather", "arguments": "{}"}
    assert [delta["delta"] for delta in deltas] == [
        {"role": "assistant", "content": None},
        {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]},
        {},
    ]
    assert deltas[-1]["finish_reason"] == "tool_calls"


def test_the_default_agent_answers(http: httpx.Client) -> None:
    answer = _answered(http, model="default")
    assert answer["model"] == "default"
    assert answer["usage"]["prompt_tokens"] > 50, "the demo agent's instructions were not told"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param(
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]},
            "You said: ab",
            id="parts of text are joined",
        ),
        pytest.param(
            {
                "messages": [
                    {"role": "developer", "content": "x", "name": "y"},
                    {"role": "user", "content": "Weather?"},
                    {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "w", "arguments": "{}"}}],
                    },
                    {"role": "tool", "tool_call_id": "c", "content": "sunny"},
                    {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
                ]
            },
            "You said: Weather?",
            id="every role is taken",
        ),
        pytest.param({"stop": "there"}, "You said: Hello ", id="the answer ends before a stop text"),
        pytest.param({"stop": ["xx", "Hello"]}, "You said: ", id="the answer ends before the first of many"),
        pytest.param({"max_tokens": 2}, "You said: ", id="the answer is cut"),
        pytest.param({"max_tokens": 9, "max_completion_tokens": 1}, "You ", id="the newer limit goes first"),
        pytest.param(
            {
                "temperature": 1,
                "n": 1,
                "seed": 5,
                "user": "u",
                "top_p": None,
                "logprobs": False,
                "metadata": {"a": "b"},
                "tools": None,
                "tool_choice": None,
                "stop": None,
                "stream": False,
                "response_format": {"type": "text"},
                "no_such_field": [1],
            },
            "You said: Hello there",
            id="what means nothing here is ignored",
        ),
        pytest.param(
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}},
            "You said: Hello there",
            id="a schema is taken",
        ),
    ],
)
def test_what_can_be_asked(http: httpx.Client, fields: Json, said: str) -> None:
    assert _answered(http, **fields)["choices"][0]["message"]["content"] == said


def _user(content: Any) -> Json:
    return {"messages": [{"role": "user", "content": content}]}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        pytest.param({"messages": []}, "messages", id="no messages"),
        pytest.param({"messages": "Hello"}, "messages", id="messages that are no list"),
        pytest.param({"messages": None}, "messages", id="null for messages"),
        pytest.param({"messages": [5]}, "messages[0]", id="a message that is no object"),
        pytest.param({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", id="an unknown role"),
        pytest.param({"messages": [{"role": "user"}]}, "messages[0].content", id="a message without content"),
        pytest.param(_user(5), "messages[0].content", id="content of the wrong type"),
        pytest.param(_user([5]), "messages[0].content[0]", id="a part of the wrong type"),
        pytest.param(_user([{"type": "text"}]), "messages[0].content[0].text", id="a text part without text"),
        pytest.param(
            _user([{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "http://a/b.png"}}]),
            "messages[0].content[1].type",
            id="a picture",
        ),
        pytest.param(_user([{"type": "input_audio"}]), "messages[0].content[0].type", id="sound"),
        pytest.param(
            {"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id", id="an answer to no call"
        ),
        pytest.param(
            {
                "messages": [
                    {"role": "user", "content": "x", "tool_calls": [{"id": "c", "function": {"name": "w"}}]},
                ]
            },
            "messages[0].tool_calls",
            id="calls by the user",
        ),
        pytest.param(
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "c"}]}]},
            "messages[0].tool_calls[0].function",
            id="a call of nothing",
        ),
        pytest.param({"model": 5}, "model", id="a model of the wrong type"),
        pytest.param({"model": ""}, "model", id="an empty model"),
        pytest.param({"n": 2}, "n", id="more than one answer"),
        pytest.param({"temperature": 3}, "temperature", id="a temperature that is too high"),
        pytest.param({"temperature": "1"}, "temperature", id="a temperature that is a text"),
        pytest.param({"max_tokens": 0}, "max_tokens", id="an answer of no tokens"),
        pytest.param({"stream": "yes"}, "stream", id="a flag of the wrong type"),
        pytest.param({"stop": 5}, "stop", id="a stop of the wrong type"),
        pytest.param({"stop": ["a"] * 17}, "stop", id="too many stops"),
        pytest.param({"tools": {}}, "tools", id="tools that are no list"),
        pytest.param({"tools": [5]}, "tools[0]", id="a tool that is no object"),
        pytest.param(
            {"tools": [{"type": "web_search"}, {"type": "function", "function": {}}]},
            "tools[1].function.name",
            id="a function without a name",
        ),
        pytest.param({"tools": [TOOL, TOOL]}, "tools[1].function.name", id="a function twice"),
        pytest.param({"tool_choice": "required"}, "tool_choice", id="a required tool where there is none"),
        pytest.param({"tool_choice": "weather"}, "tool_choice", id="a choice that is none"),
        pytest.param(
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "other"}}},
            "tool_choice",
            id="the choice of a tool that is not offered",
        ),
        pytest.param({"response_format": {"type": "xml"}}, "response_format.type", id="an unknown form"),
        pytest.param(
            {"response_format": {"type": "json_schema"}}, "response_format.json_schema", id="a schema that is missing"
        ),
        pytest.param(
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {"d": "x" * 70_000}}}},
            "response_format.json_schema.schema",
            id="a schema that is too long",
        ),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_what_is_wrong_is_named(http: httpx.Client, fields: Json, param: str, stream: bool) -> None:
    response = _ask(http, **{"stream": stream} | fields)
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert error["message"]


def test_an_agent_that_is_not_there(http: httpx.Client) -> None:
    for stream in (False, True):
        response = _ask(http, model="agent_abc123", stream=stream)
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "agent_not_found"


def test_nobody_is_answered_without_a_key(served: Served) -> None:
    response = httpx.post(f"{served.url}/v1/chat/completions", json=HELLO)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "invalid_api_key"


def test_the_same_request_again_gets_the_same_answer(http: httpx.Client) -> None:
    headers = {"idempotency-key": "chat-1"}
    first, again = (http.post("/v1/chat/completions", json=HELLO, headers=headers) for _ in range(2))
    assert first.status_code == 200
    assert first.json() == again.json()


def test_the_models_that_can_be_asked(http: httpx.Client) -> None:
    models = http.get("/v1/models").json()
    assert models["object"] == "list"
    assert [model["id"] for model in models["data"]] == ["vivavoce", "default", *SPEECH_MODELS]
    assert http.get("/v1/models/vivavoce").json() == models["data"][0]
    missing = http.get("/v1/models/gpt-9")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")
