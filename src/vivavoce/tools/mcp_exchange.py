"""What the MCP library does over HTTP, watched: which call was sent, what became of it, how much came back.

The library tells a call no more than "the server returned an error"; whether it was refused, never sent, or lost on its
way decides whether it may be sent again. An `Exchange` belongs to one call and finds its requests through the context
that the library carries along; a `WatchedTransport` belongs to one link.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar

import httpx2

ANSWER_BYTES_MAXIMUM = 1024 * 1024
NOTICE_TIMEOUT_SECONDS = 5.0
"""For what expects no answer: the library writes these one after the other, and a call behind them would wait."""

LEAVE_TIMEOUT_SECONDS = 2.0
_CONNECT_SECONDS = 4.0
_WRITE_SECONDS = 10.0
_NO_ANSWER = 502


class AnswerTooLargeError(httpx2.StreamError):
    """Of the errors while reading, the library survives only this family; others would end every call of the link."""

    def __init__(self) -> None:
        super().__init__(f"more than {ANSWER_BYTES_MAXIMUM} bytes")


class AnswerLostError(httpx2.StreamError):
    """The connection broke while the answer was read."""

    def __init__(self) -> None:
        super().__init__("the connection broke")


class Exchange:
    """One call's requests. `status`: of the last answer; `refused`: why there was no connection.

    `answers_elsewhere`: the answer comes over another stream (SSE), so a request that fails is all that is heard of it.
    `on_ended`: the answer cannot come any more; who waits for it need not.
    """

    def __init__(self) -> None:
        self.was_sent = False
        self.status: int | None = None
        self.refused: str | None = None
        self.is_lost = False
        self.is_too_large = False
        self.answers_elsewhere = False
        self.on_ended: Callable[[], None] | None = None

    @property
    def has_failed(self) -> bool:
        return self.is_lost or self.refused is not None or (self.status or 0) >= 400

    def lose(self) -> None:
        """The server had the call, or a part of it, and its answer cannot come any more."""
        self.was_sent = True
        self.is_lost = True
        self._end()

    def refuse(self, why: str) -> None:
        """There was no connection."""
        self.refused = why
        if self.answers_elsewhere:
            self._end()

    def answered(self, status: int) -> None:
        self.status = status
        if self.answers_elsewhere and status >= 400:
            self._end()

    def _end(self) -> None:
        if self.on_ended is not None:
            self.on_ended()


EXCHANGE: ContextVar[Exchange | None] = ContextVar("mcp_exchange", default=None)


class WatchedTransport(httpx2.AsyncBaseTransport):
    """Stands between the library and the guarded connections. `on_gone`: the server is not there any more.

    A connection that fails is told to the library as an answer of the status 502, and to the exchange as what it was:
    let through, the error would end every other call of the link as well.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, on_gone: Callable[[], None]) -> None:
        self._inner = inner
        self._on_gone = on_gone

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        exchange = EXCHANGE.get() or Exchange()
        request.extensions = {**request.extensions, "timeout": _timeouts(request)}
        try:
            response = await self._inner.handle_async_request(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            exchange.refuse(str(error.__cause__) if _is_guards(error) else "it accepts no connection")
            self._on_gone()
            return httpx2.Response(_NO_ANSWER)
        except httpx2.TransportError:
            if _is_request(request):
                exchange.lose()
                self._on_gone()
            return httpx2.Response(_NO_ANSWER)
        exchange.was_sent = exchange.was_sent or _is_request(request)
        exchange.answered(response.status_code)
        if request.method == "GET" and response.status_code == 404:
            self._on_gone()  # the session that the stream belonged to is not known any more
        if response.headers.get("content-encoding", "identity") != "identity":
            # Asked not to: a small answer that unpacks to a large one is not read.
            await response.aclose()
            exchange.is_too_large = True
            return httpx2.Response(_NO_ANSWER)
        stream = response.stream
        assert isinstance(stream, httpx2.AsyncByteStream)
        is_answer = not response.headers.get("content-type", "").startswith("text/event-stream")
        watched = _WatchedStream(stream, exchange, self._on_gone, is_request=_is_request(request), is_answer=is_answer)
        return httpx2.Response(
            response.status_code, headers=response.headers, stream=watched, extensions=response.extensions
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


class _WatchedStream(httpx2.AsyncByteStream):
    """`is_answer`: one JSON document, whose size is limited; of events the library limits each."""

    def __init__(
        self,
        inner: httpx2.AsyncByteStream,
        exchange: Exchange,
        on_gone: Callable[[], None],
        *,
        is_request: bool,
        is_answer: bool,
    ) -> None:
        self._inner = inner
        self._exchange = exchange
        self._on_gone = on_gone
        self._is_request = is_request
        self._is_answer = is_answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read_bytes = 0
        try:
            async for chunk in self._inner:
                read_bytes += len(chunk)
                if self._is_answer and read_bytes > ANSWER_BYTES_MAXIMUM:
                    self._exchange.is_too_large = True
                    raise AnswerTooLargeError
                yield chunk
        except httpx2.TransportError as error:
            if self._is_request:
                self._exchange.lose()
                self._on_gone()
            raise AnswerLostError from error

    async def aclose(self) -> None:
        await self._inner.aclose()


def _is_request(request: httpx2.Request) -> bool:
    """Whether an answer is awaited: a JSON-RPC request has an id, a notification none. Bodies are JSON, written out."""
    return request.method == "POST" and b'"id":' in request.content.replace(b" ", b"")


def _is_guards(error: httpx2.TransportError) -> bool:
    """Whether the guard said no, in words that may be passed on; the system's may tell of the inside."""
    return error.__cause__ is not None and type(error.__cause__).__module__.startswith("vivavoce.")


def _timeouts(request: httpx2.Request) -> dict[str, float | None]:
    """A call's own time limit is kept by who made it; a stream of events may be silent for ever."""
    read: float | None = None
    if request.method == "DELETE":
        read = LEAVE_TIMEOUT_SECONDS
    elif request.method == "POST" and not _is_request(request):
        read = NOTICE_TIMEOUT_SECONDS
    return {"connect": _CONNECT_SECONDS, "read": read, "write": _WRITE_SECONDS, "pool": _WRITE_SECONDS}
