"""Webhook tools over real connections on loopback: what is sent, what comes back, and every way in which it fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from tests.webhook_receiver import Received, answer, receiving

from vivavoce.conversation.tool_policy import Approval, OnInterruption, ToolFailure, ToolKind, ToolSourceKey
from vivavoce.outbound.guarded_http import GuardedTransport
from vivavoce.outbound.ssrf_guard import SsrfGuard
from vivavoce.tools import webhook
from vivavoce.tools.declared import CallContext
from vivavoce.tools.ports import ToolError, ToolInvocation, ToolSource
from vivavoce.tools.webhook import webhook_sources
from vivavoce.tools.webhook_answer import ANSWER_BYTES_MAXIMUM

SECRETS = {"API_KEY": "k3y/with+signs", "SIGNING": "whsec_" + "A" * 44}
PARAMETERS = {"type": "object", "properties": {"order_id": {"type": "string"}, "count": {"type": "integer"}}}
FOUND = {"order": {"status": "shipped", "items": [{"name": "tea"}]}}
JSON_TYPE = "content-type: application/json\r\n"


def json_answer(value: object, status: int = 200) -> bytes:
    return answer(status, JSON_TYPE, json.dumps(value).encode())


async def literally(host: str, _port: int) -> Sequence[str]:
    return [host]


async def stored(organisation_id: str, names: Collection[str]) -> Mapping[str, str]:
    assert organisation_id == "org_1"
    return {name: value for name, value in SECRETS.items() if name in names}


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def source_of(
    request: Mapping[str, Any], *, is_agents: bool = True, resolve: Any = literally, private: bool = True, **rest: Any
) -> AsyncGenerator[ToolSource]:
    declaration = {"type": "webhook", "name": "look_up", "description": "Looks up.", "parameters": PARAMETERS, **rest}
    context = CallContext("sess_1", "org_1", "agent_1", is_agents=is_agents)
    async with GuardedTransport(SsrfGuard(resolve, allow_private=private)) as transport:
        made = webhook_sources(transport, stored, now)
        yield made({**declaration, "request": request}, context, ToolSourceKey("webhook:1"))


def call(arguments: Mapping[str, Any], timeout_seconds: float = 30.0) -> ToolInvocation:
    return ToolInvocation("sess_1", "call_1", "look_up", json.dumps(arguments), timeout_seconds, "idem_1")


async def output(request: Mapping[str, Any], arguments: Mapping[str, Any] | None = None, **rest: Any) -> str:
    async with source_of(request, **rest) as source:
        return (await source.invoke(call(arguments or {"order_id": "A 1"}))).output


async def failure(
    request: Mapping[str, Any], arguments: Mapping[str, Any] | None = None, timeout_seconds: float = 30.0, **rest: Any
) -> ToolError:
    async with source_of(request, **rest) as source:
        with pytest.raises(ToolError) as caught:
            await source.invoke(call(arguments or {"order_id": "A 1"}, timeout_seconds))
    assert caught.value.message.endswith((".", "…")) or ": " in caught.value.message
    return caught.value


async def sent(request: Mapping[str, Any], arguments: Mapping[str, Any], **rest: Any) -> Received:
    """What arrives. The request's `url` is a path."""
    async with receiving(json_answer(FOUND)) as receiver:
        await output({**request, "url": f"http://127.0.0.1:{receiver.port}{request['url']}"}, arguments, **rest)
    (received,) = receiver.received
    return received


# --- What is sent -----------------------------------------------------------------------------------------------------


async def test_a_post_without_a_body_of_its_own_sends_the_arguments_as_json() -> None:
    received = await sent({"url": "/x"}, {"order_id": "A 1", "count": 2})
    assert (received.method, received.target) == ("POST", "/x")
    assert json.loads(received.body) == {"order_id": "A 1", "count": 2}
    assert received.headers["content-type"] == "application/json"
    assert received.headers["idempotency-key"] == "idem_1"
    assert received.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("url", "query", "arguments", "target"),
    [
        pytest.param("/o/{{order_id}}", {}, {"order_id": "A 1"}, "/o/A%201", id="a space in the path"),
        pytest.param("/o/{{ arguments.order_id }}", {}, {"order_id": "1"}, "/o/1", id="the long name of an argument"),
        pytest.param("/o/{{order_id}}/x", {}, {"order_id": "a/../b?c#d"}, "/o/a%2F..%2Fb%3Fc%23d/x", id="a way out"),
        pytest.param("/o?id={{order_id}}", {}, {"order_id": "a&b=c"}, "/o?id=a%26b%3Dc", id="another field"),
        pytest.param("/o", {"id": "{{order_id}}"}, {"order_id": "a&b=ü"}, "/o?id=a%26b%3D%C3%BC", id="a query"),
        pytest.param("/o?a=1", {"n": "{{count}}"}, {"count": 3}, "/o?a=1&n=3", id="a query behind a query"),
        pytest.param("/o", {"n": "{{count}}", "a": "b"}, {}, "/o?a=b", id="a field whose argument is not there"),
        pytest.param("/o", {"n": "no {{count}}"}, {}, "/o?n=no+", id="a field with more than the argument"),
        pytest.param("/o", {"c": "{{call_id}}-{{session_id}}"}, {}, "/o?c=call_1-sess_1", id="where it comes from"),
        pytest.param("/o", {"n": 5, "on": True}, {}, "/o?n=5&on=true", id="values that are no texts"),
    ],
)
async def test_values_stay_in_their_place_of_the_address(
    url: str, query: dict[str, Any], arguments: dict[str, Any], target: str
) -> None:
    received = await sent({"method": "GET", "url": url, "query": query}, arguments)
    assert (received.method, received.target, received.body) == ("GET", target, "")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        pytest.param("", "must not be empty", id="nothing, which would ask for the whole list"),
        pytest.param("..", "must be more than dots", id="two dots, which would ask for what is above"),
        pytest.param(".", "must be more than dots", id="one dot"),
        pytest.param("x" * 9000, "too long", id="too much for an address"),
    ],
)
async def test_a_value_that_would_change_the_path_is_not_sent(value: str, told: str) -> None:
    async with receiving() as receiver:
        error = await failure({"url": receiver.url + "/{{order_id}}"}, {"order_id": value})
    assert error.failure is ToolFailure.INVALID_ARGUMENTS
    assert told in error.message
    assert receiver.connections == 0


async def test_json_bodies_keep_the_types_of_their_values() -> None:
    body = {"id": "{{order_id}}", "n": "{{count}}", "text": "no. {{count}}", "list": ["{{count}}"], "x": [None, 1.5]}
    received = await sent({"url": "/x", "body": body}, {"order_id": 'a"}', "count": 3})
    assert json.loads(received.body) == {"id": 'a"}', "n": 3, "text": "no. 3", "list": [3], "x": [None, 1.5]}


async def test_a_field_whose_argument_is_not_there_is_left_out_of_the_body() -> None:
    received = await sent({"method": "PUT", "url": "/x", "body": {"n": "{{count}}", "keep": None}}, {"order_id": "1"})
    assert json.loads(received.body) == {"keep": None}


async def test_a_body_that_is_json_as_a_text_cannot_be_broken_out_of() -> None:
    received = await sent({"url": "/x", "body": '{"id": "{{order_id}}"}'}, {"order_id": '", "admin": "yes'})
    assert json.loads(received.body) == {"id": '", "admin": "yes'}


@pytest.mark.parametrize(
    ("body", "headers", "sent_body", "kind"),
    [
        pytest.param("id: {{order_id}}", {}, "id: a&b", "text/plain; charset=utf-8", id="a text"),
        pytest.param(
            {"id": "{{order_id}}"},
            {"Content-Type": "application/x-www-form-urlencoded"},
            "id=a%26b",
            "application/x-www-form-urlencoded",
            id="a form",
        ),
    ],
)
async def test_a_body_has_the_form_that_was_asked_for(
    body: Any, headers: dict[str, str], sent_body: str, kind: str
) -> None:
    received = await sent({"url": "/x", "body": body, "headers": headers}, {"order_id": "a&b"})
    assert (received.body, received.headers["content-type"]) == (sent_body, kind)


async def test_headers_carry_arguments_and_secrets() -> None:
    headers = {"Authorization": "Bearer {{secret.API_KEY}}", "x-order": "{{order_id}}", "x-none": "{{count}}"}
    received = await sent({"url": "/x", "headers": headers}, {"order_id": "Zoë"})
    assert received.headers["authorization"] == f"Bearer {SECRETS['API_KEY']}"
    assert received.headers["x-order"] == "Zoë"
    assert "x-none" not in received.headers


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\x00b", "a\u2028b", "x" * 9000])
async def test_no_value_begins_another_header(value: str) -> None:
    async with receiving() as receiver:
        request = {"url": receiver.url, "headers": {"x-order": "{{order_id}}"}}
        error = await failure(request, {"order_id": value})
    assert error.failure is ToolFailure.INVALID_ARGUMENTS
    assert receiver.connections == 0


async def test_what_a_value_says_is_not_read_as_a_template() -> None:
    received = await sent({"url": "/x", "body": {"a": "{{order_id}}!"}}, {"order_id": "{{secret.API_KEY}}"})
    assert json.loads(received.body) == {"a": "{{secret.API_KEY}}!"}


async def test_a_signed_request_can_be_verified() -> None:
    received = await sent({"url": "/x"}, {"order_id": "1"}, sign=True, signing_secret="SIGNING")
    told = {name: received.headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature")}
    verified = Verifier(SECRETS["SIGNING"]).verify(
        received.body, {f"webhook-{name}": value for name, value in told.items()}
    )
    assert verified == {"order_id": "1"}
    assert told["id"] == "idem_1"


async def test_what_is_no_signing_secret_is_told_without_being_quoted() -> None:
    async with receiving() as receiver:
        error = await failure({"url": receiver.url}, sign=True, signing_secret="API_KEY")
    assert error.failure is ToolFailure.NOT_CONFIGURED
    assert SECRETS["API_KEY"] not in error.message
    assert receiver.connections == 0


# --- What is offered, and to whom -------------------------------------------------------------------------------------


async def test_the_model_is_offered_the_tool_under_its_policy() -> None:
    policy = {"timeout_ms": 2500, "on_interruption": "background", "confirm": True, "filler": "One moment."}
    async with source_of({"url": "https://example.com/x"}, policy=policy) as source:
        (tool,) = await source.open()
    assert (tool.name, tool.description, tool.kind) == ("look_up", "Looks up.", ToolKind.WEBHOOK)
    assert json.loads(tool.parameters) == PARAMETERS
    assert (tool.source, source.key, source.label) == (source.key, ToolSourceKey("webhook:1"), "")
    assert (tool.policy.timeout_ms, tool.policy.filler) == (2500, "One moment.")
    assert (tool.policy.on_interruption, tool.policy.approval) == (OnInterruption.BACKGROUND, Approval.CALLER)


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param({"request": {"headers": {"a": "{{secret.API_KEY}}"}}}, id="in a header"),
        pytest.param({"request": {"url": "https://example.com/?k={{secret.API_KEY}}"}}, id="in the address"),
        pytest.param({"request": {"body": {"a": ["{{secret.API_KEY}}"]}}}, id="in the body"),
        pytest.param({"sign": True, "signing_secret": "SIGNING"}, id="to sign with"),
    ],
)
async def test_a_tool_that_a_client_brings_gets_no_secret(rest: dict[str, Any]) -> None:
    request = {"url": "https://example.com/", **rest.pop("request", {})}
    with pytest.raises(ToolError, match="stored with the agent") as caught:
        async with source_of(request, is_agents=False, **rest):
            pass
    assert caught.value.failure is ToolFailure.NOT_CONFIGURED


async def test_a_secret_that_is_not_stored_is_told_when_the_tool_is_opened() -> None:
    async with source_of({"url": "https://example.com/", "headers": {"a": "{{secret.OTHER}}"}}) as source:
        with pytest.raises(ToolError, match="'OTHER' is not stored") as caught:
            await source.open()
    assert caught.value.failure is ToolFailure.NOT_CONFIGURED


async def test_a_declaration_that_is_none_is_no_source() -> None:
    with pytest.raises(ToolError, match=r"tool\.request\.url") as caught:
        async with source_of({"url": "ftp://example.com/"}):
            pass
    assert caught.value.failure is ToolFailure.NOT_CONFIGURED


# --- What comes back --------------------------------------------------------------------------------------------------

LONG = "x" * 5000


@pytest.mark.parametrize(
    ("answered", "response", "read"),
    [
        pytest.param(json_answer(FOUND), {}, json.dumps(FOUND, separators=(",", ":")), id="all of the JSON"),
        pytest.param(json_answer(FOUND), {"pick": "order.status"}, "shipped", id="one text of it"),
        pytest.param(json_answer(FOUND), {"pick": "/order/items/0/name"}, "tea", id="by a pointer"),
        pytest.param(json_answer(FOUND), {"pick": "order.items[0]"}, '{"name":"tea"}', id="an item of a list"),
        pytest.param(
            json_answer(FOUND), {"pick": {"s": "order.status", "w": "order.who"}}, '{"s":"shipped","w":null}', id="some"
        ),
        pytest.param(json_answer({"n": 0}), {"pick": "n"}, "0", id="a number"),
        pytest.param(json_answer({"n": False}), {"pick": "n"}, "false", id="no"),
        pytest.param(answer(200, "", b'{"n": 1}'), {"pick": "n"}, "1", id="JSON that does not say so"),
        pytest.param(answer(200, "content-type: text/plain\r\n", "grün".encode()), {}, "grün", id="a text"),
        pytest.param(answer(200, "", b"\xff!"), {}, "\ufffd!", id="bytes that are no text"),
        pytest.param(answer(204), {}, "The request succeeded (204); the answer is empty.", id="nothing"),
        pytest.param(
            answer(200, "", LONG.encode()), {}, "x" * 4000 + " … [cut here; the answer goes on]", id="a long text"
        ),
        pytest.param(
            json_answer({"t": LONG}), {"pick": "t", "maximum_characters": 5000}, LONG, id="a long text that is wanted"
        ),
    ],
)
async def test_the_model_reads_what_was_asked_for(answered: bytes, response: dict[str, Any], read: str) -> None:
    async with receiving(answered) as receiver:
        assert await output({"url": receiver.url}, response=response) == read


@pytest.mark.parametrize(
    ("answered", "response", "told"),
    [
        pytest.param(answer(200, JSON_TYPE, b"<html>"), {}, "says that it is JSON and is not", id="broken JSON"),
        pytest.param(answer(200, "", b"<html>"), {"pick": "a"}, "it is not JSON", id="a page where JSON was wanted"),
        pytest.param(answer(200, JSON_TYPE, b"[" * 100_000), {}, "is not", id="lists without end"),
        pytest.param(json_answer(FOUND), {"pick": "order.who"}, "it has no 'order.who'", id="a part that is missing"),
        pytest.param(json_answer([1]), {"pick": {"a": "b", "c": "d"}}, "none of the fields", id="no part at all"),
        pytest.param(
            answer(200, "content-encoding: gzip\r\n", b"xx"), {}, "it is compressed", id="a compressed answer"
        ),
        pytest.param(json_answer("x" * ANSWER_BYTES_MAXIMUM), {}, "longer than 256 KiB", id="JSON that is too long"),
    ],
)
async def test_an_answer_that_cannot_be_used_is_told_as_such(
    answered: bytes, response: dict[str, Any], told: str
) -> None:
    async with receiving(answered) as receiver:
        error = await failure({"url": receiver.url}, response=response)
    assert error.failure is ToolFailure.UNUSABLE_RESULT
    assert told in error.message


@pytest.mark.parametrize(
    ("answered", "told"),
    [
        pytest.param(json_answer({"e": "no such order"}, 404), '404 Not Found: {"e": "no such order"}', id="a 404"),
        pytest.param(answer(403), "The service answered with 403 Forbidden.", id="a 403 without a word"),
        pytest.param(answer(418, "", b"<!doctype html><html>x"), "418 I'm a Teapot.", id="a page for people"),
        pytest.param(answer(500, "", b"oh\n no"), "500 Internal Server Error: oh no", id="a 500"),
        pytest.param(answer(499, "", b"x" * 1000), "499: " + "x" * 300 + "…", id="a long complaint"),
        pytest.param(answer(301, "location: /y\r\n"), "redirects are not followed", id="a redirect"),
    ],
)
async def test_a_service_that_will_not_is_quoted(answered: bytes, told: str) -> None:
    async with receiving(answered) as receiver:
        error = await failure({"url": receiver.url})
    assert error.failure is ToolFailure.REFUSED
    assert told in error.message
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    "echoed",
    [
        pytest.param("k3y/with+signs", id="as it is"),
        pytest.param("k3y%2Fwith%2Bsigns", id="percent-encoded"),
        pytest.param("azN5L3dpdGgrc2lnbnM", id="in base64"),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
async def test_a_secret_that_is_echoed_is_not_told(echoed: str, status: int) -> None:
    request = {"headers": {"authorization": "{{secret.API_KEY}}"}}
    async with receiving(json_answer({"you sent": f"<{echoed}>"}, status)) as receiver:
        if status == 200:
            told = await output({"url": receiver.url, **request})
        else:
            told = (await failure({"url": receiver.url, **request})).message
    assert echoed not in told
    assert "<[secret]>" in told


# --- The fault table --------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "BACKOFF_SECONDS", 0.0)


async def test_a_service_that_hangs_is_given_up_after_the_timeout() -> None:
    async with receiving(None) as receiver:
        error = await failure({"method": "GET", "url": receiver.url}, timeout_seconds=0.05)
    assert error.failure is ToolFailure.TIMED_OUT
    assert len(receiver.received) <= 1


async def test_a_service_that_stops_in_the_middle_is_given_up_after_the_timeout() -> None:
    async with receiving(b"HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nabc", hold=True) as receiver:
        error = await failure({"url": receiver.url}, timeout_seconds=0.05)
    assert error.failure is ToolFailure.TIMED_OUT


async def test_a_call_that_is_given_up_lets_go_of_its_connection() -> None:
    async with receiving(None) as receiver, source_of({"url": receiver.url}) as source:
        running = asyncio.create_task(source.invoke(call({"order_id": "1"})))
        await receiver.came.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert len(receiver.received) == 1  # and the receiver has ended: the connection was closed


@pytest.mark.parametrize("later", range(8), ids="the second {} steps behind the first".format)
async def test_a_call_that_is_given_up_twice_at_once_lets_go_of_its_connection(later: int) -> None:
    """The session's patience and the tool's own end at the same time."""
    async with receiving(None) as receiver, source_of({"url": receiver.url}) as source:
        running = asyncio.create_task(source.invoke(call({"order_id": "1"})))
        await receiver.came.wait()
        running.cancel()
        for _ in range(later):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait({running})
        _, left = await asyncio.wait(filter(None, receiver.serving), timeout=30)
        for task in left:
            task.cancel()
    assert not left, "the connection is still open"


FAULTS = [
    pytest.param(answer(500), id="a 500"),
    pytest.param(answer(503), id="a 503"),
    pytest.param(answer(429), id="a 429"),
    pytest.param(b"", id="a connection that is cut at once"),
    pytest.param(b"HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nabc", id="a connection that is cut in the middle"),
    pytest.param(b"SSH-2.0-x\r\n\r\n", id="something that is not HTTP"),
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_request_that_may_be_sent_again_is_and_under_one_key(fault: bytes, method: str) -> None:
    async with receiving(fault, fault, json_answer(FOUND)) as receiver:
        assert "shipped" in await output({"method": method, "url": receiver.url})
    assert [each.headers["idempotency-key"] for each in receiver.received] == ["idem_1"] * 3


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_post_is_sent_once_unless_the_policy_says_otherwise(fault: bytes) -> None:
    async with receiving(fault, json_answer(FOUND)) as receiver:
        error = await failure({"url": receiver.url})
        assert error.failure in (ToolFailure.REFUSED, ToolFailure.UNREACHABLE)
        assert len(receiver.received) == 1
    async with receiving(fault, json_answer(FOUND)) as receiver:
        assert "shipped" in await output({"url": receiver.url}, policy={"retries": 1})
        assert {each.headers["idempotency-key"] for each in receiver.received} == {"idem_1"}


async def test_what_fails_every_time_is_told_after_the_last_attempt() -> None:
    async with receiving(answer(500)) as receiver:
        error = await failure({"url": receiver.url}, policy={"retries": 3})
    assert "500" in error.message
    assert len(receiver.received) == 4


async def test_no_repetition_is_begun_for_which_there_is_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "BACKOFF_SECONDS", 100.0)
    async with receiving(answer(500)) as receiver:
        error = await failure({"method": "GET", "url": receiver.url})
    assert error.failure is ToolFailure.REFUSED
    assert len(receiver.received) == 1


async def test_what_was_refused_is_not_asked_again() -> None:
    async with receiving(answer(404)) as receiver:
        await failure({"method": "GET", "url": receiver.url})
    assert len(receiver.received) == 1


async def test_ten_megabytes_are_read_no_further_than_the_limit() -> None:
    body = b"HTTP/1.1 200 X\r\ncontent-length: 10485760\r\n\r\n" + b"x" * 1_000_000
    async with receiving(body) as receiver:
        read = await output({"url": receiver.url})
    assert read == "x" * 4000 + " … [cut here; the answer goes on]"


async def test_a_redirect_to_the_metadata_of_the_cloud_is_not_followed() -> None:
    location = "location: http://169.254.169.254/latest/meta-data/\r\n"
    async with receiving(answer(302, location)) as receiver:
        error = await failure({"method": "GET", "url": receiver.url})
    assert error.failure is ToolFailure.REFUSED
    assert receiver.connections == 1
    assert "169.254" not in error.message


@pytest.mark.parametrize(
    ("address", "private"),
    [
        pytest.param("127.0.0.1", False, id="itself"),
        pytest.param("10.0.0.7", False, id="its network"),
        pytest.param("169.254.169.254", True, id="the metadata of the cloud, even where private addresses are allowed"),
    ],
)
async def test_a_name_that_leads_inside_sees_no_connection(address: str, private: bool) -> None:
    async def inside(_host: str, _port: int) -> Sequence[str]:
        return [address]

    error = await failure({"method": "GET", "url": "http://orders.example.com/"}, resolve=inside, private=private)
    assert error.failure is ToolFailure.NOT_CONFIGURED
    assert address not in error.message


async def test_a_name_that_there_is_not_is_told() -> None:
    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    error = await failure({"method": "GET", "url": "http://orders.example.com/"}, resolve=nowhere)
    assert (error.failure, error.message) == (
        ToolFailure.UNREACHABLE,
        "The service cannot be found: its name has no address.",
    )


async def test_a_service_that_is_not_there_is_told_without_its_address() -> None:
    async with receiving() as gone:
        pass
    error = await failure({"method": "GET", "url": gone.url})
    assert (error.failure, error.message) == (ToolFailure.UNREACHABLE, "The service cannot be reached.")


async def test_nothing_of_a_secret_is_in_what_is_shown_of_a_source() -> None:
    async with source_of({"url": "https://example.com/", "headers": {"a": "{{secret.API_KEY}}"}}) as source:
        await source.open()
        source.search_ahead("Where is my order?")
        await source.close()
        assert SECRETS["API_KEY"] not in repr(vars(source))
