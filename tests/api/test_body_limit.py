"""What happens to request bodies of every size: around a bare application, a framework, and on a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import Body, FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vivavoce.api.body_limit import LINGER_BYTES, BodyLimit

MAXIMUM = 1000


def refuse(scope: Scope) -> Response:
    return JSONResponse({"error": f"too large for {scope['path']}"}, 413, {"connection": "keep-alive"})


def limited(app: ASGIApp) -> BodyLimit:
    return BodyLimit(app, exempt=lambda scope: scope["path"] == "/upload", refuse=refuse, maximum_bytes=MAXIMUM)


async def count_bytes(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def swallow(request: Request) -> Response:
    try:
        await request.body()
    except Exception:  # noqa: BLE001 — such applications exist
        return PlainTextResponse("all is well")
    return PlainTextResponse("read")


async def answer_first(scope: Scope, receive: Receive, send: Send) -> None:
    """Begins to answer, and reads only then."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    message = await receive()
    while message.get("more_body"):
        message = await receive()
    await send({"type": "http.response.body", "body": message["type"].encode()})


def in_starlette() -> ASGIApp:
    return Starlette(routes=[Route(path, count_bytes, methods=["POST"]) for path in ("/", "/upload")])


def in_fastapi() -> ASGIApp:
    app = FastAPI()

    @app.post("/")
    async def length(text: str = Body()) -> Response:
        return PlainTextResponse(str(len(text) + 2))

    return app


def bare() -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(str(len(await Request(scope, receive).body())))(scope, receive, send)

    return app


def behind_middleware() -> ASGIApp:
    async def pass_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)

    middleware = [Middleware(BaseHTTPMiddleware, dispatch=pass_on)]
    return Starlette(routes=[Route("/", count_bytes, methods=["POST"])], middleware=middleware)


def swallowing() -> ASGIApp:
    return Starlette(routes=[Route("/", swallow, methods=["POST"])])


class Exchange:
    """One request, message by message, and what was answered."""

    def __init__(self, chunks: Iterable[bytes], then: Callable[[], Awaitable[Message]] | None = None) -> None:
        self._chunks = list(chunks)
        self._then = then
        self.received = 0
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        self.received += 1
        if self._chunks:
            body = self._chunks.pop(0)
            more = bool(self._chunks) or self._then is not None
            return {"type": "http.request", "body": body, "more_body": more}
        return await self._then() if self._then else {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        (start,) = [message for message in self.sent if message["type"] == "http.response.start"]
        return int(start["status"])

    @property
    def body(self) -> bytes:
        assert [message.get("more_body", False) for message in self.sent[1:]][-1] is False
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def connection(self) -> list[bytes]:
        return [value for name, value in self.sent[0]["headers"] if name == b"connection"]


def scope_of(path: str = "/", content_length: bytes | None = None, kind: str = "http") -> dict[str, Any]:
    headers = [(b"content-type", b"application/json")]
    if content_length is not None:
        headers.append((b"content-length", content_length))
    return {
        "type": kind,
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "http_version": "1.1",
        "asgi": {"version": "3.0"},
        "server": ("test", 80),
        "client": ("test", 1),
        "scheme": "http",
        "root_path": "",
    }


@pytest.mark.parametrize(
    ("content_length", "status"),
    [
        pytest.param(b"1000", 200, id="exactly the maximum passes"),
        pytest.param(b"1001", 413, id="a byte more is refused"),
        pytest.param(b"0001001", 413, id="leading zeros hide nothing"),
        pytest.param(b"9" * 5000, 413, id="a number that Python would not read is refused"),
        pytest.param(b"1e9", 200, id="what is no number is the web server's matter"),
        pytest.param(b"", 200, id="an empty length is the web server's matter"),
    ],
)
async def test_an_announced_length_is_believed(content_length: bytes, status: int) -> None:
    exchange = Exchange([b"x"])
    await limited(in_starlette())(scope_of(content_length=content_length), exchange.receive, exchange.send)
    assert exchange.status == status


async def test_a_body_announced_as_too_large_is_refused_before_it_is_read() -> None:
    read_when_answered: list[int] = []
    exchange = Exchange([b"x" * 600, b"x" * 600])

    async def send(message: Message) -> None:
        read_when_answered.append(exchange.received)
        await exchange.send(message)

    await limited(in_starlette())(scope_of("/v1/agents", b"1200"), exchange.receive, send)
    assert (exchange.status, exchange.body) == (413, b'{"error":"too large for /v1/agents"}')
    assert read_when_answered[:2] == [0, 0]
    assert exchange.connection == [b"close"]


@pytest.mark.parametrize(
    "make_app",
    [
        pytest.param(bare, id="around a bare application"),
        pytest.param(in_starlette, id="around Starlette"),
        pytest.param(in_fastapi, id="around FastAPI"),
        pytest.param(behind_middleware, id="around a middleware that reads in a task group"),
        pytest.param(swallowing, id="around an application that swallows every error"),
    ],
)
async def test_a_chunked_body_is_refused_as_soon_as_it_is_too_large(make_app: Callable[[], ASGIApp]) -> None:
    exchange = Exchange([b'"' + b"x" * 600, b"x" * 600, b'x"'])
    await limited(make_app())(scope_of(), exchange.receive, exchange.send)
    assert (exchange.status, exchange.body) == (413, b'{"error":"too large for /"}')


@given(sizes=st.lists(st.integers(0, 700), min_size=1, max_size=6))
def test_chunks_pass_exactly_when_their_sum_does(sizes: list[int]) -> None:
    exchange = Exchange([b"x" * size for size in sizes])
    asyncio.run(limited(bare())(scope_of(), exchange.receive, exchange.send))
    assert exchange.status == (200 if sum(sizes) <= MAXIMUM else 413)
    assert exchange.status == 413 or exchange.body == str(sum(sizes)).encode()


async def test_an_exempt_path_takes_any_size() -> None:
    exchange = Exchange([b"x" * 2000, b"x" * 2000])
    await limited(in_starlette())(scope_of("/upload", b"4000"), exchange.receive, exchange.send)
    assert exchange.body == b"4000"


async def test_an_application_that_has_begun_to_answer_sees_the_client_as_gone() -> None:
    exchange = Exchange([b"x" * 600, b"x" * 600])
    await limited(answer_first)(scope_of(), exchange.receive, exchange.send)
    assert (exchange.status, exchange.body) == (200, b"http.disconnect")


@pytest.mark.parametrize(
    "kind", [pytest.param("websocket", id="a WebSocket"), pytest.param("lifespan", id="a lifespan")]
)
async def test_what_is_no_request_passes_untouched(kind: str) -> None:
    seen: list[tuple[Any, ...]] = []

    async def app(*arguments: Any) -> None:
        seen.append(arguments)

    scope, exchange = scope_of(content_length=b"9999", kind=kind), Exchange([])
    receive, send = exchange.receive, exchange.send
    await limited(app)(scope, receive, send)
    assert seen == [(scope, receive, send)]
    assert exchange.sent == []


@pytest.mark.looptime
async def test_a_client_that_sends_nothing_more_is_left_after_a_while() -> None:
    async def silence() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("nobody ends the silence")

    exchange = Exchange([], silence)
    await limited(bare())(scope_of(content_length=b"1200"), exchange.receive, exchange.send)
    assert (exchange.status, exchange.sent[-1]["more_body"]) == (413, False)


async def test_a_client_that_sends_for_ever_is_left_after_a_while() -> None:
    async def more() -> Message:
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

    exchange = Exchange([], more)
    await limited(bare())(scope_of(content_length=b"99999999999"), exchange.receive, exchange.send)
    assert exchange.status == 413
    assert exchange.received == LINGER_BYTES // 65_536 + 1


async def test_an_error_of_the_application_is_none_of_our_business() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("its own")

    exchange = Exchange([])
    with pytest.raises(RuntimeError, match="its own"):
        await limited(app)(scope_of(), exchange.receive, exchange.send)
    assert exchange.sent == []


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    """A real web server on a free port of 127.0.0.1."""
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, http="httptools"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve([listening]))
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


async def _chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 500


@pytest.mark.parametrize(
    ("content", "status", "text"),
    [
        pytest.param(lambda: b"x" * 1000, 200, "1000", id="a body of the maximum passes"),
        pytest.param(lambda: b"x" * 1001, 413, '{"error":"too large for /"}', id="one of a byte more does not"),
        pytest.param(lambda: b"x" * 3_000_000, 413, '{"error":"too large for /"}', id="nor does one of megabytes"),
        pytest.param(lambda: _chunks(2), 200, "1000", id="chunks of the maximum pass"),
        pytest.param(lambda: _chunks(3000), 413, '{"error":"too large for /"}', id="chunks without end do not"),
    ],
)
async def test_a_client_on_a_socket_reads_the_answer(content: Callable[[], Any], status: int, text: str) -> None:
    async with served(limited(in_starlette())) as port, httpx.AsyncClient() as http:
        answer = await http.post(f"http://127.0.0.1:{port}/", content=content())
        again = await http.post(f"http://127.0.0.1:{port}/", content=b"xy")
    assert (answer.status_code, answer.text) == (status, text)
    assert again.text == "2"


async def test_a_client_that_asks_before_it_sends_is_told_no_and_nothing_else() -> None:
    request = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\nexpect: 100-continue\r\n\r\n"
    async with served(limited(in_starlette())) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in head
