"""Clients that go before they have their answer: the work for them stops at once.

Functions and a response without state of their own; they live as long as a request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from vivavoce.api.errors import ApiError
from vivavoce.api.problems import Problem

T = TypeVar("T")

_CLIENT_GONE = 499
"""The status that proxies write into their logs for it; nobody is there to read it."""


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What the work gives. The body of the request must have been read.

    Raises what the work raises, and `ApiError` when the client has gone; the work was cancelled then.
    """
    answer = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({answer, watch}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        raise ApiError(Problem(_CLIENT_GONE, "client_gone", "The client went before its answer was ready."))
    finally:
        answer.cancel()
        watch.cancel()
        await asyncio.gather(answer, watch, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class EventStreamResponse(StreamingResponse):
    """Server-sent events. However the answer ends, their generator is closed with it, and what it draws from too.

    `source` is closed even where the client goes before the first event: closing a generator that has not begun does
    not run it.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[str], source: AsyncGenerator[Any]) -> None:
        super().__init__(events, headers={"cache-control": "no-cache", "x-accel-buffering": "no"})
        self._events = events
        self._source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._source), aclosing(self._events):
            await super().__call__(scope, receive, send)
