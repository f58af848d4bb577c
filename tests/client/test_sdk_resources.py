"""The SDK against a real socket: what every method sends and gives back, pages, streams, errors, keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from scripted_http import Answer, answering
from tests.fake_realtime_server import KEY, FakeServer, running

from vivavoce.client import Vivavoce
from vivavoce.client.errors import (
    ApiError,
    AuthenticationError,
    ClientError,
    ConflictError,
    InvalidIdError,
    InvalidKeyError,
    InvalidRequestError,
    InvalidServerUrlError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    ServerUnreachableError,
    UnexpectedAnswerError,
)
from vivavoce.client.results import Agent, Session, StageSummary, Turn, TurnStages
from vivavoce.client.retrying import RetryPolicy

ONCE = RetryPolicy(attempts_maximum=1)
SECRET = "vv_very_secret_0123456789"
AGENT = {
    "agent_id": "agent_1",
    "id": "agent_1",
    "name": "Bot",
    "instructions": "Be helpful",
    "tools": [{"type": "web_search"}],
    "voice": {"voice_id": "eve", "vad_threshold": 0.5, "vad_silence_duration_ms": 300},
    "created_at": "2026-11-21T13:00:00Z",
    "something_new": {"of": "a later version"},
}
SESSION = {"session_id": "ses_1", "agent_id": "agent_1", "status": "active", "websocket_url": "ws://h/v1?token=t"}
COMPLETION = {
    "model": "vivavoce",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello."}}],
}

Ask = Callable[[Vivavoce], Awaitable[Any]]


def _client(url: str, api_key: str | None = SECRET) -> Vivavoce:
    return Vivavoce(url, api_key, retries=ONCE)


# --- what is sent ---------------------------------------------------------------------------------------------------

REQUESTS: dict[str, tuple[Ask, dict[str, Any], str, str, Any]] = {
    "an agent is made with the fields that are given": (
        lambda client: client.agents.create("Bot", instructions="Be helpful", voice={"voice_id": "eve"}),
        {"agent": AGENT},
        "POST",
        "/v1/agents",
        {"name": "Bot", "instructions": "Be helpful", "voice": {"voice_id": "eve"}},
    ),
    "one agent is fetched": (lambda c: c.agents.get("agent_1"), {"agent": AGENT}, "GET", "/v1/agents/agent_1", None),
    "an id cannot lead to another place": (
        lambda client: client.agents.get("../keys?x=1#y"),
        {"agent": AGENT},
        "GET",
        "/v1/agents/..%2Fkeys%3Fx%3D1%23y",
        None,
    ),
    "two dots are an id like any other": (
        lambda client: client.agents.get(".."),
        {"agent": AGENT},
        "GET",
        "/v1/agents/%2E%2E",
        None,
    ),
    "a change names what it changes and what it clears": (
        lambda client: client.agents.update("agent_1", {"name": "New"}, clear=["instructions"]),
        {"agent": AGENT},
        "PATCH",
        "/v1/agents/agent_1",
        {"agent": {"name": "New"}, "field_mask": {"paths": ["name", "instructions"]}},
    ),
    "a number is assigned as the API's own example does it": (
        lambda client: client.agents.update("agent_1", phone_number_id="pn_1"),
        {"agent": AGENT},
        "PATCH",
        "/v1/agents/agent_1",
        {"agent": {}, "field_mask": {"paths": ["name"]}, "phone_number_id": "pn_1"},
    ),
    "an agent is deleted": (
        lambda client: client.agents.delete("agent_1"),
        {"agent_id": "agent_1", "deleted": True},
        "DELETE",
        "/v1/agents/agent_1",
        None,
    ),
    "the versions of an agent are listed": (
        lambda client: client.agents.versions("agent_1"),
        {"versions": [{"version": 1, "agent": AGENT}]},
        "GET",
        "/v1/agents/agent_1/versions",
        None,
    ),
    "a version is restored": (
        lambda client: client.agents.restore("agent_1", 3),
        {"agent": AGENT},
        "POST",
        "/v1/agents/agent_1/versions/3/restore",
        None,
    ),
    "a session is prepared": (
        lambda client: client.sessions.create("agent_1", metadata={"a": 1}, initial_message="Hi"),
        SESSION,
        "POST",
        "/v1/agents/agent_1/sessions",
        {"metadata": {"a": 1}, "initial_message": "Hi"},
    ),
    "a session is fetched": (lambda c: c.sessions.get("ses_1"), SESSION, "GET", "/v1/sessions/ses_1", None),
    "a session is ended": (lambda c: c.sessions.end("ses_1"), SESSION, "POST", "/v1/sessions/ses_1/end", None),
    "the turns of a session are listed": (
        lambda client: client.sessions.turns("ses_1").all(),
        {"data": [{"response_id": "resp_1", "stages": {"endpoint": 210}}], "has_more": False},
        "GET",
        "/v1/sessions/ses_1/turns",
        None,
    ),
    "the turns of a session are summarised": (
        lambda client: client.sessions.turn_summary("ses_1"),
        {"turns": 1, "stages": {"endpoint": {"turns": 1, "p50_ms": 210, "p95_ms": 210}}},
        "GET",
        "/v1/sessions/ses_1/turns/summary",
        None,
    ),
    "the transcript of a session is read": (
        lambda client: client.sessions.transcript("ses_1"),
        {"session_id": "ses_1", "messages": [{"role": "user", "content": "Hi", "start_ms": 10}]},
        "GET",
        "/v1/sessions/ses_1/transcript",
        None,
    ),
    "a thread is fetched": (lambda c: c.threads.get("thr_1"), {"id": "thr_1"}, "GET", "/v1/threads/thr_1", None),
    "a phone number is taken": (
        lambda client: client.phone_numbers.create("415", "Support Line"),
        {"phone_number": {"phone_number_id": "pn_1", "phone_number": "+14155550100"}},
        "POST",
        "/v1/phone-numbers",
        {"area_code": "415", "name": "Support Line"},
    ),
    "a completion is asked for": (
        lambda client: client.chat.complete([{"role": "user", "content": "Hi"}], tools=[{"type": "web_search"}]),
        COMPLETION,
        "POST",
        "/v1/chat/completions",
        {
            "model": "vivavoce",
            "messages": [{"role": "user", "content": "Hi"}],
            "tools": [{"type": "web_search"}],
        },
    ),
    "a key is made": (
        lambda client: client.api_keys.create("ci", scopes=["agents"]),
        {"id": "key_1", "secret": SECRET},
        "POST",
        "/v1/api-keys",
        {"name": "ci", "scopes": ["agents"]},
    ),
    "a key is revoked": (
        lambda client: client.api_keys.revoke("key_1"),
        {"id": "key_1"},
        "POST",
        "/v1/api-keys/key_1/revoke",
        None,
    ),
    "a key is fetched": (lambda c: c.api_keys.get("key_1"), {"id": "key_1"}, "GET", "/v1/api-keys/key_1", None),
    "a thread is begun": (
        lambda client: client.threads.create(agent_id="agent_1", title="T", metadata={"a": 1}),
        {"id": "thr_1"},
        "POST",
        "/v1/threads",
        {"agent_id": "agent_1", "title": "T", "metadata": {"a": 1}},
    ),
    "a message is added to a thread": (
        lambda client: client.threads.add_message("thr_1", "Hi", client_id="c1"),
        {"id": "msg_1", "role": "user"},
        "POST",
        "/v1/threads/thr_1/messages",
        {"role": "user", "content": "Hi", "client_id": "c1"},
    ),
    "a thread is put away": (
        lambda client: client.threads.update("thr_1", status="archived"),
        {"id": "thr_1"},
        "PATCH",
        "/v1/threads/thr_1",
        {"status": "archived"},
    ),
    "a thread is deleted": (lambda c: c.threads.delete("thr_1"), {}, "DELETE", "/v1/threads/thr_1", None),
    "a webhook is made": (
        lambda client: client.webhooks.create("https://h/hook", events=["session.ended"]),
        {"id": "wh_1", "secret": "whsec_x"},
        "POST",
        "/v1/webhooks",
        {"url": "https://h/hook", "events": ["session.ended"]},
    ),
    "a webhook is fetched": (lambda c: c.webhooks.get("wh_1"), {"id": "wh_1"}, "GET", "/v1/webhooks/wh_1", None),
    "a webhook is changed": (
        lambda client: client.webhooks.update("wh_1", enabled=False),
        {"id": "wh_1"},
        "PATCH",
        "/v1/webhooks/wh_1",
        {"enabled": False},
    ),
    "a webhook gets a new secret": (
        lambda client: client.webhooks.rotate_secret("wh_1"),
        {"id": "wh_1", "secret": SECRET},
        "POST",
        "/v1/webhooks/wh_1/rotate-secret",
        None,
    ),
    "a webhook is tested": (
        lambda client: client.webhooks.test("wh_1"),
        {"event_id": "evt_1"},
        "POST",
        "/v1/webhooks/wh_1/test",
        None,
    ),
    "an event is sent again": (
        lambda client: client.webhooks.send_again("wh_1", "dlv_1"),
        {"id": "dlv_1", "status": "pending"},
        "POST",
        "/v1/webhooks/wh_1/deliveries/dlv_1/retry",
        None,
    ),
    "a webhook is deleted": (lambda c: c.webhooks.delete("wh_1"), {}, "DELETE", "/v1/webhooks/wh_1", None),
}


@pytest.mark.parametrize(("ask", "answer", "method", "path", "body"), REQUESTS.values(), ids=REQUESTS.keys())
async def test_a_method_sends_what_the_api_documents(
    ask: Ask, answer: dict[str, Any], method: str, path: str, body: Any
) -> None:
    async with answering(Answer(200, answer)) as script, _client(script.url) as client:
        result = await ask(client)
    asked = script.asked[0]
    assert (asked.method, asked.path, asked.body) == (method, path, body)
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in repr(result)


# --- what comes back ------------------------------------------------------------------------------------------------


async def test_an_agent_is_typed_frozen_and_keeps_what_this_version_does_not_know() -> None:
    async with answering(Answer(200, {"agent": AGENT})) as script, _client(script.url) as client:
        agent = await client.agents.get("agent_1")
    assert agent.voice is not None
    assert (agent.name, agent.voice.voice_id, agent.voice.vad_silence_duration_ms) == ("Bot", "eve", 300)
    assert agent.tools == ({"type": "web_search"},)
    assert agent.created_at == datetime(2026, 11, 21, 13, tzinfo=UTC)
    assert agent.raw["something_new"] == {"of": "a later version"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        agent.name = "Other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        pytest.param(Answer(200, b"<html>hello</html>"), "not JSON", id="a web page is no answer"),
        pytest.param(Answer(200, [1]), "no object", id="a list is no answer"),
        pytest.param(Answer(200, {}), "no Agent", id="an agent has to be in it"),
        pytest.param(Answer(200, {"agent": {"name": "x"}}), "cannot be read", id="an agent has to have an id"),
        pytest.param(
            Answer(200, {"agent": {"agent_id": "a", "created_at": "yesterday"}}),
            "cannot be read",
            id="a time is a time",
        ),
        pytest.param(
            Answer(308, b"", {"Location": "https://h/"}), "redirects to https://h/", id="nobody follows a redirection"
        ),
        pytest.param(Answer(200, b"zip", {"Content-Encoding": "gzip"}), "unpacked", id="what is no gzip is no answer"),
    ],
)
async def test_an_answer_that_no_vivavoce_server_gives(answer: Answer, complaint: str) -> None:
    async with answering(answer) as script, _client(script.url) as client:
        with pytest.raises(UnexpectedAnswerError, match=complaint):
            await client.agents.get("agent_1")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"choices": []}, id="there has to be a choice"),
        pytest.param({"choices": [{"message": None}]}, id="a choice has to have a message"),
        pytest.param({"choices": [{"message": {"content": [1]}}]}, id="the content has to be text"),
        pytest.param({"choices": [{"message": {"tool_calls": [{}]}}]}, id="a tool call has to name a function"),
    ],
)
async def test_a_completion_that_cannot_be_read(body: Any) -> None:
    async with answering(Answer(200, body)) as script, _client(script.url) as client:
        with pytest.raises(UnexpectedAnswerError):
            await client.chat.complete([])


# --- pages ----------------------------------------------------------------------------------------------------------


def _page(names: list[str], token: str | None) -> Answer:
    agents = [{"agent_id": f"agent_{name}", "name": name} for name in names]
    return Answer(200, {"agents": agents, "has_more": token is not None, "pagination_token": token})


async def test_a_list_goes_on_over_all_pages() -> None:
    pages = (_page(["a", "b"], "t1"), _page([], "t2"), _page(["c"], None))
    async with answering(*pages) as script, _client(script.url) as client:
        assert [agent.name async for agent in client.agents.list(limit=2, offset=7)] == ["a", "b", "c"]
    assert [asked.query for asked in script.asked] == [
        {"limit": "2", "offset": "7"},
        {"limit": "2", "pagination_token": "t1"},
        {"limit": "2", "pagination_token": "t2"},
    ]


async def test_a_transcript_is_read_over_all_pages() -> None:
    said = [{"messages": [{"role": "user", "content": text, "generated_text": f"{text}!"}]} for text in ("Hi", "Bye")]
    pages = (Answer(200, said[0] | {"has_more": True, "pagination_token": "t1"}), Answer(200, said[1]))
    async with answering(*pages) as script, _client(script.url) as client:
        transcript = await client.sessions.transcript("ses_1")
    assert [(each.content, each.generated_text) for each in transcript.messages] == [("Hi", "Hi!"), ("Bye", "Bye!")]


async def test_turns_are_typed_and_come_in_the_order_in_which_they_were_answered() -> None:
    known = {"response_id": "resp_1", "endpoint_reason": "words", "stages": {"soft_end": 70, "first_played": None}}
    page = Answer(200, {"data": [known], "has_more": False, "pagination_token": None})
    stage = {"turns": 1, "p50_ms": 70, "p95_ms": 71}
    told = Answer(200, {"turns": 1, "interrupted": 0, "wasted_tokens": 9, "stages": {"soft_end": stage}})
    async with answering(page, told) as script, _client(script.url) as client:
        (turn,) = await client.sessions.turns("ses_1").all()
        summary = await client.sessions.turn_summary("ses_1")
    assert script.asked[0].query == {"order": "asc"}
    assert turn == Turn(response_id="resp_1", endpoint_reason="words", stages=TurnStages(soft_end=70))
    assert summary.stages == {"soft_end": StageSummary(turns=1, p50_ms=70, p95_ms=71)}
    assert (summary.turns, summary.wasted_tokens) == (1, 9)


async def test_pages_are_only_fetched_as_they_are_needed() -> None:
    async with answering(_page(["a", "b"], "t1")) as script, _client(script.url) as client:
        async for agent in client.agents.list():
            if agent.name == "b":
                break
    assert len(script.asked) == 1


async def test_one_page_can_be_asked_for() -> None:
    async with answering(_page(["a"], "t1"), _page(["b"], None)) as script, _client(script.url) as client:
        first = await client.agents.list().page()
        second = await client.agents.list().page(first.pagination_token)
    assert ([agent.name for agent in second.items], second.has_more) == (["b"], False)


@pytest.mark.parametrize("token", ["t1", None])
async def test_a_list_that_leads_in_a_circle_or_nowhere_ends(token: str | None) -> None:
    circle = Answer(200, {"agents": [], "has_more": True, "pagination_token": token})
    async with answering(circle) as script, _client(script.url) as client:
        with pytest.raises(UnexpectedAnswerError, match="goes on, but not where"):
            await client.agents.list().all()
    assert len(script.asked) == (2 if token else 1)


LISTS: dict[str, Callable[[Vivavoce], Any]] = {
    "/v1/sessions": lambda client: client.sessions.list(agent_id="agent_1"),
    "/v1/threads": lambda client: client.threads.list(),
    "/v1/threads/thr_1/messages": lambda client: client.threads.messages("thr_1"),
    "/v1/phone-numbers": lambda client: client.phone_numbers.list(),
    "/v1/voices": lambda client: client.voices.list(),
    "/v1/api-keys": lambda client: client.api_keys.list(),
    "/v1/webhooks": lambda client: client.webhooks.list(),
    "/v1/webhooks/wh_1/deliveries": lambda client: client.webhooks.deliveries("wh_1"),
}


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_is_read_from_data_where_it_has_no_name_of_its_own(path: str) -> None:
    async with (
        answering(Answer(200, {"data": [{"id": "x_1", "role": "user"}]})) as script,
        _client(script.url) as client,
    ):
        items = await LISTS[path](client).all()
    assert [item.raw["id"] for item in items] == ["x_1"]
    assert script.asked[0].path == path


# --- streams --------------------------------------------------------------------------------------------------------


async def _streamed(body: bytes, *, broken_off: bool = False) -> list[dict[str, Any]]:
    answer = Answer(200, body, {"Content-Type": "text/event-stream"}, broken_off=broken_off)
    said = [{"role": "user", "content": "Hi"}]
    async with answering(answer) as script, _client(script.url) as client, client.chat.stream(said) as events:
        found = [event async for event in events]
    assert script.asked[0].body["stream"] is True
    return found


async def test_a_streamed_answer_comes_piece_by_piece() -> None:
    assert await _streamed(b': ping\n\ndata: {"n": 1}\n\ndata: {"n": 2}\r\n\r\ndata: [DONE]\n\n') == [
        {"n": 1},
        {"n": 2},
    ]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(b'data: {"n": 1}\n\n', ServerUnreachableError, id="a stream without an end broke off"),
        pytest.param(b"data: oops\n\n", UnexpectedAnswerError, id="what is streamed is JSON"),
        pytest.param(b"data: [1]\n\n", UnexpectedAnswerError, id="what is streamed are objects"),
        pytest.param(b'data: {"error": {"message": "out of memory"}}\n\n', ServerError, id="an error ends the stream"),
    ],
)
async def test_a_stream_that_ends_badly(body: bytes, kind: type[ClientError]) -> None:
    with pytest.raises(kind):
        await _streamed(body)


async def test_a_stream_whose_connection_breaks() -> None:
    with pytest.raises(ServerUnreachableError, match="in the middle of an answer"):
        await _streamed(b'data: {"n": 1}\n\n', broken_off=True)


async def test_a_stream_that_is_refused_is_refused_like_any_request() -> None:
    async with answering(Answer(429, {"error": {"message": "slow down"}})) as script, _client(script.url) as client:
        with pytest.raises(RateLimitedError, match="slow down"):
            async with client.chat.stream([]):
                pass


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (413, InvalidRequestError),
        (422, InvalidRequestError),
        (429, RateLimitedError),
        (500, ServerError),
        (503, ServerError),
    ],
)
async def test_a_refusal_is_an_error_of_its_kind_with_everything_that_was_said(
    status: int, kind: type[ApiError]
) -> None:
    said = {"type": "t", "code": "c", "message": "That is wrong.", "param": "agent.voice"}
    refused = Answer(status, {"error": said}, {"X-Request-Id": "req_7"})
    async with answering(refused) as script, _client(script.url) as client:
        with pytest.raises(kind) as caught:
            await client.agents.get("agent_1")
    error = caught.value
    assert (error.status, error.code, error.message) == (status, "c", "That is wrong.")
    assert (error.param, error.request_id) == ("agent.voice", "req_7")
    assert str(error) == f"the server answered HTTP {status}: That is wrong (field agent.voice)"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({"error": "denied", "message": "Not yours", "code": "X"}, "Not yours", id="a text and a message"),
        pytest.param({"success": False, "error": "Agent not found"}, "Agent not found", id="a bare text"),
        pytest.param({"error": {"message": None}}, "", id="no message"),
        pytest.param({"detail": "Not Found"}, "Not Found", id="a detail"),
        pytest.param([1], "", id="a list"),
        pytest.param(b"upstream is gone", "upstream is gone", id="plain text"),
        pytest.param(b"<html>", "", id="a page of a proxy"),
        pytest.param(b"\xff\xfe", "\ufffd\ufffd", id="no text at all"),
    ],
)
async def test_what_an_error_says_in_any_shape(body: Any, message: str) -> None:
    async with answering(Answer(400, body)) as script, _client(script.url) as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.agents.get("agent_1")
    assert caught.value.message == message


@pytest.mark.parametrize("agent_id", ["", "x" * 513])
async def test_what_is_no_id_is_not_even_asked_for(agent_id: str) -> None:
    async with answering(Answer(200, {"agents": []})) as script, _client(script.url) as client:
        with pytest.raises(InvalidIdError):
            await client.agents.get(agent_id)
    assert script.asked == []


# --- keys and addresses ---------------------------------------------------------------------------------------------


async def test_nothing_shows_the_key() -> None:
    async with answering(Answer(401, {"error": {"message": "no"}})) as script, _client(script.url) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.agents.get("agent_1")
        shown = [repr(client), str(caught.value), repr(caught.value), repr(caught.value.refusal)]
    assert script.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert not [text for text in shown if SECRET in text]


@pytest.mark.parametrize("key", ["two words", "line\nend", "schlüssel", "null\0"])
def test_what_cannot_be_a_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(InvalidKeyError) as caught:
        Vivavoce("http://h", key)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "key"),
    [
        pytest.param({"VIVAVOCE_API_KEY": "vv_1", "XAI_API_KEY": "xai-2"}, "Bearer vv_1", id="our own variable wins"),
        pytest.param({"XAI_API_KEY": " xai-2\n"}, "Bearer xai-2", id="that of other clients works too"),
        pytest.param({"VIVAVOCE_API_KEY": "", "XAI_API_KEY": "xai-2"}, "Bearer xai-2", id="an empty one is none"),
        pytest.param({}, None, id="without a key none is sent"),
    ],
)
async def test_the_environment_says_where_and_with_which_key(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], key: str | None
) -> None:
    for name in ("VIVAVOCE_API_KEY", "XAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    async with answering(Answer(200, {"agent": AGENT})) as script:
        for name, value in (environment | {"VIVAVOCE_BASE_URL": f"{script.url}/v1/"}).items():
            monkeypatch.setenv(name, value)
        async with Vivavoce(retries=ONCE) as client:
            await client.agents.get("agent_1")
    assert script.asked[0].headers.get("authorization") == key
    assert script.asked[0].path == "/v1/agents/agent_1"


async def test_a_path_before_the_api_is_kept() -> None:
    async with answering(Answer(200, {"agent": AGENT})) as script, _client(f"{script.url}/behind/proxy/v1") as client:
        await client.agents.get("agent_1")
    assert script.asked[0].path == "/behind/proxy/v1/agents/agent_1"


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with answering(Answer(200, {"agent": AGENT})) as script, _client(script.url) as client:
        assert (await client.agents.get("agent_1")).name == "Bot"


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://h", "http://user:hidden@h:port", "nowhere?token=hidden"])
def test_what_is_no_address_is_refused_without_its_secrets(url: str) -> None:
    with pytest.raises(InvalidServerUrlError, match="is no address of a server") as caught:
        Vivavoce(url, SECRET)
    assert "hidden" not in str(caught.value)


async def test_nobody_at_the_address() -> None:
    async with answering(Answer()) as script:
        pass
    async with _client(script.url) as client:
        with pytest.raises(ServerUnreachableError, match="no answer from 127"):
            await client.agents.get("agent_1")


# --- calls ----------------------------------------------------------------------------------------------------------


async def test_a_call_is_opened_with_the_same_key_and_address() -> None:
    async with running(FakeServer()) as server:
        async with _client(server.url, KEY) as client, client.realtime("agent_1") as call:
            await call.create_message("Hi")
        await server.hung_up.wait()
    assert server.paths == ["/v1/realtime?agent_id=agent_1"]


async def test_a_prepared_session_is_opened_at_its_own_address_without_the_key() -> None:
    async with running(FakeServer()) as server:
        address = server.url.replace("http", "ws") + "/v1/sessions/ses_1/stream?token=t"
        async with _client(server.url) as client:
            with pytest.raises(ClientError, match="401"):
                async with client.join(Session(session_id="ses_1", websocket_url=address)):
                    pass
            with pytest.raises(UnexpectedAnswerError, match="gave no address"):
                client.join(Session(session_id="ses_1"))
    assert server.paths == ["/v1/sessions/ses_1/stream?token=t"]


def test_what_opens_a_session_is_not_in_its_repr() -> None:
    assert "token" not in repr(Session(session_id="ses_1", websocket_url="ws://h?token=t"))
    assert "Bot" in repr(Agent(agent_id="agent_1", name="Bot"))
